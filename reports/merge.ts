/**
 * Joins the runs of several shards (or of a rerun) into one run folder: journals become
 * one journal, evidence is copied, and every report is rendered from that as if it had been one run.
 */
import { existsSync } from 'node:fs'
import { cp, mkdir, readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { JournalWriter, journalPath, readJournal } from './journal.ts'
import { renderRun } from './render.ts'
import type { JournalEvent } from './schema/journal.ts'
import type { Attempt, Results, RunFacts } from './schema/results.ts'

/** `outDir` must not hold a run yet. Throws a RangeError when there is nothing to merge or the runs are not of one kind. */
export async function mergeRuns(dirs: readonly string[], outDir: string): Promise<Results> {
  if (dirs.length === 0) throw new RangeError('no run folders to merge')
  if (existsSync(journalPath(outDir))) throw new RangeError(`${outDir} already holds a run`)
  const runs = await Promise.all(dirs.map(async (dir) => ({ dir, events: (await readJournal(dir)).events })))
  const starts = runs.flatMap(({ events }) => events.filter((event) => event.event === 'run.started'))
  if (starts.length === 0) throw new RangeError('none of the folders holds a run that started')
  const runtimes = new Set(starts.map(({ run }) => run.runtime))
  if (runtimes.size > 1) throw new RangeError(`runs of different runtimes cannot be merged: ${[...runtimes].join(', ')}`)

  await mkdir(outDir, { recursive: true })
  const merged: JournalEvent[] = []
  for (const [index, { dir, events }] of runs.entries()) {
    const moved = await copyEvidence(dir, outDir, index)
    merged.push(
      ...events.filter((event) => event.event !== 'run.started' && event.event !== 'run.finished').map((event) => withPaths(event, moved)),
    )
  }
  merged.sort((a, b) => Date.parse(a.at) - Date.parse(b.at))

  const finishes = runs.map(({ events }) => events.findLast((event) => event.event === 'run.finished'))
  using journal = new JournalWriter(outDir)
  for (const [index, start] of starts.entries()) {
    journal.write({ ...start, run: index === 0 ? mergedRun(starts.map(({ run }) => run)) : start.run }, new Date(start.at))
  }
  for (const event of merged) journal.write(event, new Date(event.at))
  if (finishes.every((finish) => finish !== undefined)) {
    const finished = finishes
      .map((finish) => finish.finished)
      .sort((a, b) => Date.parse(a) - Date.parse(b))
      .at(-1)!
    const interrupted = finishes.some((finish) => finish.interrupted)
    journal.write({ event: 'run.finished', finished, ...(interrupted ? { interrupted } : {}) }, new Date(finished))
  }
  journal.close()
  return renderRun(outDir)
}

/** One set of facts for all: the earliest start, every version that took part. */
function mergedRun(runs: readonly RunFacts[]): RunFacts {
  const [first] = runs.toSorted((a, b) => Date.parse(a.started) - Date.parse(b.started))
  const { shard: _, ...facts } = first!
  const ids = new Set(runs.map((run) => run.id))
  const versions: Record<string, string> = {}
  for (const run of runs) {
    for (const [name, version] of Object.entries(run.versions)) {
      const known = versions[name]?.split(' and ') ?? []
      if (!known.includes(version)) versions[name] = [...known, version].join(' and ')
    }
  }
  return { ...facts, id: ids.size === 1 ? first!.id : `${first!.id}-merged`, versions }
}

/** Copies a run's evidence and returns what had to be renamed because another run has the same path. */
async function copyEvidence(dir: string, outDir: string, index: number): Promise<Map<string, string>> {
  const moved = new Map<string, string>()
  const source = join(dir, 'evidence')
  if (!existsSync(source)) return moved
  const entries = await readdir(source, { recursive: true, withFileTypes: true })
  for (const entry of entries) {
    if (!entry.isFile()) continue
    const from = join(entry.parentPath, entry.name)
    const path = from.slice(dir.length).replaceAll('\\', '/').replace(/^\/+/, '')
    const target = existsSync(join(outDir, path)) ? path.replace(/^evidence\//, `evidence/from-run-${index + 1}/`) : path
    if (target !== path) moved.set(path, target)
    await mkdir(dirname(join(outDir, target)), { recursive: true })
    await cp(from, join(outDir, target))
  }
  return moved
}

function withPaths(event: JournalEvent, moved: ReadonlyMap<string, string>): JournalEvent {
  if (event.event !== 'cell.finished' || moved.size === 0) return event
  const place = (path: string): string => moved.get(path) ?? path
  const fix = <T extends Pick<Attempt, 'evidence' | 'cases'>>(attempt: T): T => ({
    ...attempt,
    evidence: attempt.evidence.map(place),
    ...(attempt.cases === undefined
      ? {}
      : { cases: attempt.cases.map((one) => (one.evidence === undefined ? one : { ...one, evidence: place(one.evidence) })) }),
  })
  const { earlier_attempts: earlier } = event.result
  return { ...event, result: { ...fix(event.result), ...(earlier ? { earlier_attempts: earlier.map(fix) } : {}) } }
}
