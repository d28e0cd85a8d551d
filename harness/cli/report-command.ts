/** `trunkproof report`: what can be done with runs that are over. */
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { diffMarkdown, diffResults } from '../../reports/diff.ts'
import { journalPath, readJournal } from '../../reports/journal.ts'
import { mergeRuns } from '../../reports/merge.ts'
import { renderRun } from '../../reports/render.ts'
import { buildResults } from '../../reports/results.ts'
import { type Results, resultsSchema } from '../../reports/schema/results.ts'
import { serveReport } from '../../reports/serve.ts'
import { verdictSentence } from '../../reports/verdict-text.ts'
import { UsageError } from '../errors.ts'
import { exitCodeOf } from '../exit-code-of.ts'
import { exitCodes } from '../exit-codes.ts'
import { printJson, printLine, styled } from './terminal.ts'

/** Renders a run's reports again from its journal. */
export async function renderCommand(runDir: string): Promise<number> {
  const results = await rendered(runDir)
  return finish(results, runDir)
}

/** Joins the runs of shards into one. The exit code is that of the whole. */
export async function mergeCommand(runDirs: readonly string[], out: string): Promise<number> {
  for (const dir of runDirs) needsRun(dir)
  const results = await explained(() => mergeRuns(runDirs, out))
  return finish(results, out)
}

/** What changed from one run to another; a claim that fails now and did not before is a failure. */
export async function diffCommand(before: string, after: string, options: { readonly json: boolean }): Promise<number> {
  const diff = diffResults(await read(before), await read(after))
  if (options.json) printJson({ schema_version: 1, ...diff })
  else printLine(diffMarkdown(diff))
  return diff.newFailures.length > 0 ? exitCodes.failed.code : exitCodes.proven.code
}

/** One line for every run in a folder, the oldest first. */
export async function historyCommand(folder: string, options: { readonly json: boolean }): Promise<number> {
  const runs = await resultsIn(folder)
  const rows = runs.map(({ run, summary }) => ({ ...run, ...summary }))
  if (options.json) {
    printJson({ schema_version: 1, runs: runs.map(({ run, summary }) => ({ run, summary })) })
    return exitCodes.proven.code
  }
  printLine(
    styled(
      'bold',
      `${'started'.padEnd(21)}${'run'.padEnd(24)}${['cells', 'pass', 'fail', 'flaky', 'open', 'skipped', 'checks'].map((name) => name.padStart(8)).join('')}`,
    ),
  )
  for (const row of rows) {
    const { checks } = row
    const passed = checks.total === 0 ? '' : `${checks.pass}/${checks.total}`
    const counts = [row.cells, row.pass, row.fail, row.flaky, row.inconclusive + row.error, row.skipped, passed]
    const line = `${row.started.slice(0, 19).padEnd(21)}${row.id.padEnd(24)}${counts.map((count) => String(count).padStart(8)).join('')}`
    printLine(row.fail + checks.fail > 0 ? styled('red', line) : line)
  }
  return exitCodes.proven.code
}

/** Serves a run's report on loopback until the process is told to end. */
export async function serveCommand(runDir: string, port: number): Promise<number> {
  await rendered(runDir)
  await using server = await serveReport(runDir, { port })
  printLine(`${server.url} (Ctrl+C ends it)`)
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve)
    process.once('SIGTERM', resolve)
  })
  return exitCodes.proven.code
}

function finish(results: Results, runDir: string): number {
  printLine(verdictSentence(results))
  const near = relative(process.cwd(), runDir)
  printLine(`Report: ${join(near.startsWith('..') ? runDir : near, 'report.html')}`)
  return exitCodeOf(results)
}

/** What a run came to so far, without writing anything. */
async function read(runDir: string): Promise<Results> {
  needsRun(runDir)
  return await explained(async () => buildResults((await readJournal(runDir)).events))
}

async function rendered(runDir: string): Promise<Results> {
  needsRun(runDir)
  return await explained(() => renderRun(runDir))
}

function needsRun(runDir: string): void {
  if (existsSync(journalPath(runDir))) return
  throw new UsageError(`there is no run in ${runDir}`, 'a run’s folder has a journal.ndjson; runs/latest leads to the last one')
}

/** The reports know nothing of command lines: what they refuse is wrong usage here. */
async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message)
    throw error
  }
}

async function resultsIn(folder: string): Promise<Results[]> {
  // `latest` is a link to one of the others.
  const entries = existsSync(folder) ? await readdir(folder, { withFileTypes: true }) : []
  const dirs = entries.filter((entry) => entry.isDirectory()).map((entry) => join(folder, entry.name))
  const runs = await Promise.all(dirs.filter((dir) => existsSync(journalPath(dir))).map(resultsOf))
  if (runs.length === 0) throw new UsageError(`there is no run in ${folder}`, 'npm run matrix makes one in runs/')
  return runs.sort((a, b) => (a.run.started < b.run.started ? -1 : 1))
}

/** The results as they were rendered; from the journal where that was never done, as after a crash. */
async function resultsOf(runDir: string): Promise<Results> {
  const file = join(runDir, 'results.json')
  if (!existsSync(file)) return await read(runDir)
  const parsed = resultsSchema.safeParse(JSON.parse(await readFile(file, 'utf8')))
  if (!parsed.success)
    throw new UsageError(`${file} is not the results of a run of this version`, `trunkproof report ${runDir} writes it anew`)
  return parsed.data
}
