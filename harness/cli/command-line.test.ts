import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { runCommand } from './command-line.ts'

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

describe('wrong usage ends with 4, says so on stderr, and leaves stdout empty', () => {
  test.each([
    [['paln'], "unknown command 'paln'", 'Did you mean plan?'],
    [['plan', '--platfrom', 'x'], "unknown option '--platfrom'", 'Did you mean --platform?'],
    [['plan', '--platform', 'csico'], 'unknown platform "csico"', 'did you mean "cisco"?'],
    [['plan', '--axis', 'medai=rtp'], 'unknown axis "medai"', 'did you mean "media"?'],
    [['plan', '--axis', 'media=rpt'], 'unknown value "rpt" on the axis media', 'did you mean "rtp"?'],
    [['plan', '--axis', 'nat'], '--axis nat needs a value', '--axis nat=none or --axis nat=symmetric'],
    [['plan', '--axis'], "option '--axis <name=value>' argument missing", '--help'],
    [['plan', '--strategy', 'pairwsie'], 'unknown strategy "pairwsie"', 'did you mean "pairwise"?'],
    [['plan', '--include', 'everything'], 'unknown thing to include "everything"', 'known: unclaimed'],
    [['plan', '--shard', '3/2'], '--shard is i/n with i from 1 to n, not "3/2"', '--shard 1/4'],
    [['plan', '--seed', '1.5'], '--seed is a whole number from 0 on, not "1.5"', ''],
    [['plan', 'everything'], 'too many arguments', '--help'],
    [['run', '--runtime', 'dokcer'], 'unknown runtime "dokcer"', 'did you mean "docker"?'],
    [['run', '--jobs', '0'], '--jobs is a whole number from 1 on, not "0"', ''],
    [['run', '--retries', '-1'], '--retries is a whole number from 0 on, not "-1"', ''],
    [['run', '--edge', '192.0.2.1'], '--edge is "reference" or a SIP URI, not "192.0.2.1"', '--edge sip:192.0.2.1'],
    [['run', '--fault', 'edge:silent'], 'unknown fault "silent"', 'did you mean "silence"?'],
    [['run', '--fault', 'silence'], '--fault is edge:NAME or peer:NAME, not "silence"', ''],
    [['setup', 'dokcer'], "unknown command 'dokcer'", 'Did you mean docker?'],
  ])('%j', async (args, message, hint) => {
    expect(await runCommand(args)).toBe(4)
    expect(stdout).toBe('')
    expect(stderr).toContain(`error: ${message}`)
    expect(stderr).toContain(hint)
  })

  test('without a command', async () => {
    expect(await runCommand([])).toBe(4)
    expect(stdout).toBe('')
    expect(stderr).toContain('Usage: trunkproof')
  })
})

test('a folder that holds a run is not written over', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'trunkproof-out-'))
  try {
    writeFileSync(join(folder, 'journal.ndjson'), '')
    expect(await runCommand(['run', '--strategy', 'smoke', '--out', folder])).toBe(4)
    expect(stderr).toContain(`error: ${folder} holds a run already`)
    expect(stderr).toContain(`--resume ${folder}`)
    expect(readFileSync(join(folder, 'journal.ndjson'), 'utf8')).toBe('')
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('what is not built yet ends with 3', async () => {
  expect(await runCommand(['load', '--cps', '10'])).toBe(3)
  expect(stderr).toContain('load is not built yet')
})

test('help and version end with 0, on stdout', async () => {
  expect(await runCommand(['--help'])).toBe(0)
  expect(await runCommand(['--version'])).toBe(0)
  expect(stdout).toContain('Exit codes:')
  expect(stdout).toMatch(/^\d+\.\d+\.\d+$/m)
  expect(stderr).toBe('')
})

describe('plan', () => {
  test('--json prints one value on stdout and nothing else', async () => {
    expect(await runCommand(['plan', '--axis', 'media=rtp', '--axis', 'nat=none', '--json'])).toBe(0)
    const plan = JSON.parse(stdout)
    expect(stderr).toBe('')
    expect(plan).toMatchObject({
      schema_version: 1,
      strategy: 'full',
      seed: 1,
      summary: { cells: 210, to_try: 210, skipped: 0 },
      skipped: [],
    })
    expect(plan.summary.platforms).toEqual({
      asterisk: { cells: 72, to_try: 72, skipped: 0 },
      cisco: { cells: 36, to_try: 36, skipped: 0 },
      avaya: { cells: 12, to_try: 12, skipped: 0 },
      genesys: { cells: 18, to_try: 18, skipped: 0 },
      generic: { cells: 72, to_try: 72, skipped: 0 },
    })
    expect(plan.items[0]).toMatchObject({
      cell: 'asterisk.inbound.udp.rtp.static.rfc4733.pcmu.none',
      scenario: 'proof-call',
      purpose: 'claim',
    })
  })

  test('values of one axis add up, repeated or with commas', async () => {
    await runCommand([
      'plan',
      '--platform',
      'avaya',
      '--axis',
      'codec=pcmu',
      '--axis',
      'codec=pcma',
      '--axis',
      'nat=none,symmetric',
      '--json',
    ])
    expect(JSON.parse(stdout).summary.cells).toBe(56)
  })

  test('prints cells, reasons, counts and uncovered pairs for people', async () => {
    expect(await runCommand(['plan', '--strategy', 'pairwise', '--seed', '3'])).toBe(0)
    expect(stdout).toMatch(/^asterisk\.\S+ +proof-call +first with \d+ pairs, one of them \S+=\S+ \+ \S+=\S+$/m)
    expect(stdout).toMatch(/^skipped \(not built yet: nat=symmetric\): \d+$/m)
    expect(stdout).toMatch(
      /^proof-call: \d+ cells cover (\d+) of \1 pairs of values, \d+ of them only in cells not built yet; uncovered pairs: 0$/m,
    )
    expect(stdout).toContain('strategy pairwise, seed 3')
  })

  test('has no colour where no terminal is', async () => {
    await runCommand(['plan', '--strategy', 'smoke'])
    expect(stdout).not.toContain('\u001b[')
  })
})

describe('validate', () => {
  test('says what it read', async () => {
    expect(await runCommand(['validate', '--json'])).toBe(0)
    expect(JSON.parse(stdout)).toEqual({
      schema_version: 1,
      problems: [],
      clauses: expect.any(Number),
      platforms: 5,
      claimed_cells: 980,
      scenarios: expect.any(Number),
    })
  })

  test('names the file and the place of a problem', async () => {
    expect(await runCommand(['validate', 'nowhere.yaml'])).toBe(4)
    expect(stdout).toBe('')
    expect(stderr).toMatch(/^nowhere\.yaml:1:1: cannot be read \(.*\)$/m)
  })

  test('gives problems as JSON', async () => {
    expect(await runCommand(['validate', 'nowhere.yaml', '--json'])).toBe(4)
    expect(JSON.parse(stdout).problems).toEqual([
      { file: 'nowhere.yaml', line: 1, column: 1, message: 'cannot be read', hint: expect.stringContaining('ENOENT') },
    ])
  })
})
