/**
 * Plays calls between an edge and a peer that each have a policy on encrypted audio. What came of
 * them is told and judged in osrtp-outcome.ts.
 */
import type { Cell } from '../../matrix/cell.ts'
import { policyFacts } from '../../matrix/media-policy.ts'
import type { PolicyDeparture } from '../../matrix/platform.ts'
import type { EdgeClient, EdgeEvent } from '../edge/edge-client.ts'
import type { EventLog } from '../edge/edge-desk.ts'
import { seenFromPeer } from '../evidence/protection.ts'
import { CallFailed, type PeerEvidence, type PeerIdentity, type PeerSession, type StartedPeer } from '../peers/peer.ts'
import { type OsrtpPair, osrtpIdentity } from './osrtp-identity.ts'
import { agreement, judgeOutcome, type Outcome, refusal } from './osrtp-outcome.ts'
import type { Probe } from './probe.ts'
import { Turns } from './turns.ts'

export interface OsrtpParts {
  readonly cell: Cell
  readonly identity: PeerIdentity
  readonly peer: StartedPeer
  readonly client: Pick<EdgeClient, 'provision' | 'release' | 'call' | 'hangup' | 'srtpKeys'>
  readonly watch: (number: string) => EventLog
  readonly peerAddresses: readonly string[]
  /** Policies the product is known to play as if they were others. */
  readonly departures: readonly PolicyDeparture[]
}

const callsAtOnce = 6
const setUpMs = 6_000
const hearMs = 3_000

export class OsrtpBench {
  readonly #parts: OsrtpParts
  readonly #turns = new Turns(callsAtOnce)

  constructor(parts: OsrtpParts) {
    this.#parts = parts
  }

  async play(pair: OsrtpPair): Promise<Probe> {
    return judgeOutcome(pair, await this.#turns.take(() => this.#try(pair)), this.#parts.departures)
  }

  async #try(pair: OsrtpPair): Promise<Outcome> {
    const { peer, cell, client, watch } = this.#parts
    const identity = osrtpIdentity(this.#parts.identity, pair)
    using log = watch(identity.number)
    const session = await peer.open(cell, identity)
    try {
      await client.provision(this.#provision(pair, identity, session))
      const call = pair.offerer === 'peer' ? await called(session, log) : await this.#callOut(identity, log)
      if (call.status !== undefined) return refusal(call.status, await session.evidence(), cell)
      await Promise.all([session.heard(hearMs), log.until(() => log.events.find(hears), hearMs)])
      await session.hangup()
      return agreement(await this.#withKeys(await session.evidence(), call.id), cell)
    } finally {
      await session[Symbol.asyncDispose]()
      await client.release(identity.number)
    }
  }

  /** A product does not tell the keys of a DTLS handshake; the other end of it does. */
  async #withKeys(evidence: PeerEvidence, edgeCall: string | undefined): Promise<PeerEvidence> {
    if (evidence.srtpKeys !== undefined || edgeCall === undefined) return evidence
    return { ...evidence, srtpKeys: seenFromPeer(await this.#parts.client.srtpKeys(edgeCall)) }
  }

  #provision({ edge }: OsrtpPair, identity: PeerIdentity, session: PeerSession) {
    const { keyings, plain } = policyFacts[edge]
    const { codec, dtmf } = this.#parts.cell.axes
    return {
      number: identity.number,
      domain: identity.edge.host,
      username: identity.username,
      password: identity.password,
      registration: 'static' as const,
      allow: this.#parts.peerAddresses,
      dtmf,
      codecs: [codec],
      tone: identity.edgeTone,
      outboundProxy: session.contactUri.replace(/^sip:[^@]*@/, 'sip:'),
      encryption: keyings.length === 0 ? ('never' as const) : plain ? ('best-effort' as const) : ('required' as const),
      ...(keyings.length === 0 ? {} : { keyings }),
      keepKeys: true,
    }
  }

  async #callOut({ number, edgeTone }: PeerIdentity, log: EventLog): Promise<Called> {
    await this.#parts.client.call({ number, to: '+99955501000', tone: edgeTone, keepKeys: true })
    const decided = await log.until(() => log.events.find(({ type }) => type === 'call.confirmed' || type === 'call.ended'), setUpMs)
    if (decided?.type === 'call.confirmed') return { status: undefined, id: idOf(decided) }
    return { status: (decided?.data.ended as { status?: number } | undefined)?.status ?? 0 }
  }
}

/** The final status that refused a call, if one did, else the edge's id of it. */
type Called = { readonly status: number } | { readonly status: undefined; readonly id: string | undefined }

const idOf = (event: EdgeEvent | undefined): string | undefined => (typeof event?.data.id === 'string' ? event.data.id : undefined)
const hears = ({ type, data }: EdgeEvent): boolean => type === 'call.tone' && Array.isArray(data.pair)

async function called(session: PeerSession, log: EventLog): Promise<Called> {
  try {
    await session.call()
    const confirmed = await log.until(() => log.events.find(({ type }) => type === 'call.confirmed'), setUpMs)
    return { status: undefined, id: idOf(confirmed) }
  } catch (error) {
    if (error instanceof CallFailed) return { status: error.status }
    throw error
  }
}
