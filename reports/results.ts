/** From the journal to `results.json`: what the run came to, computed from its events alone. */
import { clauseResults } from './clauses.ts'
import { countVerdicts } from './grid.ts'
import type { JournalEvent, PlannedCell, RunPlan } from './schema/journal.ts'
import type { Attempt, CellResult, PlatformInfo, ProbeOutcome, Results, RunFacts, Summary, Verdict } from './schema/results.ts'
import { schemaVersion } from './schema/results.ts'

/** One value per (cell, scenario); the separator cannot occur in an id, which is folder-safe. */
export function cellKey(cell: string, scenario: string): string {
  return `${cell}/${scenario}`
}

/**
 * Folds a journal's events. A run that is still going, was interrupted or was killed
 * yields results too: what did not finish is `skipped` with the reason. Throws a
 * RangeError when the journal never started a run.
 */
export function buildResults(events: readonly JournalEvent[]): Results {
  const run = runFacts(events)
  const plan = wholePlan(events)
  const notRun = run.interrupted ? 'not run: the run was interrupted' : 'not run: the run has not finished'
  const attempts = Map.groupBy(
    events.filter((event) => event.event === 'cell.finished'),
    (event) => cellKey(event.result.id, event.result.scenario),
  )
  const skips = new Map<string, string>()
  for (const event of events) if (event.event === 'cell.skipped') skips.set(cellKey(event.cell, event.scenario), event.reason)

  const entries: CellResult[] = []
  for (const [key, planned] of plan.cells) {
    const tried = attempts.get(key)
    attempts.delete(key)
    if (tried) entries.push(settle(tried.map((event) => ({ attempt: event.attempt, result: event.result }))))
    else entries.push(untried(planned, skips.get(key) ?? planned.skip ?? notRun))
  }
  // What was run without having been planned is a harness mistake, but no reason to hide it.
  for (const tried of attempts.values()) entries.push(settle(tried.map((event) => ({ attempt: event.attempt, result: event.result }))))

  const { cells, checks } = cellsAndChecks(entries)
  return {
    schema_version: schemaVersion,
    run,
    summary: summarise(cells, checks, wallMs(events, run)),
    clauses: clauseResults(plan.clauses, [...cells, ...checks]),
    platforms: platformsOf(plan.platforms, entries),
    cells,
    checks,
  }
}

/** A cell has one entry: should several scenarios claim to decide it, the first does and the others are checks. */
function cellsAndChecks(entries: readonly CellResult[]): Pick<Results, 'cells' | 'checks'> {
  const cells = new Map<string, CellResult>()
  const checks: CellResult[] = []
  for (const entry of entries) {
    if (entry.check || cells.has(entry.id)) checks.push({ ...entry, check: true })
    else cells.set(entry.id, entry)
  }
  return { cells: [...cells.values()], checks }
}

function runFacts(events: readonly JournalEvent[]): RunFacts {
  const started = events.find((event) => event.event === 'run.started')
  if (!started) throw new RangeError('the journal has no run.started event')
  const finished = events.findLast((event) => event.event === 'run.finished')
  const resumedLater = finished && events.lastIndexOf(finished) < events.findLastIndex((event) => event.event === 'run.started')
  if (!finished || resumedLater) return { ...started.run, interrupted: true }
  return { ...started.run, finished: finished.finished, ...(finished.interrupted ? { interrupted: true } : {}) }
}

interface WholePlan {
  readonly cells: Map<string, PlannedCell>
  readonly clauses: RunPlan['clauses']
  readonly platforms: PlatformInfo[]
}

/** The union of all plans: a resumed or merged run has started more than once. A plan that tries a cell outweighs one that skips it. */
function wholePlan(events: readonly JournalEvent[]): WholePlan {
  const cells = new Map<string, PlannedCell>()
  const clauses = new Map<string, RunPlan['clauses'][number]>()
  const platforms = new Map<string, PlatformInfo>()
  for (const event of events) {
    if (event.event !== 'run.started') continue
    for (const planned of event.plan.cells) {
      const key = cellKey(planned.cell, planned.scenario)
      const known = cells.get(key)
      if (!known || known.skip !== undefined) cells.set(key, planned)
    }
    for (const clause of event.plan.clauses) if (!clauses.has(clause.id)) clauses.set(clause.id, clause)
    for (const platform of event.plan.platforms) if (!platforms.has(platform.id)) platforms.set(platform.id, platform)
  }
  return { cells, clauses: [...clauses.values()], platforms: [...platforms.values()] }
}

