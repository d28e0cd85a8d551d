import { describe, expect, test } from 'vitest'
import type { CellResult } from '../reports/schema/results.ts'
import { exitCodeOf } from './exit-code-of.ts'
import { exitCodes } from './exit-codes.ts'
import { cellResult, results } from './results-fixture.ts'

const codeOf = (...cells: Partial<CellResult>[]) => exitCodeOf(results(...cells.map(cellResult)))
const { proven, failed, unable } = exitCodes

describe('exitCodeOf', () => {
  test.each([
    ['all proven', [{}, {}], proven],
    ['nothing claimed', [], proven],
    ['one failed', [{}, { verdict: 'fail' }], failed],
    ['one failed now and then', [{}, { verdict: 'flaky' }], failed],
    ['one broke the harness', [{}, { verdict: 'error' }], unable],
    ['one could not be judged', [{ verdict: 'inconclusive' }], unable],
    ['one was not built yet', [{}, { verdict: 'skipped', reason: 'not built yet: media=sdes' }], unable],
    ['one was not run', [{ verdict: 'skipped', reason: 'not run: the run was interrupted' }], unable],
    ['one was skipped for no reason', [{ verdict: 'skipped' }], unable],
    [
      'one a product is declared unable to do',
      [{}, { verdict: 'skipped', reason: 'peer-cannot: osrtp-dtls: offers another profile' }],
      proven,
    ],
    ['a check of a claimed cell failed', [{}, { check: true, verdict: 'fail' }], failed],
    ['a check could not be judged', [{}, { check: true, verdict: 'inconclusive' }], unable],
    ['a failure outweighs what could not be tried', [{ verdict: 'error' }, { verdict: 'fail' }, { verdict: 'skipped' }], failed],
  ] as const)('%s', (_, cells, expected) => {
    expect(codeOf(...cells)).toBe(expected.code)
  })

  test.each(['fail', 'error', 'flaky', 'inconclusive', 'skipped'] as const)('what nobody claims fails nothing: %s', (verdict) => {
    expect(codeOf({}, { claimed: false, verdict })).toBe(proven.code)
  })

  test('each cause has a code of its own', () => {
    const codes = Object.values(exitCodes).map(({ code }) => code)
    expect(new Set(codes).size).toBe(codes.length)
  })
})
