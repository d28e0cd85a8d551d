/** What a run's results mean to whoever started it. */
import type { Results } from '../reports/schema/results.ts'
import { exitCodes } from './exit-codes.ts'

/** A declared inability of a product is no failure of ours; anything else that was not tried is. */
const excused = /^peer-cannot\b/

/** A failed claim, be it now and then, outweighs what could not be tried; only a run in which every claim was proven is 0. A check of a claimed cell weighs as the cell does. */
export function exitCodeOf(results: Results): number {
  const claimed = [...results.cells, ...results.checks].filter((entry) => entry.claimed)
  if (claimed.some((cell) => cell.verdict === 'fail' || cell.verdict === 'flaky')) return exitCodes.failed.code
  const open = claimed.some(
    (cell) => ['error', 'inconclusive'].includes(cell.verdict) || (cell.verdict === 'skipped' && !excused.test(cell.reason ?? '')),
  )
  return open ? exitCodes.unable.code : exitCodes.proven.code
}
