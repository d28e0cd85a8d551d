import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ReceptionStatistics } from './reception.ts'
import { sequenceDistance, timestampDistance } from './sequence.ts'

function receive(...sequenceNumbers: number[]): { statistics: ReceptionStatistics; arrivals: string[] } {
  const statistics = new ReceptionStatistics(1)
  const arrivals = sequenceNumbers.map((sequenceNumber) => statistics.sequence(sequenceNumber & 0xffff))
  return { statistics, arrivals }
}

function run(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => from + index)
}

describe('validation of a source (RFC 3550 A.1)', () => {
  test.each([
    // name, sequence numbers, what each is
    ['two in sequence make it valid', [7, 8, 9], ['probation', 'valid', 'valid']],
    ['strays keep it on probation', [7, 900, 3, 4], ['probation', 'probation', 'probation', 'valid']],
    ['the counter wraps', [65534, 65535, 0, 1], ['probation', 'valid', 'valid', 'valid']],
    ['the counter wraps within the probation', [65535, 0, 1], ['probation', 'valid', 'valid']],
    ['a late packet is reordered', [1, 2, 4, 3], ['probation', 'valid', 'valid', 'reordered']],
    ['a repeated packet is a duplicate', [1, 2, 3, 3, 2], ['probation', 'valid', 'valid', 'duplicate', 'duplicate']],
    ['a late packet twice', [1, 2, 4, 3, 3], ['probation', 'valid', 'valid', 'reordered', 'duplicate']],
    ['a wild packet is ignored', [1, 2, 20_000, 3], ['probation', 'valid', 'jump', 'valid']],
    ['two wild packets in sequence are a restart', [1, 2, 20_000, 20_001, 20_002], ['probation', 'valid', 'jump', 'valid', 'valid']],
    ['late over the wrap', [65534, 65535, 1, 0], ['probation', 'valid', 'valid', 'reordered']],
  ] as const)('%s', (_, numbers, expected) => {
    expect(receive(...numbers).arrivals).toEqual(expected)
  })
})

describe('loss (RFC 3550 A.3)', () => {
  test('everything arrives', () => {
    const { statistics } = receive(...run(65500, 100))
    expect(statistics).toMatchObject({ expected: 100, received: 100, lost: 0 })
    expect(statistics.report()).toMatchObject({ fractionLost: 0, cumulativeLost: 0, extendedHighestSequence: 65500 + 99 })
  })

  test('each report covers the interval since the last', () => {
    const { statistics } = receive(...run(0, 100).filter((n) => n < 50 || n % 2 === 1))
    expect(statistics.report()).toMatchObject({ fractionLost: 64, cumulativeLost: 25 })
    for (const n of run(100, 100)) statistics.sequence(n)
    expect(statistics.report()).toMatchObject({ fractionLost: 0, cumulativeLost: 25 })
    expect(statistics.report()).toMatchObject({ fractionLost: 0 })
    expect(statistics.lost).toBe(25)
  })

  test('a duplicate is no loss in a report, and hides none from us', () => {
    const { statistics } = receive(1, 2, 3, 3, 5)
    expect(statistics.report()).toMatchObject({ fractionLost: 0, cumulativeLost: 0 })
    expect(statistics).toMatchObject({ lost: 1, duplicates: 1, received: 5 })
  })

  test('cumulative loss goes below zero with duplicates only', () => {
    expect(receive(1, 2, 2, 2).statistics.report()).toMatchObject({ fractionLost: 0, cumulativeLost: -2 })
  })

  test('nothing heard, nothing expected', () => {
    expect(receive().statistics).toMatchObject({ valid: false, expected: 0, received: 0, lost: 0 })
  })

  test('any set of losses is counted exactly, wherever the counter starts', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 65535 }), fc.array(fc.boolean(), { minLength: 0, maxLength: 300 }), (start, kept) => {
        // Two packets in sequence at both ends: what is lost there nobody can know.
        const numbers = [start, start + 1, ...run(start + 2, kept.length).filter((_, index) => kept[index]), start + kept.length + 2]
        expect(receive(...numbers).statistics.lost).toBe(kept.filter((keep) => !keep).length)
      }),
    )
  })
})

describe('jitter (RFC 3550 A.8)', () => {
  test('a steady stream has none, wherever the timestamp starts', () => {
    const statistics = new ReceptionStatistics(1)
    for (let i = 0; i < 50; i++) statistics.arrival(1_000_000 + 160 * i, (0xffff_ff00 + 160 * i) >>> 0)
    expect(statistics.jitter).toBe(0)
  })

  test('follows J += (|D| - J) / 16', () => {
    const statistics = new ReceptionStatistics(1)
    statistics.arrival(0, 0)
    statistics.arrival(160 + 32, 160)
    expect(statistics.jitter).toBe(2)
    statistics.arrival(320 + 32, 320)
    expect(statistics.jitter).toBe(2 - 2 / 16)
    expect(statistics.report().jitter).toBe(1)
  })
})

test('distances wrap', () => {
  expect(sequenceDistance(65535, 0)).toBe(1)
  expect(sequenceDistance(0, 65535)).toBe(-1)
  expect(timestampDistance(0xffffffff, 159)).toBe(160)
  expect(timestampDistance(159, 0xffffffff)).toBe(-160)
})
