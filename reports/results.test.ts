import { describe, expect, test } from 'vitest'
import { sampleCells } from './fixture/sample-matrix.ts'
import { buildResults } from './results.ts'
import type { JournalEvent, PlannedCell } from './schema/journal.ts'
import { type CellResult, type ClauseInfo, type ExpectationResult, resultsSchema, schemaVersion, type Verdict } from './schema/results.ts'

const [first, second, third] = sampleCells('proof-call') as [PlannedCell, PlannedCell, PlannedCell]
const at = '2026-11-23T10:00:00.000Z'
const line = { schema_version: schemaVersion as 1, at }

function started(cells: PlannedCell[], clauses: ClauseInfo[] = []): JournalEvent {
  const run = { id: 'r1', started: at, runtime: 'embedded', strategy: 'full', seed: 1, versions: {}, edge: { kind: 'reference' } }
  return { ...line, event: 'run.started', run, plan: { cells, clauses, platforms: [{ id: 'asterisk', title: 'Asterisk' }] } }
}

const finished: JournalEvent = { ...line, event: 'run.finished', finished: '2026-11-23T10:00:09.500Z' }

function attempt(planned: PlannedCell, verdict: Verdict, number = 1, extra: Partial<CellResult> = {}): JournalEvent {
  const { cell: id, platform, axes, claimed, scenario, fidelity, clauses } = planned
  const result: CellResult = {
    ...{ id, platform, axes, claimed, scenario, fidelity, clauses, verdict },
    ...{ deviations: [], duration_ms: 10, expectations: [], evidence: [`evidence/${id}/${number}/ladder.json`], attempts: number },
    ...(verdict === 'pass' ? {} : { reason: `because ${number}` }),
    ...extra,
  }
  return { ...line, event: 'cell.finished', attempt: number, result }
}

function expectation(id: string, verdict: ExpectationResult['verdict'], clause?: string): ExpectationResult {
  return { id, title: id, verdict, expected: 'a', seen: 'b', ...(clause ? { clause } : {}) }
}

function settled(...verdicts: Verdict[]) {
  const events = verdicts.map((verdict, index) => attempt(first, verdict, index + 1))
  return buildResults([started([first]), ...events, finished]).cells[0]!
}

describe('the verdict over attempts', () => {
  test.each<[Verdict[], Verdict]>([
    [['pass'], 'pass'],
    [['fail', 'fail'], 'fail'],
    [['fail', 'pass'], 'flaky'],
    [['pass', 'fail'], 'flaky'],
    [['fail', 'fail', 'pass'], 'flaky'],
    [['error', 'pass'], 'pass'],
    [['inconclusive', 'pass'], 'pass'],
    [['fail', 'error'], 'fail'],
    [['error', 'error'], 'error'],
    [['error', 'inconclusive'], 'inconclusive'],
  ])('%j is %s', (verdicts, expected) => {
    expect(settled(...verdicts)).toMatchObject({ verdict: expected, attempts: verdicts.length })
  })

  test('every attempt keeps its evidence', () => {
    const cell = settled('fail', 'pass')
    expect(cell.evidence).toEqual([`evidence/${first.cell}/2/ladder.json`])
    expect(cell.earlier_attempts).toMatchObject([{ attempt: 1, verdict: 'fail', evidence: [`evidence/${first.cell}/1/ladder.json`] }])
    expect(cell.reason).toBe('failed 1 of 2 attempts: because 1')
  })

  test('a failure whose retry broke is shown, not the broken retry', () => {
    const cell = settled('fail', 'error')
    expect(cell.reason).toBe('because 1')
    expect(cell.earlier_attempts).toMatchObject([{ attempt: 2, verdict: 'error' }])
  })
})

describe('cells without an attempt', () => {
  const skip: JournalEvent = { ...line, event: 'cell.skipped', cell: second.cell, scenario: second.scenario, reason: 'not built yet' }

  test('are skipped with the reason given', () => {
    const { cells, summary } = buildResults([
      started([first, second, { ...third, skip: 'peer-cannot: x' }]),
      attempt(first, 'pass'),
      skip,
      finished,
    ])
    expect(cells.map((cell) => [cell.verdict, cell.reason])).toEqual([
      ['pass', undefined],
      ['skipped', 'not built yet'],
      ['skipped', 'peer-cannot: x'],
    ])
    expect(summary).toMatchObject({ cells: 3, pass: 1, skipped: 2, wall_ms: 9500 })
  })

  test('of an interrupted run say so, and the run does', () => {
    const interrupted = buildResults([started([first, second]), attempt(first, 'pass'), { ...finished, interrupted: true } as JournalEvent])
    expect(interrupted.cells[1]!.reason).toBe('not run: the run was interrupted')
    const killed = buildResults([started([first, second]), attempt(first, 'pass')])
    expect(killed.run.interrupted).toBe(true)
    expect(killed.run.finished).toBeUndefined()
    expect(killed.cells[1]).toMatchObject({ verdict: 'skipped' })
  })

  test('of a resumed run are those neither part has tried', () => {
    const events = [
      started([first, second, third]),
      attempt(first, 'pass'),
      finished,
      started([first, second, third]),
      attempt(second, 'pass'),
      finished,
    ]
    expect(buildResults(events).cells.map((cell) => cell.verdict)).toEqual(['pass', 'pass', 'skipped'])
  })
})

