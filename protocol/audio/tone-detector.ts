import type { TonePair } from './tone.ts'

/** What one window of audio sounded like. */
export interface ToneReading {
  /** The pair heard, or undefined when the window holds no clear pair. */
  readonly pair: TonePair | undefined
  /** Level of the whole window in dBm0 (0 dBm0 = a sine 3.14 dB below full scale, ITU-T G.711); -Infinity for digital silence. */
  readonly levelDbm0: number
  /** Share of the window's energy that lies in the pair, 0 to 1. */
  readonly purity: number
  /** Largest absolute sample, 0 to 32768. */
  readonly peak: number
}
