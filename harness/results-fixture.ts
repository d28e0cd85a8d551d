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

/** Only `cells` means anything in it. */
export function results(...cells: CellResult[]): Results {
  return { cells } as unknown as Results
}