test('unclaimed cells are counted apart and break nothing', () => {
  const probe = { ...second, claimed: false }
  const refused = { ...third, claimed: false }
  const { summary, clauses } = buildResults([
    started([first, probe, refused], [{ id: 'transport.udp', title: 'UDP' }]),
    attempt(first, 'pass'),
    attempt(probe, 'fail'),
    attempt(refused, 'fail', 1, { probe: 'refused' }),
    finished,
  ])
  expect(summary).toMatchObject({ cells: 1, pass: 1, fail: 0, unclaimed: { cells: 2, works: 0, refused: 1, misbehaves: 1, open: 0 } })
  expect(clauses[0]).toMatchObject({ id: 'transport.udp', verdict: 'proven', proven: 1, cells: [first.cell] })
})

describe('checks', () => {
  const check = { ...first, scenario: 'stranger', check: true as const, clauses: ['prerequisites.ip-acl'] }
  const clauses = [{ id: 'prerequisites.ip-acl', title: 'ACL' }]

  test('stand beside the cells and are counted apart', () => {
    const events = [started([first, second, check], clauses), attempt(first, 'pass'), attempt(check, 'fail', 1, { check: true }), finished]
    const { cells, checks, summary } = buildResults(events)
    expect(cells.map((cell) => [cell.id, cell.check])).toEqual([
      [first.cell, undefined],
      [second.cell, undefined],
    ])
    expect(checks).toMatchObject([{ id: first.cell, scenario: 'stranger', check: true, verdict: 'fail' }])
    expect(summary).toMatchObject({ cells: 2, pass: 1, fail: 0, skipped: 1, checks: { total: 1, pass: 0, fail: 1, skipped: 0 } })
  })

  test('that were not tried are checks all the same', () => {
    const { cells, checks, summary } = buildResults([started([first, check]), attempt(first, 'pass'), finished])
    expect(cells).toHaveLength(1)
    expect(checks).toMatchObject([{ check: true, verdict: 'skipped' }])
    expect(summary.checks).toMatchObject({ total: 1, skipped: 1 })
  })

  test('prove and break clauses as cells do', () => {
    const verdictOf = (verdict: Verdict) =>
      buildResults([started([first, check], clauses), attempt(check, verdict, 1, { check: true }), finished]).clauses[0]
    expect(verdictOf('pass')).toMatchObject({ verdict: 'proven', cells: [first.cell] })
    expect(verdictOf('fail')).toMatchObject({ verdict: 'broken' })
  })

  test('are what any further scenario of a cell finds: a cell has one entry', () => {
    const again = { ...first, scenario: 'another-call' }
    const { cells, checks } = buildResults([started([first, again]), attempt(first, 'pass'), attempt(again, 'pass'), finished])
    expect(cells.map(({ scenario }) => scenario)).toEqual(['proof-call'])
    expect(checks).toMatchObject([{ scenario: 'another-call', check: true }])
  })
})

describe('clauses', () => {
  const clause = (id: string, ...events: JournalEvent[]) =>
    buildResults([started([first, second], [{ id, title: id }]), ...events, finished]).clauses.find((found) => found.id === id)
  const own = first.clauses[0]!

  test('a passed cell proves what it stands for', () => {
    expect(clause(own, attempt(first, 'pass'))).toMatchObject({ verdict: 'proven', proven: 1, skipped: 1, proven_by: ['persona'] })
  })
  test('an expectation that names the clause decides, not the cell', () => {
    const expectations = [expectation('dtmf', 'fail', 'dtmf.rfc4733'), expectation('transport', 'pass', own)]
    expect(clause(own, attempt(first, 'fail', 1, { expectations }))).toMatchObject({ verdict: 'proven' })
    expect(clause('dtmf.rfc4733', attempt(first, 'fail', 1, { expectations }))).toMatchObject({ verdict: 'broken', broken: 1 })
  })
  test('a failure that others explain says nothing of a clause without an expectation', () => {
    const expectations = [expectation('dtmf', 'fail', 'dtmf.rfc4733')]
    expect(clause(own, attempt(first, 'fail', 1, { expectations }))).toMatchObject({ verdict: 'unproven', broken: 0, open: 0 })
  })
  test('an unexplained failure breaks every clause of its cell', () => {
    expect(clause(own, attempt(first, 'fail'))).toMatchObject({ verdict: 'broken' })
  })
  test('what the harness or machine spoiled leaves it open', () => {
    const expectations = [expectation('transport', 'pass', own)]
    expect(clause(own, attempt(first, 'inconclusive', 1, { expectations }))).toMatchObject({ verdict: 'unproven', open: 1 })
  })
  test('a flaky cell makes flaky what its failing attempt broke', () => {
    const failing = attempt(first, 'fail', 1, { expectations: [expectation('dtmf', 'fail', 'dtmf.rfc4733')] })
    expect(clause('dtmf.rfc4733', failing, attempt(first, 'pass', 2))).toMatchObject({ verdict: 'flaky', flaky: 1 })
    expect(clause(own, failing, attempt(first, 'pass', 2))).toMatchObject({ verdict: 'proven' })
  })
  test('one that no wire behaviour can prove is not applicable', () => {
    const { clauses } = buildResults([started([first], [{ id: 'plan', title: 'Plan', not_applicable: 'a contract' }]), finished])
    expect(clauses[0]!.verdict).toBe('not applicable')
  })
})

test('results conform to their schema', () => {
  const results = buildResults([started([first, second]), attempt(first, 'fail'), attempt(first, 'pass', 2), finished])
  expect(resultsSchema.parse(results)).toEqual(results)
})

test('a journal without a run has no results', () => {
  expect(() => buildResults([])).toThrow('no run.started')
})
