import fc from 'fast-check'
import { expect, test } from 'vitest'
import { estimateIndex, rolloverOf } from './packet-index.ts'

const index = (rollover: number, sequenceNumber: number) => rollover * 65536 + sequenceNumber

test.each([
  // highest index, sequence number, index; RFC 3711 appendix A
  [-1, 0, index(0, 0)],
  [-1, 65535, index(0, 65535)],
  [index(0, 65535), 0, index(1, 0)],
  [index(0, 65534), 1, index(1, 1)],
  [index(1, 0), 65535, index(0, 65535)],
  [index(1, 5), 4, index(1, 4)],
  [index(0, 0), 65535, index(-1, 65535)],
  [index(0, 0), 32768, index(0, 32768)],
  [index(0, 0), 32769, index(-1, 32769)],
  [index(0, 32768), 0, index(0, 0)],
  [index(0, 32769), 0, index(1, 0)],
  [index(0xffff_ffff, 65535), 65534, index(0xffff_ffff, 65534)],
  [index(0xffff_fffe, 65535), 0, index(0xffff_ffff, 0)],
])('after %i, sequence number %i is index %i', (highest, sequenceNumber, expected) => {
  expect(estimateIndex(highest, sequenceNumber)).toBe(expected)
})

test('it follows any stream whose steps are less than half a cycle', () => {
  const start = fc.integer({ min: 0, max: 2 ** 40 })
  fc.assert(
    fc.property(start, fc.array(fc.integer({ min: -32_000, max: 32_000 })), (first, steps) => {
      let highest = first
      for (const step of steps) {
        const sent = Math.max(0, highest + step)
        expect(estimateIndex(highest, sent % 65536)).toBe(sent)
        expect(rolloverOf(sent)).toBe((sent - (sent % 65536)) / 65536)
        highest = Math.max(highest, sent)
      }
    }),
  )
})
