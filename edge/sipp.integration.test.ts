import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { EdgeProcess } from './edge-process.ts'

const program = 'sipp'
const installed = spawnSync(program, ['-v']).error === undefined
const calls = 1000

interface SippResult {
  readonly code: number
  /** The statistics file's last row: totals by column name. */
  readonly totals: Record<string, string>
}

/** SIPp's built-in `uac` scenario against the edge. */
async function uac(port: number, transport: 'u1' | 't1'): Promise<SippResult> {
  const folder = mkdtempSync(join(tmpdir(), 'edge-sipp-'))
  try {
    const args = ['-sn', 'uac', `127.0.0.1:${port}`, '-i', '127.0.0.1', '-t', transport, '-m', String(calls), '-r', '250', '-d', '10']
    const statistics = ['-nostdin', '-trace_stat', '-stf', 'totals.csv', '-fd', '1', '-timeout', '50']
    const code = await new Promise<number>((resolve) => {
      const child = execFile(program, [...args, ...statistics], { cwd: folder, maxBuffer: 1 << 26 }, () => resolve(child.exitCode ?? -1))
    })
    expect(readdirSync(folder)).toContain('totals.csv')
    const rows = readFileSync(join(folder, 'totals.csv'), 'utf8').trim().split('\n')
    const names = rows[0]!.split(';')
    const values = rows.at(-1)!.split(';')
    return { code, totals: Object.fromEntries(names.map((name, at) => [name, values[at] ?? ''])) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

// An independent client: it knows nothing of our stack. Where it is not installed the test run says so.
describe.skipIf(!installed)('SIPp completes its own scenario', () => {
  test.each([
    ['UDP', 'udp', 'u1'],
    ['TCP', 'tcp', 't1'],
  ] as const)('over %s, without a failure or an unexpected message', async (_, transport, flag) => {
    await using edge = await EdgeProcess.start('--open-number', 'service')
    const { code, totals } = await uac(edge.port(transport), flag)
    expect(totals).toMatchObject({
      'SuccessfulCall(C)': String(calls),
      'FailedCall(C)': '0',
      'FailedUnexpectedMessage(C)': '0',
      'OutOfCallMsgs(C)': '0',
      'DeadCallMsgs(C)': '0',
    })
    expect(code).toBe(0)
    expect(await edge.ask('GET', '/v1/calls?state=active')).toEqual({ calls: [] })
  })
})
