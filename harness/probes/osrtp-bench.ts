/**
 * Plays calls between an edge and a peer that each have a policy on encrypted audio, and holds
 * what came of it against the table. The verdict rests on packets: a side that signals SRTP
 * and sends plain RTP is not believed.
 */
import type { Cell } from '../../matrix/cell.ts'
import { type MediaPolicy, mediaOutcome, policyFacts } from '../../matrix/media-policy.ts'
import type { EdgeClient, EdgeEvent } from '../edge/edge-client.ts'
import type { EventLog } from '../edge/edge-desk.ts'
import { keyingOf, protectionsOf, sendingKeys } from '../evidence/protection.ts'
import { readStreams } from '../evidence/streams.ts'
import { findCall, readTrace } from '../evidence/trace.ts'
import { CallFailed, type PeerEvidence, type PeerIdentity, type PeerSession, type StartedPeer } from '../peers/peer.ts'
import type { Probe, ProbeFinding } from './probe.ts'
import { Turns } from './turns.ts'

/** Who offers, and the policy of each side. */
export interface OsrtpPair {
  readonly offerer: 'edge' | 'peer'
  readonly edge: MediaPolicy
  readonly peer: MediaPolicy
}

export interface OsrtpParts {
  readonly cell: Cell
  readonly identity: PeerIdentity
  readonly peer: StartedPeer
  readonly client: Pick<EdgeClient, 'provision' | 'release' | 'call' | 'hangup'>
  readonly watch: (number: string) => EventLog
  readonly peerAddresses: readonly string[]
}

const callsAtOnce = 6
const setUpMs = 6_000
const hearMs = 3_000
/** RFC 3261 sections 21.4.26 and 21.6.4: the description is refused, and nothing else. */
const refusals: readonly number[] = [488, 606]

export class OsrtpBench {
  readonly #parts: OsrtpParts
  readonly #turns = new Turns(callsAtOnce)
  #played = 0

  constructor(parts: OsrtpParts) {
    this.#parts = parts
  }

  async play(pair: OsrtpPair): Promise<Probe> {
    const { offerer, edge, peer } = pair
    const { keyings, rule } = offerer === 'peer' ? mediaOutcome(peer, edge) : mediaOutcome(edge, peer)
    const finding = await this.#turns.take(() => this.#try(pair, keyings))
    const name = offerer === 'edge' ? `edge ${edge} to peer ${peer}` : `peer ${peer} to edge ${edge}`
    return { case: name, about: 'media', rule, demand: `an offer of ${name} comes to ${sayOutcome(keyings)}`, ...finding }
  }

  async #try(pair: OsrtpPair, wanted: readonly string[] | undefined): Promise<ProbeFinding> {
    const { peer, cell, client, watch } = this.#parts
    const identity = this.#identity(pair)
    using log = watch(identity.number)
    const session = await peer.open(cell, identity)
    try {
      await client.provision(this.#provision(pair, identity, session))
      const call = pair.offerer === 'peer' ? await called(session, log) : await this.#callOut(identity, log)
      if (call.status !== undefined) return refusal(call.status, await session.evidence(), cell, wanted)
      await Promise.all([session.heard(hearMs), log.until(() => log.events.find(hears), hearMs)])
      await session.hangup()
      return agreement(await session.evidence(), cell, wanted)
    } finally {
      await session[Symbol.asyncDispose]()
      await client.release(identity.number)
    }
  }

  /** A number of E.164 length that no other call has. */
  #identity({ peer }: OsrtpPair): PeerIdentity {
    const { identity } = this.#parts
    const place = String(500 + this.#played)
    this.#played += 1
    return { ...identity, number: `${identity.number}${place}`, username: `${identity.username}-${place}`, mediaPolicy: peer }
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
      keepKeys: false,
    }
  }

  async #callOut({ number, edgeTone }: PeerIdentity, log: EventLog): Promise<{ status: number | undefined }> {
    await this.#parts.client.call({ number, to: '+99955501000', tone: edgeTone, keepKeys: false })
    const decided = await log.until(() => log.events.find(({ type }) => type === 'call.confirmed' || type === 'call.ended'), setUpMs)
    if (decided?.type === 'call.confirmed') return { status: undefined }
    return { status: (decided?.data.ended as { status?: number } | undefined)?.status ?? 0 }
  }
}

const hears = ({ type, data }: EdgeEvent): boolean => type === 'call.tone' && Array.isArray(data.pair)

/** The peer calls; the final status that refused it, if one did. */
async function called(session: PeerSession, log: EventLog): Promise<{ status: number | undefined }> {
  try {
    await session.call()
    await log.until(() => log.events.find(({ type }) => type === 'call.confirmed'), setUpMs)
    return { status: undefined }
  } catch (error) {
    if (error instanceof CallFailed) return { status: error.status }
    throw error
  }
}

function refusal(status: number, evidence: PeerEvidence, cell: Cell, wanted: readonly string[] | undefined): ProbeFinding {
  const sent = read(evidence, cell).streams.edge?.packets ?? 0
  const seen = `refused with ${status}${sent === 0 ? '' : `, after ${sent} packets of audio`}`
  return { met: wanted === undefined && refusals.includes(status) && sent === 0, seen }
}

function agreement(evidence: PeerEvidence, cell: Cell, wanted: readonly string[] | undefined): ProbeFinding {
  const { call, streams } = read(evidence, cell)
  const { offer, answer } = protectionsOf(call)
  const keying = answer && keyingOf(answer)
  const [toEdge, toPeer] = [streams.peer, streams.edge].map((stream) => stream?.protection.kind ?? 'nothing')
  const seen = `${offer?.profile} answered with ${answer?.profile} and ${keying ?? 'no keys'}; ${toEdge} to the edge, ${toPeer} to the peer`
  const expected = keying === undefined ? 'plain' : 'srtp'
  const agreed = keying === undefined ? wanted?.length === 0 : wanted?.includes(keying) === true
  return { met: agreed && offer?.profile === answer?.profile && toEdge === expected && toPeer === expected, seen }
}

/** The last INVITE of the call and its media, in order of time and without keep-alives. */
function read({ sip, rtp, srtpKeys }: PeerEvidence, { axes }: Cell) {
  const messages = sip.filter(({ bytes }) => bytes.length > 4).toSorted((a, b) => a.at - b.at)
  const call = findCall(readTrace(messages))
  const packets = rtp.toSorted((a, b) => a.at - b.at)
  return { call, streams: readStreams(packets, call, axes.codec, sendingKeys(call, srtpKeys)) }
}

function sayOutcome(keyings: readonly string[] | undefined): string {
  if (keyings === undefined) return 'no call'
  return keyings.length === 0 ? 'plain RTP' : `SRTP keyed by ${keyings.join(' or ')}`
}
