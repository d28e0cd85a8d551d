/**
 * The one paced clock of a process: every stream is ticked at its own packet time, and
 * streams are spread over the phases of it, so that thousands of packets do not leave at once. A wheel
 * of 2 ms slots; one timer, set to the next slot in use. Due times are multiples of the interval
 * from the start, so nothing drifts.
 */

const slotMs = 2
/** Longer than the longest interval (60 ms) by far. */
const wheelSlots = 128
/** A stream later than this skips the packets it missed instead of sending them in a burst. */
const mostLateMs = 100
/** How many wake-ups `latenessMs` looks back on. */
const memory = 1024

/** Called when a stream is due. `missed` packet times before this one were skipped. */
export type PacedTask = (nowMs: number, missed: number) => void

export interface Paced {
  /** Takes the stream off the clock. Idempotent. */
  stop(): void
}

interface Entry {
  due: number
  readonly interval: number
  task: PacedTask | undefined
}

export class Pacer {
  readonly #wheel: Entry[][] = Array.from({ length: wheelSlots }, () => [])
  /** How many streams begin in each slot modulo the interval: the phases' load. */
  readonly #load = new Map<number, number[]>()
  readonly #lateness = new Float64Array(memory)
  #latenessCount = 0
  readonly #startedAt = performance.now()
  /** The newest slot that was worked off. */
  #slot = 0
  #streams = 0
  #timer: NodeJS.Timeout | undefined
  #timerSlot = 0

  /** Ticks `task` every `intervalMs`, which must be even; the first time within one interval. */
  add(intervalMs: number, task: PacedTask): Paced {
    const interval = intervalMs / slotMs
    if (!Number.isInteger(interval) || interval < 1 || interval >= wheelSlots)
      throw new RangeError(`streams cannot be paced at ${intervalMs} ms`)
    const phase = this.#leastLoaded(interval)
    const load = this.#load.get(interval)!
    load[phase]!++
    if (this.#streams++ === 0) this.#slot = this.#slotNow()
    const earliest = this.#slot + 1
    const entry: Entry = { due: earliest + ((((phase - earliest) % interval) + interval) % interval), interval, task }
    this.#insert(entry)
    this.#arm()
    return {
      stop: () => {
        if (entry.task === undefined) return
        entry.task = undefined
        load[phase]!--
        this.#remove(entry)
        if (--this.#streams === 0) this.#disarm()
      },
    }
  }

  /** How late the clock woke up, milliseconds: the 99th percentile of the last 1,024 times. A machine that is too busy shows here. */
  latenessMs(): number {
    const count = Math.min(this.#latenessCount, memory)
    if (count === 0) return 0
    return this.#lateness.slice(0, count).sort()[Math.floor((count - 1) * 0.99)]!
  }

  /** Streams on the clock. */
  get streams(): number {
    return this.#streams
  }

  #slotNow(): number {
    return Math.floor((performance.now() - this.#startedAt) / slotMs)
  }

  #leastLoaded(interval: number): number {
    let load = this.#load.get(interval)
    if (load === undefined) {
      load = Array.from({ length: interval }, () => 0)
      this.#load.set(interval, load)
    }
    return load.indexOf(Math.min(...load))
  }

  #insert(entry: Entry): void {
    this.#wheel[entry.due % wheelSlots]!.push(entry)
  }

  #remove(entry: Entry): void {
    const bucket = this.#wheel[entry.due % wheelSlots]!
    const at = bucket.indexOf(entry)
    // Not there while its own slot is being worked off; that loop drops entries without a task.
    if (at >= 0) bucket.splice(at, 1)
  }

  #arm(): void {
    let next = this.#slot + 1
    const last = this.#slot + wheelSlots
    while (next < last && !this.#wheel[next % wheelSlots]!.some((entry) => entry.due === next)) next++
    if (this.#timer !== undefined) {
      if (this.#timerSlot <= next) return
      clearTimeout(this.#timer)
    }
    this.#timerSlot = next
    this.#timer = setTimeout(this.#wake, Math.max(0, this.#startedAt + next * slotMs - performance.now()))
  }

  #disarm(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  readonly #wake = (): void => {
    this.#timer = undefined
    const now = performance.now()
    this.#lateness[this.#latenessCount++ % memory] = Math.max(0, now - this.#startedAt - this.#timerSlot * slotMs)
    // Timers may fire a fraction early: the slot they were set for counts as reached.
    const reached = Math.max(this.#timerSlot, this.#slotNow())
    // After a long stall one round over the wheel meets every entry.
    if (reached - this.#slot > wheelSlots) this.#slot = reached - wheelSlots
    while (this.#slot < reached) this.#workOff(++this.#slot, reached, now)
    if (this.#streams > 0) this.#arm()
  }

  #workOff(slot: number, reached: number, now: number): void {
    const bucket = this.#wheel[slot % wheelSlots]!
    if (bucket.length === 0) return
    this.#wheel[slot % wheelSlots] = []
    for (const entry of bucket) {
      if (entry.task === undefined) continue
      if (entry.due > slot) {
        this.#insert(entry)
        continue
      }
      const late = reached - entry.due
      const missed = late * slotMs > mostLateMs ? Math.floor(late / entry.interval) : 0
      entry.due += (missed + 1) * entry.interval
      this.#insert(entry)
      entry.task(now, missed)
    }
  }
}

/** The clock all media of this process runs on. */
export const processPacer = new Pacer()
