/**
 * The offer/answer state of one session (RFC 3264): which descriptions were exchanged, which offer
 * of ours is open, what was agreed. Pure; the session applies what changed.
 *
 *            createOffer                 acceptAnswer
 *  stable --------------> offer open ---------------------> stable (agreed anew)
 *    |  ^                     | cancelOffer, refused answer
 *    |  +---------------------+ (as before)
 *    +--- acceptOffer --> stable (agreed anew)
 */

import type { ReceiveFormats } from '../../protocol/rtp/received-audio.ts'
import { applyAnswer, codecOf, createAnswer, createOffer, type MediaLayout, offerLayout } from '../../protocol/sdp/offer-answer.ts'
import { parseSdp, type SdpSession } from '../../protocol/sdp/session.ts'
import type {
  CodecName,
  Direction,
  Fingerprint,
  LocalMedia,
  LocalProtection,
  MasterKey,
  Negotiated,
  Protection,
  SdpStyle,
} from '../../protocol/sdp/types.ts'
import type { Address } from '../../protocol/wire.ts'
import { KeyRing } from './key-ring.ts'
import type { AnswerAccepted, MediaChange, OfferAccepted } from './types.ts'

export interface NegotiationOptions {
  readonly rtp: Address
  readonly codecs: readonly CodecName[]
  readonly telephoneEvents: boolean
  readonly lenientAnswer: boolean
  readonly style: SdpStyle
  readonly sessionId: string
  readonly protection?: Protection | undefined
  /** Of our DTLS certificate. */
  readonly fingerprint?: Fingerprint | undefined
}

interface Wish {
  readonly direction: Direction
  readonly codecs: readonly CodecName[]
  readonly keys: KeyRing
}

/** What a fault makes of our answers. */
export interface AnswerSabotage {
  /** Replaces the text; what is agreed stays. */
  readonly text?: ((answer: string, offer: SdpSession) => string) | undefined
  /** Our key is the other side's. */
  readonly reuseKey?: boolean
}

/** An offer of ours and what it was made of. */
interface SentOffer {
  readonly sdp: string
  readonly parsed: SdpSession
  readonly wish: Wish
  readonly protection: Protection | undefined
}

export class Negotiation {
  readonly #options: NegotiationOptions
  #wish: Wish
  #version = 1
  #layout: MediaLayout | undefined
  /** Our newest offer that has no answer yet. */
  #open: SentOffer | undefined
  /** Our newest offer that has one; a further answer to it may come. */
  #answered: SentOffer | undefined
  #negotiated: Negotiated | undefined
  #localSdp: string | undefined
  #remoteSdp: string | undefined
  readonly #departures = new Set<string>()

  constructor(options: NegotiationOptions) {
    this.#options = options
    this.#wish = { direction: 'sendrecv', codecs: options.codecs, keys: new KeyRing() }
  }

  get negotiated(): Negotiated | undefined {
    return this.#negotiated
  }

  get localSdp(): string | undefined {
    return this.#localSdp
  }

  get remoteSdp(): string | undefined {
    return this.#remoteSdp
  }

