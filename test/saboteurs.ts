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

const matrix = loadMatrix()

export interface Row {
  readonly fault: FaultName
  readonly side: Side
  readonly red: string
  readonly axes: Partial<Axes>
  readonly scenario?: string
  /** A second fault on the other side, without which the first has no chance. */
  readonly met?: FaultName
}

/** The side that answers, or that is asked: who calls whom decides whether a fault has its chance. */
const answering = (side: Side): Partial<Axes> => ({ direction: side === 'edge' ? 'inbound' : 'outbound' })
const plain: Partial<Axes> = {
  direction: 'inbound',
  transport: 'udp',
  media: 'rtp',
  registration: 'static',
  dtmf: 'rfc4733',
  codec: 'pcmu',
}

const both = (fault: FaultName, red: string, axes: Partial<Axes> = {}): Row[] =>
  (['edge', 'peer'] as const).map((side) => ({ fault, side, red, axes: { ...plain, ...axes } }))

/** Cells in which media is keyed, with the side of the fault in the part it needs. */
const keyed = (media: Axes['media'], direction: Axes['direction']): Partial<Axes> => ({ ...plain, transport: 'tls', media, direction })
const otherSide = (side: Side): Side => (side === 'edge' ? 'peer' : 'edge')

/** One row for each side, which answers a keyed offer. */
const answeredKeyed = (fault: FaultName, red: (side: Side) => string, media: Axes['media']): Row[] =>
  (['edge', 'peer'] as const).map((side) => ({
    fault,
    side,
    red: red(side),
    axes: keyed(media, side === 'edge' ? 'inbound' : 'outbound'),
  }))

/** Every row there is. */
export const allRows: readonly Row[] = [
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
  ...answeredKeyed('srtp-send-plain', (side) => `media.encrypted-to-${otherSide(side)}`, 'osrtp-sdes'),
  ...answeredKeyed('srtp-send-plain', (side) => `media.encrypted-to-${otherSide(side)}`, 'dtls'),
  ...answeredKeyed('srtp-wrong-tag-length', (side) => `media.encrypted-to-${otherSide(side)}`, 'sdes'),
  ...answeredKeyed('srtp-reuse-key', () => 'secure.keys-not-reused', 'osrtp-sdes'),
  {
    fault: 'dtls-accept-any-fingerprint',
    side: 'edge',
    red: 'secure.fingerprint',
    axes: keyed('dtls', 'inbound'),
    met: 'dtls-other-fingerprint',
  },
  {
    fault: 'dtls-accept-any-fingerprint',
    side: 'peer',
    red: 'secure.fingerprint',
    axes: keyed('osrtp-dtls', 'outbound'),
    met: 'dtls-other-fingerprint',
  },
  ...both('dtls-other-fingerprint', 'secure.fingerprint', keyed('osrtp-dtls', 'inbound')),
  { fault: 'ignore-keying', side: 'edge', red: 'media.keying', axes: keyed('osrtp-sdes', 'inbound') },
  { fault: 'ignore-keying', side: 'edge', red: 'media.profile', axes: keyed('osrtp-sdes', 'outbound') },
  { fault: 'answer-savp', side: 'edge', red: 'media.profile', axes: keyed('osrtp-sdes', 'inbound') },
  { fault: 'leak-key', side: 'edge', red: 'secure.no-keys-in-logs', axes: keyed('sdes', 'inbound') },
  { fault: 'leak-key', side: 'edge', red: 'secure.no-keys-in-logs', axes: keyed('osrtp-dtls', 'inbound') },
  { fault: 'leak-header', side: 'edge', red: 'secure.header-privacy', axes: { ...plain, ...answering('edge'), transport: 'tls' } },
  // Not UDP: with keys the INVITE is too long for it, and goes by TCP (RFC 3261 section 18.1.1).
  { fault: 'crypto-on-clear', side: 'edge', red: 'secure.no-keys-in-clear', axes: { ...plain, direction: 'outbound', transport: 'tcp' } },
  { fault: 'crypto-on-clear', side: 'edge', red: 'secure.keys-overlooked', axes: plain, scenario: 'keys-in-clear' },
  { fault: 'crypto-on-clear', side: 'edge', red: 'secure.clear-refused', axes: { ...plain, transport: 'tcp' }, scenario: 'srtp-in-clear' },
  {
    fault: 'downgrade-required',
    side: 'edge',
    red: 'secure.plain-refused',
    axes: { ...plain, transport: 'tls' },
    scenario: 'plain-refused',
  },
  { fault: 'downgrade-required', side: 'edge', red: 'secure.policy-grid', axes: keyed('osrtp-sdes', 'inbound'), scenario: 'osrtp-grid' },
  { fault: 'tls12', side: 'edge', red: 'secure.tls-protocol', axes: { ...plain, transport: 'tls' }, scenario: 'tls-server' },
  {
    fault: 'skip-certificate-verification',
    side: 'edge',
    red: 'secure.tls-identity',
    axes: { ...plain, transport: 'tls' },
    scenario: 'tls-server',
  },
  {
    fault: 'skip-certificate-verification',
    side: 'edge',
    red: 'secure.tls-identity',
    axes: { ...plain, transport: 'tls', direction: 'outbound' },
    scenario: 'tls-client',
  },
  { fault: 'accept-strangers', side: 'edge', red: 'acl.stranger-refused', axes: plain, scenario: 'stranger' },
  {
    fault: 'accept-wrong-password',
    side: 'edge',
    red: 'registration.wrong-password-refused',
    axes: { ...plain, registration: 'register' },
    scenario: 'wrong-password',
  },
]

/** Rows whose cells can be tried: those of values that are not in force wait for them. */
export const rows = allRows.filter(({ axes: { media = 'rtp' } }) => matrix.axes.axes.media.values[media]?.in_force)

/** Axis values of a cell in which this side is the one told to hang up, whichever platform plays it. */
function hungUpBy(side: Side): Partial<Axes> {
  const cells = expand(matrix).filter(
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
    const met = row.met === undefined ? [] : ['--fault', `${otherSide(row.side)}:${row.met}`]
    const how = ['--retries', '0', '--out', out, '--fault', `${row.side}:${row.fault}`, ...met]
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
