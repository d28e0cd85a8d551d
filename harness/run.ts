/**
 * The main job: plan, start a runtime, try every planned cell, write the journal as it
 * happens, render the reports. Whatever ends it, what was proven so far is kept and
 * nothing is left running.
 */
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { cpus, type as osType, totalmem } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { JournalWriter, journalPath } from '../reports/journal.ts'
import { renderRun } from '../reports/render.ts'
import type { RunPlan } from '../reports/schema/journal.ts'
import type { CellResult, RunFacts } from '../reports/schema/results.ts'
import { attemptItem } from './cell/attempt.ts'
import { EdgeDesk } from './edge/edge-desk.ts'
import { UnableError, UsageError } from './errors.ts'
import { exitCodeOf } from './exit-code-of.ts'
import { exitCodes } from './exit-codes.ts'
import { Interruption } from './interruption.ts'
import { LatenessLog } from './lateness.ts'
import { makePlan, type Plan, type PlanItem } from './plan.ts'
import { Progress } from './progress.ts'
import { alreadyProven } from './resume.ts'
import type { RunOptions } from './run-options.ts'
import { printOutcome } from './run-outcome.ts'
import type { Role, RuntimeOptions, StartedRuntime } from './runtime/runtime.ts'
import { schedule } from './scheduler.ts'

/** Cells at a time when nobody says: a call costs little, but its media clock wants to be kept. */
const jobsPerCore = 24
/** This process keeps no media clock, only time limits of seconds: a short pause of its own excuses nothing, milliseconds. */
const harnessLateMs = 1_000

/** Runs what was asked for and resolves with an exit code. Throws UsageError and UnableError, which the command line explains. */
export async function runMatrix(options: RunOptions): Promise<number> {
  const plan = makePlan(options)
  if (options.edge.kind === 'remote') throw new UnableError('a remote edge is not built yet', 'leave --edge out to try the reference edge')
  const runDir = openFolder(options)
  const proven = options.resume === undefined ? new Set<string>() : await alreadyProven(runDir)
  const items = plan.items.filter((item) => !proven.has(keyOf(item)))
  using progress = new Progress(items.length)
  using interruption = new Interruption((again) =>
    progress.say(again ? 'stopping now' : 'stopping: the partial run is kept (again to stop at once)'),
  )
  using journal = new JournalWriter(runDir)
  const facts = runFacts(options, plan, basename(runDir))
  const skippedOnly = items.length === 0
  if (skippedOnly) {
    journal.write({ event: 'run.started', run: facts, plan: journalPlan(plan, new Map()) })
  } else {
    await tryAll({ options, plan, items, runDir, facts, journal, progress, interruption })
  }
  const interrupted = interruption.signal.aborted
  journal.write({ event: 'run.finished', finished: new Date().toISOString(), ...(interrupted ? { interrupted } : {}) })
  const results = await renderRun(runDir)
  progress[Symbol.dispose]()
  printOutcome(results, { runDir, json: options.json, runtime: options.runtime })
  return interrupted ? exitCodes.interrupted.code : exitCodeOf(results)
}

interface Undertaking {
  readonly options: RunOptions
  readonly plan: Plan
  readonly items: readonly PlanItem[]
  readonly runDir: string
  readonly facts: RunFacts
  readonly journal: JournalWriter
  readonly progress: Progress
  readonly interruption: Interruption
}

async function tryAll(parts: Undertaking): Promise<void> {
  const { options, plan, items, runDir, facts, journal, progress, interruption } = parts
  const runtimeOptions: RuntimeOptions = {
    runId: facts.id,
    runDir,
    items,
    faults: options.faults,
    say: (line) => progress.say(line),
    signal: interruption.signal,
  }
  await using runtime = await startRuntime(options, runtimeOptions)
  await using desk = await EdgeDesk.open(runtime.edge)
  using lateness = new LatenessLog()
  const run = { ...facts, versions: { ...facts.versions, ...runtime.versions }, edge: { ...facts.edge, version: runtime.edgeInfo.version } }
  journal.write({ event: 'run.started', run, plan: journalPlan(plan, runtime.standIns) })

  const broken = new AbortController()
  runtime.died.catch((error: unknown) => broken.abort(error))
  const signal = AbortSignal.any([interruption.signal, broken.signal])
  const jobs = options.jobs ?? jobsPerCore * Math.max(1, cpus().length)
  // The longest first, so that the end of the run waits for none of them.
  const roles = runtime.roles.toSorted((a, b) => b.item.scenario.deadline_ms - a.item.scenario.deadline_ms)
  await schedule(roles, { jobs, signal }, async (role) => {
    for (let attempt = 1; attempt <= 1 + options.retries && !signal.aborted; attempt += 1) {
      const result = await tryOnce(role, attempt, { ...parts, desk, runtime, lateness, signal })
      // What was cut off says nothing about the cell: it counts as not run.
      if (signal.aborted && result.verdict !== 'pass') return
      progress.finished(result)
      if (result.verdict === 'pass' || result.verdict === 'skipped' || !result.claimed) return
    }
  })
  if (broken.signal.aborted) throw broken.signal.reason
}

