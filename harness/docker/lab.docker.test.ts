import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type Docker from 'dockerode'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AmiClient } from '../peers/asterisk/ami.ts'
import { writeAsteriskConfiguration } from '../peers/asterisk/asterisk-peer.ts'
import { managerPort } from '../peers/asterisk/core-config.ts'
import { removeLeftovers, removeRun } from './cleanup.ts'
import { connectEngine } from './engine.ts'
import { PlannedLab } from './lab.ts'
import { ownerLabel, ownerOf, runLabel } from './labels.ts'

const manager = { username: 'trunkproof', secret: 'for-this-test' }
let engine: Docker
let folder: string

beforeAll(async () => {
  engine = await connectEngine()
  folder = mkdtempSync(join(tmpdir(), 'trunkproof-lab-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What carries a run's label, by kind. */
async function remains(runId: string): Promise<string[]> {
  const filters = { label: [`${runLabel}=${runId}`] }
  const [containers, networks] = await Promise.all([engine.listContainers({ all: true, filters }), engine.listNetworks({ filters })])
  return [...containers.map(() => 'container'), ...networks.map(() => 'network')]
}

async function planAsterisk(runId: string): Promise<PlannedLab> {
  const plan = await PlannedLab.make({ runId, runDir: join(folder, runId), services: ['asterisk'], say: () => {} })
  await writeAsteriskConfiguration(plan.folders.asterisk, [], manager)
  return plan
}

test('a lab comes up at the addresses it was planned with and leaves nothing behind', async () => {
  const runId = `test-up-${process.pid}`
  const plan = await planAsterisk(runId)
  const lab = await plan.start({})
  try {
    expect((await lab.readyLine('asterisk')).version).toMatch(/^22\./)
    const ami = await AmiClient.open({ host: plan.addresses.asterisk, port: managerPort, events: false, ...manager })
    expect(await ami.command('core show version')).toContain('Asterisk 22')
    ami.close()
    const usage = (await lab.usage()).get('asterisk')
    expect(usage?.cpuSeconds).toBeGreaterThan(0)
    expect(usage?.memoryBytes).toBeGreaterThan(1e6)
    expect((await remains(runId)).sort()).toEqual(['container', 'network'])
  } finally {
    await lab.stop()
  }
  expect(await remains(runId)).toEqual([])
})

test('a container that ends by itself is noticed, and says its last words', async () => {
  const runId = `test-death-${process.pid}`
  const lab = await (await planAsterisk(runId)).start({})
  try {
    const [found] = await engine.listContainers({ filters: { label: [`${runLabel}=${runId}`] } })
    const died = expect(lab.died).rejects.toThrow('the asterisk container ended with exit code')
    await engine.getContainer(found!.Id).kill()
    await died
  } finally {
    await lab.stop()
  }
})

test('a start that is interrupted leaves nothing behind', async () => {
  const runId = `test-interrupted-${process.pid}`
  const plan = await planAsterisk(runId)
  await expect(plan.start({}, AbortSignal.abort())).rejects.toThrow()
  expect(await remains(runId)).toEqual([])
})

test('a container that ends before it is ready fails the start with its last words', async () => {
  const runId = `test-refused-${process.pid}`
  const plan = await planAsterisk(runId)
  writeFileSync(join(plan.folders.asterisk, 'modules.conf'), '[modules]\nautoload = no\nrequire = no_such_module.so\n')
  await expect(plan.start({})).rejects.toThrow(/the asterisk container ended with exit code/)
  expect(await remains(runId)).toEqual([])
})

describe('leftovers', () => {
  test('of a process that was killed are removed, those of one that lives are not', async () => {
    const owner = spawn('sleep', ['600'])
    const runId = `test-leftover-${process.pid}`
    const labels = { [runLabel]: runId, [ownerLabel]: ownerOf(owner.pid!)! }
    try {
      const network = await engine.createNetwork({ Name: runId, Internal: true, Labels: labels })
      const container = await engine.createContainer({
        Image: 'debian:sid-slim',
        Cmd: ['sleep', '600'],
        Labels: labels,
        HostConfig: { NetworkMode: network.id },
      })
      await container.start()
      expect(await removeLeftovers(engine)).not.toContain(runId)
      expect((await remains(runId)).sort()).toEqual(['container', 'network'])

      owner.kill('SIGKILL')
      await once(owner, 'exit')
      expect(await removeLeftovers(engine)).toContain(runId)
      expect(await remains(runId)).toEqual([])
    } finally {
      owner.kill('SIGKILL')
      await removeRun(engine, runId)
    }
  })
})
