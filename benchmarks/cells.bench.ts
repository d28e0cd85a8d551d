/**
 * How many cells a minute the embedded runtime proves, and what the harness adds to a
 * cell that runs alone: its time from start to verdict less the time its call's media takes
 * (the steps that wait for tones and digits). Takes half a minute.
 *
 *   npm run bench -- cells
 */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { projectRoot } from '../harness/docker/images.ts'
import type { Results } from '../reports/schema/results.ts'
import type { Benchmark } from './benchmark.ts'

const clear = ['--platform', 'generic', '--axis', 'media=rtp', '--axis', 'nat=none']
/** A few cells one after the other; the first pays for what is not warm yet. */
const alone = [...clear, '--axis', 'transport=udp', '--axis', 'registration=static', '--axis', 'codec=pcmu', '--jobs', '1']
/** Names of steps end in what they do. */
const mediaStep = /-(hear|digits)$/

async function run(args: readonly string[]): Promise<Results> {
  const folder = await mkdtemp(join(tmpdir(), 'trunkproof-cells-'))
  try {
    const script = join(projectRoot, 'harness/cli/main.ts')
    const argv = ['--disable-warning=ExperimentalWarning', script, 'run', ...args, '--out', join(folder, 'run'), '--json']
    // Cells that are not proven make it exit with 1, and the result is there all the same.
    const { stdout } = await promisify(execFile)(process.execPath, argv, { maxBuffer: 1 << 28 }).catch((error: { stdout?: string }) => {
      if (!error.stdout) throw error
      return { stdout: error.stdout }
    })
    return JSON.parse(stdout) as Results
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

export const benchmark: Benchmark = {
  name: 'cells',
  async run(report) {
    const { run: facts, cells, checks } = await run(clear)
    const minutes = (Date.parse(facts.finished ?? '') - Date.parse(facts.started)) / 60_000
    report({
      what: `cells a minute, ${cells.length} cells and ${checks.length} checks`,
      value: (cells.length + checks.length) / minutes,
      unit: 'cells/min',
    })
    report({
      what: 'of these not proven',
      value: [...cells, ...checks].filter(({ verdict }) => verdict !== 'pass').length,
      unit: 'cells',
      budget: '0',
    })

    const [, ...warm] = (await run(alone)).cells.sort((a, b) => (a.started ?? '').localeCompare(b.started ?? ''))
    const overheads = warm.map(({ duration_ms: durationMs, steps = [] }) => {
      const media = steps.filter(({ name }) => mediaStep.test(name)).reduce((sum, step) => sum + step.duration_ms, 0)
      return durationMs - media
    })
    const middle = overheads.sort((a, b) => a - b)[Math.floor(overheads.length / 2)]
    if (middle !== undefined) report({ what: 'what the harness adds to a warm cell, median', value: middle, unit: 'ms', budget: '100' })
  },
}
