/** Asterisk's row on the real Asterisk, through the command, and what is left of it afterwards: nothing. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { connectEngine } from '../harness/docker/engine.ts'
import type { Results } from '../reports/schema/results.ts'
import { trunkproof } from './command.ts'

let folder: string

// Each try has its own: a run is never written over another.
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trunkproof-matrix-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** What carries a run's label. */
async function leftOf(run: string): Promise<string[]> {
  const engine = await connectEngine()
  const filters = { label: [`trunkproof.run=${run}`] }
  const [containers, networks] = await Promise.all([engine.listContainers({ all: true, filters }), engine.listNetworks({ filters })])
  return [...containers.map(({ Id }) => Id), ...networks.map(({ Name }) => Name)]
}

test.each(['first', 'second'])('all 168 claimed cells in force are proven on the real Asterisk, the %s time', async (name) => {
  const args = ['run', '--runtime', 'docker', '--platform', 'asterisk', '--axis', 'nat=none', '--json']
  const { code, stdout } = await trunkproof([...args, '--out', join(folder, name)])
  const results = JSON.parse(stdout) as Results
  const notProven = results.cells.filter((cell) => cell.verdict !== 'pass').map(({ id, verdict, reason }) => ({ id, verdict, reason }))
  expect(notProven).toEqual([])
  expect({ code, cells: results.summary.cells, pass: results.summary.pass }).toEqual({ code: 0, cells: 168, pass: 168 })
  expect(new Set(results.cells.map((cell) => cell.fidelity))).toEqual(new Set(['real']))
  expect(results.run.versions.asterisk).toMatch(/^22\./)
  expect(await leftOf(results.run.id)).toEqual([])
})

test('a harness that is killed half way leaves a lab behind, and the next run removes it', async () => {
  const killed = join(folder, 'killed')
  const args = ['run', '--runtime', 'docker', '--platform', 'asterisk', '--axis', 'media=rtp', '--axis', 'nat=none', '--jobs', '2']
  const first = await trunkproof([...args, '--out', killed], (text, kill) => {
    if (/\d+\/\d+ \d+ pass/.test(text)) kill('SIGKILL')
  })
  expect(first.code).toBeNull()
  expect(await leftOf('killed')).not.toEqual([])
  const next = await trunkproof([
    'run',
    '--runtime',
    'docker',
    '--platform',
    'asterisk',
    '--strategy',
    'smoke',
    '--out',
    join(folder, 'next'),
  ])
  expect(next.stderr).toContain('removed what the dead run')
  expect(await leftOf('killed')).toEqual([])
})
