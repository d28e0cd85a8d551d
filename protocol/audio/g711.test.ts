import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeG711, encodeG711, type G711Law, g711Silence } from './g711.ts'

const lawsUnderTest: G711Law[] = ['pcmu', 'pcma']

function decodeOne(law: G711Law, octet: number): number {
  const pcm = new Int16Array(1)
  decodeG711(law, Uint8Array.of(octet), pcm)
  return pcm[0]!
}

function encodeOne(law: G711Law, sample: number): number {
  const octets = new Uint8Array(1)
  encodeG711(law, Int16Array.of(sample), octets)
  return octets[0]!
}

describe('figures of ITU-T G.711', () => {
  test.each([
    // law, octet, linear value
    ['pcmu', 0xff, 0],
    ['pcmu', 0x7f, 0],
    ['pcmu', 0x80, 32124],
    ['pcmu', 0x00, -32124],
    ['pcmu', 0xfe, 8],
    ['pcmu', 0x7e, -8],
    ['pcma', 0xd5, 8],
    ['pcma', 0x55, -8],
    ['pcma', 0xaa, 32256],
    ['pcma', 0x2a, -32256],
    ['pcma', 0x80, 5504],
  ] as const)('%s octet %i is %i', (law, octet, linear) => {
    expect(decodeOne(law, octet)).toBe(linear)
  })

  test('the digital milliwatt of mu-law (table 6) is a 1 kHz sine at 0 dBm0', () => {
    const sequence = Uint8Array.of(0x1e, 0x0b, 0x0b, 0x1e, 0x9e, 0x8b, 0x8b, 0x9e)
    const pcm = new Int16Array(8)
    decodeG711('pcmu', sequence, pcm)
    const meanSquare = pcm.reduce((sum, sample) => sum + sample * sample, 0) / 8
    const dbBelowFullScaleSine = 10 * Math.log10(meanSquare / (32768 ** 2 / 2))
    expect(dbBelowFullScaleSine).toBeCloseTo(-3.14, 0)
  })
})

describe.each(lawsUnderTest)('%s', (law) => {
  test('every octet survives decoding and encoding (mu-law has two zeros)', () => {
    for (let octet = 0; octet < 256; octet++) {
      const back = encodeOne(law, decodeOne(law, octet))
      if (law === 'pcmu' && octet === 0x7f) expect(back).toBe(0xff)
      else expect(back).toBe(octet)
    }
  })

  test('a sample comes back within its quantisation step', () => {
    fc.assert(
      fc.property(fc.integer({ min: -32768, max: 32767 }), (sample) => {
        const error = Math.abs(decodeOne(law, encodeOne(law, sample)) - sample)
        expect(error).toBeLessThanOrEqual(Math.max(16, Math.abs(sample) / 16))
      }),
    )
  })

  test('silence decodes to next to nothing', () => {
    expect(Math.abs(decodeOne(law, g711Silence(law)))).toBeLessThanOrEqual(8)
  })

  test('a target that is too short is refused', () => {
    expect(() => decodeG711(law, new Uint8Array(2), new Int16Array(1))).toThrow(RangeError)
    expect(() => encodeG711(law, new Int16Array(2), new Uint8Array(1))).toThrow(RangeError)
  })
})
