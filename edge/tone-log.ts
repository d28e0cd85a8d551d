/** What was heard on a call, one entry for each change of the tone pair. Bounded. */

import type { ToneEvent } from '../endpoint/media/types.ts'
import type { TonePair } from '../protocol/audio/tone.ts'

/** A stretch of the same pair (undefined: silence, or nothing like a pair). */
export interface HeardTone {
  readonly pair: TonePair | undefined
  /** Epoch milliseconds. */
  readonly at: number
  readonly until: number
  readonly windows: number
  /** Medians over the latest windows of the stretch; -Infinity dBm0 is digital silence. */
  readonly levelDbm0: number
  readonly purity: number
}

interface Stretch {
  readonly pair: TonePair | undefined
  readonly at: number
  until: number
  windows: number
  readonly levels: number[]
  readonly purities: number[]
}

const maxStretches = 500
/** Enough for a median that one odd window does not move. */
const keptWindows = 31

export class ToneLog {
  readonly #stretches: Stretch[] = []

  /** Takes a reading; true when it begins a new stretch. */
  add({ pair, levelDbm0, purity, at }: ToneEvent): boolean {
    const last = this.#stretches.at(-1)
    if (last !== undefined && samePair(last.pair, pair)) {
      const place = last.windows % keptWindows
      last.levels[place] = levelDbm0
      last.purities[place] = purity
      last.windows += 1
      last.until = at
      return false
    }
    if (this.#stretches.length >= maxStretches) return false
    this.#stretches.push({ pair, at, until: at, windows: 1, levels: [levelDbm0], purities: [purity] })
    return true
  }

  list(): HeardTone[] {
    return this.#stretches.map(({ pair, at, until, windows, levels, purities }) => ({
      pair,
      at,
      until,
      windows,
      levelDbm0: median(levels),
      purity: median(purities),
    }))
  }
}

const samePair = (a: TonePair | undefined, b: TonePair | undefined): boolean => a === b || (a?.[0] === b?.[0] && a?.[1] === b?.[1])

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}
