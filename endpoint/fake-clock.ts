import type { Clock, Timer } from './clock.ts'

/** A clock that stands still until it is told otherwise. For tests. */
export class FakeClock implements Clock {
  #now = 0
  readonly #timers = new Set<{ readonly at: number; readonly fn: () => void }>()

  now(): number {
    return this.#now
  }

  setTimer(ms: number, fn: () => void): Timer {
    const timer = { at: this.#now + ms, fn }
    this.#timers.add(timer)
    return { cancel: () => this.#timers.delete(timer) }
  }

  /** How many timers wait. */
  get pending(): number {
    return this.#timers.size
  }

  /** Lets `ms` pass; timers fire in the order they are due, those they set included. */
  advance(ms: number): void {
    const until = this.#now + ms
    for (;;) {
      let next: { readonly at: number; readonly fn: () => void } | undefined
      for (const timer of this.#timers) if (timer.at <= until && (next === undefined || timer.at < next.at)) next = timer
      if (next === undefined) break
      this.#timers.delete(next)
      this.#now = Math.max(this.#now, next.at)
      next.fn()
    }
    this.#now = until
  }
}
