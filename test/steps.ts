/** The checks that need nothing but the sources, run side by side: a line each when it is done, and what the failing ones said at the end. */
import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'

export const root = join(import.meta.dirname, '..')

/** The tools write into a pipe first: whether a terminal reads it in the end, they must be told. */
const inColour = process.stdout.isTTY && !process.env.NO_COLOR

export interface Step {
  readonly name: string
  /** What Node runs: a script or a tool, and its arguments. */
  readonly args: readonly string[]
}

/** The path of a tool in node_modules/.bin. */
export const tool = (name: string): string => join(root, 'node_modules', '.bin', name)

/** Slowest first, so that the processors stay busy to the end. */
export const sourceSteps: readonly Step[] = [
  { name: 'types', args: [tool('tsc'), '--project', 'tsconfig.json', '--pretty'] },
  { name: 'dead code', args: [tool('knip')] },
  { name: 'format and lint', args: [tool('biome'), 'ci', '--error-on-warnings', `--colors=${inColour ? 'force' : 'off'}`, '.'] },
  { name: 'import arrows', args: [join(import.meta.dirname, 'arrows.ts')] },
]

export interface Outcome {
  readonly name: string
  /** 0 is well; -1 when the program could not be started or was ended by a signal. */
  readonly code: number
  readonly output: string
  readonly seconds: number
}

const colours = inColour ? { FORCE_COLOR: '1' } : { NO_COLOR: '1' }

function runStep({ name, args }: Step): Promise<Outcome> {
  const started = performance.now()
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root, env: { ...process.env, ...colours }, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    const add = (chunk: string): void => {
      output += chunk
    }
    child.stdout.setEncoding('utf8').on('data', add)
    child.stderr.setEncoding('utf8').on('data', add)
    const end = (code: number): void => resolve({ name, code, output, seconds: (performance.now() - started) / 1000 })
    child.on('error', (error) => {
      add(`could not be started: ${error.message}\n`)
      end(-1)
    })
    child.on('close', (code) => end(code ?? -1))
  })
}

/** Runs the steps, as many at a time as there are processors, and prints how each went. Resolves to the names of those that failed. */
export async function runSteps(steps: readonly Step[], print: (text: string) => void): Promise<string[]> {
  const waiting = [...steps]
  const failed: Outcome[] = []
  const width = Math.max(...steps.map(({ name }) => name.length))
  const worker = async (): Promise<void> => {
    for (let step = waiting.shift(); step; step = waiting.shift()) {
      const outcome = await runStep(step)
      if (outcome.code !== 0) failed.push(outcome)
      print(`${outcome.code === 0 ? 'ok  ' : 'FAIL'}  ${outcome.name.padEnd(width)}  ${outcome.seconds.toFixed(1).padStart(5)} s`)
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, worker))
  for (const { name, output } of failed) print(`\n--- ${name}\n${output.trimEnd()}`)
  return failed.map(({ name }) => name)
}
