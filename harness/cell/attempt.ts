/**
 * One attempt at one planned item: a session with the peer, the steps, the evidence, the
 * verdict. Whatever happens, the session is closed again within its own time budget.
 */
import type { PolicyDeparture } from '../../matrix/platform.ts'
import type { AxisValues, CellResult, ExpectationResult, Fidelity } from '../../reports/schema/results.ts'
import { type EdgeCall, type EdgeClient, EdgeRefused, type Provision } from '../edge/edge-client.ts'
import type { EventLog } from '../edge/edge-desk.ts'
import type { CellEvidence, EdgeView } from '../evidence/cell-evidence.ts'
import { cellFacts } from '../evidence/cell-facts.ts'
import { deviationsOf } from '../evidence/deviations.ts'
import { inOrder } from '../evidence/in-order.ts'
import { LogTail } from '../evidence/log-tail.ts'
import { seenFromPeer, sendingKeys } from '../evidence/protection.ts'
import { saveEvidence } from '../evidence/save.ts'
import { readStreams } from '../evidence/streams.ts'
import { findCall, readTrace } from '../evidence/trace.ts'
import type { PeerEvidence, PeerIdentity, PeerSession, StartedPeer } from '../peers/peer.ts'
import type { PlanItem } from '../plan.ts'
import { OsrtpBench } from '../probes/osrtp-bench.ts'
import { TlsBench } from '../probes/tls-bench.ts'
import type { TlsLab } from '../probes/tls-lab.ts'
import { judge } from '../verdict/judge.ts'
import { settleVerdict } from '../verdict/settle.ts'
import { type Benches, type CallDesk, Conductor, type Performance } from './conductor.ts'

/** What an attempt needs of the edge. */
export interface AttemptDesk {
  readonly client: CallDesk['client'] & Pick<EdgeClient, 'provision' | 'release' | 'read' | 'srtpKeys'>
  watch(number: string): EventLog
}

/** What an attempt is given. */
export interface AttemptParts {
  readonly item: PlanItem
  readonly identity: PeerIdentity
  readonly peer: StartedPeer
  readonly desk: AttemptDesk
  readonly attempt: number
  /** The run's folder. */
  readonly runDir: string
  /** Command that runs this cell alone. */
  readonly rerun: string
  /** CIDR ranges the peer calls from. */
  readonly peerAddresses: readonly string[]
  /** What TLS cases are played with. */
  readonly tlsLab?: TlsLab | undefined
  /** Policies on encrypted audio that the platform is known to play as if they were others. */
  readonly departures?: readonly PolicyDeparture[]
  /** Ends the attempt early. */
  readonly signal: AbortSignal
  /** The file the edge logs to. */
  readonly edgeLogFile?: string | undefined
  /** Worst delay of media or of this process since a moment, milliseconds: what the machine owes, not the subject. */
  readonly latenessSince: (epochMs: number) => Promise<number>
}

/** A session has this long to say good-bye, milliseconds, whatever the deadline says. */
const teardownMs = 5_000

export async function attemptItem(parts: AttemptParts): Promise<CellResult> {
  const { item, peer } = parts
  const startedAt = Date.now()
  const base = {
    id: item.cell.id,
    platform: item.cell.platform,
    axes: { ...item.cell.axes } satisfies AxisValues,
    claimed: item.cell.claimed,
    scenario: item.scenario.id,
    ...(item.scenario.runs === 'every-cell' ? {} : { check: true as const }),
    fidelity: peer.fidelity satisfies Fidelity,
    clauses: [...item.clauses],
    attempts: parts.attempt,
    rerun: parts.rerun,
    started: new Date(startedAt).toISOString(),
  }
  try {
    const seen = await observe(parts)
    const expectations = judge(item.scenario.expectations, seen.evidence)
    const verdict = await settleVerdict(item, expectations, () => parts.latenessSince(startedAt), peer.fidelity)
    const durationMs = Date.now() - startedAt
    const saved = await saveEvidence(parts.runDir, parts.attempt, item, seen.evidence)
    return {
      ...base,
      ...verdict,
      duration_ms: durationMs,
      deviations: deviationsOf(seen.evidence),
      expectations: expectations.map((one) => withFrame(one, saved.rtpFrames)),
      steps: seen.performance.steps,
      ...(saved.cases.length === 0 ? {} : { cases: [...saved.cases] }),
      facts: cellFacts(seen.evidence),
      evidence: saved.paths,
    }
  } catch (error) {
    // What breaks here broke in the harness or the machine: a subject only ever leaves evidence.
    return {
      ...base,
      verdict: 'error',
      reason: error instanceof Error ? error.message : String(error),
      attribution: 'harness',
      duration_ms: Date.now() - startedAt,
      deviations: [],
      expectations: [],
      evidence: [],
    }
  }
}

async function observe(parts: AttemptParts): Promise<{ evidence: CellEvidence; performance: Performance }> {
  const { item, identity, peer, desk } = parts
  using log = desk.watch(identity.number)
  const edgeLog = parts.edgeLogFile === undefined ? undefined : await LogTail.begin(parts.edgeLogFile)
  const deadline = AbortSignal.any([parts.signal, AbortSignal.timeout(item.scenario.deadline_ms)])
  const session = await peer.open(item.cell, identity)
  try {
    await desk.client.provision(provisionOf(parts, session))
    const benches = parts.tlsLab && benchesOf(parts, parts.tlsLab)
    const performance = await new Conductor({ item, identity, session, desk, log, signal: deadline, benches }).perform()
    const [peerEvidence, edgeCall] = await Promise.all([session.evidence(), edgeSide(desk, performance)])
    const peerSeen = await withEdgeKeys(inOrder(peerEvidence), parts, performance)
    const evidence = assemble(parts, session, performance, peerSeen, edgeCall, await edgeLog?.text())
    return { performance, evidence }
  } finally {
    await inTime(session[Symbol.asyncDispose]())
    await inTime(desk.client.release(identity.number))
  }
}

