import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { TransportLayer } from '../../../endpoint/transport/transport-layer.ts'
import { makeResponse } from '../../../protocol/sip/message.ts'
import type { SippOptions } from './options.ts'
import { runSipp } from './sipp.ts'

const installed = spawnSync('sipp', ['-v']).error === undefined
const host = '127.0.0.1'
const common = { transport: 'udp', scenario: 'uac', localAddress: host, calls: 20, rate: 100, deadlineMs: 20_000 } as const

/** Temporary files of this test alone. */
const folder = mkdtempSync(join(tmpdir(), 'sipp-test-'))
beforeAll(() => void vi.stubEnv('TMPDIR', folder))
afterAll(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

/** Answers every INVITE and BYE with 200, or everything with what it is told. */
async function answering(status = 200): Promise<{ transports: TransportLayer; target: SippOptions['target'] }> {
  const transports = await TransportLayer.open({ listen: [{ transport: 'udp', host, port: 0 }] })
  transports.onMessage = (message, connection) => {
    if (message.type !== 'request' || message.method === 'ACK') return
    void transports.sendResponse(makeResponse(message, status, { toTag: 't' }), connection)
  }
  const { address, port } = transports.listeners[0]!
  return { transports, target: { address, port } }
}

describe.skipIf(!installed)('SIPp as it is', () => {
  test('calls that succeed are counted, and no file is left', async () => {
    const { transports, target } = await answering()
    const { exit, statistics, errors } = await runSipp({ ...common, target })
    await transports.close()
    expect(errors).toBe('')
    expect(exit.code).toBe(0)
    expect(statistics).toMatchObject({ created: 20, succeeded: 20, failed: 0, current: 0 })
    expect(readdirSync(folder)).toEqual([])
  })

  test('calls that fail are a result, with SIPp saying why', async () => {
    const { transports, target } = await answering(486)
    const { exit, statistics, errors } = await runSipp({ ...common, target })
    await transports.close()
    expect(exit).toEqual({ code: 1, meaning: 'at least one call failed or was unfinished when the time was up' })
    expect(statistics).toMatchObject({ succeeded: 0, failed: 20, failedBy: { UnexpectedMessage: 20 } })
    expect(errors).toContain('SIP/2.0 486')
  })

  test('what keeps it from starting is told in its own words', async () => {
    // A port that is closed for sure: nobody accepts.
    const server = createServer().listen(0, host)
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as { port: number }
    await new Promise((resolve) => server.close(resolve))
    const { exit, errors } = await runSipp({ ...common, transport: 'tcp', target: { address: host, port } })
    expect(exit.code).not.toBe(0)
    expect(errors).not.toBe('')
  })

  test('it is stopped when nobody waits for it any longer', async () => {
    const silent = await TransportLayer.open({ listen: [{ transport: 'udp', host, port: 0 }] })
    const called = new Promise<void>((resolve) => {
      silent.onMessage = () => resolve()
    })
    const { address, port } = silent.listeners[0]!
    const enough = new AbortController()
    const run = runSipp({ ...common, target: { address, port } }, { signal: enough.signal })
    await called
    enough.abort()
    expect((await run).exit).toEqual({ code: undefined, meaning: 'it had to be stopped' })
    await silent.close()
    expect(readdirSync(folder)).toEqual([])
  })
})
