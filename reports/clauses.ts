/** Clause by clause: what the claimed cells of a run, and the checks of them, prove of the guide. */
import type { CellResult, ClauseInfo, ClauseResult, ClauseVerdict, Fidelity } from './schema/results.ts'

type Bearing = 'proven' | 'broken' | 'flaky' | 'open' | 'skipped'

/** Verdicts of all clauses, the planned ones first, then those only results name. Cells and checks bear on them alike, unclaimed cells on none. */
export function clauseResults(clauses: readonly ClauseInfo[], cells: readonly CellResult[]): ClauseResult[] {
  const byClause = new Map<string, CellResult[]>(clauses.map((clause) => [clause.id, []]))
  for (const cell of cells) {
    if (!cell.claimed) continue
    const named = new Set([...cell.clauses, ...cell.expectations.flatMap((expectation) => expectation.clause ?? [])])
    for (const id of named) {
      const bearing = byClause.get(id)
      if (bearing) bearing.push(cell)
      else byClause.set(id, [cell])
    }
  }
  const known = new Map(clauses.map((clause) => [clause.id, clause]))
  return [...byClause].map(([id, bearing]) => clauseResult(known.get(id) ?? { id, title: id }, bearing))
}

function clauseResult(clause: ClauseInfo, cells: readonly CellResult[]): ClauseResult {
  const counts: Record<Bearing, number> = { proven: 0, broken: 0, flaky: 0, open: 0, skipped: 0 }
  const ids = new Set<string>()
  const provenBy = new Set<Fidelity>()
  for (const cell of cells) {
    const bears = bearing(clause.id, cell)
    if (bears === undefined) continue
    counts[bears]++
    ids.add(cell.id)
    if (bears === 'proven') provenBy.add(cell.fidelity)
  }
  return { ...clause, verdict: verdictOf(clause, counts), cells: [...ids], proven_by: [...provenBy].sort(), ...counts }
}

/**
 * Proven is what at least one cell proves and none contradicts. Cells without a result and
 * skipped ones say nothing either way; their numbers stay beside the verdict.
 */
function verdictOf(clause: ClauseInfo, counts: Record<Bearing, number>): ClauseVerdict {
  if (counts.broken > 0) return 'broken'
  if (counts.flaky > 0) return 'flaky'
  if (counts.proven > 0) return 'proven'
  return clause.not_applicable === undefined ? 'unproven' : 'not applicable'
}

/**
 * What one cell says of a clause; undefined when nothing. Expectations that name the
 * clause decide. Where none does, a pass proves it and a failure breaks it, unless the
 * failure is wholly explained by other clauses.
 */
function bearing(clause: string, cell: CellResult): Bearing | undefined {
  if (cell.verdict === 'skipped') return 'skipped'
  if (cell.verdict === 'error' || cell.verdict === 'inconclusive') return 'open'
  const own = cell.expectations.filter((expectation) => expectation.clause === clause)
  if (cell.verdict === 'flaky') {
    const wavering = [cell, ...(cell.earlier_attempts ?? [])]
      .flatMap((attempt) => attempt.expectations)
      .filter(({ verdict }) => verdict === 'fail')
    const blamesOthers =
      wavering.length > 0 && wavering.every((expectation) => expectation.clause !== undefined && expectation.clause !== clause)
    return blamesOthers ? 'proven' : 'flaky'
  }
  if (own.some((expectation) => expectation.verdict === 'fail')) return 'broken'
  if (own.some((expectation) => expectation.verdict === 'pass')) return 'proven'
  if (cell.verdict === 'pass') return own.length > 0 ? 'open' : 'proven'
  const failed = cell.expectations.filter((expectation) => expectation.verdict === 'fail')
  const explained = failed.length > 0 && failed.every((expectation) => expectation.clause !== undefined)
  return explained ? undefined : 'broken'
}
