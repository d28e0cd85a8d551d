/**
 * Every test this machine can run, and what was left out and why. In CI (`CI=true`) nothing may be left out.
 *
 *   npm test                                everything: the checks of the sources, then all kinds of tests
 *   npm test -- protocol/sip -t 'folded'    only these files and tests; all options of vitest
 *
 * The last line of a run is `N passed, N failed, N skipped`. Exit code 0 when nothing failed, 1 when something did,
 * 4 when no file matches, 130 when interrupted.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { diagnose } from '../harness/doctor.ts'
import { exitCodes } from '../harness/exit-codes.ts'
import { kinds, type Lack, lackLine, lacksOf } from './needs.ts'
import { root, runSteps, sourceSteps, tool } from './steps.ts'
import { nothing, sum, type Tally, tallyLine, tallyOf } from './tally.ts'

const selection = process.argv.slice(2)
const inCi = process.env.CI === 'true' || process.env.CI === '1'
/** Mutations the parser and RTP fuzzers try in the full run; few in `npm run check`. */
const fuzzRuns = process.env.FUZZ_RUNS ?? '100000'

let interrupted = false
let running: ChildProcess | undefined

/** A terminal sends SIGINT to the whole group: the test runner ends by itself, and what ran until then is told. */
process.on('SIGINT', () => {
  interrupted = true
})
for (const signal of ['SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    interrupted = true
    running?.kill(signal)
  })

const print = (text: string): void => console.log(text)

async function runKind(name: string, folder: string): Promise<Tally> {
  print(`\n=== ${name} tests`)
  const file = join(folder, `${name}.json`)
  // A line a file, but where one file takes minutes, a line a test.
  const reporter = name === 'docker' ? 'verbose' : 'default'
  const args = ['run', '--project', name, '--passWithNoTests', '--reporter', reporter, '--reporter', 'json', '--outputFile.json', file]
  const code = await new Promise<number>((resolve) => {
    running = spawn(process.execPath, [tool('vitest'), ...args, ...selection], {
      cwd: root,
      env: { ...process.env, FUZZ_RUNS: fuzzRuns },
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    running.on('error', (error) => {
      print(`vitest could not be started: ${error.message}`)
      resolve(-1)
    })
    running.on('close', (status) => resolve(status ?? -1))
  })
  const report = readIfThere(file)
  // Cut off before it could write its report: what is not known is not a failure.
  if (interrupted && report === undefined) return nothing
  const tally = tallyOf(report, code)
  if (tally.failed > 0) print(`${name} tests: ${tallyLine(tally)}`)
  return tally
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

/** Whether a kind has files for the selection. */
function hasFiles(name: string): boolean {
  const args = ['list', '--project', name, '--filesOnly', ...selection]
  const { stdout } = spawnSync(process.execPath, [tool('vitest'), ...args], { cwd: root, encoding: 'utf8' })
  return stdout.includes('.test.ts')
}

/** The tests of a kind that is left out, all of them skipped: its files are read, and no name is let through. */
function leaveOut(name: string, folder: string): Tally {
  const file = join(folder, `${name}.json`)
  const args = ['run', '--project', name, '--passWithNoTests', '--reporter', 'json', '--outputFile.json', file, '-t', '(?!)', ...selection]
  spawnSync(process.execPath, [tool('vitest'), ...args], { cwd: root, stdio: 'ignore' })
  return { ...nothing, skipped: tallyOf(readIfThere(file), 0).skipped }
}

function tellLacks(lacks: readonly Lack[]): void {
  if (lacks.length === 0) return
  print(inCi ? '\nERROR: in CI nothing may be left out, but this machine cannot run' : '\nLeft out on this machine:')
  for (const lack of lacks) print(`  ${lackLine(lack)}`)
}

async function main(folder: string): Promise<number> {
  const chosen = selection.length === 0 ? kinds : kinds.filter(({ name }) => hasFiles(name))
  if (chosen.length === 0) {
    print(`no test file matches: ${selection.join(' ')}`)
    return exitCodes.usage.code
  }
  const lacks = lacksOf(await diagnose(), chosen)
  let total: Tally = inCi ? { ...nothing, failed: lacks.length } : nothing
  tellLacks(lacks)
  if (selection.length === 0) {
    print('\n=== sources')
    total = sum(total, { ...nothing, failed: (await runSteps(sourceSteps, print)).length })
  }
  for (const { name } of chosen) {
    if (interrupted) break
    const leftOut = lacks.some(({ kind, whole }) => whole && kind === name)
    total = sum(total, leftOut ? leaveOut(name, folder) : await runKind(name, folder))
  }
  tellLacks(lacks)
  if (interrupted) print('\ninterrupted: not all tests ran')
  print(`\n${tallyLine(total)}`)
  if (interrupted) return exitCodes.interrupted.code
  return total.failed === 0 ? exitCodes.proven.code : exitCodes.failed.code
}

const folder = mkdtempSync(join(tmpdir(), 'trunkproof-tests-'))
try {
  process.exitCode = await main(folder)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
