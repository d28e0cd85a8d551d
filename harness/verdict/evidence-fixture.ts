/**
 * Evidence of a made-up proof call. The wires are real bytes; everything the judge reads is
 * read from them by the same code as in a run. Without changes every expectation holds;
 * a test changes one thing and sees which expectation says so.
 */
import { type Axes, axisValues } from '../../matrix/axes.ts'
import { type Cell, cellId } from '../../matrix/cell.ts'
import { tonePair } from '../../protocol/audio/tone.ts'
import type { SipMessage } from '../../protocol/sip/message.ts'
import type { RtpWire, SipWire } from '../../protocol/wire.ts'
import type { CellEvidence, EdgeView, StreamFacts } from '../evidence/cell-evidence.ts'
import { rtpWire, type Speech, speak } from '../evidence/fixture/media.ts'
import { certificateFlight, keysOf, protectRtp } from '../evidence/fixture/protection.ts'
import { type About, formatsFor, places, type SignallingPlan, signalling, startedAt } from '../evidence/fixture/signalling.ts'
import { sendingKeys } from '../evidence/protection.ts'
import { readStreams } from '../evidence/streams.ts'
import { findCall, readTrace, type Side, type Traced } from '../evidence/trace.ts'
import type { PeerEvidence, PeerIdentity } from '../peers/peer.ts'

export interface Changes {
  readonly hangup?: Side
  readonly sip?: SignallingPlan['sip']
  readonly wire?: SignallingPlan['wire']
  /** What a side says in RTP, where it differs. */
  readonly speech?: { readonly [S in Side]?: Partial<Speech> }
  readonly rtp?: (wires: RtpWire[], side: Side) => RtpWire[]
  /** How a side protects its packets, where it is not as the descriptions say. */
  readonly protect?: { readonly [S in Side]?: (wires: RtpWire[]) => RtpWire[] }
  /** The certificate a side shows in the handshake, where it is not the one its description names; null for none. */
  readonly certificate?: { readonly [S in Side]?: Buffer | null }
  /** What the peer tells, where it differs. */
  readonly peer?: Partial<PeerEvidence>
  /** Digits that really go by INFO; those of the axes when absent. */
  readonly infoDigits?: { readonly [S in Side]?: string }
  /** Digits each side understood; what was sent to it when absent. */
  readonly understood?: { readonly [S in Side]?: string }
  /** What the edge says of the call; null for an edge that says nothing. */
  readonly edge?: Partial<EdgeView> | null
  readonly facts?: Partial<Pick<CellEvidence, 'hangup' | 'told' | 'wrongPassword' | 'refusal' | 'edgeLog' | 'probes'>>
}

const told = { peer: '1234*#', edge: '59*0' } as const
const tones = { peer: tonePair(1), edge: tonePair(0) } as const

const plainAxes: Axes = {
  direction: 'inbound',
  transport: 'udp',
  media: 'rtp',
  registration: 'static',
  dtmf: 'rfc4733',
  codec: 'pcmu',
  nat: 'none',
}

/** Probes that came out well, one of each kind. */
export const goodProbes: CellEvidence['probes'] = (['protocol', 'identity', 'media'] as const).map((about) => ({
  case: `good-${about}`,
  about,
  rule: 'RFC 8446',
  demand: 'it goes well',
  met: true,
  seen: 'it went well',
}))

/** Axes whose values all differ in what is done from those of `plainAxes`; together they reach every expectation. */
export const kinds: readonly Partial<Axes>[] = [
  {},
  { direction: 'outbound', transport: 'tcp', codec: 'pcma', dtmf: 'info' },
  { registration: 'register', transport: 'tls', codec: 'opus' },
  { registration: 'register', direction: 'outbound', transport: 'tls', dtmf: 'info', codec: axisValues.codec[0] },
  ...axisValues.media.flatMap((media): Partial<Axes>[] =>
    axisValues.direction.map((direction) => ({ direction, transport: 'tls', media, codec: media.endsWith('dtls') ? 'opus' : 'pcmu' })),
  ),
]

/** The evidence of a proof call in a cell of these axes, with these things gone differently. */
export function proofCall(some: Partial<Axes> = {}, changes: Changes = {}): CellEvidence {
  const axes = { ...plainAxes, ...some }
  const { wrongPassword, refusal } = changes.facts ?? {}
  const hangup = changes.hangup ?? 'peer'
  const byInfo = axes.dtmf === 'info'
  const sip = signalling({
    axes,
    hangup,
    infoDigits: {
      peer: changes.infoDigits?.peer ?? (byInfo ? told.peer : ''),
      edge: changes.infoDigits?.edge ?? (byInfo ? told.edge : ''),
    },
    sip: changes.sip,
    wire: changes.wire,
  })
  const rtp = (['peer', 'edge'] as const).flatMap((side) => {
    const wires = speak(side, { ...usualSpeech(side, axes), ...changes.speech?.[side] })
    const spoken = changes.rtp?.(wires, side) ?? wires
    if (axes.media === 'rtp') return spoken
    const shown = axes.media.endsWith('dtls') ? handshake(side, changes.certificate?.[side]) : []
    return [...shown, ...(changes.protect?.[side]?.(spoken) ?? protectRtp(spoken, side))]
  })
  rtp.sort((a, b) => a.at - b.at)
  return assemble({ axes, sip, rtp, hangup, changes, wrongPassword, refusal })
}

