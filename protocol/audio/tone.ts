/**
 * Tone pairs: each call speaks with two sine tones of its own, so that a listener can
 * tell its call from every other. Pure; encoding and packets are elsewhere.
 *
 * All frequencies are whole multiples of 10 Hz, so every pair repeats after 100 ms and
 * is orthogonal to every other in a 100 ms window. Counted in units of 10 Hz, the low
 * group is 2 modulo 5 and the high group 3 modulo 5. Saturation makes new tones at
 * m*low + n*high (odd m + n): those of the third order are 0, 1 or 4 modulo 5 or lie
 * outside both groups, and so are those of the fifth but for some that fold back at
 * 4 kHz, too weak to matter: a clipped pair cannot look like another pair. Everything
 * keeps 2.5 % clear of the DTMF frequencies and clear of 2100 and 2600 Hz (fax, SF).
 *
 * 670 Hz would fit but is left out: with 1830 or 1880 Hz beside it the speech modes of Opus
 * lose hold of their long-term prediction (heard from Asterisk 22), and the tone swells into noise.
 */

import { sineAmplitude } from './level.ts'

/** Two frequencies in Hz, the lower first. */
export type TonePair = readonly [number, number]

/** Level of a pair when nobody asks for another. */
export const defaultToneLevelDbm0 = -16

const lowGroup = [370, 420, 470, 520, 570, 620, 720, 820, 970, 1020, 1070, 1120]
const highGroup = [1280, 1380, 1430, 1530, 1580, 1680, 1730, 1780, 1830, 1880, 1930, 1980, 2180, 2280, 2380, 2480, 2680, 2780]

/** Every frequency a pair can be made of, ascending, in Hz. */
export const toneGrid: readonly number[] = [...lowGroup, ...highGroup]

/** How many distinct pairs `tonePair` knows. */
export const tonePairCount = lowGroup.length * highGroup.length

/**
 * The pair of an index; distinct for 0 <= index < `tonePairCount`, then repeating.
 * Neighbouring indices share no frequency. Throws RangeError on a negative or broken index.
 */
export function tonePair(index: number): TonePair {
  if (!Number.isSafeInteger(index) || index < 0) throw new RangeError(`tone pair index ${index} is not a whole number from 0`)
  const low = index % lowGroup.length
  const row = Math.floor(index / lowGroup.length) % highGroup.length
  return [lowGroup[low]!, highGroup[(row + 7 * low) % highGroup.length]!]
}

/** The smallest index whose pair this is, or undefined for a pair that is not of the grid. */
export function tonePairIndex(pair: TonePair): number | undefined {
  const low = lowGroup.indexOf(pair[0])
  const high = highGroup.indexOf(pair[1])
  if (low < 0 || high < 0) return undefined
  const row = (high - 7 * low) % highGroup.length
  return low + lowGroup.length * (row < 0 ? row + highGroup.length : row)
}

/** One exact period of a pair as samples, clipped to 16 bits; repeats without a seam. */
function tonePeriod(pair: TonePair, sampleRate: number, levelDbm0: number, gain = 1): Int16Array {
  const [low, high] = [Math.round(pair[0]), Math.round(pair[1])]
  if (!(low > 0 && high > 0 && low < sampleRate / 2 && high < sampleRate / 2)) {
    throw new RangeError(`tones of ${pair[0]} and ${pair[1]} Hz cannot be made at ${sampleRate} samples per second`)
  }
  const amplitude = gain * sineAmplitude(levelDbm0 - 10 * Math.log10(2))
  const period = new Int16Array(sampleRate / divisor(sampleRate, divisor(low, high)))
  for (let i = 0; i < period.length; i++) {
    const radians = (2 * Math.PI * i) / sampleRate
    const sample = Math.round(amplitude * (Math.sin(low * radians) + Math.sin(high * radians)))
    period[i] = Math.max(-32768, Math.min(32767, sample))
  }
  return period
}

function divisor(a: number, b: number): number {
  return b === 0 ? a : divisor(b, a % b)
}

/** A pair as an endless stream of samples. Frequencies are rounded to whole Hz. */
export class ToneGenerator {
  readonly #period: Int16Array
  #position = 0

  /** `levelDbm0` is the level of the pair together. Throws RangeError on tones at or above half the sample rate. */
  constructor(pair: TonePair, options: { readonly sampleRate: number; readonly levelDbm0?: number; readonly gain?: number }) {
    this.#period = tonePeriod(pair, options.sampleRate, options.levelDbm0 ?? defaultToneLevelDbm0, options.gain)
  }

  /** Writes the next samples over the whole frame. */
  fill(frame: Int16Array): void {
    const period = this.#period
    let position = this.#position
    for (let i = 0; i < frame.length; i++) {
      frame[i] = period[position]!
      if (++position === period.length) position = 0
    }
    this.#position = position
  }
}
