/**
 * What one attempt at a cell left behind, put together for the judge: the wire as the
 * peer saw it, what each side says of itself, and which steps were carried out.
 */
import type { Cell } from '../../matrix/cell.ts'
import type { TonePair } from '../../protocol/audio/tone.ts'
import type { ToneReading } from '../../protocol/audio/tone-detector.ts'
import type { ProtectionProfile } from '../../protocol/sdp/types.ts'
import type { PeerEvidence, PeerIdentity } from '../peers/peer.ts'
import type { Probe } from '../probes/probe.ts'
import type { SendingKey } from './protection.ts'
import type { Side, Trace, TracedCall } from './trace.ts'

/** How the packets of one direction were protected, told from them and the keys alone. */
export interface StreamProtection {
  /** What most packets are. `unreadable`: encrypted under other keys than those agreed on, or damaged. */
  readonly kind: 'plain' | 'srtp' | 'unreadable'
  /** Packets of each kind. */
  readonly counts: { readonly plain: number; readonly srtp: number; readonly unreadable: number }
  /** What `unreadable` packets turned out to be under the agreed key, if it is known. */
  readonly otherwise: ProtectionProfile | undefined
  /** Numbers in the cell's list of packets, from 1, of the first that was of a kind. */
  readonly first: { readonly plain: number | undefined; readonly unreadable: number | undefined }
}

/** RTP of one direction, decoded from the packets themselves. */
export interface StreamFacts {
  readonly from: Side
  readonly protection: StreamProtection
  readonly packets: number
  /** Sequence numbers that never came, and those that came twice (RFC 3550 appendix A.1, A.3). */
  readonly lost: number
  readonly duplicates: number
  /** Audio packets by codec name, or `pt N` where the number means nothing. */
  readonly codecs: Readonly<Record<string, number>>
  readonly payloadTypes: Readonly<Record<number, number>>
  readonly tones: readonly (ToneReading & { readonly at: number })[]
  /** Digits sent as RFC 4733 events. */
  readonly digits: string
  /** Number of the first packet that is not of the negotiated codec, in the cell's list of packets from 1. */
  readonly firstForeignPacket: number | undefined
}

/** A stretch of audio in which the same pair was heard, or none; level and purity are medians over its windows. */
export interface HeardStretch {
  readonly pair: TonePair | undefined
  readonly levelDbm0: number
  readonly purity: number
  readonly windows: number
}

/** What the edge says of the call over its API. Absent for an edge that gives no inside view. */
export interface EdgeView {
  readonly state: string
  readonly digits: readonly { readonly digit: string; readonly method: string }[]
  readonly tones: readonly HeardStretch[]
  readonly packetsReceived: number | undefined
  readonly lost: number | undefined
  readonly ended: { readonly by: string; readonly status?: number | undefined; readonly reason?: string | undefined } | undefined
}

export interface CellEvidence {
  readonly cell: Cell
  readonly identity: PeerIdentity
  readonly trace: Trace
  readonly call: TracedCall | undefined
  readonly streams: { readonly [S in Side]: StreamFacts | undefined }
  /** What each side sends under; empty where plain RTP was agreed on, or where nobody knows. */
  readonly srtpKeys: { readonly [S in Side]: readonly SendingKey[] }
  /** Where the peer is reached: what its Contact has to say. */
  readonly peerAddress: { readonly host: string; readonly port: number }
  readonly peer: PeerEvidence
  readonly edge: EdgeView | undefined
  /** Digits each side was told to send, empty when the steps did not get there. */
  readonly told: { readonly [S in Side]: string }
  /** Who was told to hang up; undefined when the steps did not get there. */
  readonly hangup: Side | undefined
  /** Status of the last REGISTER with a wrong password, where the scenario tried one. */
  readonly wrongPassword: number | undefined
  /** Final status of a call that was meant to be refused, where the scenario tried one. */
  readonly refusal: number | undefined
  /** What the scenario tried beside its calls, as it came to an end. */
  readonly probes: readonly Probe[]
  /** What the edge wrote into its log since the attempt began; undefined where it cannot be read. */
  readonly edgeLog: string | undefined
}
