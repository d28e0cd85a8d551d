/**
 * The client's side of REGISTER: RFC 3261 10.2. Keeps one binding alive until it is
 * stopped: refreshes it in good time, answers challenges and 423, comes back after a
 * failure with growing pauses, and at once when the stream it registered on breaks.
 */
import { EventEmitter } from 'node:events'
import { parseNameAddr, parseRetryAfter } from '../protocol/sip/headers.ts'
import type { SipResponse } from '../protocol/sip/message.ts'
import { formatUri, parseUri, uriEquals } from '../protocol/sip/uri.ts'
import { ClientAuth } from './client-auth.ts'
import { type Clock, systemClock, type Timer } from './clock.ts'
import type { Answer } from './out-of-dialog.ts'
import { RequestError } from './request-error.ts'
import type { Target } from './target.ts'
import { randomToken } from './token.ts'
import type { Connection } from './transport/connection.ts'
import type { UserAgent } from './user-agent.ts'
import type { Credentials, HeaderRow } from './user-agent-types.ts'

export interface RegistrationOptions {
  readonly agent: UserAgent
  /** Address of record, `sip:user@domain`. */
  readonly aor: string
  /** Request-URI and where to send; default: the domain of the AoR. */
  readonly registrar?: string
  readonly outboundProxy?: string
  readonly routeThroughProxy?: boolean
  readonly target?: Target
  readonly credentials?: Credentials
  /** Lifetime to ask for; default 3600. The registrar decides. */
  readonly expiresSeconds?: number
  readonly headers?: readonly HeaderRow[]
  readonly clock?: Clock
  /** 0 up to 1, for jitter. */
  readonly random?: () => number
}

export type RegistrationStatus =
  | { readonly state: 'idle' | 'registering' | 'stopped' }
  /** `flow` is where the registrar can reach us for calls. */
  | { readonly state: 'registered'; readonly expiresSeconds: number; readonly flow: Connection; readonly response: SipResponse }
  | { readonly state: 'failed'; readonly status: number; readonly reason: string; readonly retryInMs: number }

/** First pause after a failure and the longest, ms (RFC 5626 4.5's figures). */
const firstPauseMs = 30_000
const longestPauseMs = 1_800_000

export class Registration extends EventEmitter<{ state: [RegistrationStatus] }> {
  readonly #options: RegistrationOptions
  readonly #clock: Clock
  readonly #random: () => number
  readonly #auth: ClientAuth | undefined
  readonly #callId = randomToken(12)
  readonly #nextCSeq: () => number
  #status: RegistrationStatus = { state: 'idle' }
  #askSeconds: number
  #failures = 0
  #timer: Timer | undefined
  #abort = new AbortController()
  #unwatch: (() => void) | undefined
  /** One REGISTER at a time (RFC 3261 10.2). */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(options: RegistrationOptions) {
    super()
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#random = options.random ?? Math.random
    this.#auth = options.credentials === undefined ? undefined : new ClientAuth(options.credentials)
    this.#askSeconds = options.expiresSeconds ?? 3600
    let number = 0
    this.#nextCSeq = () => ++number
  }

  get status(): RegistrationStatus {
    return this.#status
  }

  /** Registers, and stays registered. Resolves with the first outcome; never rejects. */
  start(): Promise<RegistrationStatus> {
    if (this.#unwatch !== undefined) return this.refresh()
    this.#abort = new AbortController()
    this.#unwatch = this.#options.agent.onFlowClosed((flow) => {
      // Without its stream the registrar cannot reach us, whatever its binding says.
      if (this.#status.state === 'registered' && this.#status.flow.id === flow.id) void this.refresh()
    })
    return this.refresh()
  }

  /** Registers again now. */
  refresh(): Promise<RegistrationStatus> {
    const result = this.#turn.then(() => this.#register())
    this.#turn = result
    return result
  }

  /** Removes the binding (unless told not to) and ends. Never rejects. */
  async stop(options: { readonly unregister?: boolean } = {}): Promise<void> {
    this.#unwatch?.()
    this.#unwatch = undefined
    this.#timer?.cancel()
    const registered = this.#status.state === 'registered'
    this.#abort.abort()
    await this.#turn
    this.#set({ state: 'stopped' })
    if (!registered || options.unregister === false) return
    await this.#send(0).catch(() => {})
  }

