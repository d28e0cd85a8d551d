/** Every reporter on a whole run with planted verdicts, twice: rendered directly, and after the same run was made as two shards and merged. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { diffMarkdown, diffResults } from './diff.ts'
import { writeSampleRun } from './fixture/sample-run.ts'
import { mergeRuns } from './merge.ts'
import { renderRun } from './render.ts'
import type { PlannedCell } from './schema/journal.ts'
import { type CellResult, type Results, resultsSchema } from './schema/results.ts'

let dir: string
const runs: Record<string, { dir: string; results: Results }> = {}

/** RTP without NAT everywhere, and one skipped cell in each other medium. */
const chosen = ({ axes, platform, claimed }: PlannedCell) =>
  !claimed ||
  (axes.nat === 'none' && (axes.media === 'rtp' || (platform === 'avaya' && axes.codec === 'pcmu' && axes.direction === 'inbound')))

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'trunkproof-reports-'))
  const direct = join(dir, 'direct')
  writeSampleRun(direct, { only: chosen })
  runs.direct = { dir: direct, results: await renderRun(direct) }
  const shards = [0, 1].map((shard) => {
    const shardDir = join(dir, `shard-${shard}`)
    writeSampleRun(shardDir, { only: (cell) => chosen(cell) && (cell.platform.length + cell.axes.codec.length) % 2 === shard })
    return shardDir
  })
  const merged = join(dir, 'merged')
  runs.merged = { dir: merged, results: await mergeRuns(shards, merged) }
}, 60_000)
afterAll(() => rmSync(dir, { recursive: true }))

const read = (name: string, file: string) => readFileSync(join(runs[name]!.dir, file), 'utf8')

describe.each(['direct', 'merged'])('%s', (name) => {
  test('results.json', () => {
    const results = resultsSchema.parse(JSON.parse(read(name, 'results.json')))
    expect(results.summary).toMatchObject({ cells: 214, pass: 202, fail: 5, flaky: 1, error: 1, inconclusive: 1, skipped: 4 })
    expect(results.summary.unclaimed).toEqual({ cells: 2, works: 1, refused: 1, misbehaves: 0, open: 0 })
    expect(results.summary.checks).toEqual({ total: 23, pass: 22, fail: 1, flaky: 0, inconclusive: 0, error: 0, skipped: 0 })
    expect(new Set(results.cells.map((cell) => cell.id)).size).toBe(results.cells.length)
    expect(results.cells.some((cell) => cell.check)).toBe(false)
    expect(results.checks.every((check) => check.check)).toBe(true)
    expect(results.run.interrupted).toBeUndefined()
    for (const path of [...results.cells, ...results.checks].flatMap((cell) => cell.evidence))
      expect(existsSync(join(runs[name]!.dir, path))).toBe(true)
  })

  test('junit.xml files failures, errors, flaky and skipped cells apart', () => {
    const xml = read(name, 'junit.xml')
    expect(xml).toContain('<testsuites name="trunkproof" tests="239" failures="6" errors="2" skipped="5"')
    expect(xml.match(/<failure /g)).toHaveLength(6)
    expect(xml.match(/<rerunFailure /g)).toHaveLength(6)
    expect(xml).toContain('<testcase classname="generic.wrong-password" name="generic.inbound.tcp.rtp.register.rfc4733.pcma.none"')
    expect(xml.match(/<flakyFailure /g)).toHaveLength(1)
    expect(xml.match(/<error [^>]*type="error"/g)).toHaveLength(1)
    expect(xml.match(/<error [^>]*type="inconclusive"/g)).toHaveLength(1)
    expect(xml).toContain('<skipped message="not built yet: media=osrtp-dtls"/>')
    expect(xml).toContain('<skipped message="unclaimed: refused, REGISTER was answered with 405, as Avaya documents"/>')
    expect(xml).toMatch(/\[\[ATTACHMENT\|evidence\/cisco[^\]]*ladder\.json\]\]/)
    expect(xml).toContain('remedy:   CUBE: dtmf-relay rtp-nte')
  })

  test('ctrf.json', () => {
    const { reportFormat, specVersion, results } = JSON.parse(read(name, 'ctrf.json'))
    expect([reportFormat, specVersion, results.tool.name]).toEqual(['CTRF', '1.0.0', 'trunkproof'])
    expect(results.summary).toMatchObject({ tests: 239, passed: 226, failed: 6, skipped: 4, other: 3, pending: 0, flaky: 1 })
    expect(results.tests.filter((item: { tags: string[] }) => item.tags.includes('check'))).toHaveLength(23)
    const flaky = results.tests.find((item: { flaky: boolean }) => item.flaky)
    expect(flaky).toMatchObject({
      name: 'genesys.inbound.udp.rtp.static.rfc4733.opus.none proof-call',
      status: 'passed',
      rawStatus: 'flaky',
      retries: 1,
      retryAttempts: [
        { attempt: 1, status: 'failed' },
        { attempt: 2, status: 'passed' },
      ],
    })
    expect(flaky.attachments[0]).toMatchObject({ name: 'ladder.json', contentType: 'application/json' })
  })

  test('summary.md opens with the verdict and names what fails, with its pattern', () => {
    const markdown = read(name, 'summary.md')
    expect(markdown.split('\n')[0]).toBe(
      '# 202 of 210 claimed cells tried are proven on personas; 5 cells fail, 1 is flaky and 2 have no result; 22 of 23 checks pass: 1 fails. 4 claimed cells were not tried.',
    )
    expect(markdown).toContain('| Cisco (CUCM/CUBE) | persona | ✗ 16/18 |')
    expect(markdown).toContain('in common: platform cisco, transport tcp, dtmf rfc4733, codec opus (4 of 4 tried like that)')
    expect(markdown).toContain('| wrong-password | A wrong password is refused | ✓ 3/3 | ✓ 3/3 |  |  | ✗ 2/3 | ✗ 8/9 |')
    expect(markdown).toContain('- **A wrong password is refused** (1 check)')
    expect(markdown).toContain('in common: platform generic, transport tcp, codec pcma (1 of 1 tried like that)')
    expect(markdown).toContain('a pass is the persona’s, not the vendor’s')
    expect(markdown).toContain('- 1: not built yet: media=sdes')
  })

  test('report.html holds everything in one file without a way out', () => {
    const html = read(name, 'report.html')
    expect(html).toContain("default-src 'none'; script-src 'sha256-")
    expect(html).not.toMatch(/<(?:link|img|iframe)\b|src=|https?:\/\/(?!www\.w3\.org)/)
  })

  test.each(['results.json', 'report.html', 'ctrf.json', 'junit.xml', 'summary.md', 'journal.ndjson'])('%s holds no secret', (file) => {
    expect(read(name, file)).not.toContain('8ca523f5e9506fed')
  })
})

