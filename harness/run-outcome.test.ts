import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { buildResults } from '../reports/results.ts'
import { type CellResult, type Results, schemaVersion } from '../reports/schema/results.ts'
import { cellResult } from './results-fixture.ts'
import { printOutcome } from './run-outcome.ts'

let stdout: string
let stderr: string
beforeEach(() => {
  stdout = ''
  stderr = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    stdout += text
    return true
  })
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    stderr += text
    return true
  })
})
afterEach(() => vi.restoreAllMocks())

function runOf(...entries: Partial<CellResult>[]): Results {
  const at = '2026-11-23T10:00:00.000Z'
  const line = { schema_version: schemaVersion as 1, at }
  const run = { id: 'r', started: at, runtime: 'embedded', strategy: 'full', seed: 1, versions: {}, edge: { kind: 'reference' } }
  return buildResults([
    { ...line, event: 'run.started', run, plan: { cells: [], clauses: [], platforms: [] } },
    ...entries.map((changes) => ({ ...line, event: 'cell.finished' as const, attempt: 1, result: cellResult(changes) })),
    { ...line, event: 'run.finished', finished: at },
  ])
}

const outcome = { runDir: 'runs/r', json: false, runtime: 'embedded' } as const
const wrongPassword = {
  id: 'c',
  scenario: 'wrong-password',
  check: true,
  verdict: 'fail',
  reason: 'the edge took it',
  rerun: 'again!',
} as const

test('a failed check is told like a failed cell', () => {
  printOutcome(runOf({ id: 'a' }, { id: 'b' }, wrongPassword), outcome)
  expect(stdout).toContain('fail c (wrong-password)\n  the edge took it\n  again: again!\n')
  expect(stdout).toContain('All 2 claimed cells that were tried are proven on personas; 0 of 1 check pass')
})

test('a flaky cell is told; what nobody claims is not', () => {
  printOutcome(
    runOf({ id: 'a', verdict: 'flaky', reason: 'now and then' }, { id: 'b', claimed: false, verdict: 'fail', probe: 'refused' }),
    outcome,
  )
  expect(stdout).toContain('flaky a (proof-call)\n  now and then\n')
  expect(stdout).not.toContain('fail b')
})

describe('the way to the real Asterisk', () => {
  const way = 'npm run matrix -- --runtime docker --platform asterisk'
  const asterisk = { platform: 'asterisk', fidelity: 'persona' } as const
  test.each<[string, Partial<CellResult>[], boolean]>([
    ['a persona stood in for it', [asterisk], true],
    ['a persona stood in for it in a check alone', [{ ...asterisk, scenario: 'stranger', check: true }], true],
    ['it was not tried', [{ platform: 'cisco' }, { ...asterisk, id: 'b', verdict: 'skipped' }], false],
    ['no cell of it was in the run', [{ platform: 'cisco' }], false],
    ['it ran itself', [{ ...asterisk, fidelity: 'real' }], false],
  ])('where %s', (_, entries, shown) => {
    printOutcome(runOf(...entries), outcome)
    expect(stdout.includes(way)).toBe(shown)
  })
})

test('with --json the results alone are on stdout', () => {
  const results = runOf({ id: 'a' }, wrongPassword)
  printOutcome(results, { ...outcome, json: true })
  expect(JSON.parse(stdout)).toEqual(JSON.parse(JSON.stringify(results)))
  expect(stderr).toContain('fail c (wrong-password)')
})
