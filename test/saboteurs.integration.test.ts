/**
 * The judge is judged: every fault, planted in the edge and in the peer, must turn exactly
 * the expectation it breaks red, and no other. Each row is a real run of real processes.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type FaultName, faultCatalogue } from '../endpoint/faults.ts'
import { hangsUpFirst } from '../harness/cell/conductor.ts'
import type { Axes } from '../matrix/axes.ts'
import { expand } from '../matrix/expand.ts'
import { loadMatrix } from '../matrix/load.ts'
import type { Results } from '../reports/schema/results.ts'
import { expectationIds } from '../scenarios/expectations.ts'

type Side = 'edge' | 'peer'

interface Row {
  readonly fault: FaultName
  readonly side: Side
  readonly red: string
  readonly axes: Partial<Axes>
  readonly scenario?: string
}

/** The side that answers, or that is asked: who calls whom decides whether a fault has its chance. */
const answering = (side: Side): Partial<Axes> => ({ direction: side === 'edge' ? 'inbound' : 'outbound' })
const plain: Partial<Axes> = { direction: 'inbound', transport: 'udp', registration: 'static', dtmf: 'rfc4733', codec: 'pcmu' }

const both = (fault: FaultName, red: string, axes: Partial<Axes> = {}): Row[] =>
  (['edge', 'peer'] as const).map((side) => ({ fault, side, red, axes: { ...plain, ...axes } }))

const rows: readonly Row[] = [
  ...both('dtmf-lose', 'dtmf.digits'),
  ...both('dtmf-lose', 'dtmf.digits', { dtmf: 'info' }),
  ...both('dtmf-double', 'dtmf.digits'),
  ...both('dtmf-other-method', 'dtmf.method'),
  ...both('dtmf-other-method', 'dtmf.method', { dtmf: 'info' }),
  ...both('dtmf-leak', 'dtmf.leak'),
  ...both('dtmf-leak', 'dtmf.leak', { dtmf: 'info' }),
  { fault: 'answer-unoffered-codec', side: 'edge', red: 'codec.negotiated', axes: { ...plain, ...answering('edge') } },
  { fault: 'answer-unoffered-codec', side: 'peer', red: 'codec.negotiated', axes: { ...plain, ...answering('peer') } },
  ...both('send-other-codec', 'codec.media'),
  ...both('send-other-codec', 'codec.media', { codec: 'opus' }),
  { fault: 'silence', side: 'edge', red: 'media.heard-by-peer', axes: plain },
  { fault: 'silence', side: 'peer', red: 'media.heard-by-edge', axes: plain },
  ...both('swap-audio', 'media.identity'),
  ...both('clip', 'media.level'),
  ...both('clip', 'media.level', { codec: 'opus' }),
  ...both('drop-packets', 'media.loss'),
  { fault: 'answer-other-transport', side: 'edge', red: 'transport.signalling', axes: { ...plain, ...answering('edge') } },
  { fault: 'answer-other-transport', side: 'peer', red: 'transport.signalling', axes: { ...plain, ...answering('peer') } },
  {
    fault: 'answer-other-transport',
    side: 'edge',
    red: 'transport.signalling',
    axes: { ...plain, ...answering('edge'), transport: 'tcp' },
  },
  { fault: 'never-bye', side: 'edge', red: 'call.ended', axes: { ...plain, ...hungUpBy('edge') } },
  { fault: 'never-bye', side: 'peer', red: 'call.ended', axes: { ...plain, ...hungUpBy('peer') } },
  ...both('wrong-contact', 'dialog.contact'),
  { fault: 'ignore-rport', side: 'edge', red: 'via.rport', axes: { ...plain, ...answering('edge') } },
  { fault: 'ignore-rport', side: 'peer', red: 'via.rport', axes: { ...plain, ...answering('peer') } },
  { fault: 'skip-digest', side: 'edge', red: 'auth.challenged', axes: { ...plain, registration: 'register' } },
  { fault: 'register-unchallenged', side: 'edge', red: 'registration.challenged', axes: { ...plain, registration: 'register' } },
  { fault: 'reject-calls', side: 'edge', red: 'call.established', axes: { ...plain, ...answering('edge') } },
  { fault: 'reject-calls', side: 'peer', red: 'call.established', axes: { ...plain, ...answering('peer') } },
  { fault: 'register-no-binding', side: 'edge', red: 'registration.mode', axes: { ...plain, registration: 'register' } },
  { fault: 'tls12', side: 'edge', red: 'transport.tls13', axes: { ...plain, ...answering('edge'), transport: 'tls' } },
  { fault: 'answer-savp', side: 'edge', red: 'media.fallback-plain', axes: { ...plain, ...answering('edge'), transport: 'tls' } },
  { fault: 'accept-strangers', side: 'edge', red: 'acl.stranger-refused', axes: plain, scenario: 'stranger' },
  {
    fault: 'accept-wrong-password',
    side: 'edge',
    red: 'registration.wrong-password-refused',
    axes: { ...plain, registration: 'register' },
    scenario: 'wrong-password',
  },
]

/** Axis values of a cell in which this side is the one told to hang up. */
function hungUpBy(side: Side): Partial<Axes> {
  const cell = expand(loadMatrix()).find(
    ({ platform, axes, id }) =>
      platform === 'generic' && axes.media === 'rtp' && axes.nat === 'none' && axes.registration === 'static' && hangsUpFirst(id) === side,
  )
  return cell!.axes
}

/** A machine too busy to judge on is asked again; a wrong verdict is never asked again. */
async function run(row: Row): Promise<Results> {
  for (let attempt = 1; ; attempt += 1) {
    const results = await runOnce(row)
    const busy = results.cells.some((cell) => cell.reason?.startsWith('machine-bound'))
    if (!busy || attempt === 4) return results
  }
}

/** Runs one row's cell in a folder of its own and gives its results. */
async function runOnce(row: Row): Promise<Results> {
  const out = await mkdtemp(join(tmpdir(), 'trunkproof-saboteur-'))
  try {
    const axes = Object.entries({ media: 'rtp', nat: 'none', ...row.axes }).flatMap(([name, value]) => ['--axis', `${name}=${value}`])
    const args = ['run', '--platform', 'generic', ...axes, '--scenario', row.scenario ?? 'proof-call', '--retries', '0', '--out', out]
    const child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', 'harness/cli/main.ts', ...args, '--fault', `${row.side}:${row.fault}`],
      {
        stdio: 'ignore',
      },
    )
    await new Promise((resolve) => child.once('close', resolve))
    return JSON.parse(await readFile(join(out, 'results.json'), 'utf8')) as Results
  } finally {
    await rm(out, { recursive: true, force: true })
  }
}

describe.concurrent('a planted fault turns exactly its expectation red', { timeout: 120_000 }, () => {
  test.each(rows)('$side $fault: $red ($axes.direction $axes.transport $axes.dtmf $axes.codec)', async (row) => {
    const [cell, ...others] = (await run(row)).cells.filter((one) => one.verdict !== 'skipped')
    expect(others).toEqual([])
    const red = cell!.expectations.filter((one) => one.verdict === 'fail').map((one) => one.id)
    expect({ verdict: cell!.verdict, reason: cell!.reason, red }).toEqual({ verdict: 'fail', reason: expect.anything(), red: [row.red] })
  })
})

test('every fault is planted by some row', () => {
  expect(new Set(rows.map((row) => row.fault))).toEqual(new Set(Object.keys(faultCatalogue)))
})

test('every expectation is turned red by some row', () => {
  expect(new Set(rows.map((row) => row.red))).toEqual(new Set(expectationIds))
})
