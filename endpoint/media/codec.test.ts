import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { listeningRate } from '../../protocol/audio/decoder.ts'
import { type TonePair, tonePair } from '../../protocol/audio/tone.ts'
import { ToneDetector, type ToneReading } from '../../protocol/audio/tone-detector.ts'
import type { CodecName } from '../../protocol/sdp/types.ts'
import { createDecoder, type FrameLoop, frameLoop } from './codec.ts'

/** What a listener makes of a loop played for a while, after it settled. */
function hear(codec: CodecName, loop: FrameLoop, frames = 30): ToneReading[] {
  const decoder = createDecoder(codec)
  const detector = new ToneDetector({ sampleRate: listeningRate, hopMs: 20 })
  const readings = Array.from({ length: frames }, (_, index) => detector.push(decoder.decode(loop[index % loop.length]!)!)).flat()
  return readings.slice(2)
}

const codecs: CodecName[] = ['pcmu', 'pcma', 'opus']
const sound = (pair: TonePair, rest = {}) => ({ pair, levelDbm0: -16, gain: 1, ...rest })

describe.each(codecs)('%s', (codec) => {
  test.each([10, 20, 40, 60])('a looped pair in packets of %i ms is heard clean', (ptimeMs) => {
    for (const index of [0, 77, 215]) {
      const loop = frameLoop(codec, ptimeMs, sound(tonePair(index)))
      for (const reading of hear(codec, loop)) {
        expect(reading.pair).toEqual(tonePair(index))
        expect(reading.purity).toBeGreaterThan(0.95)
        expect(Math.abs(reading.levelDbm0 + 16)).toBeLessThan(1.5)
      }
    }
  })

  test('a pair driven eight times over shows it', () => {
    for (const reading of hear(codec, frameLoop(codec, 20, sound(tonePair(9), { gain: 8 })))) {
      expect(reading.pair).toEqual(tonePair(9))
      expect(reading.peak).toBeGreaterThan(30_000)
      expect(reading.levelDbm0).toBeGreaterThan(-2)
    }
  })

  test('silence is silent', () => {
    for (const reading of hear(codec, frameLoop(codec, 20, undefined))) {
      expect(reading.pair).toBeUndefined()
      expect(reading.levelDbm0).toBeLessThan(-60)
    }
  })

  test('what was encoded once is shared', () => {
    expect(frameLoop(codec, 20, sound(tonePair(3)))).toBe(frameLoop(codec, 20, sound(tonePair(3))))
    expect(frameLoop(codec, 20, sound(tonePair(3)))).not.toBe(frameLoop(codec, 20, sound(tonePair(3), { levelDbm0: -20 })))
  })

  test('hostile payloads never throw', () => {
    const decoder = createDecoder(codec)
    fc.assert(fc.property(fc.uint8Array({ maxLength: 1500 }), (payload) => void decoder.decode(payload)))
  })
})

test('a payload beyond reason is not decoded', () => {
  expect(createDecoder('pcmu').decode(new Uint8Array(5000))).toBeUndefined()
  expect(createDecoder('opus').decode(new Uint8Array(0))).toBeUndefined()
})

test('every loop holds whole periods', () => {
  expect(frameLoop('pcmu', 20, sound([420, 1430]))).toHaveLength(5)
  expect(frameLoop('pcmu', 30, sound([420, 1430]))).toHaveLength(10)
  expect(frameLoop('pcma', 20, sound([1004, 1701]))).toHaveLength(50)
  expect(() => frameLoop('pcma', 20, sound([1004, 4100]))).toThrow(RangeError)
})
