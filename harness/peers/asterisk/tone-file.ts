/**
 * The tone a cell's Asterisk speaks with, as a sound file. Asterisk's own Playtones is not used: on
 * channels at 48 kHz (Opus) its integer oscillator swells into full-scale noise now and then, which
 * would be heard as a broken trunk. It speaks as loud as everybody here: Asterisk's Opus encoder makes
 * some pairs up to 5 dB louder than they were, which is to stay short of clipping.
 */

import { encodeG711 } from '../../../protocol/audio/g711.ts'
import { ToneGenerator, type TonePair } from '../../../protocol/audio/tone.ts'

/** Longer than any call of a cell; the dialplan begins it again at its end. Whole periods, so that the seam is not heard. */
const seconds = 20
const sampleRate = 8000

/** In the configuration folder, which the container sees. */
export const toneFolder = 'tones'

/** Name without the ending, which Asterisk adds by itself. */
export function toneFileName([low, high]: TonePair): string {
  return `${low}-${high}`
}

/** Samples in G.711 mu-law at 8 kHz, headerless: Asterisk's `.ulaw`. */
export function toneFile(pair: TonePair): Uint8Array {
  // Every pair repeats after 100 ms: one period is made, the rest are copies.
  const period = sampleRate / 10
  const pcm = new Int16Array(period)
  new ToneGenerator(pair, { sampleRate }).fill(pcm)
  const octets = new Uint8Array(period)
  encodeG711('pcmu', pcm, octets)
  const file = new Uint8Array(seconds * sampleRate)
  for (let at = 0; at < file.length; at += period) file.set(octets, at)
  return file
}
