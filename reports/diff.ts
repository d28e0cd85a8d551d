/** What changed between two runs, cell by cell, check by check and clause by clause. */
import { cellKey } from './results.ts'
import type { CellResult, ClauseVerdict, Results, Verdict } from './schema/results.ts'

export interface CellChange {
  readonly id: string
  readonly scenario: string
  readonly check: boolean
  /** Undefined where the run did not know the cell. */
  readonly before: Verdict | undefined
  readonly after: Verdict | undefined
  readonly reason: string | undefined
}

export interface RunDiff {
  readonly before: string
  readonly after: string
  /** Fail now, and did not before (also when they were not tried before). */
  readonly newFailures: CellChange[]
  /** Failed or wavered before and pass now. */
  readonly fixed: CellChange[]
  readonly newFlaky: CellChange[]
  /** Failed before and still do. */
  readonly stillFailing: CellChange[]
  /** Passed before and have no verdict on the subject now. */
  readonly lost: CellChange[]
  readonly clauses: { readonly id: string; readonly before: ClauseVerdict | undefined; readonly after: ClauseVerdict | undefined }[]
}

/** Compares claimed cells and their checks only: a probe of something unclaimed can neither regress nor be fixed. */
export function diffResults(before: Results, after: Results): RunDiff {
  const changes = pairs(before, after)
  const chosen = (test: (change: CellChange) => boolean) => changes.filter(test)
  const clauses = new Map(before.clauses.map((clause) => [clause.id, clause.verdict]))
  return {
    before: before.run.id,
    after: after.run.id,
    newFailures: chosen((change) => change.after === 'fail' && change.before !== 'fail'),
    fixed: chosen((change) => change.after === 'pass' && (change.before === 'fail' || change.before === 'flaky')),
    newFlaky: chosen((change) => change.after === 'flaky' && change.before !== 'flaky'),
    stillFailing: chosen((change) => change.after === 'fail' && change.before === 'fail'),
    lost: chosen((change) => change.before === 'pass' && change.after !== 'pass' && change.after !== 'fail' && change.after !== 'flaky'),
    clauses: after.clauses
      .map(({ id, verdict }) => ({ id, before: clauses.get(id), after: verdict }))
      .filter((clause) => clause.before !== clause.after),
  }
}

function pairs(before: Results, after: Results): CellChange[] {
  const index = (results: Results) =>
    new Map([...results.cells, ...results.checks].filter((cell) => cell.claimed).map((cell) => [cellKey(cell.id, cell.scenario), cell]))
  const old = index(before)
  const now = index(after)
  return [...new Set([...old.keys(), ...now.keys()])].map((key) => {
    const cell = (now.get(key) ?? old.get(key)) as CellResult
    return {
      id: cell.id,
      scenario: cell.scenario,
      check: cell.check ?? false,
      before: old.get(key)?.verdict,
      after: now.get(key)?.verdict,
      reason: now.get(key)?.reason,
    }
  })
}

/** The diff for a terminal or a pull request. */
export function diffMarkdown(diff: RunDiff): string {
  const section = (title: string, changes: readonly CellChange[]) =>
    changes.length === 0
      ? []
      : [
          `## ${title} (${changes.length})`,
          '',
          ...changes.map(
            ({ id, scenario, check, before, after, reason }) =>
              `- \`${id}\`${check ? ` (${scenario})` : ''} ${before ?? 'not in the run'} → ${after ?? 'not in the run'}${reason ? `: ${reason.replace(/\s+/g, ' ')}` : ''}`,
          ),
          '',
        ]
  const lines = [
    `# ${diff.before} → ${diff.after}`,
    '',
    ...section('New failures', diff.newFailures),
    ...section('New flaky', diff.newFlaky),
    ...section('Fixed', diff.fixed),
    ...section('Still failing', diff.stillFailing),
    ...section('Proven before, without a verdict now', diff.lost),
    ...(diff.clauses.length === 0
      ? []
      : [
          `## Clauses (${diff.clauses.length})`,
          '',
          ...diff.clauses.map(({ id, before, after }) => `- \`${id}\` ${before ?? 'new'} → ${after}`),
          '',
        ]),
  ]
  return lines.length === 2 ? `${lines[0]}\n\nNothing changed.\n` : `${lines.join('\n').trimEnd()}\n`
}
