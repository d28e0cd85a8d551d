/**
 * Runs many attempts at once without asking more of the machine than it can keep time
 * with: a bound on how many, a small space between two starts, and a brake that holds
 * new ones back while this process is late.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as pause } from 'node:timers/promises'

export interface ScheduleOptions {
  readonly jobs: number
  /** Stops the start of new work; work under way has its own signal. */
  readonly signal: AbortSignal
}

/** Starts are spread, so that calls do not all want the same moment, milliseconds. */
const spacingMs = 4
/** Above this the event loop is late enough to disturb media clocks, milliseconds. */
const brakeMs = 25
const brakePauseMs = 20

/** Works through `items` in order. Rejects with the first error of `work`, after the rest has settled; with a RangeError on a bound below 1. */
export async function schedule<T>(items: readonly T[], options: ScheduleOptions, work: (item: T) => Promise<void>): Promise<void> {
  if (!(options.jobs >= 1)) throw new RangeError(`${options.jobs} jobs at once are none`)
  const running = new Set<Promise<void>>()
  let failure: { error: unknown } | undefined
  using brake = new Brake()
  for (const item of items) {
    while (running.size >= options.jobs) await Promise.race(running)
    while (running.size > 0 && brake.late()) await Promise.race([pause(brakePauseMs), ...running])
    if (options.signal.aborted || failure !== undefined) break
    const one = work(item)
      .catch((error: unknown) => {
        failure ??= { error }
      })
      .finally(() => running.delete(one))
    running.add(one)
    await pause(spacingMs)
  }
  await Promise.all(running)
  if (failure !== undefined) throw failure.error
}

/** Watches how late this process is. */
class Brake implements Disposable {
  readonly #delay = monitorEventLoopDelay({ resolution: 5 })

  constructor() {
    this.#delay.enable()
  }

  late(): boolean {
    const lateMs = this.#delay.percentile(90) / 1e6
    this.#delay.reset()
    return lateMs > brakeMs
  }

  [Symbol.dispose](): void {
    this.#delay.disable()
  }
}
