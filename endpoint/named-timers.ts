import type { Clock, Timer } from './clock.ts'

/** The few timers of one state machine, by the names its figure uses. Starting one again replaces it. */
export class NamedTimers<Name extends string> {
  readonly #clock: Clock
  readonly #fire: (name: Name) => void
  // Two or three at most: looking through them is cheaper than a Map for each of many machines.
  readonly #names: Name[] = []
  readonly #timers: Timer[] = []

  constructor(clock: Clock, fire: (name: Name) => void) {
    this.#clock = clock
    this.#fire = fire
  }

  start(name: Name, ms: number): void {
    this.stop(name)
    this.#names.push(name)
    this.#timers.push(
      this.#clock.setTimer(ms, () => {
        this.stop(name)
        this.#fire(name)
      }),
    )
  }

  stop(name: Name): void {
    const at = this.#names.indexOf(name)
    if (at < 0) return
    this.#timers[at]?.cancel()
    this.#names.splice(at, 1)
    this.#timers.splice(at, 1)
  }

  stopAll(): void {
    for (const timer of this.#timers) timer.cancel()
    this.#names.length = 0
    this.#timers.length = 0
  }
}