function handshake(side: Side, der: Buffer | null | undefined): RtpWire[] {
  return der === null ? [] : certificateFlight(side, (bytes) => rtpWire(side, bytes), der)
}

function usualSpeech(side: Side, axes: Axes): Speech {
  const [audio] = formatsFor(axes)
  return {
    codec: axes.codec,
    payloadType: audio!.payloadType,
    tone: tones[side],
    digits: axes.dtmf === 'rfc4733' ? told[side] : '',
  }
}

interface Parts {
  readonly axes: Axes
  readonly sip: SipWire[]
  readonly rtp: RtpWire[]
  readonly hangup: Side
  readonly changes: Changes
  readonly wrongPassword: number | undefined
  readonly refusal: number | undefined
}

function assemble({ axes, sip, rtp, hangup, changes, wrongPassword, refusal }: Parts): CellEvidence {
  const cell: Cell = { id: cellId('generic', axes), platform: 'generic', axes, claimed: true, clauses: [] }
  const identity: PeerIdentity = {
    cellId: cell.id,
    number: '+99910000000',
    edge: { host: places.edge.address, port: places.edge.sip, transport: axes.transport },
    username: 'cell',
    password: 'not-a-secret',
    edgeTone: tones.edge,
    peerTone: tones.peer,
    sendDigits: told.peer,
    edgeDigits: told.edge,
  }
  const trace = readTrace(sip)
  const call = findCall(trace)
  const srtpKeys = sendingKeys(call, changes.peer?.srtpKeys ?? keysOf(axes, startedAt))
  const streams = readStreams(rtp, call, axes.codec, srtpKeys)
  return {
    cell,
    identity,
    trace,
    call,
    streams,
    srtpKeys,
    peerAddress: { host: places.peer.address, port: places.peer.sip },
    peer: {
      sip,
      rtp,
      digits: heard(changes.understood?.peer ?? told.edge, axes.dtmf),
      tones: streams.edge?.tones ?? [],
      log: [],
      ...changes.peer,
    },
    edge: changes.edge === null ? undefined : { ...edgeView(streams.peer, axes, changes), ...changes.edge },
    told,
    hangup,
    wrongPassword,
    refusal,
    probes: [],
    edgeLog: 'a call came and went\n',
    ...changes.facts,
  }
}

function edgeView(stream: StreamFacts | undefined, { dtmf }: Axes, { understood }: Changes): EdgeView {
  return {
    state: 'ended',
    digits: heard(understood?.edge ?? told.peer, dtmf),
    tones: (stream?.tones ?? []).map((reading) => ({ ...reading, windows: 1 })),
    packetsReceived: stream?.packets,
    lost: stream?.lost,
    ended: { by: 'remote' },
  }
}

const heard = (digits: string, method: Axes['dtmf']) => [...digits].map((digit, index) => ({ digit, method, durationMs: 100, at: index }))

/** Ladder number of the first message of that name, from that side if given. */
export function numberOf(evidence: CellEvidence, name: string, from?: Side): number | undefined {
  return evidence.trace.messages.find((traced) => nameOf(traced) === name && (from === undefined || traced.from === from))?.number
}

const nameOf = ({ message }: Traced): string =>
  message.type === 'request' ? message.method : `${message.status} to ${message.headers.get('CSeq')?.split(' ')[1]}`

/** Drops every message of these names. */
export function without(...names: string[]): (message: SipMessage, about: About) => SipMessage | undefined {
  return (message, { name }) => (names.includes(name) ? undefined : message)
}

/** Changes the messages of one name, in place. */
export function altering(
  name: string,
  alter: (message: SipMessage) => void,
  from?: Side,
): (message: SipMessage, about: About) => SipMessage {
  return (message, about) => {
    if (about.name === name && (from === undefined || about.from === from)) alter(message)
    return message
  }
}

/** One way a call can go wrong: the expectation that must say so, and what it must say. */
export interface Broken {
  readonly id: string
  readonly what: string
  readonly axes?: Partial<Axes>
  readonly changes: Changes
  readonly seen: string | RegExp
  readonly cause?: string | RegExp
  /** Name of the message the finding must point at, and who sent it. */
  readonly at?: readonly [name: string, from?: Side]
}
