/** Time as the endpoint sees it: injected, so that a test turns the hands itself. */
export interface Clock {
  /** Milliseconds; only differences mean anything. */
  now(): number
  /** Calls `fn` once, `ms` milliseconds from now at the earliest. */
  setTimer(ms: number, fn: () => void): Timer
}

export interface Timer {
  /** No effect once the timer has fired. */
  cancel(): void
}

/** The machine's monotonic clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  setTimer(ms, fn) {
    const handle = setTimeout(fn, ms)
    return { cancel: () => clearTimeout(handle) }
  },
}

/** Epoch milliseconds of a clock that never steps, fractional: what taps stamp with. */
export function epochNow(): number {
  return performance.timeOrigin + performance.now()
}
