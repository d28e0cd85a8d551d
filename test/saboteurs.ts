/** Which fault turns which expectation red, and the runs that show it: for persona and Asterisk alike. */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FaultName } from '../endpoint/faults.ts'
import { hangsUpFirst } from '../harness/cell/conductor.ts'
import type { Axes } from '../matrix/axes.ts'
import { expand } from '../matrix/expand.ts'
import { loadMatrix } from '../matrix/load.ts'
import type { CellResult, Results } from '../reports/schema/results.ts'

type Side = 'edge' | 'peer'

export interface Row {
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

export const rows: readonly Row[] = [
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

/** Axis values of a cell in which this side is the one told to hang up, whichever platform plays it. */
function hungUpBy(side: Side): Partial<Axes> {
  const cells = expand(loadMatrix()).filter(
    ({ axes }) => axes.media === 'rtp' && axes.nat === 'none' && axes.registration === 'static' && axes.codec === 'pcmu',
  )
  const generic = cells.filter(({ platform }) => platform === 'generic')
  const found = generic.find(({ id }) => hangsUpFirst(id) === side && hangsUpFirst(id.replace('generic', 'asterisk')) === side)
  return found!.axes
}

/** Where a row is tried. */
export interface Stage {
  readonly platform: string
  readonly runtime: 'embedded' | 'docker'
}

/** The one result of a row's run. A machine too busy to judge on is asked again; a wrong verdict never is. */
export async function resultOf(row: Row, stage: Stage): Promise<CellResult> {
  for (let attempt = 1; ; attempt += 1) {
    const { cells, checks = [] } = (await run(row, stage)) as Results & { checks?: CellResult[] }
    const tried = [...cells, ...checks].filter((one) => one.verdict !== 'skipped')
    const result = tried[0]
    if (result === undefined || tried.length > 1) throw new Error(`${tried.length} results instead of one`)
    if (!result.reason?.startsWith('machine-bound') || attempt === 4) return result
  }
}

async function run(row: Row, { platform, runtime }: Stage): Promise<Results> {
  const out = await mkdtemp(join(tmpdir(), 'trunkproof-saboteur-'))
  try {
    const axes = Object.entries({ media: 'rtp', nat: 'none', ...row.axes }).flatMap(([name, value]) => ['--axis', `${name}=${value}`])
    const what = ['--platform', platform, ...axes, '--scenario', row.scenario ?? 'proof-call', '--runtime', runtime]
    const how = ['--retries', '0', '--out', out, '--fault', `${row.side}:${row.fault}`]
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', 'harness/cli/main.ts', 'run', ...what, ...how], {
      stdio: 'ignore',
    })
    await new Promise((resolve) => child.once('close', resolve))
    return JSON.parse(await readFile(join(out, 'results.json'), 'utf8')) as Results
  } finally {
    await rm(out, { recursive: true, force: true })
  }
}

/** What a row must come to: its expectation red, and no other. */
export const caught = (row: Row) => ({ verdict: 'fail', red: [row.red] })

export const outcome = ({ verdict, expectations, reason }: CellResult) => {
  const red = expectations.filter((one) => one.verdict === 'fail').map((one) => one.id)
  return { verdict, red, ...(verdict === 'fail' ? {} : { reason }) }
}
