import { expect, test } from 'vitest'
import { nothing, sum, tallyLine, tallyOf } from './tally.ts'

const report = (counts: object, testResults: object[] = []): string =>
  JSON.stringify({ numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, testResults, ...counts })

test('passed, failed, skipped and planned tests are read from the report', () => {
  expect(tallyOf(report({ numPassedTests: 7, numPendingTests: 2, numTodoTests: 1 }), 0)).toEqual({ passed: 7, failed: 0, skipped: 3 })
  const file = { status: 'failed', assertionResults: [{ status: 'passed' }, { status: 'failed' }] }
  expect(tallyOf(report({ numPassedTests: 1, numFailedTests: 1 }, [file]), 1)).toEqual({ passed: 1, failed: 1, skipped: 0 })
})

test('what failed outside of a test counts as a failure', () => {
  const broken = { status: 'failed', assertionResults: [] }
  expect(tallyOf(report({}, [broken, broken]), 1)).toEqual({ passed: 0, failed: 2, skipped: 0 })
  expect(tallyOf(report({ numPassedTests: 3 }), 1)).toEqual({ passed: 3, failed: 1, skipped: 0 })
  expect(tallyOf(undefined, 1)).toEqual({ passed: 0, failed: 1, skipped: 0 })
})

test('nothing selected is nothing', () => {
  expect(tallyOf(undefined, 0)).toEqual(nothing)
  expect(tallyOf(report({}), 0)).toEqual(nothing)
})

test('runs add up to one line', () => {
  expect(tallyLine(sum({ passed: 1, failed: 2, skipped: 3 }, { passed: 10, failed: 20, skipped: 30 }))).toBe(
    '11 passed, 22 failed, 33 skipped',
  )
})