test('merging changes nothing but the order of cells', () => {
  const byId = (results: Results) =>
    results.cells.toSorted((a, b) => a.id.localeCompare(b.id)).map(({ id, verdict, reason }) => ({ id, verdict, reason }))
  expect(byId(runs.merged!.results)).toEqual(byId(runs.direct!.results))
  const clauses = (results: Results) => results.clauses.map(({ id, verdict, proven, broken }) => ({ id, verdict, proven, broken }))
  expect(clauses(runs.merged!.results)).toEqual(clauses(runs.direct!.results))
})

test('two runs of the same cells keep both evidence folders', async () => {
  const wanted = ['cisco.inbound.tcp.rtp.static.rfc4733.opus.none', 'generic.inbound.tcp.rtp.register.rfc4733.pcma.none']
  const only = (cell: PlannedCell) => wanted.includes(cell.cell)
  const parts = ['once', 'twice'].map((name) => {
    writeSampleRun(join(dir, name), { id: name, only })
    return join(dir, name)
  })
  const { cells, checks, run } = await mergeRuns(parts, join(dir, 'both'))
  expect(run.id).toBe('once-merged')
  expect(cells).toHaveLength(2)
  const paths = [cells[0]!, ...cells[0]!.earlier_attempts!].flatMap((attempt) => attempt.evidence)
  expect(new Set(paths).size).toBe(8)
  const captures = [checks[0]!, ...checks[0]!.earlier_attempts!].map(({ cases }) => cases?.at(-1)?.evidence)
  expect(new Set(captures).size).toBe(4)
  for (const path of [...paths, ...captures]) expect(existsSync(join(dir, 'both', path!))).toBe(true)
  await expect(mergeRuns(parts, join(dir, 'both'))).rejects.toThrow('already holds a run')
})

describe('diff', () => {
  const changed = (change: (cell: CellResult) => Partial<CellResult>): Results => {
    const { results } = runs.direct!
    const apply = (cell: CellResult) => ({ ...cell, ...change(cell) })
    return { ...results, run: { ...results.run, id: 'later' }, cells: results.cells.map(apply), checks: results.checks.map(apply) }
  }

  test('of a run with itself is empty but for what still fails', () => {
    const { results } = runs.direct!
    const diff = diffResults(results, results)
    expect(diff).toMatchObject({ newFailures: [], fixed: [], newFlaky: [], lost: [], clauses: [] })
    expect(diff.stillFailing).toHaveLength(6)
  })

  test('tells new failures, fixed and flaky cells, and what lost its verdict', () => {
    const later = changed((cell) => {
      if (cell.platform === 'cisco' && cell.verdict === 'fail') return { verdict: 'pass' }
      if (cell.scenario === 'stranger' && cell.id.startsWith('asterisk.inbound.udp')) return { verdict: 'fail', reason: 'let in' }
      if (!cell.check && cell.id === 'avaya.inbound.udp.rtp.static.rfc4733.pcmu.none') return { verdict: 'fail', reason: 'one-way audio' }
      if (!cell.check && cell.id === 'avaya.inbound.tcp.rtp.static.rfc4733.pcmu.none') return { verdict: 'flaky' }
      if (cell.id === 'avaya.inbound.tls.rtp.static.rfc4733.pcmu.none') return { verdict: 'skipped' }
      return {}
    })
    const diff = diffResults(runs.direct!.results, later)
    expect(diff.newFailures.map(({ id, scenario, before }) => [id, scenario, before])).toEqual([
      ['avaya.inbound.udp.rtp.static.rfc4733.pcmu.none', 'proof-call', 'pass'],
      ['asterisk.inbound.udp.rtp.static.rfc4733.pcmu.none', 'stranger', 'pass'],
    ])
    expect(diff.fixed).toHaveLength(4)
    expect(diff.newFlaky).toHaveLength(1)
    expect(diff.lost.map(({ after }) => after)).toEqual(['skipped'])
    const markdown = diffMarkdown(diff)
    expect(markdown).toContain('## New failures (2)')
    expect(markdown).toContain('none` pass → fail: one-way audio')
    expect(markdown).toContain('none` (stranger) pass → fail: let in')
  })
})
