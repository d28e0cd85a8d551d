/** Results of a made-up run, for tests of what is made of them. */
import type { CellResult, Results } from '../reports/schema/results.ts'
import { planItem } from './plan-fixture.ts'

/** One cell's result; `pass` unless changed. */
export function cellResult(changes: Partial<CellResult> = {}): CellResult {
  const { cell, scenario, clauses } = planItem()
  return {
    id: cell.id,
    platform: cell.platform,
    axes: { ...cell.axes },
    claimed: true,
    scenario: scenario.id,
    fidelity: 'persona',
    verdict: 'pass',
    deviations: [],
    duration_ms: 1,
    expectations: [],
    evidence: [],
    clauses: [...clauses],
    attempts: 1,
    ...changes,
  }
}

/** Only `cells` and `checks` mean anything in it. */
export function results(...entries: CellResult[]): Results {
  return { cells: entries.filter((entry) => !entry.check), checks: entries.filter((entry) => entry.check) } as unknown as Results
}
