/**
 * Media for calls that are about signalling alone: the description says `inactive`
 * (RFC 3264 section 5.1), and no port is bound. For agents with `"media": false`.
 */

import { EventEmitter } from 'node:events'
import type { MediaEvents, MediaFactory, MediaOptions, MediaSession, MediaStats, OfferAccepted } from '../endpoint/media/types.ts'
import { MediaError } from '../endpoint/media/types.ts'
import { applyAnswer, createAnswer, createOffer, offerLayout } from '../protocol/sdp/offer-answer.ts'
import { parseSdp } from '../protocol/sdp/session.ts'
import type { LocalMedia, Negotiated } from '../protocol/sdp/types.ts'
import type { Address } from '../protocol/wire.ts'

/** The discard port: what a description names that wants nothing sent to it. */
const discardPort = 9

const withoutMedia = Symbol('without media')

/** The same options, for a call without media. */
export const signallingOnly = (options: MediaOptions): MediaOptions => Object.assign({ ...options }, { [withoutMedia]: true })

/** Makes sessions without media for options of `signallingOnly`, and the given factory's for all others. */
export function withSignallingOnly(factory: MediaFactory): MediaFactory {
  return { create: (options) => (withoutMedia in options ? Promise.resolve(new NoMedia(options)) : factory.create(options)) }
}

const nothing: MediaStats = {
  sent: { ssrc: 0, packets: 0, bytes: 0, payloadTypes: {} },
  received: {
    ssrcs: [],
    packets: 0,
    bytes: 0,
    lost: 0,
    duplicates: 0,
    reordered: 0,
    jitterMs: 0,
    payloadTypes: {},
    unexpectedPayloadTypes: {},
    malformed: 0,
    stray: 0,
  },
  remote: undefined,
  latched: false,
  rtcp: { sent: 0, received: 0, malformed: 0, bye: false },
  mos: undefined,
  heard: undefined,
  protection: { profile: 'RTP/AVP', srtpSent: 0, srtpReceived: 0, plainReceived: 0, authFailures: 0, replayed: 0 },
  departures: [],
}

class NoMedia extends EventEmitter<MediaEvents> implements MediaSession {
  readonly local: Address
  negotiated: Negotiated | undefined
  localSdp: string | undefined
  remoteSdp: string | undefined
  sendInfo?: MediaSession['sendInfo']
  readonly #options: MediaOptions
  #version = 0

  constructor(options: MediaOptions) {
    super()
    this.#options = options
    this.local = { address: options.advertisedHost ?? options.host, port: discardPort }
  }

  createOffer(): string {
    this.localSdp = createOffer(this.#description())
    return this.localSdp
  }

  acceptOffer(sdp: string): OfferAccepted {
    const parsed = parseSdp(sdp)
    if (!parsed.ok) return { ok: false, status: 488, why: parsed.error.detail }
    const result = createAnswer(parsed.session, this.#description())
    if (!result.ok) return result
    this.negotiated = result.negotiated
    this.localSdp = result.answer
    this.remoteSdp = sdp
    return { ok: true, answer: result.answer }
  }

  acceptAnswer(sdp: string): ReturnType<MediaSession['acceptAnswer']> {
    const [ours, theirs] = [parseSdp(this.localSdp ?? ''), parseSdp(sdp)]
    if (!ours.ok) return { ok: false, why: 'there is no offer of ours to be answered' }
    if (!theirs.ok) return { ok: false, why: theirs.error.detail }
    const result = applyAnswer(ours.session, theirs.session, { layout: offerLayout })
    if (!result.ok) return result
    this.negotiated = result.negotiated
    this.remoteSdp = sdp
    return { ok: true }
  }

  cancelOffer(): void {}
  start(): void {}
  play(): void {}
  echo(): void {}
  listen(): void {}

  sendDigits(): Promise<void> {
    return Promise.reject(new MediaError('no-digits', 'the call has no media'))
  }

  receiveInfoDigit(): boolean {
    return true
  }

  stats(): MediaStats {
    return nothing
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  #description(): LocalMedia {
    this.#version += 1
    return {
      rtp: this.local,
      rtcpPort: discardPort + 1,
      codecs: this.#options.codecs,
      telephoneEvents: false,
      direction: 'inactive',
      sessionId: '1',
      sessionVersion: this.#version,
    }
  }
}
