import type { Clock, Timer } from './clock.ts'

/** A timer that runs. A list of them: two or three at most, in tens of thousands of machines. */
interface Running<Name> {
  readonly name: Name
  readonly timer: Timer
  next: Running<Name> | undefined
}

/** The few timers of one state machine, by the names its figure uses. Starting one again replaces it. */
export class NamedTimers<Name extends string> {
  readonly #clock: Clock
  readonly #fire: (name: Name) => void
  #first: Running<Name> | undefined

  constructor(clock: Clock, fire: (name: Name) => void) {
    this.#clock = clock
    this.#fire = fire
  }

  start(name: Name, ms: number): void {
    this.stop(name)
    const timer = this.#clock.setTimer(ms, () => {
      this.stop(name)
      this.#fire(name)
    })
    this.#first = { name, timer, next: this.#first }
  }

  stop(name: Name): void {
    let before: Running<Name> | undefined
    for (let running = this.#first; running !== undefined; running = running.next) {
      if (running.name === name) {
        running.timer.cancel()
        if (before === undefined) this.#first = running.next
        else before.next = running.next
        return
      }
      before = running
    }
  }

  stopAll(): void {
    for (let running = this.#first; running !== undefined; running = running.next) running.timer.cancel()
    this.#first = undefined
  }
}
