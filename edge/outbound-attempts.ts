/**
 * The INVITEs of one outbound call: when one is refused for its description, the next
 * goes out with another, after a pause, until one is taken or none is left. What was
 * refused is over: each INVITE is a call of its own to the phone system.
 */

import type { Clock, Timer } from '../endpoint/clock.ts'
import type { CallEnd } from '../endpoint/user-agent-types.ts'
import type { Protection } from '../protocol/sdp/types.ts'
import { attemptPauseMs, type Protections, refusedForMedia } from './media-policy.ts'

export interface OutboundAttemptsOptions {
  readonly protections: Protections
  readonly clock: Clock
  /** 0 up to 1; default Math.random. */
  readonly random?: () => number
  /** Sends another INVITE, which offers this, after one ended so. */
  readonly again: (protection: Protection, refusal: CallEnd) => void
  /** It is over: with the last refusal, or since it was given up during a pause. */
  readonly over: (end: CallEnd) => void
}

export class OutboundAttempts {
  readonly #options: OutboundAttemptsOptions
  /** Place of the INVITE in force. */
  #at = 0
  #pause: { readonly timer: Timer; readonly refusal: CallEnd } | undefined

  constructor(options: OutboundAttemptsOptions) {
    this.#options = options
  }

  get isLast(): boolean {
    return this.#at + 1 >= this.#options.protections.length
  }

  /** Takes the end of an INVITE that came to nothing. False: it stands for the whole call. */
  retry(end: CallEnd): boolean {
    const { protections, clock, random = Math.random, again } = this.#options
    const next = protections[this.#at + 1]
    if (next === undefined || !refusedForMedia(end)) return false
    const timer = clock.setTimer(attemptPauseMs(random), () => {
      this.#pause = undefined
      this.#at += 1
      again(next, end)
    })
    this.#pause = { timer, refusal: end }
    return true
  }

  /** Between two INVITEs, ends the call instead of sending the next: with `end`, or as the last one ended. False: no pause is on. */
  giveUp(end?: CallEnd): boolean {
    if (this.#pause === undefined) return false
    const { timer, refusal } = this.#pause
    timer.cancel()
    this.#pause = undefined
    this.#options.over(end ?? refusal)
    return true
  }
}
