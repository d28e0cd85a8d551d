import { describe, expect, test } from 'vitest'
import { levelOfMeanSquare } from './level.ts'
import { ToneGenerator, toneGrid, tonePair, tonePairCount, tonePairIndex } from './tone.ts'

const dtmf = [697, 770, 852, 941, 1209, 1336, 1477, 1633]

function meanSquare(pcm: Int16Array): number {
  return pcm.reduce((sum, sample) => sum + sample * sample, 0) / pcm.length
}

describe('the grid', () => {
  test('stays within the telephone band, below 3000 Hz, and repeats in 100 ms', () => {
    for (const frequency of toneGrid) {
      expect(frequency).toBeGreaterThanOrEqual(300)
      expect(frequency).toBeLessThanOrEqual(3000)
      expect(frequency % 10).toBe(0)
    }
  })

  test('keeps clear of DTMF by 2.5 % and of fax and SF tones by 40 Hz', () => {
    for (const frequency of toneGrid) {
      for (const tone of dtmf) expect(Math.abs(frequency - tone) / tone).toBeGreaterThan(0.025)
      for (const tone of [2100, 2600]) expect(Math.abs(frequency - tone)).toBeGreaterThanOrEqual(40)
    }
  })

  test('no product of a pair falls on another tone, but fifth-order sums folded at 4 kHz', () => {
    const collisions = new Set<string>()
    for (let index = 0; index < tonePairCount; index++) {
      const [low, high] = tonePair(index)
      for (let m = -5; m <= 5; m++) {
        for (let n = -5; n <= 5; n++) {
          const order = Math.abs(m) + Math.abs(n)
          // Saturation is symmetric: only odd orders arise.
          if (order !== 3 && order !== 5) continue
          const product = Math.abs(m * low + n * high) % 8000
          const folded = product > 4000 ? 8000 - product : product
          if (toneGrid.includes(folded)) collisions.add([Math.abs(m), Math.abs(n), m * n > 0 ? 'sum' : 'difference'].join(' '))
        }
      }
    }
    expect([...collisions].sort()).toEqual(['2 3 sum', '3 2 sum'])
  })
})

describe('pairs', () => {
  test('there are more than 200, all distinct, each knowing its index', () => {
    expect(tonePairCount).toBeGreaterThan(200)
    const seen = new Set(Array.from({ length: tonePairCount }, (_, index) => tonePair(index).join()))
    expect(seen.size).toBe(tonePairCount)
    for (let index = 0; index < tonePairCount; index++) expect(tonePairIndex(tonePair(index))).toBe(index)
  })

  test('neighbours share no tone', () => {
    for (let index = 0; index < tonePairCount; index++) {
      const [low, high] = tonePair(index)
      const next = tonePair(index + 1)
      expect(next).not.toContain(low)
      expect(next).not.toContain(high)
    }
  })

  test('indices repeat beyond the last pair; others are refused', () => {
    expect(tonePair(tonePairCount + 3)).toEqual(tonePair(3))
    expect(() => tonePair(-1)).toThrow(RangeError)
    expect(() => tonePair(1.5)).toThrow(RangeError)
    expect(tonePairIndex([440, 480])).toBeUndefined()
  })
})

describe('the generator', () => {
  test('keeps the level asked for', () => {
    const pcm = new Int16Array(8000)
    new ToneGenerator(tonePair(0), { sampleRate: 8000 }).fill(pcm)
    expect(levelOfMeanSquare(meanSquare(pcm))).toBeCloseTo(-16, 1)
    new ToneGenerator(tonePair(0), { sampleRate: 8000, levelDbm0: -30 }).fill(pcm)
    expect(levelOfMeanSquare(meanSquare(pcm))).toBeCloseTo(-30, 1)
  })

  test('runs on over frame borders', () => {
    const whole = new Int16Array(960)
    new ToneGenerator([1004, 1700], { sampleRate: 48000 }).fill(whole)
    const parts = new ToneGenerator([1004, 1700], { sampleRate: 48000 })
    const frame = new Int16Array(96)
    for (let part = 0; part < 10; part++) {
      parts.fill(frame)
      expect(frame).toEqual(whole.subarray(part * 96, part * 96 + 96))
    }
  })

  test('gain saturates instead of wrapping', () => {
    const pcm = new Int16Array(800)
    new ToneGenerator(tonePair(0), { sampleRate: 8000, gain: 100 }).fill(pcm)
    expect(Math.max(...pcm)).toBe(32767)
    expect(Math.min(...pcm)).toBe(-32768)
  })

  test('refuses tones it cannot make', () => {
    expect(() => new ToneGenerator([100, 4000], { sampleRate: 8000 })).toThrow(RangeError)
    expect(() => new ToneGenerator([0, 400], { sampleRate: 8000 })).toThrow(RangeError)
  })
})
