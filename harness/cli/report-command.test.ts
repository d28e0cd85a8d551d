import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { writeSampleRun } from '../../reports/fixture/sample-run.ts'
import { runCommand } from './command-line.ts'

const folder = mkdtempSync(join(tmpdir(), 'runs-'))
const first = join(folder, 'first')
const second = join(folder, 'second')
beforeAll(() => {
  writeSampleRun(first, { id: 'first', tried: 'rtp', only: ({ platform }) => platform === 'avaya' })
  writeSampleRun(second, { id: 'second', tried: 'rtp', only: ({ platform }) => platform === 'cisco' })
})
afterAll(() => rmSync(folder, { recursive: true }))

let stdout: string
let stderr: string
beforeEach(() => {
  stdout = ''
  stderr = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    stdout += text
    return true
  })
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    stderr += text
    return true
  })
})
afterEach(() => vi.restoreAllMocks())

test('report renders a run again and ends as the run did', async () => {
  // Its other media are not built yet, so not all that was claimed is proven.
  expect(await runCommand(['report', first])).toBe(3)
  expect(JSON.parse(readFileSync(join(first, 'results.json'), 'utf8'))).toMatchObject({ run: { id: 'first' } })
  expect(stdout).toContain('report.html')
})

test('report diff ends with 1 where something fails that did not before', async () => {
  expect(await runCommand(['report', 'diff', first, second, '--json'])).toBe(1)
  expect(JSON.parse(stdout)).toMatchObject({ before: 'first', after: 'second' })
  expect(await runCommand(['report', 'diff', second, second])).toBe(0)
})

test('report merge joins runs, report history lists them', async () => {
  expect(await runCommand(['report', 'merge', first, second, '--out', join(folder, 'whole')])).toBe(1)
  stdout = ''
  expect(await runCommand(['report', 'history', folder, '--json'])).toBe(0)
  expect(JSON.parse(stdout).runs).toHaveLength(3)
  stdout = ''
  expect(await runCommand(['report', 'history', folder])).toBe(0)
  expect(stdout.trim().split('\n')).toHaveLength(4)
  expect(stdout).toMatch(/first .* 2\/2$/m)
})

test.each([
  [['report', '/nowhere'], 'there is no run in /nowhere'],
  [['report', 'merge', first, '--out', first], 'already holds a run'],
  [['report', 'merge', first], "required option '--out <dir>' not specified"],
  [['report', 'history', '/nowhere'], 'there is no run in /nowhere'],
])('%j is wrong usage', async (args, message) => {
  expect(await runCommand(args)).toBe(4)
  expect(stderr).toContain(message)
})
