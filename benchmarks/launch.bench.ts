/**
 * What launch.mjs adds to the start of a command when nothing is to be fetched or installed:
 * an empty script started through it, less the same script started by Node alone.
 *
 *   npm run bench -- launch
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Benchmark } from './benchmark.ts'

const rounds = 15

/** Milliseconds until a Node with these arguments has ended; the middle one of several rounds. */
function medianMs(args: readonly string[]): number {
  const times = Array.from({ length: rounds }, () => {
    const start = performance.now()
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
    if (status !== 0) throw new Error(`node ${args.join(' ')} ended with ${status}: ${stderr}`)
    return performance.now() - start
  })
  return times.sort((a, b) => a - b)[Math.floor(rounds / 2)]!
}

export const benchmark: Benchmark = {
  name: 'launch',
  run: async (report) => {
    const folder = mkdtempSync(join(tmpdir(), 'launch-bench-'))
    try {
      const script = join(folder, 'empty.ts')
      writeFileSync(script, '')
      const launcher = join(import.meta.dirname, '..', 'launch.mjs')
      medianMs([launcher, '--script', script])
      const launched = medianMs([launcher, '--script', script])
      report({ what: 'launcher, warm', value: launched - medianMs([script]), unit: 'ms', budget: 'under 300' })
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
}