function benchesOf({ item, identity, peer, desk, peerAddresses, departures = [] }: AttemptParts, lab: TlsLab): Benches {
  const { client } = desk
  const watch = (number: string): EventLog => desk.watch(number)
  const tls = new TlsBench({ lab, identity, client })
  const osrtp = new OsrtpBench({ cell: item.cell, identity, peer, client, watch, peerAddresses, departures })
  return { tls: (name) => tls.play(name), osrtp: (pair) => osrtp.play(pair) }
}

/** A documentation address (RFC 5737): whoever calls, it is not from there. */
const nobodysAddress = '192.0.2.1/32'

/** The number of this cell as the customer would import it: credentials or addresses, and where calls go. */
function provisionOf({ item, identity, peerAddresses }: AttemptParts, session: PeerSession): Provision {
  const { registration, dtmf, codec, transport, media } = item.cell.axes
  const { host, port } = hostAndPort(session.contactUri)
  // A stranger is a caller whose address the trunk does not list.
  const stranger = item.scenario.steps.some((step) => 'call' in step && step.call.as === 'stranger')
  return {
    number: identity.number,
    domain: identity.edge.host,
    username: identity.username,
    password: identity.password,
    registration,
    allow: stranger ? [nobodysAddress] : peerAddresses,
    dtmf,
    codecs: [codec],
    tone: identity.edgeTone,
    // The guide's promise: encrypted where the phone system takes part, else plain, unless that is ruled out.
    encryption: item.scenario.steps.some((step) => 'call' in step && step.call.srtp === 'required') ? 'required' : 'best-effort',
    keepKeys: media !== 'rtp',
    outboundProxy:
      registration === 'register' ? undefined : `sip:${host.includes(':') ? `[${host}]` : host}:${port};transport=${transport}`,
  }
}

/** The judge counts media packets; a reader opens the capture, where SIP messages are frames too. */
function withFrame(one: ExpectationResult, rtpFrames: readonly number[]): ExpectationResult {
  const frame = one.evidence?.packet === undefined ? undefined : rtpFrames[one.evidence.packet - 1]
  return frame === undefined ? one : { ...one, evidence: { ...one.evidence, packet: frame } }
}

async function edgeSide(desk: AttemptDesk, { edgeCall }: Performance): Promise<EdgeCall | undefined> {
  return edgeCall === undefined ? undefined : desk.client.read(edgeCall)
}

/** A product does not tell the keys of a DTLS handshake; the other end of it does, where it is ours. */
async function withEdgeKeys(peer: PeerEvidence, { desk, item }: AttemptParts, { edgeCall }: Performance): Promise<PeerEvidence> {
  if (peer.srtpKeys !== undefined || item.cell.axes.media === 'rtp' || edgeCall === undefined) return peer
  const keys = await desk.client.srtpKeys(edgeCall).catch((error: unknown) => {
    // Whoever called may be gone, and its trace with it.
    if (error instanceof EdgeRefused) return []
    throw error
  })
  return { ...peer, srtpKeys: seenFromPeer(keys) }
}

function assemble(
  { item, identity }: AttemptParts,
  session: PeerSession,
  performance: Performance,
  peer: PeerEvidence,
  edgeCall: EdgeCall | undefined,
  edgeLog: string | undefined,
): CellEvidence {
  const trace = readTrace(peer.sip)
  const call = findCall(trace)
  const srtpKeys = sendingKeys(call, peer.srtpKeys)
  return {
    cell: item.cell,
    identity,
    trace,
    call,
    streams: readStreams(peer.rtp, call, item.cell.axes.codec, srtpKeys),
    srtpKeys,
    peer,
    peerAddress: hostAndPort(session.contactUri),
    edge: edgeCall && edgeView(edgeCall),
    told: performance.told,
    hangup: performance.hangup,
    wrongPassword: performance.wrongPassword,
    refusal: performance.refusal,
    probes: performance.probes,
    edgeLog,
  }
}

function edgeView(call: EdgeCall): EdgeView {
  return {
    state: call.state,
    digits: call.digits,
    tones: call.tones.map(({ pair, level_dbm0, purity, windows }) => ({
      windows,
      pair: pair ?? undefined,
      levelDbm0: level_dbm0 ?? Number.NEGATIVE_INFINITY,
      purity,
    })),
    packetsReceived: call.media?.received?.packets,
    lost: call.media?.received?.lost,
    ended: call.ended,
  }
}

function hostAndPort(uri: string): { host: string; port: number } {
  const found = /^sips?:(?:[^@]*@)?(\[[^\]]+\]|[^:;]+)(?::(\d+))?/.exec(uri)
  return { host: (found?.[1] ?? '').replace(/^\[|\]$/g, ''), port: Number(found?.[2] ?? 5060) }
}

async function inTime(work: PromiseLike<unknown>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, teardownMs)
  await Promise.race([Promise.resolve(work).catch(() => {}), promise])
  clearTimeout(timer)
}
