import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeG711, encodeG711, type G711Law } from './g711.ts'
import { ToneGenerator, type TonePair, tonePair, tonePairCount } from './tone.ts'
import { ToneDetector, type ToneReading } from './tone-detector.ts'

const frameLength = 160

/** Frames of a pair as a G.711 receiver hears them. */
function* frames(pair: TonePair, count: number, options: { law?: G711Law; gain?: number; levelDbm0?: number } = {}): Generator<Int16Array> {
  const { law = 'pcmu', ...tone } = options
  const generator = new ToneGenerator(pair, { sampleRate: 8000, ...tone })
  const pcm = new Int16Array(frameLength)
  const octets = new Uint8Array(frameLength)
  for (let i = 0; i < count; i++) {
    generator.fill(pcm)
    encodeG711(law, pcm, octets)
    const heard = new Int16Array(frameLength)
    decodeG711(law, octets, heard)
    yield heard
  }
}

function listen(stream: Iterable<Int16Array>, hopMs?: number): ToneReading[] {
  const detector = new ToneDetector(hopMs === undefined ? { sampleRate: 8000 } : { sampleRate: 8000, hopMs })
  return [...stream].flatMap((frame) => detector.push(frame))
}

test('every pair is told from every other, in both laws, clean and clipped', () => {
  for (let index = 0; index < tonePairCount; index++) {
    const pair = tonePair(index)
    const options = index % 2 === 0 ? { law: 'pcmu' as const } : { law: 'pcma' as const, gain: 8 }
    for (const reading of listen(frames(pair, 5, options))) expect(reading.pair).toEqual(pair)
  }
})

test('one reading per full window, the first after 100 ms', () => {
  expect(listen(frames(tonePair(1), 4))).toHaveLength(0)
  expect(listen(frames(tonePair(1), 5))).toHaveLength(1)
  expect(listen(frames(tonePair(1), 14))).toHaveLength(2)
  expect(listen(frames(tonePair(1), 14), 20)).toHaveLength(10)
})

test('a clean pair is pure, has its level and is not clipped', () => {
  const [reading] = listen(frames(tonePair(7), 5))
  expect(reading!.purity).toBeGreaterThan(0.99)
  expect(reading!.levelDbm0).toBeCloseTo(-16, 0)
  expect(reading!.peak).toBeLessThan(6000)
})

test('a clipped pair shows it in peak, level and purity', () => {
  const [reading] = listen(frames(tonePair(7), 5, { gain: 32 }))
  expect(reading!.pair).toEqual(tonePair(7))
  expect(reading!.peak).toBeGreaterThan(32000)
  expect(reading!.levelDbm0).toBeGreaterThan(0)
  expect(reading!.purity).toBeLessThan(0.95)
})

test('a source that begins anew between packets is no less pure, however its phase turns', () => {
  const pair = tonePair(9)
  const restarting = Array.from({ length: 20 }, (_, i) => [...frames(pair, 1 + (i % 3), { levelDbm0: -10 })]).flat()
  const readings = listen(restarting, 20).filter((reading) => reading.pair !== undefined)
  expect(readings.length).toBeGreaterThan(0)
  for (const { purity, levelDbm0 } of readings) {
    expect(purity).toBeGreaterThan(0.99)
    expect(levelDbm0).toBeCloseTo(-10, 0)
  }
})

test('a pair mixed with another is as pure as its share of the energy', () => {
  const [own, foreign] = [[...frames(tonePair(3), 10)], [...frames(tonePair(30), 10, { levelDbm0: -22 })]]
  const mixed = own.map((frame, i) => frame.map((sample, at) => sample + foreign[i]![at]!))
  for (const reading of listen(mixed)) expect(reading.purity).toBeCloseTo(1 / (1 + 10 ** -0.6), 1)
})