  /** Every departure seen in this session, each once. */
  get departures(): readonly string[] {
    return [...this.#departures]
  }

  /** What may come in now: what was agreed, and what an open offer of ours invites (RFC 3264 section 5.1). */
  get receiveFormats(): ReceiveFormats {
    const audio: Record<number, CodecName> = { ...this.#negotiated?.receivable }
    const events: Record<number, number> = {}
    for (const format of this.#open?.parsed.media[this.#layout?.audio ?? 0]?.formats ?? []) {
      const codec = codecOf(format)
      if (codec !== undefined) audio[format.payloadType] = codec
      else if (format.name === 'telephone-event') events[format.payloadType] = format.clockRate
    }
    const agreed = this.#negotiated?.telephoneEvent
    if (agreed !== undefined) events[agreed.recvPt] = agreed.clockRate
    return { audio, events }
  }

  createOffer(change: MediaChange): string {
    const { rekey = false, ...rest } = change
    const wish = { ...this.#wish, ...rest, ...(rekey ? { keys: new KeyRing() } : {}) }
    const sdp = this.#describe((local) => createOffer(local, this.#layout), wish)
    const parsed = parseSdp(sdp)
    if (!parsed.ok) throw new Error(`our own offer cannot be read: ${parsed.error.detail}`)
    this.#open = { sdp, parsed: parsed.session, wish, protection: this.#protection(wish, true) }
    this.#localSdp = sdp
    return sdp
  }

  acceptOffer(sdp: string, sabotage: AnswerSabotage = {}): OfferAccepted {
    if (this.#open !== undefined) return { ok: false, status: 488, why: 'an offer of ours is still open (RFC 3264 section 4)' }
    const parsed = parseSdp(sdp)
    if (!parsed.ok) return { ok: false, status: 488, why: `${parsed.error.rule}: ${parsed.error.detail}` }
    const offer = parsed.session
    let wish = this.#wish
    let result = createAnswer(offer, this.#local(wish, this.#version, false))
    if (!result.ok) return result
    const remoteKey = result.negotiated.srtp?.remote
    if (remoteKey !== undefined && (sabotage.reuseKey === true || this.#isRekeyed(remoteKey))) {
      // Keyed anew by the other side, we are so too: its context for us may begin anew with it (RFC 4568 section 7.1.4).
      wish = { ...wish, keys: new KeyRing(sabotage.reuseKey === true ? remoteKey : undefined) }
      result = createAnswer(offer, this.#local(wish, this.#version, false))
      if (!result.ok) return result
    }
    if (this.#localSdp !== undefined && result.answer !== this.#localSdp) {
      result = createAnswer(offer, this.#local(wish, ++this.#version, false))
      if (!result.ok) return result
    }
    const answer = sabotage.text === undefined ? result.answer : sabotage.text(result.answer, offer)
    this.#wish = wish
    this.#layout = result.layout
    this.#answered = undefined
    this.#localSdp = answer
    this.#agree(result.negotiated, sdp)
    return { ok: true, answer }
  }

  acceptAnswer(sdp: string): AnswerAccepted {
    const sent = this.#open ?? this.#answered
    if (sent === undefined) return { ok: false, why: 'there is no offer of ours to be answered' }
    if (this.#open === undefined && sdp === this.#remoteSdp) return { ok: true }
    const parsed = parseSdp(sdp)
    if (!parsed.ok) return { ok: false, why: `${parsed.error.rule}: ${parsed.error.detail}` }
    const layout = this.#layout ?? offerLayout
    const result = applyAnswer(sent.parsed, parsed.session, {
      layout,
      lenient: this.#options.lenientAnswer,
      protection: sent.protection,
    })
    if (!result.ok) return result
    this.#layout = layout
    this.#open = undefined
    this.#answered = sent
    this.#wish = sent.wish
    this.#agree(result.negotiated, sdp)
    return { ok: true }
  }

  cancelOffer(): void {
    this.#open = undefined
  }

  /** The other side is keyed already, and otherwise than this. */
  #isRekeyed(remoteKey: MasterKey): boolean {
    const before = this.#negotiated?.srtp?.remote
    return before !== undefined && !sameKey(before, remoteKey)
  }

  #agree(negotiated: Negotiated, remoteSdp: string): void {
    this.#negotiated = negotiated
    this.#remoteSdp = remoteSdp
    for (const departure of negotiated.departures) this.#departures.add(departure)
  }

  /** RFC 3264 section 8: the version in o= counts up when the description changed, and only then. */
  #describe(write: (local: LocalMedia) => string, wish: Wish): string {
    const same = write(this.#local(wish, this.#version, true))
    if (this.#localSdp === undefined || same === this.#localSdp) return same
    return write(this.#local(wish, ++this.#version, true))
  }

  #local(wish: Wish, sessionVersion: number, offering: boolean): LocalMedia {
    const { rtp, telephoneEvents, style, sessionId } = this.#options
    return {
      rtp,
      rtcpPort: rtp.port + 1,
      codecs: wish.codecs,
      telephoneEvents,
      direction: wish.direction,
      sessionId,
      sessionVersion,
      protection: this.#protection(wish, offering),
      ...(this.#negotiated?.rtcpMux === true ? { rtcpMux: true } : {}),
      style: { ...style, payloadTypes: { ...style.payloadTypes, ...this.#numbersInUse() } },
    }
  }

  /** What was agreed is what a later offer of ours repeats, and what we prefer in a later one of theirs. */
  #protection({ keys }: Wish, offering: boolean): LocalProtection | undefined {
    const { protection, fingerprint } = this.#options
    if (protection === undefined) return undefined
    const { masterKey } = keys
    const { keying, profile, dtls } = this.#negotiated ?? {}
    if (keying === undefined) return { ...protection, fingerprint, masterKey }
    const others = offering ? [] : protection.keyings.filter((other) => other !== keying)
    const offer = profile === 'RTP/AVP' ? 'osrtp' : keying
    return { ...protection, offer, keyings: [keying, ...others], fingerprint, masterKey, setup: dtls?.setup }
  }

  /** A payload type number keeps its meaning for the whole session (RFC 3264 section 8.3.2), whoever chose it. */
  #numbersInUse(): SdpStyle['payloadTypes'] {
    const negotiated = this.#negotiated
    if (negotiated === undefined) return {}
    const event = negotiated.telephoneEvent
    return {
      ...(negotiated.codec === 'opus' ? { opus: negotiated.payloadType.recv } : {}),
      ...(event === undefined
        ? {}
        : event.clockRate === 48000
          ? { telephoneEvent48000: event.recvPt }
          : { telephoneEvent8000: event.recvPt }),
    }
  }
}

function sameKey(a: MasterKey, b: MasterKey): boolean {
  return Buffer.compare(a.key, b.key) === 0 && Buffer.compare(a.salt, b.salt) === 0
}
