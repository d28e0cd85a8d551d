/** Ctrl-C and SIGTERM: the first ends the run in order, the second at once. */
import { exitCodes } from './exit-codes.ts'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export class Interruption implements Disposable {
  readonly #controller = new AbortController()
  readonly #handler: () => void

  /** `tell` is called at each signal; with true when the run stops at once. */
  constructor(tell: (again: boolean) => void) {
    this.#handler = () => {
      const again = this.#controller.signal.aborted
      tell(again)
      // Children end with this process; what is in containers is removed at the next run.
      if (again) process.exit(exitCodes.interrupted.code)
      this.#controller.abort(new Error('interrupted'))
    }
    for (const signal of signals) process.on(signal, this.#handler)
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  [Symbol.dispose](): void {
    for (const signal of signals) process.off(signal, this.#handler)
  }
}
