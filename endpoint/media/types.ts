/**
 * The media side of a call as the rest of the endpoint sees it. `MediaEngine` (engine.ts)
 * is the real factory; tests of signalling may bring a simple one of their own.
 */

import type { TonePair } from '../../protocol/audio/tone.ts'
import type { ToneReading } from '../../protocol/audio/tone-detector.ts'
import type {
  CodecName,
  Direction,
  Keying,
  MediaProfile,
  Negotiated,
  Protection,
  ProtectionProfile,
  SdpStyle,
  SrtpKeying,
} from '../../protocol/sdp/types.ts'
import type { Address, RtpTap } from '../../protocol/wire.ts'

export type DtmfMethod = 'rfc4733' | 'info'

/** What a call wants of its media before anything is negotiated. */
export interface MediaOptions {
  /** Order of preference in our offers; an answer follows the offerer's order (RFC 3264 section 6.1). */
  readonly codecs: readonly CodecName[]
  /** `info`: telephone-event is neither offered nor accepted. `both`: RFC 4733 where negotiated, else INFO. */
  readonly dtmf: DtmfMethod | 'both'
  /** Local IP address RTP and RTCP are bound to. */
  readonly host: string
  /** The address written into SDP instead of `host`. */
  readonly advertisedHost?: string
  /** An answer that names no codec we offered is recorded as a departure, and our first codec is used. */
  readonly lenientAnswer?: boolean
  /** Media goes to where valid media comes from (RFC 7362). Default true. */
  readonly latching?: boolean
  readonly sdp?: SdpStyle
  /** Default: plain RTP, and nothing else is allowed. */
  readonly protection?: Protection
  /** Sees every pair of SRTP master keys as it comes into use: evidence, never to be logged. */
  readonly srtpKeyTap?: (keys: SrtpKeys) => void
  /** Sees this session's packets, in addition to the factory's tap. */
  readonly tap?: RtpTap
}

/** Master keys of one session from the moment they came into use, `local` being what it sends under. */
export interface SrtpKeys extends SrtpKeying {
  /** Epoch milliseconds. */
  readonly at: number
  readonly keying: Keying
}

/** What a renegotiation changes; absent parts stay as they are. */
export interface MediaChange {
  /** Our side's direction: `sendonly` or `inactive` holds, `sendrecv` resumes. */
  readonly direction?: Direction
  readonly codecs?: readonly CodecName[]
  /** New SDES keys for both directions. DTLS keys change when the other side names another certificate. */
  readonly rekey?: boolean
}

export interface MediaFactory {
  /** Binds an RTP/RTCP port pair. Rejects with a MediaError (`no-port`, `bind`) when it cannot. */
  create(options: MediaOptions): Promise<MediaSession>
}

/** One digit heard: 0-9 * # A-D, or ! for a hook flash. */
export interface DigitEvent {
  readonly digit: string
  readonly method: DtmfMethod
  /** Milliseconds as the sender stated them; 0 when it did not. */
  readonly durationMs: number
  /** Epoch milliseconds at which the digit was complete. */
  readonly at: number
}

export interface ToneEvent extends ToneReading {
  /** Epoch milliseconds at the end of the window. */
  readonly at: number
}

export type ProtectionEvent = { readonly state: 'keyed' } | { readonly state: 'failed'; readonly why: string }

export interface MediaEvents {
  digit: [DigitEvent]
  /** One per change of the pair heard, else at most one per 100 ms of audio received. */
  tone: [ToneEvent]
  /** Keys came into use, for the first time or anew; or a handshake failed or was ended, and nothing is sent any more. */
  protection: [ProtectionEvent]
}

export type OfferAccepted =
  | { readonly ok: true; readonly answer: string }
  | { readonly ok: false; readonly status: 488; readonly why: string }
export type AnswerAccepted = { readonly ok: true } | { readonly ok: false; readonly why: string }

export interface SendDigitsOptions {
  /** Length of each digit, milliseconds. Default 100. */
  readonly durationMs?: number
  /** Silence between two digits, milliseconds. Default 60, least 40. */
  readonly gapMs?: number
}

/** The media of one call. Life: create, negotiate, start, close. */
export interface MediaSession {
  /** Where our RTP socket is bound. */
  readonly local: Address
  readonly negotiated: Negotiated | undefined
  /** The description we sent last and the one received last, verbatim. */
  readonly localSdp: string | undefined
  readonly remoteSdp: string | undefined
  /** Sends a SIP INFO; wired by the call. Rejects when the INFO was not answered by a 2xx. */
  sendInfo?: ((contentType: string, body: string) => Promise<unknown>) | undefined

  /** An offer, first or later. `change` takes effect when the answer is accepted. */
  createOffer(change?: MediaChange): string
  /** Answers an offer, first or later. On failure nothing has changed. */
  acceptOffer(sdp: string): OfferAccepted
  /** Applies an answer to our last offer; a further answer to the same offer (fork, 200 after 183) replaces the first. */
  acceptAnswer(sdp: string): AnswerAccepted
  /** Our last offer was refused: everything stays as it was before it. */
  cancelOffer(): void