test('digital silence and faint noise hold no pair', () => {
  const silence = [...frames(tonePair(0), 5)].map((frame) => frame.fill(0))
  expect(listen(silence)).toEqual([{ pair: undefined, levelDbm0: -Infinity, purity: 0, peak: 0 }])
  const faint = listen(frames(tonePair(0), 5, { levelDbm0: -60 }))
  expect(faint[0]!.pair).toBeUndefined()
})

test('two calls at once hold no pair: crosstalk is not read as either', () => {
  const other = [...frames(tonePair(20), 5)]
  const both = [...frames(tonePair(3), 5)].map((frame, i) => frame.map((sample, at) => sample + other[i]![at]!))
  expect(listen(both)[0]!.pair).toBeUndefined()
})

test('noise is no pair', () => {
  let state = 1
  const noise = Array.from({ length: 50 }, () =>
    Int16Array.from({ length: frameLength }, () => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0
      return ((state >>> 16) & 0x1fff) - 0x1000
    }),
  )
  for (const reading of listen(noise)) expect(reading.pair).toBeUndefined()
})

describe('holes in the stream', () => {
  test.each([
    ['5 % loss', (i: number) => i % 20 === 7],
    ['30 % loss', (i: number) => i % 10 < 3],
    ['digits of 100 ms with gaps of 60 ms', (i: number) => i % 8 < 5],
  ])('%s: every reading still names the pair', (_, missing) => {
    const pair = tonePair(100)
    const detector = new ToneDetector({ sampleRate: 8000, hopMs: 20 })
    const readings: ToneReading[] = []
    let i = 0
    for (const frame of frames(pair, 80)) readings.push(...(missing(i++) ? detector.gap(frameLength) : detector.push(frame)))
    expect(readings.length).toBeGreaterThan(20)
    for (const reading of readings) {
      expect(reading.pair).toEqual(pair)
      expect(reading.purity).toBeGreaterThan(0.95)
      expect(reading.levelDbm0).toBeCloseTo(-16, 0)
    }
  })

  test('a window that is mostly hole is not read; a long hole starts afresh', () => {
    const detector = new ToneDetector({ sampleRate: 8000 })
    const [frame] = [...frames(tonePair(0), 1)]
    expect(detector.push(frame!)).toEqual([])
    expect(detector.gap(4 * frameLength)).toEqual([])
    detector.push(frame!)
    expect(detector.gap(17000)).toEqual([])
    expect([...frames(tonePair(5), 5)].flatMap((next) => detector.push(next))).toMatchObject([{ pair: tonePair(5) }])
  })
})

test('listens at 48 kHz as well, and to frequencies of the caller', () => {
  const detector = new ToneDetector({ sampleRate: 48000, frequencies: [350, 440, 480, 620] })
  const pcm = new Int16Array(4800)
  new ToneGenerator([440, 480], { sampleRate: 48000 }).fill(pcm)
  expect(detector.push(pcm)).toMatchObject([{ pair: [440, 480] }])
})

test('frames of any length give the same readings', () => {
  const stream = Int16Array.from([...frames(tonePair(50), 25)].flatMap((frame) => [...frame]))
  const expected = new ToneDetector({ sampleRate: 8000 }).push(stream)
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 700 }), { maxLength: 30 }), (lengths) => {
      const detector = new ToneDetector({ sampleRate: 8000 })
      const readings: ToneReading[] = []
      let at = 0
      for (const length of [...lengths, stream.length]) {
        readings.push(...detector.push(stream.subarray(at, at + length)))
        at += length
      }
      expect(readings).toEqual(expected)
    }),
  )
})

test('options that do not fit are refused', () => {
  expect(() => new ToneDetector({ sampleRate: 11025 })).toThrow(RangeError)
  expect(() => new ToneDetector({ sampleRate: 8000, windowMs: 50 })).toThrow(RangeError)
  expect(() => new ToneDetector({ sampleRate: 8000, hopMs: 0 })).toThrow(RangeError)
})
