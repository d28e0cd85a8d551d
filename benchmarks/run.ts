/**
 * Runs the benchmarks, one at a time and each in a process of its own, and prints what they measured.
 * Measures; judges nothing: a figure off its budget is for people to look at.
 *
 *   npm run bench                   all of them
 *   npm run bench -- sip-parse      those named
 *   npm run bench -- --json         figures as JSON on stdout
 *
 * Exit code 0 when all ran or were left out with a reason, 3 when one broke, 4 for a name there is not.
 */
import { fork } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { availableParallelism, cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { diagnose } from '../harness/doctor.ts'
import { exitCodes } from '../harness/exit-codes.ts'
import type { Benchmark, BenchmarkRow } from './benchmark.ts'
import { table } from './table.ts'

const suffix = '.bench.ts'
/** What a benchmark may need, by the finding of the doctor that says whether it is there. */
const findingOf = { sipp: 'sipp', docker: 'docker-engine' } as const

interface Outcome {
  readonly benchmark: string
  readonly rows: readonly BenchmarkRow[]
  /** Why it did not run. */
  readonly left_out?: string
  /** How it broke. */
  readonly error?: string
}

/** The same file again, in a process of its own: nothing measured before has warmed or littered it. */
function measure(file: string): Promise<{ rows: BenchmarkRow[]; error?: string }> {
  return new Promise((resolve) => {
    const rows: BenchmarkRow[] = []
    // What a benchmark prints is for people: stdout is the figures' alone.
    const child = fork(import.meta.filename, [], {
      env: { ...process.env, TRUNKPROOF_BENCHMARK: file },
      stdio: ['ignore', process.stderr, process.stderr, 'ipc'],
    })
    child.on('message', (row) => rows.push(row as BenchmarkRow))
    child.on('close', (code, signal) => resolve(code === 0 ? { rows } : { rows, error: `ended with ${signal ?? `exit code ${code}`}` }))
  })
}

async function runOne(file: string, findings: ReturnType<typeof diagnose>): Promise<Outcome> {
  const { benchmark } = (await import(file)) as { benchmark: Benchmark }
  const needed = (benchmark.needs ?? []).map((need) => findingOf[need])
  const missing = needed.length === 0 ? [] : (await findings).filter(({ id, ok }) => !ok && (needed as string[]).includes(id))
  if (missing.length > 0) {
    const reasons = missing.map(({ title, seen, enable }) => `${title}: ${seen}. To enable: ${enable}`)
    return { benchmark: benchmark.name, rows: [], left_out: reasons.join('; ') }
  }
  process.stderr.write(`measuring ${benchmark.name}\n`)
  return { benchmark: benchmark.name, ...(await measure(file)) }
}

function show({ benchmark, rows, left_out, error }: Outcome): void {
  console.log(`\n${benchmark}`)
  if (left_out !== undefined) console.log(`  left out: ${left_out}`)
  if (rows.length > 0) for (const line of table(rows)) console.log(`  ${line}`)
  if (error !== undefined) console.log(`  broke: ${error}`)
}

async function main(): Promise<number> {
  const known = readdirSync(import.meta.dirname)
    .filter((file) => file.endsWith(suffix))
    .map((file) => file.slice(0, -suffix.length))
    .sort()
  let names: string[]
  let json: boolean
  try {
    const { positionals, values } = parseArgs({ allowPositionals: true, options: { json: { type: 'boolean', default: false } } })
    names = positionals.length > 0 ? positionals : known
    json = values.json
    for (const name of names) if (!known.includes(name)) throw new Error(`there is no benchmark "${name}"`)
  } catch (error) {
    console.error(`${(error as Error).message.split('. ')[0]}\nBenchmarks: ${known.join(', ')}`)
    return exitCodes.usage.code
  }
  let interrupted = false
  process.on('SIGINT', () => {
    interrupted = true
  })
  const machine = {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    processors: availableParallelism(),
    memory_gib: Math.round(totalmem() / 2 ** 30),
    node: process.version,
  }
  if (!json) console.log(`${machine.processor}, ${machine.processors} processors, ${machine.memory_gib} GiB, Node ${machine.node}`)
  const findings = diagnose()
  const outcomes: Outcome[] = []
  for (const name of names) {
    if (interrupted) break
    const outcome = await runOne(join(import.meta.dirname, name + suffix), findings)
    outcomes.push(outcome)
    if (!json) show(outcome)
  }
  if (json) console.log(JSON.stringify({ machine, benchmarks: outcomes }, null, 2))
  if (interrupted) return exitCodes.interrupted.code
  return outcomes.some(({ error }) => error !== undefined) ? exitCodes.unable.code : exitCodes.proven.code
}

const mine = process.env.TRUNKPROOF_BENCHMARK
if (mine === undefined) process.exitCode = await main()
else {
  const { benchmark } = (await import(mine)) as { benchmark: Benchmark }
  await benchmark.run((row) => process.send?.(row))
  process.disconnect?.()
}