  /** Begins to send (silence until `play`). Packets that come in before are read already. */
  start(): void
  /** Plays a tone pair without end, or silence. The level is that of the pair, default -16 dBm0. */
  play(pair: TonePair | undefined, levelDbm0?: number): void
  /** Sends every received audio payload back under our own SSRC and sequence, instead of playing. */
  echo(on: boolean): void
  /** Whether received audio is decoded and listened to. Default true. */
  listen(on: boolean): void
  /**
   * Sends digits one after another and resolves when the last was sent. Rejects with a RangeError
   * on a character that is no digit, with a MediaError when the session cannot send them or closes.
   */
  sendDigits(digits: string, options?: SendDigitsOptions): Promise<void>
  /** Reads a digit from an INFO body and emits `digit`. False: the body or its type cannot be read. */
  receiveInfoDigit(contentType: string, body: Uint8Array | string): boolean

  on<K extends keyof MediaEvents>(event: K, listener: (...args: MediaEvents[K]) => void): this
  once<K extends keyof MediaEvents>(event: K, listener: (...args: MediaEvents[K]) => void): this
  off<K extends keyof MediaEvents>(event: K, listener: (...args: MediaEvents[K]) => void): this
  stats(): MediaStats
  /** Stops at once, sends RTCP BYE, hands the ports back to the pool. Idempotent. */
  close(): Promise<void>
}

/** Packet counts by payload type number. */
export type PayloadTypeCounts = Readonly<Record<number, number>>

/** How the media of a session was protected, counted in packets of RTP and RTCP together. */
export interface ProtectionStats {
  readonly profile: MediaProfile
  readonly keying?: Keying
  readonly suite?: ProtectionProfile
  readonly srtpSent: number
  /** Authenticated. */
  readonly srtpReceived: number
  /** Keyed, yet these came as plain RTP or RTCP: dropped. */
  readonly plainReceived: number
  /** Neither authentic nor plain: a wrong key, a forged or a damaged packet. Dropped. */
  readonly authFailures: number
  /** Authentic, but seen before or too old to tell (RFC 3711 section 3.3.2). Dropped. */
  readonly replayed: number
  /** Of DTLS; `failed` once the other side's certificate is not the one its description promised, or nobody answers. */
  readonly handshake?: 'pending' | 'done' | 'failed'
}

/** What one session sent and heard so far; plain data, fit for JSON. */
export interface MediaStats {
  readonly sent: {
    readonly ssrc: number
    readonly packets: number
    /** RTP payload bytes (RFC 3550 section 6.4.1: without headers). */
    readonly bytes: number
    readonly payloadTypes: PayloadTypeCounts
  }
  readonly received: {
    /** Every source heard on the accepted address, in order of appearance. */
    readonly ssrcs: readonly number[]
    readonly packets: number
    readonly bytes: number
    /** Expected minus received (RFC 3550 A.3), over all sources; duplicates make it smaller, never below 0 here. */
    readonly lost: number
    readonly duplicates: number
    readonly reordered: number
    /** Interarrival jitter (RFC 3550 A.8) of the last source. */
    readonly jitterMs: number
    readonly payloadTypes: PayloadTypeCounts
    /** Those of `payloadTypes` that were not negotiated. */
    readonly unexpectedPayloadTypes: PayloadTypeCounts
    /** Datagrams on the RTP port that are no RTP. */
    readonly malformed: number
    /** RTP from an address that is neither signalled nor latched: dropped. */
    readonly stray: number
  }
  /** Where our media goes now; undefined before negotiation. */
  readonly remote: Address | undefined
  /** True once media goes to a source address learnt from packets. */
  readonly latched: boolean
  readonly rtcp: {
    readonly sent: number
    readonly received: number
    readonly malformed: number
    /** The remote side's view of what we send, from its last report about us. */
    readonly remoteReport?: {
      readonly fractionLost: number
      readonly lost: number
      readonly jitterMs: number
      readonly roundTripMs?: number
    }
    /** From its last sender report. */
    readonly senderReport?: { readonly packets: number; readonly bytes: number }
    readonly bye: boolean
  }
  /** Estimated listening quality 1 to 4.5 (ITU-T G.107) from codec, loss and jitter; undefined before media. */
  readonly mos: number | undefined
  /** The newest full window heard. */
  readonly heard: ToneReading | undefined
  readonly protection: ProtectionStats
  /** Ways in which the remote side broke a rule and was lived with. */
  readonly departures: readonly string[]
}

/** Why media could not do what it was asked to. */
export class MediaError extends Error {
  override readonly name = 'MediaError'
  readonly code: 'no-port' | 'bind' | 'closed' | 'not-negotiated' | 'not-keyed' | 'no-digits' | 'info-failed'

  constructor(code: MediaError['code'], message: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
  }
}
