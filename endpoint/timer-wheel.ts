/**
 * Many timers, few of the system's: transactions start several each and most are
 * stopped before they fire, so timers due within one tick share a bucket, and only
 * the earliest bucket waits on the real clock. Starting and stopping cost the same
 * whether there are ten timers or a million.
 */
import type { Clock, Timer } from './clock.ts'

/** A timer fires up to this much late, never early. */
const tickMs = 10
/** Node's timers count in 31 bits, and fire at once beyond; a wheel that wakes in vain goes back to sleep. */
const longestSleepMs = 2 ** 30

export class TimerWheel implements Clock {
  readonly #clock: Clock
  readonly #buckets = new Map<number, Bucket>()
  /** Binary heap of the ticks that have a bucket, earliest first. */
  readonly #ticks: number[] = []
  #armed: Timer | undefined
  #armedTick = Number.POSITIVE_INFINITY
  #lateness = 0
  #ranAt = 0
  #closed = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** How late timers ran lately, ms, smoothed: what an overloaded process notices first. 0 when none ran in the last second. */
  get latenessMs(): number {
    return this.#clock.now() - this.#ranAt > 1000 ? 0 : this.#lateness
  }

  now(): number {
    return this.#clock.now()
  }

  setTimer(ms: number, fn: () => void): Timer {
    const now = this.#clock.now()
    // Always a later tick than the one being run, so that a timer that sets itself anew cannot hold the loop.
    const tick = Math.max(Math.floor(now / tickMs) + 1, Math.ceil((now + ms) / tickMs))
    const entry = new Entry(fn)
    if (this.#closed) return entry
    let bucket = this.#buckets.get(tick)
    if (bucket === undefined) {
      bucket = new Bucket()
      this.#buckets.set(tick, bucket)
      push(this.#ticks, tick)
      if (tick < this.#armedTick) this.#arm()
    }
    bucket.add(entry)
    return entry
  }

  /** Forgets every timer, and every one set from now on. */
  close(): void {
    this.#closed = true
    this.#armed?.cancel()
    this.#buckets.clear()
    this.#ticks.length = 0
  }

  #arm(): void {
    this.#armed?.cancel()
    this.#armed = undefined
    this.#armedTick = this.#ticks[0] ?? Number.POSITIVE_INFINITY
    if (this.#closed || this.#armedTick === Number.POSITIVE_INFINITY) return
    const ms = Math.max(0, this.#armedTick * tickMs - this.#clock.now())
    this.#armed = this.#clock.setTimer(Math.min(ms, longestSleepMs), () => this.#run())
  }

  #run(): void {
    this.#ranAt = this.#clock.now()
    const late = Math.max(0, this.#ranAt - this.#armedTick * tickMs)
    this.#lateness += (late - this.#lateness) / 5
    try {
      for (let tick = this.#ticks[0]; tick !== undefined && tick * tickMs <= this.#clock.now(); tick = this.#ticks[0]) {
        const bucket = this.#buckets.get(tick)
        // One at a time: if a timer throws, the rest of its bucket is still there for the next run.
        for (let entry = bucket?.take(); entry !== undefined; entry = bucket?.take()) entry.fn()
        if (this.#closed) return
        this.#buckets.delete(tick)
        pop(this.#ticks)
      }
    } finally {
      this.#arm()
    }
  }
}

/** A doubly linked list, so that a timer can leave it without being looked for. */
class Bucket {
  first: Entry | undefined

  add(entry: Entry): void {
    entry.bucket = this
    entry.next = this.first
    if (this.first !== undefined) this.first.previous = entry
    this.first = entry
  }

  take(): Entry | undefined {
    const entry = this.first
    entry?.cancel()
    return entry
  }
}

class Entry implements Timer {
  readonly fn: () => void
  bucket: Bucket | undefined
  previous: Entry | undefined
  next: Entry | undefined

  constructor(fn: () => void) {
    this.fn = fn
  }

  cancel(): void {
    if (this.bucket === undefined) return
    if (this.previous === undefined) this.bucket.first = this.next
    else this.previous.next = this.next
    if (this.next !== undefined) this.next.previous = this.previous
    this.bucket = undefined
    this.previous = undefined
    this.next = undefined
  }
}

function push(heap: number[], value: number): void {
  let at = heap.length
  heap.push(value)
  while (at > 0) {
    const parent = (at - 1) >> 1
    if (heap[parent]! <= value) break
    heap[at] = heap[parent]!
    at = parent
  }
  heap[at] = value
}

function pop(heap: number[]): void {
  const value = heap.pop()
  if (value === undefined || heap.length === 0) return
  let at = 0
  for (;;) {
    let child = at * 2 + 1
    if (child >= heap.length) break
    if (child + 1 < heap.length && heap[child + 1]! < heap[child]!) child += 1
    if (heap[child]! >= value) break
    heap[at] = heap[child]!
    at = child
  }
  heap[at] = value
}
