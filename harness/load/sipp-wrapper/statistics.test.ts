import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parseStatistics } from './statistics.ts'

const fixture = (name: string) => readFileSync(new URL(`./fixtures/statistics-${name}.csv`, import.meta.url), 'utf8')

test('the file of SIPp 3.8: a row a second, the totals last', () => {
  const rows = parseStatistics(fixture('3.8.0'))
  expect(rows.map(({ created, current, succeeded }) => [created, current, succeeded])).toEqual([
    [0, 0, 0],
    [5, 5, 0],
    [5, 0, 5],
    [5, 0, 5],
  ])
  const totals = rows.at(-1)
  expect(totals).toMatchObject({
    failed: 0,
    failedBy: {},
    callsPerSecond: 3.289,
    retransmissions: 0,
    stray: { outOfCall: 0, deadCall: 0 },
    watchdog: 0,
    fatalErrors: 0,
    responseTime: { meanMs: 2, deviationMs: 0 },
    callLength: { meanMs: 1010, deviationMs: 3 },
  })
  expect(totals?.elapsedMs).toBeCloseTo(1520.4, 0)
  // Cumulative, though the file has the periodic columns first.
  expect(totals?.responseTime.distribution).toHaveLength(9)
  expect(totals?.responseTime.distribution[0]).toEqual({ belowMs: 10, count: 5 })
  expect(totals?.responseTime.distribution.at(-1)).toEqual({ belowMs: Number.POSITIVE_INFINITY, count: 0 })
  expect(totals?.callLength.distribution.find(({ count }) => count > 0)).toEqual({ belowMs: 5000, count: 5 })
})

test('the file of SIPp 3.6, whose distributions are not marked', () => {
  const totals = parseStatistics(fixture('3.6.1')).at(-1)
  expect(totals).toMatchObject({ created: 2000, succeeded: 2000, callsPerSecond: 398.645, responseTime: { meanMs: 1 } })
  expect(totals?.responseTime.distribution.map(({ count }) => count)).toEqual([1922, 36, 38, 4, 0, 0, 0, 0, 0])
})

test('calls nobody answered: unfinished, and sent again and again', () => {
  expect(parseStatistics(fixture('3.6.1-unanswered')).at(-1)).toMatchObject({ created: 4, current: 4, succeeded: 0, retransmissions: 20 })
})

test('failures are counted by their reasons', () => {
  const [heading = '', row = ''] = fixture('3.6.1-unanswered').split('\n')
  const names = heading.split(';')
  const values = row.split(';')
  values[names.indexOf('FailedCall(C)')] = '3'
  values[names.indexOf('FailedUnexpectedMessage(C)')] = '2'
  values[names.indexOf('FailedMaxUDPRetrans(C)')] = '1'
  const [totals] = parseStatistics(`${heading}\n${values.join(';')}\n`)
  expect(totals).toMatchObject({ failed: 3, failedBy: { UnexpectedMessage: 2, MaxUDPRetrans: 1 } })
})

test('a row that is still being written is left out', () => {
  const csv = fixture('3.8.0').trimEnd()
  expect(parseStatistics(csv)).toHaveLength(3)
  expect(parseStatistics(csv.slice(0, -200))).toHaveLength(3)
})

test.each(['', 'a;b;c\n', 'hello'])('%j is none', (text) => expect(() => parseStatistics(text)).toThrow(SyntaxError))
