/**
 * What came of a call between two policies on encrypted audio, and whether it is what must come
 * of it. Rests on packets: a side that signals SRTP and sends plain RTP is not believed.
 */
import type { Cell } from '../../matrix/cell.ts'
import { type MediaOutcome, type MediaPolicy, mediaOutcome } from '../../matrix/media-policy.ts'
import type { PolicyDeparture } from '../../matrix/platform.ts'
import type { CallWires } from '../evidence/call-wires.ts'
import { inOrder } from '../evidence/in-order.ts'
import { keyingOf, protectionsOf, sendingKeys } from '../evidence/protection.ts'
import { readStreams } from '../evidence/streams.ts'
import { findCall, readTrace } from '../evidence/trace.ts'
import type { PeerEvidence } from '../peers/peer.ts'
import type { OsrtpPair } from './osrtp-identity.ts'
import type { Probe } from './probe.ts'

/** Told from the wire. */
export interface Outcome {
  /** Agreed keying, none for plain RTP; undefined where there was no call. */
  readonly keying: 'sdes' | 'dtls' | 'none' | undefined
  /** Descriptions and packets bear it out. */
  readonly sound: boolean
  readonly seen: string
  readonly wires: CallWires
}

/** RFC 3261 sections 21.4.26 and 21.6.4: the description is refused, and nothing else. */
const refusals: readonly number[] = [488, 606]

/** Of a call that was refused, with the final status. */
export function refusal(status: number, evidence: PeerEvidence, cell: Cell): Outcome {
  const { streams, wires } = read(evidence, cell)
  const sent = streams.edge?.packets ?? 0
  const seen = `refused with ${status}${sent === 0 ? '' : `, after ${sent} packets of audio`}`
  return { keying: undefined, sound: refusals.includes(status) && sent === 0, seen, wires }
}

/** Of a call that came about. */
export function agreement(evidence: PeerEvidence, cell: Cell): Outcome {
  const { call, streams, wires } = read(evidence, cell)
  const { offer, answer } = protectionsOf(call)
  const keying = answer && keyingOf(answer)
  const [toEdge, toPeer] = [streams.peer, streams.edge].map((stream) => stream?.protection.kind ?? 'nothing')
  const seen = `${offer?.profile} answered with ${answer?.profile} and ${keying ?? 'no keys'}; ${toEdge} to the edge, ${toPeer} to the peer`
  const expected = keying === undefined ? 'plain' : 'srtp'
  const sound = offer?.profile === answer?.profile && toEdge === expected && toPeer === expected
  return { keying: keying ?? 'none', sound, seen, wires }
}

/** The last INVITE of the call and its media. */
function read(evidence: PeerEvidence, { axes }: Cell) {
  const peer = inOrder(evidence)
  const call = findCall(readTrace(peer.sip))
  const srtpKeys = sendingKeys(call, peer.srtpKeys)
  const wires: CallWires = { peer, srtpKeys }
  return { call, streams: readStreams(peer.rtp, call, axes.codec, srtpKeys), wires }
}

/** Holds an outcome against the table; a product's known ways are lived with, and told. */
export function judgeOutcome(pair: OsrtpPair, came: Outcome, departures: readonly PolicyDeparture[]): Probe {
  const { offerer, edge, peer } = pair
  const wanted = outcomeOf(pair, peer)
  const name = offerer === 'edge' ? `edge ${edge} to peer ${peer}` : `peer ${peer} to edge ${edge}`
  const demand = `an offer of ${name} comes to ${sayOutcome(wanted)}`
  const probe: Probe = {
    case: name,
    about: 'media',
    rule: wanted.rule,
    demand,
    met: meets(came, wanted),
    seen: came.seen,
    wires: came.wires,
    outcome: inShort(came),
    place: { table: `The ${offerer} offers`, row: `edge: ${edge}`, column: `peer: ${peer}` },
  }
  const departure = departures.find(({ policy }) => policy === peer)
  if (probe.met || departure === undefined || !meets(came, outcomeOf(pair, departure.comes_to))) return probe
  return { ...probe, met: true, departure: departure.id }
}

const outcomeOf = ({ offerer, edge }: OsrtpPair, peer: MediaPolicy): MediaOutcome =>
  offerer === 'peer' ? mediaOutcome(peer, edge) : mediaOutcome(edge, peer)

function meets({ keying, sound }: Outcome, { keyings }: MediaOutcome): boolean {
  if (!sound || keying === undefined || keyings === undefined) return sound && keying === undefined && keyings === undefined
  return keying === 'none' ? keyings.length === 0 : keyings.includes(keying)
}

const inShort = ({ keying }: Outcome): string =>
  keying === undefined ? 'no call' : keying === 'none' ? 'RTP' : `SRTP ${keying.toUpperCase()}`

function sayOutcome({ keyings }: MediaOutcome): string {
  if (keyings === undefined) return 'no call'
  return keyings.length === 0 ? 'plain RTP' : `SRTP keyed by ${keyings.join(' or ')}`
}
