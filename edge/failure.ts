/**
 * Why the edge process could not start or go on, in a form an operator can act on:
 * one sentence of what, one of what to do, and an exit code of its own.
 */

/** Exit codes of the edge process; each has one cause. */
export const exitCodes = {
  ok: 0,
  /** The machine could not do it, or the edge itself broke. */
  machine: 3,
  usage: 4,
  'port-taken': 5,
  'key-unreadable': 6,
  'store-unusable': 7,
} as const

export type FailureCause = Exclude<keyof typeof exitCodes, 'ok'>

/** A foreseen failure: `message` says what happened, `hint` what to do about it. */
export class EdgeFailure extends Error {
  readonly reason: FailureCause
  readonly hint: string

  constructor(reason: FailureCause, message: string, hint: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'EdgeFailure'
    this.reason = reason
    this.hint = hint
  }
}
