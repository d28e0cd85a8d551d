/** Renders every report of a run from its journal (and evidence), as often as one likes. */
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ctrfReport } from './ctrf.ts'
import { reportHtml } from './html/document.ts'
import { readJournal } from './journal.ts'
import { junitXml } from './junit.ts'
import { buildResults } from './results.ts'
import type { Results } from './schema/results.ts'
import { summaryMarkdown } from './summary.ts'

/**
 * Writes results.json, junit.xml, ctrf.json, summary.md and report.html beside the
 * journal and returns the results. Throws a RangeError when the journal never started a run.
 */
export async function renderRun(runDir: string): Promise<Results> {
  const { events } = await readJournal(runDir)
  const results = buildResults(events)
  await Promise.all([
    replaceFile(join(runDir, 'results.json'), `${JSON.stringify(results, null, 1)}\n`),
    replaceFile(join(runDir, 'junit.xml'), junitXml(results)),
    replaceFile(join(runDir, 'ctrf.json'), `${JSON.stringify(ctrfReport(results), null, 1)}\n`),
    replaceFile(join(runDir, 'summary.md'), summaryMarkdown(results)),
    replaceFile(join(runDir, 'report.html'), await reportHtml(results, runDir)),
  ])
  return results
}

/** A reader never sees half a file: dashboards poll these while a run goes on. */
async function replaceFile(path: string, content: string): Promise<void> {
  const next = `${path}.tmp`
  await writeFile(next, content)
  await rename(next, path)
}
