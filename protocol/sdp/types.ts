/**
 * The values offer/answer works on: what one side wants, and what both settled on.
 * The text forms live in `session.ts`, the rules in `offer-answer.ts`.
 */

import type { SrtpMasterKey, SrtpProfileName } from '../srtp/profile.ts'
import type { Address } from '../wire.ts'

/** The audio codecs this stack can speak. */
export type CodecName = 'pcmu' | 'pcma' | 'opus'

/** RFC 3264 section 5.1, seen from the side that holds the value. */
export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive'

/** The transport profile of an m= line (RFC 3551, RFC 3711, RFC 5764). */
export type MediaProfile = 'RTP/AVP' | 'RTP/SAVP' | 'UDP/TLS/RTP/SAVP'

/** How the keys of protected media come about: in the descriptions (RFC 4568), or by a handshake on the media path (RFC 5763). */
export type Keying = 'sdes' | 'dtls'

/** How SRTP packets are encrypted and authenticated: `protection profile` with DTLS (RFC 5764), `crypto suite` with SDES (RFC 4568). */
export type ProtectionProfile = SrtpProfileName

/** How a description protects media. */
export interface Protection {
  /** What an offer of ours is: plain, a demand (secure profile), or opportunistic (RFC 8643: RTP/AVP that carries keying attributes). */
  readonly offer: 'rtp' | Keying | 'osrtp'
  /** Keyings offered with `osrtp` and accepted in offers of the other side, in order of preference. */
  readonly keyings: readonly Keying[]
  /** Plain RTP is never agreed to: an offer without keying is refused (488), and so is an answer. */
  readonly required: boolean
  /** False where signalling is not secure: keying attributes are ignored, secure profiles refused, and only plain RTP is agreed to. */
  readonly allowed: boolean
  /** In order of preference; default all, strongest first. */
  readonly suites?: readonly ProtectionProfile[]
}

/** What an endpoint brings to agree on protection: its wishes, and what it would be keyed by. */
export interface LocalProtection extends Protection {
  /** Our master key for a suite: the same at each call, until we want to be keyed anew. */
  readonly masterKey: (suite: ProtectionProfile) => MasterKey
  /** Of our certificate; without it DTLS is neither offered nor accepted. */
  readonly fingerprint?: Fingerprint | undefined
  /** Our part in the DTLS association there is, which goes on. */
  readonly setup?: 'active' | 'passive' | undefined
}

/** A master key and its salt (RFC 3711 section 3.2.1). */
export type MasterKey = SrtpMasterKey

/** What the packets of both directions are protected with: `local` is what we send under. */
export interface SrtpKeying {
  readonly profile: ProtectionProfile
  readonly local: MasterKey
  readonly remote: MasterKey
}

/** A certificate's hash as SDP writes it (RFC 8122): the function in lower case, the value in upper-case hex with colons. */
export interface Fingerprint {
  readonly algorithm: string
  readonly value: string
}

/** Payload type numbers used in our own offers for what has no static number. */
export interface DynamicPayloadTypes {
  readonly opus: number
  /** telephone-event/8000. */
  readonly telephoneEvent8000: number
  /** telephone-event/48000. */
  readonly telephoneEvent48000: number
}

/** How one side spells its SDP: the parts that are taste, not agreement. */
export interface SdpStyle {
  /** User name in o=. Default `-`. */
  readonly originUser?: string
  /** The text of s=. Default `-`. */
  readonly sessionName?: string
  /** a=ptime of our descriptions, milliseconds. Default 20. */
  readonly ptimeMs?: number
  /** a=maxptime, milliseconds; not written when absent. */
  readonly maxPtimeMs?: number
  readonly payloadTypes?: Partial<DynamicPayloadTypes>
}

/** Everything one side brings to an offer or an answer. */
export interface LocalMedia {
  /** RTP as it is to be written into SDP; RTCP is announced by a=rtcp only when it is not `port + 1`. */
  readonly rtp: Address
  readonly rtcpPort: number
  /** In order of preference. */
  readonly codecs: readonly CodecName[]
  /** Whether telephone-event (RFC 4733) is offered and accepted. */
  readonly telephoneEvents: boolean
  readonly direction: Direction
  /** o= session id and version (RFC 3264 section 8): the caller counts the version. */
  readonly sessionId: string
  readonly sessionVersion: number
  readonly style?: SdpStyle
  /** Absent: plain RTP, and nothing else. */
  readonly protection?: LocalProtection | undefined
  /** RTCP on the RTP port is offered (RFC 5761); where it is offered to us it is accepted always. Default: with DTLS alone. */
  readonly rtcpMux?: boolean
}

/** Telephone events as agreed: `sendPt` is what the remote side listens on, `recvPt` what we do. */
export interface NegotiatedTelephoneEvent {
  readonly sendPt: number
  readonly recvPt: number
  /** Hz: the unit of event durations. */
  readonly clockRate: number
}

/** What an offer and its answer settled, seen from our side. */
export interface Negotiated {
  readonly codec: CodecName
  /** Payload type numbers may differ per direction (RFC 3264 section 5.1). */
  readonly payloadType: { readonly send: number; readonly recv: number }
  /** Every payload type number the remote side may send us, `payloadType.recv` among them. */
  readonly receivable: Readonly<Record<number, CodecName>>
  /** RTP timestamp rate in Hz: 8000 for G.711, 48000 for Opus. */
  readonly clockRate: number
  readonly telephoneEvent?: NegotiatedTelephoneEvent
  /** Where the remote side wants RTP; its port is never 0. */
  readonly remote: Address
  readonly remoteRtcp: Address
  /** Milliseconds of audio in the packets we send: what the remote side asked for, else 20. */
  readonly ptimeMs: number
  /** From our side: `sendonly` means that we send and do not expect audio. */
  readonly direction: Direction
  /** The remote side put us on hold: by direction, or by the old connection address 0.0.0.0. */
  readonly remoteHold: boolean
  readonly profile: MediaProfile
  /** How packets are keyed; undefined for plain RTP, which RTP/AVP with keying attributes is not (RFC 8643). */
  readonly keying?: Keying
  /** The keys, with SDES. Those of a DTLS handshake come later and are no part of the agreement. */
  readonly srtp?: SrtpKeying
  readonly dtls?: {
    /** Our part in the handshake: the active side begins. */
    readonly setup: 'active' | 'passive'
    readonly remoteFingerprints: readonly Fingerprint[]
  }
  /** RTCP comes and goes on the RTP port (RFC 5761). */
  readonly rtcpMux?: boolean
  /** Ways in which the remote description broke a rule and was lived with. */
  readonly departures: readonly string[]
}
