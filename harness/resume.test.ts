import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { JournalWriter, journalPath } from '../reports/journal.ts'
import { UsageError } from './errors.ts'
import { cellResult } from './results-fixture.ts'
import { alreadyProven } from './resume.ts'

let runDir: string
beforeEach(() => {
  runDir = mkdtempSync(join(tmpdir(), 'trunkproof-resume-'))
})
afterEach(() => rmSync(runDir, { recursive: true, force: true }))

function journal(...finished: ReturnType<typeof cellResult>[]): void {
  using writer = new JournalWriter(runDir)
  for (const result of finished) writer.write({ event: 'cell.finished', attempt: result.attempts, result })
}

test('only what passed is proven, under the scenario it passed', async () => {
  journal(
    cellResult({ id: 'a' }),
    cellResult({ id: 'a', scenario: 'stranger', verdict: 'fail' }),
    cellResult({ id: 'b', verdict: 'fail' }),
    cellResult({ id: 'b', attempts: 2 }),
    cellResult({ id: 'c', verdict: 'inconclusive' }),
    cellResult({ id: 'd', verdict: 'error' }),
    cellResult({ id: 'e', verdict: 'skipped' }),
  )
  expect(await alreadyProven(runDir)).toEqual(new Set(['a/proof-call', 'b/proof-call']))
})

test('a line that was cut by the interruption spoils nothing', async () => {
  journal(cellResult({ id: 'a' }))
  appendFileSync(journalPath(runDir), '{"event":"cell.finished","attempt":1,"resu')
  expect(await alreadyProven(runDir)).toEqual(new Set(['a/proof-call']))
})

test('a folder without a run is wrong usage', async () => {
  await expect(alreadyProven(join(runDir, 'nothing'))).rejects.toThrow(UsageError)
  await expect(alreadyProven(join(runDir, 'nothing'))).rejects.toThrow(/^there is no run to go on with in /)
})
