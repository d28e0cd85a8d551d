/**
 * Encoders and decoders by codec name. Speech is not sent here, only tones and silence,
 * which repeat: what is encoded once is a loop of payloads that any number of calls share.
 */

import { Decoder, Encoder } from '@evan/opus'
import { type AudioDecoder, G711Decoder, listeningRate } from '../../protocol/audio/decoder.ts'
import { encodeG711, g711Silence } from '../../protocol/audio/g711.ts'
import { ToneGenerator, type TonePair } from '../../protocol/audio/tone.ts'
import type { CodecName } from '../../protocol/sdp/types.ts'

/** A fresh decoder for one received stream. */
export function createDecoder(codec: CodecName): AudioDecoder {
  return codec === 'opus' ? new OpusDecoder() : new G711Decoder(codec)
}

class OpusDecoder implements AudioDecoder {
  /** Opus decodes to any rate; what we listen for lies below 4 kHz, and this costs least. */
  readonly #decoder = new Decoder({ channels: 1, sample_rate: listeningRate })

  decode(payload: Uint8Array): Int16Array | undefined {
    if (payload.length === 0) return undefined
    try {
      const bytes = this.#decoder.decode(payload)
      return new Int16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 1)
    } catch {
      return undefined
    }
  }
}

/** What is played: a pair at a level, driven up by `gain`; undefined is silence. */
export interface Sound {
  readonly pair: TonePair
  readonly levelDbm0: number
  readonly gain: number
}

/** Payloads to be sent one after another, over and over, one per packet time. */
export type FrameLoop = readonly Uint8Array[]

const cache = new Map<string, FrameLoop>()
const mostCached = 1024

/** The loop of a sound, from the cache if it was ever encoded. Throws RangeError on tones the codec cannot carry. */
export function frameLoop(codec: CodecName, ptimeMs: number, sound: Sound | undefined): FrameLoop {
  const key = sound === undefined ? `${codec} ${ptimeMs}` : `${codec} ${ptimeMs} ${sound.pair.join()} ${sound.levelDbm0} ${sound.gain}`
  let loop = cache.get(key)
  if (loop === undefined) {
    loop = codec === 'opus' ? opusLoop(ptimeMs, sound) : g711Loop(codec, ptimeMs, sound)
    if (cache.size >= mostCached) cache.delete(cache.keys().next().value!)
    cache.set(key, loop)
  }
  return loop
}

function g711Loop(codec: 'pcmu' | 'pcma', ptimeMs: number, sound: Sound | undefined): FrameLoop {
  const length = (8000 * ptimeMs) / 1000
  if (sound === undefined) return [new Uint8Array(length).fill(g711Silence(codec))]
  const generator = new ToneGenerator(sound.pair, { sampleRate: 8000, levelDbm0: sound.levelDbm0, gain: sound.gain })
  const pcm = new Int16Array(length)
  return Array.from({ length: loopLength(8000, length, sound.pair) }, () => {
    const octets = new Uint8Array(length)
    generator.fill(pcm)
    encodeG711(codec, pcm, octets)
    return octets
  })
}

/**
 * The low-delay mode is pure CELT: its frames depend little on what came before, so that a loop of
 * them can be repeated. (The speech modes carry pitch over from frame to frame: a loop of those
 * breaks at its seam.) The first frames, in which the encoder settles, are thrown away.
 */
function opusLoop(ptimeMs: number, sound: Sound | undefined): FrameLoop {
  const encoder = new Encoder({ channels: 1, sample_rate: 48000, application: 'restricted_lowdelay' })
  encoder.bitrate = 32_000
  const length = (48_000 * ptimeMs) / 1000
  const pcm = new Int16Array(length)
  const generator =
    sound === undefined ? undefined : new ToneGenerator(sound.pair, { sampleRate: 48000, levelDbm0: sound.levelDbm0, gain: sound.gain })
  const next = () => {
    generator?.fill(pcm)
    return encoder.encode(pcm).slice()
  }
  for (let i = 0; i < settlingFrames; i++) next()
  return Array.from({ length: sound === undefined ? 1 : loopLength(48000, length, sound.pair) }, next)
}

const settlingFrames = 10

/** The least number of frames that holds a whole number of the pair's periods. */
function loopLength(sampleRate: number, frameLength: number, pair: TonePair): number {
  const period = sampleRate / divisor(sampleRate, divisor(Math.round(pair[0]), Math.round(pair[1])))
  return period / divisor(period, frameLength)
}

function divisor(a: number, b: number): number {
  return b === 0 ? a : divisor(b, a % b)
}
