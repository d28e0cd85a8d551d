/** The whole path, as the README's first command takes it: claims to real calls to a report. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Results } from '../reports/schema/results.ts'
import { trunkproof } from './command.ts'

const plain = ['--axis', 'media=rtp', '--axis', 'nat=none']
let folder: string

// Each try has its own: a run is never written over another.
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trunkproof-matrix-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

describe('npm run matrix, on personas', () => {
  test('proves every claimed cell of plain RTP, and says so in results.json and on stdout', { timeout: 300_000 }, async () => {
    const out = join(folder, 'all')
    const { code, stdout, stderr } = await trunkproof(['run', ...plain, '--json', '--out', out])
    const results = JSON.parse(stdout) as Results
    const notProven = results.cells.filter((cell) => cell.verdict !== 'pass').map(({ id, verdict, reason }) => ({ id, verdict, reason }))
    expect(notProven).toEqual([])
    expect({ code, cells: results.summary.cells, pass: results.summary.pass }).toEqual({ code: 0, cells: 210, pass: 210 })
    const rows = Object.groupBy(results.cells, (cell) => cell.platform)
    expect(Object.fromEntries(Object.entries(rows).map(([platform, cells]) => [platform, cells!.length]))).toEqual({
      asterisk: 72,
      cisco: 36,
      avaya: 12,
      genesys: 18,
      generic: 72,
    })
    expect(new Set(results.cells.map((cell) => cell.fidelity))).toEqual(new Set(['persona']))
    expect(stderr).toContain('--runtime docker --platform asterisk')
    expect(JSON.parse(await readFile(join(out, 'results.json'), 'utf8'))).toEqual(results)
    const files = await readdir(out)
    expect(files).toEqual(expect.arrayContaining(['journal.ndjson', 'report.html', 'junit.xml', 'ctrf.json', 'summary.md', 'evidence']))
    // Private keys were good for this run only, and do not outlive it.
    expect(files.filter((name) => name === 'pki')).toEqual([])
  })

  test('proves every claimed cell in force, secure media among them', { timeout: 300_000 }, async () => {
    const { code, stdout } = await trunkproof(['run', '--axis', 'nat=none', '--json', '--out', join(folder, 'secure')])
    const results = JSON.parse(stdout) as Results
    const entries = [...results.cells, ...results.checks]
    expect(entries.filter(({ verdict }) => verdict !== 'pass').map(({ id, verdict, reason }) => ({ id, verdict, reason }))).toEqual([])
    expect({ code, cells: results.summary.cells, pass: results.summary.pass }).toEqual({ code: 0, cells: 490, pass: 490 })
  })

  test('a selection with cells that are not built yet is not proven: exit code 3 and the reason', async () => {
    const args = ['run', '--platform', 'avaya', '--axis', 'direction=inbound', '--axis', 'codec=pcmu', '--axis', 'media=rtp', '--json']
    const { code, stdout } = await trunkproof([...args, '--out', join(folder, 'partial')])
    const { cells, summary } = JSON.parse(stdout) as Results
    expect(summary.skipped).toBeGreaterThan(0)
    expect(code).toBe(3)
    for (const cell of cells)
      if (cell.axes.nat !== 'none') expect(cell).toMatchObject({ verdict: 'skipped', reason: expect.stringContaining('not built yet') })
  })

  test('an interrupted run keeps what it proved, exits with 130, and can be resumed', { timeout: 180_000 }, async () => {
    const out = join(folder, 'interrupted')
    const selection = ['run', '--platform', 'generic', '--axis', 'transport=udp', ...plain]
    const first = await trunkproof([...selection, '--jobs', '4', '--out', out], (text, kill) => {
      if (/[1-9]\d*\/\d+ \d+ pass/.test(text)) kill('SIGINT')
    })
    expect(first.code).toBe(130)
    const partial = JSON.parse(await readFile(join(out, 'results.json'), 'utf8')) as Results
    expect(partial.run.interrupted).toBe(true)
    expect(partial.summary.pass).toBeGreaterThan(0)
    expect(partial.summary.pass).toBeLessThan(partial.summary.cells)
    const second = await trunkproof([...selection, '--resume', out, '--json'])
    const whole = JSON.parse(second.stdout) as Results
    expect({ code: second.code, pass: whole.summary.pass }).toEqual({ code: 0, pass: whole.summary.cells })
  })
})
