import { describe, expect, test } from 'vitest'
import { sampleCells } from './fixture/sample-matrix.ts'
import { buildResults } from './results.ts'
import type { JournalEvent, PlannedCell } from './schema/journal.ts'
import { schemaVersion, type Verdict } from './schema/results.ts'
import { checkTitles, entryCount, skipReasons, verdictSentence } from './verdict-text.ts'

const at = '2026-11-23T10:00:00.000Z'
const line = { schema_version: schemaVersion as 1, at }
const run = { id: 'r', started: at, runtime: 'embedded', strategy: 'full', seed: 1, versions: {}, edge: { kind: 'reference' } }
const planned = sampleCells('proof-call')

/** A run whose first cells and checks came to these verdicts; `skipped` stands for planned and not tried. */
function resultsOf(cells: readonly Verdict[], checks: readonly Verdict[] = [], fidelity: PlannedCell['fidelity'] = 'real') {
  const entry = (changes: Partial<PlannedCell>) => (verdict: Verdict, index: number) => ({
    verdict,
    planned: { ...planned[index]!, fidelity, ...changes },
  })
  const entries = [...cells.map(entry({})), ...checks.map(entry({ scenario: 'stranger', check: true }))]
  const tried = entries.filter(({ verdict }) => verdict !== 'skipped')
  return buildResults([
    { ...line, event: 'run.started', run, plan: { cells: entries.map((one) => one.planned), clauses: [], platforms: [] } },
    ...tried.map(({ verdict, planned: { cell: id, ...rest } }): JournalEvent => {
      const result = { ...rest, id, verdict, deviations: [], duration_ms: 1, expectations: [], evidence: [], attempts: 1 }
      return { ...line, event: 'cell.finished', attempt: 1, result }
    }),
    { ...line, event: 'run.finished', finished: at },
  ])
}

describe('the verdict in a sentence', () => {
  test.each<[Verdict[], Verdict[], string]>([
    [['pass', 'pass'], ['pass', 'pass'], 'All 2 claimed cells that were tried are proven; 2 of 2 checks pass.'],
    [['pass'], [], 'The one claimed cell that was tried is proven.'],
    [['pass', 'fail'], ['pass'], '1 of 2 claimed cells tried is proven; 1 cell fails; 1 of 1 check passes.'],
    [
      ['pass', 'pass', 'pass'],
      ['pass', 'fail', 'flaky', 'error'],
      'All 3 claimed cells that were tried are proven; 1 of 4 checks pass: 1 fails, 1 is flaky and 1 has no result.',
    ],
    [[], ['pass', 'pass'], 'No claimed cell was tried; 2 of 2 checks pass.'],
    [['skipped'], ['pass'], 'No claimed cell was tried; 1 of 1 check passes. 1 claimed cell was not tried.'],
    [
      ['pass', 'skipped'],
      ['pass', 'skipped'],
      'The one claimed cell that was tried is proven; 1 of 1 check passes. 1 claimed cell and 1 check were not tried.',
    ],
    [['skipped'], [], 'Nothing was proven: no claimed cell was tried. 1 claimed cell was not tried.'],
  ])('cells %j, checks %j', (cells, checks, sentence) => {
    expect(verdictSentence(resultsOf(cells, checks))).toBe(sentence)
  })

  test('says who was proven where none of the products ran', () => {
    expect(verdictSentence(resultsOf(['pass', 'pass'], ['pass'], 'persona'))).toBe(
      'All 2 claimed cells that were tried are proven on personas; 1 of 1 check passes.',
    )
    expect(verdictSentence(resultsOf([], ['pass', 'pass'], 'persona'))).toBe('No claimed cell was tried; 2 of 2 checks pass on personas.')
  })
})

test('counts of cells and checks leave out what there is none of', () => {
  const { cells, checks } = resultsOf(['pass', 'pass'], ['pass'])
  expect([entryCount(cells), entryCount(checks), entryCount([...cells, ...checks])]).toEqual(['2 cells', '1 check', '2 cells and 1 check'])
})

test('reasons for leaving out are counted over cells and checks', () => {
  const reason = 'not run: the run has not finished'
  expect(skipReasons(resultsOf(['pass', 'skipped'], ['skipped']))).toEqual([{ reason, cells: 1, checks: 1 }])
})

test('a scenario of many expectations is told by the first of them', () => {
  const expectations = ['a', 'b', 'c', 'd', 'e'].map((title) => ({ id: title, title, verdict: 'pass' as const, expected: '', seen: '' }))
  const [check] = resultsOf([], ['pass']).checks
  expect(
    checkTitles([
      { ...check!, expectations: [] },
      { ...check!, expectations },
    ]),
  ).toEqual({ stranger: 'a · b · c · 2 more' })
})
