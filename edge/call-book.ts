/** Every call in progress, and the latest ones that are over. */

import type { CallFilter } from './api/context.ts'
import type { CallRecord } from './call-record.ts'

export interface CallBookOptions {
  /** Ended calls that are remembered. */
  readonly history?: number
  /** A call that is no longer remembered. */
  readonly onForgotten?: (record: CallRecord) => void
}

const defaultHistory = 10_000

export class CallBook {
  readonly #active = new Map<string, CallRecord>()
  readonly #ended = new Map<string, CallRecord>()
  /** The same in the order they ended, as a ring: the place to be written next holds the oldest. */
  readonly #ring: CallRecord[] = []
  #place = 0
  readonly #history: number
  readonly #onForgotten: (record: CallRecord) => void
  readonly #idleWaiters = new Set<() => void>()

  constructor(options: CallBookOptions = {}) {
    this.#history = options.history ?? defaultHistory
    this.#onForgotten = options.onForgotten ?? (() => {})
  }

  get active(): number {
    return this.#active.size
  }

  /** Calls that are not over. */
  unfinished(): CallRecord[] {
    return [...this.#active.values()]
  }

  add(record: CallRecord): void {
    this.#active.set(record.id, record)
  }

  get(id: string): CallRecord | undefined {
    return this.#active.get(id) ?? this.#ended.get(id)
  }

  /** Moves a call to the history. */
  end(record: CallRecord): void {
    if (!this.#active.delete(record.id)) return
    this.#ended.set(record.id, record)
    const oldest = this.#ring[this.#place]
    if (oldest !== undefined) {
      this.#ended.delete(oldest.id)
      this.#onForgotten(oldest)
    }
    this.#ring[this.#place] = record
    this.#place = (this.#place + 1) % this.#history
    if (this.#active.size === 0) {
      for (const resolve of this.#idleWaiters) resolve()
      this.#idleWaiters.clear()
    }
  }

  /** Resolves when no call is in progress. */
  idle(): Promise<void> {
    if (this.#active.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#idleWaiters.add(resolve))
  }

  /** Calls that fit, the newest first. */
  list({ number, state, callId, limit }: CallFilter): CallRecord[] {
    const fits = (record: CallRecord): boolean =>
      (number === undefined || record.number === number) && (callId === undefined || record.callIds.includes(callId))
    const found: CallRecord[] = []
    if (state !== 'ended') found.push(...[...this.#active.values()].filter(fits))
    if (state !== 'active') found.push(...[...this.#ended.values()].filter(fits))
    // Calls of one millisecond keep the order they were added in, turned round.
    return found
      .map((record, index) => ({ record, index }))
      .sort((a, b) => b.record.startedAt - a.record.startedAt || b.index - a.index)
      .slice(0, limit)
      .map(({ record }) => record)
  }
}