/**
 * The verdict over all attempts. Only what the subject did counts: pass and fail
 * together are flaky, while an attempt the machine or harness spoiled neither makes a
 * pass flaky nor wipes out a failure.
 */
function settle(tried: readonly { attempt: number; result: CellResult }[]): CellResult {
  const verdicts = new Set<Verdict>(tried.map(({ result }) => result.verdict))
  const last = tried.at(-1)!
  const flaky = verdicts.has('flaky') || (verdicts.has('pass') && verdicts.has('fail'))
  const shown =
    (!flaky && (tried.findLast(({ result }) => result.verdict === 'fail') ?? tried.findLast(({ result }) => result.verdict === 'pass'))) ||
    last
  const earlier = tried.filter((attempt) => attempt !== shown)
  const cell: CellResult = { ...shown.result, attempts: tried.length, ...probe(shown.result) }
  if (flaky) {
    const failed = tried.filter(({ result }) => result.verdict === 'fail')
    cell.verdict = 'flaky'
    cell.reason =
      failed.length > 0
        ? `failed ${failed.length} of ${tried.length} attempts: ${failed.at(-1)!.result.reason ?? 'no reason given'}`
        : cell.reason
  }
  if (earlier.length > 0) cell.earlier_attempts = earlier.map(({ attempt, result }) => attemptOf(attempt, result))
  return cell
}

function attemptOf(attempt: number, result: CellResult): Attempt {
  const { verdict, reason, attribution, deviations, started, duration_ms, expectations, evidence, steps, cases, facts, probe } = result
  return { attempt, verdict, reason, attribution, deviations, started, duration_ms, expectations, evidence, steps, cases, facts, probe }
}

function probe(result: CellResult): { probe?: ProbeOutcome } {
  if (result.claimed || result.probe) return {}
  if (result.verdict === 'pass') return { probe: 'works' }
  return result.verdict === 'fail' ? { probe: 'misbehaves' } : {}
}

function untried(planned: PlannedCell, reason: string): CellResult {
  const { cell, platform, axes, claimed, scenario, check, fidelity, clauses } = planned
  return {
    id: cell,
    platform,
    axes,
    claimed,
    scenario,
    ...(check ? { check } : {}),
    fidelity,
    verdict: 'skipped',
    reason,
    deviations: [],
    duration_ms: 0,
    expectations: [],
    evidence: [],
    clauses,
    attempts: 0,
  }
}

function summarise(cells: readonly CellResult[], checks: readonly CellResult[], wall_ms: number): Summary {
  const unclaimed = cells.filter((cell) => !cell.claimed)
  const outcome = (probe: ProbeOutcome) => unclaimed.filter((cell) => cell.probe === probe).length
  const unclaimedCounts = {
    cells: unclaimed.length,
    works: outcome('works'),
    refused: outcome('refused'),
    misbehaves: outcome('misbehaves'),
  }
  const claimed = (entries: readonly CellResult[]) => entries.filter((entry) => entry.claimed)
  return {
    cells: claimed(cells).length,
    ...countVerdicts(claimed(cells)),
    wall_ms,
    unclaimed: {
      ...unclaimedCounts,
      open: unclaimedCounts.cells - unclaimedCounts.works - unclaimedCounts.refused - unclaimedCounts.misbehaves,
    },
    checks: { total: claimed(checks).length, ...countVerdicts(claimed(checks)) },
  }
}

function wallMs(events: readonly JournalEvent[], run: RunFacts): number {
  const end = run.finished ?? events.at(-1)!.at
  return Math.max(0, Date.parse(end) - Date.parse(run.started))
}

function platformsOf(planned: readonly PlatformInfo[], cells: readonly CellResult[]): PlatformInfo[] {
  const known = new Set(planned.map((platform) => platform.id))
  const unknown = [...new Set(cells.map((cell) => cell.platform))].filter((id) => !known.has(id))
  return [...planned, ...unknown.map((id) => ({ id, title: id }))]
}