  async #register(): Promise<RegistrationStatus> {
    if (this.#unwatch === undefined) return this.#status
    this.#timer?.cancel()
    if (this.#status.state !== 'registered') this.#set({ state: 'registering' })
    let outcome: RegistrationStatus
    try {
      let answer = await this.#send(this.#askSeconds, this.#abort.signal)
      const least = Number(answer.response.headers.get('Min-Expires') ?? Number.NaN)
      if (answer.response.status === 423 && least > this.#askSeconds) {
        this.#askSeconds = least
        answer = await this.#send(least, this.#abort.signal)
      }
      outcome =
        answer.response.status < 300
          ? this.#succeeded(answer)
          : this.#failed(answer.response.status, answer.response.reason, answer.response)
    } catch (error) {
      if (!(error instanceof RequestError)) throw error
      outcome = this.#failed(error.status, error.message)
    }
    if (this.#unwatch !== undefined) this.#set(outcome)
    return outcome
  }

  #succeeded({ response, flow }: Answer): RegistrationStatus {
    this.#failures = 0
    const expiresSeconds = this.#granted(response, flow)
    // Between three and nine tenths of the lifetime early enough, and not all clients of a registrar at one time.
    this.#again(expiresSeconds * 1000 * (0.7 + 0.2 * this.#random()))
    return { state: 'registered', expiresSeconds, flow, response }
  }

  #failed(status: number, reason: string, response?: SipResponse): RegistrationStatus {
    const asked = parseRetryAfter(response?.headers.get('Retry-After'))
    const pause =
      asked === undefined ? Math.min(firstPauseMs * 2 ** this.#failures, longestPauseMs) : Math.min(asked * 1000, longestPauseMs)
    this.#failures = Math.min(this.#failures + 1, 16)
    // RFC 5626 4.5: half to all of the pause; a Retry-After is never undercut.
    const retryInMs = asked === undefined ? pause * (0.5 + 0.5 * this.#random()) : pause * (1 + 0.1 * this.#random())
    this.#again(retryInMs)
    return { state: 'failed', status, reason, retryInMs }
  }

  /** What the registrar says of our own binding; others of the same AoR are listed too (RFC 3261 10.2.4). */
  #granted(response: SipResponse, flow: Connection): number {
    const ours = parseUri(parseNameAddr(this.#options.agent.contact(flow.transport, flow.remote))?.uri ?? '')
    for (const value of response.headers.list('Contact')) {
      const binding = parseNameAddr(value)
      const uri = parseUri(binding?.uri ?? '')
      if (ours === undefined || uri === undefined || !uriEquals(ours, uri)) continue
      const seconds = Number(binding?.params.get('expires') ?? Number.NaN)
      if (seconds > 0) return seconds
    }
    const common = Number(response.headers.get('Expires') ?? Number.NaN)
    return common > 0 ? common : this.#askSeconds
  }

  #again(ms: number): void {
    if (this.#unwatch === undefined) return
    this.#timer?.cancel()
    this.#timer = this.#clock.setTimer(ms, () => void this.refresh())
  }

  #send(seconds: number, signal?: AbortSignal): Promise<Answer> {
    const { agent, aor, registrar, outboundProxy, routeThroughProxy, target, headers = [] } = this.#options
    const request = {
      method: 'REGISTER',
      to: aor,
      from: aor,
      requestUri: registrar ?? domainOf(aor),
      headers: [['Expires', String(seconds)] as HeaderRow, ...headers],
      callId: this.#callId,
      nextCSeq: this.#nextCSeq,
      ...(outboundProxy === undefined ? {} : { outboundProxy }),
      ...(routeThroughProxy === undefined ? {} : { routeThroughProxy }),
    }
    return agent.exchange(request, { ...(target === undefined ? {} : { target }), ...(signal === undefined ? {} : { signal }) }, this.#auth)
  }

  #set(status: RegistrationStatus): void {
    this.#status = status
    this.emit('state', status)
  }
}

/** RFC 3261 10.2: the Request-URI names the domain, without a user. */
function domainOf(aor: string): string {
  const uri = parseUri(aor)
  if (uri === undefined || uri.scheme === 'tel') throw new TypeError(`not an address of record: ${aor}`)
  const { user: _user, password: _password, ...domain } = uri
  return formatUri(domain)
}