async function tryOnce(
  { item, identity, peer }: Role,
  attempt: number,
  parts: Undertaking & { desk: EdgeDesk; runtime: StartedRuntime; lateness: LatenessLog; signal: AbortSignal },
): Promise<CellResult> {
  const { journal, desk, runtime, lateness, signal, runDir, options, plan } = parts
  journal.write({ event: 'cell.started', cell: item.cell.id, scenario: item.scenario.id, attempt })
  const result = await attemptItem({
    item,
    identity,
    peer,
    desk,
    attempt,
    runDir,
    rerun: rerunCommand(item, options),
    peerAddresses: runtime.peerAddresses,
    edgeLogFile: runtime.edgeLogFile,
    tlsLab: runtime.tlsLab,
    departures: plan.matrix.platforms.find(({ id }) => id === item.cell.platform)?.policyDepartures ?? [],
    signal,
    latenessSince: async (epochMs) => {
      const own = lateness.since(epochMs)
      return Math.max(own > harnessLateMs ? own : 0, await runtime.latenessMs())
    },
  })
  if (!signal.aborted || result.verdict === 'pass') journal.write({ event: 'cell.finished', attempt, result })
  return result
}

async function startRuntime(options: RunOptions, runtimeOptions: RuntimeOptions): Promise<StartedRuntime> {
  if (options.runtime === 'docker') {
    const { startDocker } = await import('./runtime/docker.ts')
    return startDocker(runtimeOptions)
  }
  const { startEmbedded } = await import('./runtime/embedded.ts')
  return startEmbedded(runtimeOptions)
}

const keyOf = ({ cell, scenario }: PlanItem): string => `${cell.id}/${scenario.id}`

/** The command that tries one item again, alone. */
function rerunCommand({ cell, scenario }: PlanItem, { runtime }: Pick<RunOptions, 'runtime'>): string {
  const axes = Object.entries(cell.axes).map(([name, value]) => `--axis ${name}=${value}`)
  return [
    'npm run matrix --',
    `--platform ${cell.platform}`,
    ...axes,
    `--scenario ${scenario.file.startsWith('scenarios/') ? scenario.id : scenario.file}`,
    ...(cell.claimed ? [] : ['--include unclaimed']),
    ...(runtime === 'embedded' ? [] : [`--runtime ${runtime}`]),
  ].join(' ')
}

function openFolder({ out, resume }: RunOptions): string {
  const folder = resume ?? out ?? join('runs', newRunId())
  const runDir = resolve(folder)
  // A journal is only ever added to: a second run in it would be read as further attempts of the first.
  if (resume === undefined && existsSync(journalPath(runDir)))
    throw new UsageError(`${folder} holds a run already`, `name another folder, or go on with that run: --resume ${folder}`)
  try {
    mkdirSync(runDir, { recursive: true })
  } catch (error) {
    throw new UnableError(`the run's folder ${folder} cannot be made`, 'choose another one with --out', error)
  }
  if (out === undefined && resume === undefined) pointLatest(runDir)
  return runDir
}

function newRunId(): string {
  const now = new Date().toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15)
  return `${now}-${randomBytes(2).toString('hex')}`
}

function pointLatest(runDir: string): void {
  const latest = join(dirname(runDir), 'latest')
  rmSync(latest, { force: true })
  symlinkSync(basename(runDir), latest)
}

function runFacts(options: RunOptions, plan: Plan, id: string): RunFacts {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
  return {
    id,
    started: new Date().toISOString(),
    runtime: options.runtime,
    strategy: plan.strategy,
    seed: plan.seed,
    command: options.command,
    ...(plan.shard === undefined ? {} : { shard: `${plan.shard.index}/${plan.shard.count}` }),
    guide_snapshot: plan.matrix.guide.snapshot,
    versions: { trunkproof: version, node: process.version },
    edge: {
      kind: 'reference',
      ...(options.faults.edge.length === 0 ? {} : { faults: options.faults.edge }),
      ...(options.faults.peer.length === 0 ? {} : { peer_faults: options.faults.peer }),
    },
    host: { os: osType(), cores: cpus().length, memory_mb: Math.round(totalmem() / 2 ** 20), node: process.version },
  }
}

function journalPlan(plan: Plan, standIns: StartedRuntime['standIns']): RunPlan {
  const planned = (skip: boolean) => (item: Plan['skipped'][number]) => ({
    cell: item.cell.id,
    platform: item.cell.platform,
    axes: { ...item.cell.axes },
    claimed: item.cell.claimed,
    clauses: [...item.clauses],
    scenario: item.scenario.id,
    ...(item.scenario.runs === 'every-cell' ? {} : { check: true as const }),
    fidelity: 'persona' as const,
    ...(skip ? { skip: item.reason } : {}),
  })
  return {
    cells: [...plan.items.map(planned(false)), ...plan.skipped.map(planned(true))],
    clauses: plan.matrix.clauses.map(({ id, title, statement, section }) => ({ id, title, statement, section })),
    platforms: plan.matrix.platforms.map((platform) => ({
      id: platform.id,
      title: platform.title,
      claims: Object.fromEntries(Object.entries(platform.claims).map(([axis, claim]) => [axis, [...claim.values]])),
      ...standIns.get(platform.id),
    })),
  }
}
