/** Why a request of ours has no final response. */

export type RequestErrorCode = 'timeout' | 'transport' | 'unresolvable' | 'aborted'

/**
 * - timeout: nothing answered in time (timers B, F)
 * - transport: the message could not be handed to the network, or its connection broke
 * - unresolvable: the URI is none we can send to, or DNS has no address for it
 * - aborted: withdrawn by its sender, or the user agent closed
 */
export class RequestError extends Error {
  override readonly name = 'RequestError'
  readonly code: RequestErrorCode

  constructor(code: RequestErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }

  /** What stands for the missing response (RFC 3261 8.1.3.1). */
  get status(): number {
    if (this.code === 'timeout') return 408
    return this.code === 'aborted' ? 487 : 503
  }
}
