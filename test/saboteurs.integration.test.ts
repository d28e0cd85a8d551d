/**
 * The judge is judged: every fault, planted in the edge and in the peer, must turn exactly
 * the expectation it breaks red, and no other. Each row is a real run of real processes.
 */
import { describe, expect, test } from 'vitest'
import { faultCatalogue } from '../endpoint/faults.ts'
import { expectationIds } from '../scenarios/expectations.ts'
import { allRows, caught, outcome, resultOf, rows } from './saboteurs.ts'

describe.concurrent('a planted fault turns exactly its expectation red', { timeout: 180_000 }, () => {
  test.each(rows)('$side $fault: $red ($axes.direction $axes.transport $axes.media $axes.dtmf $axes.codec)', async (row) => {
    expect(outcome(await resultOf(row, { platform: 'generic', runtime: 'embedded' }))).toEqual(caught(row))
  })
})

test('every fault is planted by some row', () => {
  expect(new Set(allRows.map((row) => row.fault))).toEqual(new Set(Object.keys(faultCatalogue)))
})

test('every expectation is turned red by some row', () => {
  expect(new Set(allRows.map((row) => row.red))).toEqual(new Set(expectationIds))
})
