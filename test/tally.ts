/** How many tests passed, failed and were skipped, added up over several runs of the test runner. */

export interface Tally {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

export const nothing: Tally = { passed: 0, failed: 0, skipped: 0 }

export const sum = (one: Tally, other: Tally): Tally => ({
  passed: one.passed + other.passed,
  failed: one.failed + other.failed,
  skipped: one.skipped + other.skipped,
})

/** The part of vitest's JSON report that is read here. */
interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly { readonly status: string }[] }[]
}

/**
 * What one run of vitest came to, from the text of its JSON report and its exit code. Never says that nothing failed
 * when something did: a file that could not be read to its tests counts as one failure, and so does a run
 * that ended badly for a reason the report does not have (an unhandled error, no report at all).
 */
export function tallyOf(reportText: string | undefined, exitCode: number): Tally {
  const report = reportText === undefined ? undefined : (JSON.parse(reportText) as Report)
  if (!report) return { ...nothing, failed: exitCode === 0 ? 0 : 1 }
  const brokenFiles = report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  ).length
  const failed = report.numFailedTests + brokenFiles
  return {
    passed: report.numPassedTests,
    failed: failed === 0 && exitCode !== 0 ? 1 : failed,
    skipped: report.numPendingTests + report.numTodoTests,
  }
}

/** The last line of a full test run; other programs read it. */
export const tallyLine = ({ passed, failed, skipped }: Tally): string => `${passed} passed, ${failed} failed, ${skipped} skipped`
