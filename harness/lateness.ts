/** How late this process was, second by second, so that a verdict can ask about the time of its own call. */
import { monitorEventLoopDelay } from 'node:perf_hooks'

const sampleMs = 500
const samplesKept = 7_200

export class LatenessLog implements Disposable {
  readonly #delay = monitorEventLoopDelay({ resolution: 5 })
  readonly #samples: { readonly at: number; readonly ms: number }[] = []
  readonly #timer: NodeJS.Timeout

  constructor() {
    this.#delay.enable()
    this.#timer = setInterval(() => this.#sample(), sampleMs)
    this.#timer.unref()
  }

  /** Worst delay since a moment in epoch milliseconds, milliseconds. */
  since(epochMs: number): number {
    this.#sample()
    return this.#samples.reduce((worst, sample) => (sample.at >= epochMs ? Math.max(worst, sample.ms) : worst), 0)
  }

  #sample(): void {
    const ms = this.#delay.max / 1e6
    this.#delay.reset()
    this.#samples.push({ at: Date.now(), ms: Number.isFinite(ms) ? ms : 0 })
    if (this.#samples.length > samplesKept) this.#samples.shift()
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
    this.#delay.disable()
  }
}
