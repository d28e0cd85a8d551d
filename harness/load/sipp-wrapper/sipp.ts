/**
 * SIPp, wrapped: typed options in, typed statistics out. Bounded in calls and time,
 * nothing left behind: no process, no container, no file.
 */
import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sippArguments } from './arguments.ts'
import { explainExit, type SippExit } from './exit.ts'
import { checkOptions, type SippOptions } from './options.ts'
import { onThisMachine, type SippPlace } from './place.ts'
import { scenarioXml } from './scenario.ts'
import { parseStatistics, type SippStatistics } from './statistics.ts'

export interface SippResult {
  readonly exit: SippExit
  /** The totals; undefined when SIPp ended before it wrote any. */
  readonly statistics: SippStatistics | undefined
  /** What SIPp found wrong, the beginning of it; empty when nothing. */
  readonly errors: string
  /** What the scenario logged, a line each. */
  readonly logged: readonly string[]
}

export interface SippContext {
  /** Default: on this machine. */
  readonly place?: SippPlace
  readonly signal?: AbortSignal
}

/** How long SIPp may take to end after its own deadline. */
const graceMs = 3_000
const keptErrors = 4096

/** Runs SIPp to its end. Throws RangeError for options it cannot be given; that calls failed is a result. */
export async function runSipp(options: SippOptions, { place = onThisMachine, signal }: SippContext = {}): Promise<SippResult> {
  checkOptions(options)
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'trunkproof-sipp-')))
  const files = {
    statistics: join(folder, 'statistics.csv'),
    errors: join(folder, 'errors.log'),
    log: join(folder, 'scenario.log'),
    scenario: join(folder, 'scenario.xml'),
  }
  const overdue = new AbortController()
  const timer = setTimeout(() => overdue.abort(), options.deadlineMs + graceMs)
  try {
    await writeScenario(options, folder, files.scenario)
    const stop = signal === undefined ? overdue.signal : AbortSignal.any([overdue.signal, signal])
    const { code, output } = await place({ args: sippArguments(options, files), folder, signal: stop })
    const rows = await readFile(files.statistics, 'utf8').then(parseStatistics, () => [])
    const errors = (await readFile(files.errors, 'utf8').catch(() => '')).slice(0, keptErrors)
    const logged = (await readFile(files.log, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '')
    return {
      exit: explainExit(code),
      statistics: rows.at(-1),
      // Without a call its last words say why.
      errors: errors === '' && rows.length === 0 ? output.trim() : errors,
      logged,
    }
  } finally {
    clearTimeout(timer)
    await rm(folder, { recursive: true, force: true })
  }
}

async function writeScenario({ scenario }: SippOptions, folder: string, file: string): Promise<void> {
  if (scenario === 'uac') return
  const audioFile = (step: number): string => join(folder, `audio-${step}.ul`)
  for (const [at, step] of scenario.steps.entries()) if (step.do === 'stream') await writeFile(audioFile(at), step.audio)
  await writeFile(file, scenarioXml(scenario, audioFile))
}
