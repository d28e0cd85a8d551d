/**
 * Sends strings of digits one digit at a time, in stream time: a digit lasts, then a gap, then
 * the next. How a digit travels is the session's matter; the queue only knows when.
 *
 *        begin               lasted, INFO answered        gap over
 *  idle -------> sounding ---------------------------> gap --------> next digit | string done
 */

import type { SendDigitsOptions } from './types.ts'

/** One digit and the ways it goes. */
export interface DigitStep {
  readonly digit: string
  readonly methods: readonly ('rfc4733' | 'info')[]
}

export interface DigitCarrier {
  /** Begins a telephone event at the current stream time. */
  beginEvent(digit: string, durationMs: number): void
  /** The event's last packet was sent. */
  readonly eventDone: boolean
  /** Sends an INFO; settles with its answer. */
  sendInfo(digit: string, durationMs: number): Promise<unknown>
}

interface Job {
  readonly steps: DigitStep[]
  readonly durationMs: number
  readonly gapMs: number
  resolve(): void
  reject(reason: unknown): void
}

const defaultDurationMs = 100
const defaultGapMs = 60
/** RFC 4733's three final packets must be out before the next event begins; many receivers want 40 ms anyway. */
const leastGapMs = 40

export class DigitQueue {
  readonly #carrier: DigitCarrier
  readonly #jobs: Job[] = []
  /** The digit being sent has this much of its time left. */
  #leftMs = 0
  #gapLeftMs = 0
  #sounding = false
  #infoOpen = false

  constructor(carrier: DigitCarrier) {
    this.#carrier = carrier
  }

  /** Resolves when the last digit was sent by all its ways; rejects when an INFO failed or the queue is aborted. */
  enqueue(steps: readonly DigitStep[], options: SendDigitsOptions = {}): Promise<void> {
    const { durationMs = defaultDurationMs, gapMs = defaultGapMs } = options
    if (!(durationMs > 0 && gapMs >= 0)) throw new RangeError(`digits of ${durationMs} ms with gaps of ${gapMs} ms`)
    if (steps.length === 0) return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.#jobs.push({ steps: [...steps], durationMs, gapMs: Math.max(leastGapMs, gapMs), resolve, reject })
    })
  }

  /** To be called at the beginning of each packet time, whose length is given. */
  tick(elapsedMs: number): void {
    if (this.#sounding) {
      this.#leftMs -= elapsedMs
      if (this.#leftMs > 0) return
      // What the digit lasted too long (or the packet time was too coarse) is not added to the gap.
      if (this.#infoOpen) return
      this.#sounding = false
      this.#gapLeftMs = this.#jobs[0]?.gapMs ?? 0
    } else this.#gapLeftMs -= elapsedMs
    const job = this.#jobs[0]
    if (job === undefined) return
    if (job.steps.length === 0) {
      if (!this.#carrier.eventDone) return
      this.#jobs.shift()
      job.resolve()
      this.#begin()
      return
    }
    this.#begin()
  }

  /** Rejects everything that was not sent. The reason is only made when there is something. */
  abort(reason: () => unknown): void {
    this.#sounding = false
    for (const job of this.#jobs.splice(0)) job.reject(reason())
  }

  #begin(): void {
    const job = this.#jobs[0]
    if (job === undefined || this.#gapLeftMs > 0 || !this.#carrier.eventDone) return
    const step = job.steps.shift()
    if (step === undefined) return
    this.#sounding = true
    this.#leftMs = job.durationMs
    if (step.methods.includes('rfc4733')) this.#carrier.beginEvent(step.digit, job.durationMs)
    if (step.methods.includes('info')) this.#info(job, step)
  }

  #info(job: Job, step: DigitStep): void {
    this.#infoOpen = true
    this.#carrier
      .sendInfo(step.digit, job.durationMs)
      .catch((reason: unknown) => {
        const at = this.#jobs.indexOf(job)
        if (at >= 0) this.#jobs.splice(at, 1)
        job.reject(reason)
      })
      .finally(() => {
        this.#infoOpen = false
      })
  }
}
