/**
 * Offer/answer (RFC 3264) for one audio stream: what we offer, how an offer is answered,
 * and what an answer settles. Pure; who holds which state is the media session's matter.
 */

import ipaddr from 'ipaddr.js'
import { answerProtection, applyProtection, offerProtection } from './protection.ts'
import { type SdpAudioDraft, type SdpFormat, type SdpKeying, type SdpMedia, type SdpRefusal, type SdpSession, writeSdp } from './session.ts'
import type { CodecName, Direction, DynamicPayloadTypes, LocalMedia, MediaProfile, Negotiated, Protection } from './types.ts'

/**
 * The m= lines of a session and which of them is our audio: their number and order never
 * change (RFC 3264 section 8), so a later offer repeats them.
 */
export interface MediaLayout {
  readonly audio: number
  readonly lines: readonly SdpRefusal['refused'][]
}

export type AnswerResult =
  | { readonly ok: true; readonly answer: string; readonly negotiated: Negotiated; readonly layout: MediaLayout }
  | { readonly ok: false; readonly status: 488; readonly why: string }

export type ApplyResult = { readonly ok: true; readonly negotiated: Negotiated } | { readonly ok: false; readonly why: string }

/** 101 is what nearly everybody uses for telephone-event at 8 kHz. */
const defaultPayloadTypes: DynamicPayloadTypes = { opus: 111, telephoneEvent8000: 101, telephoneEvent48000: 110 }

/** RTP clock rate of a codec in Hz. Opus always counts at 48 kHz (RFC 7587 section 4.1). */
function clockRateOf(codec: CodecName): number {
  return codec === 'opus' ? 48000 : 8000
}

/** The codec a format names, or undefined when it is none of ours. */
export function codecOf(format: SdpFormat): CodecName | undefined {
  if (format.name === 'opus') return format.clockRate === 48000 ? 'opus' : undefined
  if (format.name === 'pcmu' || format.name === 'pcma') return format.clockRate === 8000 ? format.name : undefined
  return undefined
}

/** Writes an offer. With the layout of an earlier negotiation it keeps that one's m= lines. */
export function createOffer(local: LocalMedia, layout?: MediaLayout): string {
  const formats = [...codecFormats(local), ...telephoneEventFormats(local)]
  const { profile, keying } = offerProtection(local.protection)
  // RFC 5764 section 4.1: without it the RTCP port would need a handshake of its own.
  const rtcpMux = local.rtcpMux === true || keying.fingerprints.length > 0
  return describe(local, { formats, direction: local.direction, profile, keying, rtcpMux }, layout)
}

/** The layout of a session whose first offer is ours. */
export const offerLayout: MediaLayout = { audio: 0, lines: [{ kind: 'audio', profile: 'RTP/AVP', formatList: '' }] }

function codecFormats(local: LocalMedia): SdpFormat[] {
  const numbers = { ...defaultPayloadTypes, ...local.style?.payloadTypes }
  return local.codecs.map((codec) => {
    if (codec === 'opus') return { payloadType: numbers.opus, name: 'opus', clockRate: 48000, channels: 2 }
    return { payloadType: codec === 'pcmu' ? 0 : 8, name: codec, clockRate: 8000, channels: 1 }
  })
}

/**
 * RFC 4733 wants the clock rate of the codec in use, so Opus brings its own; the 8 kHz form
 * is offered always, because many peers know no other, even beside Opus.
 */
function telephoneEventFormats(local: LocalMedia): SdpFormat[] {
  if (!local.telephoneEvents) return []
  const numbers = { ...defaultPayloadTypes, ...local.style?.payloadTypes }
  const formats = [telephoneEvent(numbers.telephoneEvent8000, 8000)]
  if (local.codecs.includes('opus')) formats.push(telephoneEvent(numbers.telephoneEvent48000, 48000))
  return formats
}

function telephoneEvent(payloadType: number, clockRate: number): SdpFormat {
  return { payloadType, name: 'telephone-event', clockRate, channels: 1, fmtp: '0-16' }
}

/** What our audio line says beyond what is ours alone. */
interface AudioTerms {
  readonly formats: readonly SdpFormat[]
  readonly direction: Direction
  readonly profile: MediaProfile
  readonly keying: SdpKeying
  readonly rtcpMux: boolean
}

function describe(local: LocalMedia, terms: AudioTerms, layout: MediaLayout = offerLayout): string {
  const audio: SdpAudioDraft = {
    ...terms,
    port: local.rtp.port,
    ptimeMs: local.style?.ptimeMs ?? 20,
    ...(local.style?.maxPtimeMs === undefined ? {} : { maxPtimeMs: local.style.maxPtimeMs }),
    ...(local.rtcpPort === local.rtp.port + 1 ? {} : { rtcpPort: local.rtcpPort }),
  }
  return writeSdp({
    originUser: local.style?.originUser ?? '-',
    sessionName: local.style?.sessionName ?? '-',
    sessionId: local.sessionId,
    sessionVersion: local.sessionVersion,
    address: local.rtp.address,
    media: layout.lines.map((line, index) => (index === layout.audio ? audio : { refused: line })),
  })
}

/**
 * Answers an offer. The first audio line we can speak is taken, with the offerer's first
 * codec that we know too (RFC 3264 section 6.1 asks to keep the offerer's order) under the
 * offerer's own number; every other line is refused with port 0.
 */
export function createAnswer(offer: SdpSession, local: LocalMedia): AnswerResult {
  let why = 'the offer has no audio'
  for (const [index, media] of offer.media.entries()) {
    if (media.kind !== 'audio' || media.port === 0) continue
    const settled = settle(media, local)
    if (typeof settled === 'string') {
      why = settled
      continue
    }
    const { negotiated, terms } = settled
    const layout = { audio: index, lines: offer.media.map(({ kind, profile, formatList }) => ({ kind, profile, formatList })) }
    return { ok: true, answer: describe(local, terms, layout), negotiated, layout }
  }
  return { ok: false, status: 488, why }
}

function settle(media: SdpMedia, local: LocalMedia): { negotiated: Negotiated; terms: AudioTerms } | string {
  const protection = answerProtection(media, local.protection)
  if (!protection.ok) return protection.why
  const remote = remoteOf(media)
  if (typeof remote === 'string') return remote
  const format = media.formats.find((candidate) => local.codecs.includes(codecOf(candidate)!))
  if (format === undefined)
    return `none of the offered codecs (${namesOf(media) || 'none readable'}) is among ours (${local.codecs.join(', ')})`
  const codec = codecOf(format)!
  const event = local.telephoneEvents ? eventFor(codec, media.formats) : undefined
  const answered = codec === 'opus' ? { ...format, channels: 2 } : format
  const direction = answerDirection(media, local.direction)
  return {
    terms: {
      direction,
      formats: event === undefined ? [answered] : [answered, { ...event, fmtp: '0-16' }],
      profile: protection.agreed.profile,
      keying: protection.keying,
      rtcpMux: media.rtcpMux,
    },
    negotiated: {
      codec,
      payloadType: { send: format.payloadType, recv: format.payloadType },
      receivable: { [format.payloadType]: codec },
      clockRate: clockRateOf(codec),
      ...(event === undefined
        ? {}
        : { telephoneEvent: { sendPt: event.payloadType, recvPt: event.payloadType, clockRate: event.clockRate } }),
      ...remote,
      ...(media.rtcpMux ? muxed(remote) : {}),
      ptimeMs: ptimeFor(codec, media),
      direction,
      remoteHold: isHold(media),
      ...protection.agreed,
      departures: [...protection.departures, ...formatDepartures(format)],
    },
  }
}

/**
 * Applies the answer to our offer. `ours` is that offer as it was sent. With `lenient`, an answer whose
 * codecs we never offered is a departure, and our first codec is used. A refused stream fails.
 * `protection` says what the offer was made of.
 */
export function applyAnswer(
  ours: SdpSession,
  answer: SdpSession,
  options: { readonly layout?: MediaLayout; readonly lenient?: boolean; readonly protection?: Protection | undefined } = {},
): ApplyResult {
  const { layout = offerLayout, lenient = false } = options
  const offered = ours.media[layout.audio]
  if (offered === undefined) throw new Error(`our offer has no m= line at ${layout.audio}`)
  const departures: string[] = []
  if (answer.media.length !== ours.media.length) {
    departures.push(`the answer has ${answer.media.length} m= lines to the offer's ${ours.media.length} (RFC 3264 section 6)`)
  }
  const media = answer.media[layout.audio]
  if (media === undefined || media.kind !== 'audio') return { ok: false, why: 'the answer has no audio line where the offer has one' }
  if (media.port === 0) return { ok: false, why: 'the answer refuses the audio stream' }
  const protection = applyProtection(offered, media, options.protection, lenient)
  if (!protection.ok) return protection
  departures.push(...protection.departures)
  const remote = remoteOf(media)
  if (typeof remote === 'string') return { ok: false, why: remote }

  const matches = media.formats.flatMap((format) => {
    const codec = codecOf(format)
    const own = codec === undefined ? undefined : offered.formats.find((candidate) => codecOf(candidate) === codec)
    return codec === undefined || own === undefined ? [] : [{ codec, format, own }]
  })
  const strangers = media.formats.filter((format) => !offered.formats.some((own) => sameFormat(own, format)))
  for (const stranger of strangers)
    departures.push(`the answer names ${stranger.name}/${stranger.clockRate}, which was not offered (RFC 3264 section 6.1)`)

  let chosen = matches[0]
  if (chosen === undefined) {
    const own = offered.formats[0]
    if (!lenient || own === undefined)
      return { ok: false, why: `the answer names no codec that was offered (${namesOf(media) || 'none readable'})` }
    chosen = { codec: codecOf(own)!, format: own, own }
  }
  departures.push(...formatDepartures(chosen.format))
  const { codec, format, own } = chosen
  const receivable: Record<number, CodecName> = { [own.payloadType]: codec }
  for (const match of matches) receivable[match.own.payloadType] = match.codec
  const event = eventFor(
    codec,
    media.formats.filter((candidate) => offered.formats.some((mine) => sameFormat(mine, candidate))),
  )
  const ownEvent = event === undefined ? undefined : offered.formats.find((candidate) => sameFormat(candidate, event))
  return {
    ok: true,
    negotiated: {
      codec,
      payloadType: { send: format.payloadType, recv: own.payloadType },
      receivable,
      clockRate: clockRateOf(codec),
      ...(event === undefined || ownEvent === undefined
        ? {}
        : { telephoneEvent: { sendPt: event.payloadType, recvPt: ownEvent.payloadType, clockRate: event.clockRate } }),
      ...remote,
      ...(offered.rtcpMux && media.rtcpMux ? muxed(remote) : {}),
      ptimeMs: ptimeFor(codec, media),
      direction: answerDirection(media, offered.direction),
      remoteHold: isHold(media),
      ...protection.agreed,
      departures,
    },
  }
}

function sameFormat(a: SdpFormat, b: SdpFormat): boolean {
  return a.name === b.name && a.clockRate === b.clockRate
}

function namesOf(media: SdpMedia): string {
  return media.formats.map((format) => `${format.name}/${format.clockRate}`).join(', ')
}

/** The telephone-event of the codec's clock rate, else the one at 8 kHz, which some peers use beside Opus too. */
function eventFor(codec: CodecName, formats: readonly SdpFormat[]): SdpFormat | undefined {
  const events = formats.filter((format) => format.name === 'telephone-event')
  return events.find((format) => format.clockRate === clockRateOf(codec)) ?? events.find((format) => format.clockRate === 8000)
}

function remoteOf(media: SdpMedia): Pick<Negotiated, 'remote' | 'remoteRtcp'> | string {
  const address = media.connection
  if (address === undefined) return 'no c= line applies to the audio stream (RFC 8866 section 5.7)'
  if (!isIpAddress(address)) return `the connection address ${address} is no IP address`
  const rtcpAddress = media.rtcp?.address
  return {
    remote: { address, port: media.port },
    remoteRtcp: {
      address: rtcpAddress !== undefined && isIpAddress(rtcpAddress) ? rtcpAddress : address,
      port: media.rtcp?.port ?? Math.min(media.port + 1, 65535),
    },
  }
}

function muxed({ remote }: Pick<Negotiated, 'remote'>): Pick<Negotiated, 'remoteRtcp' | 'rtcpMux'> {
  return { remoteRtcp: remote, rtcpMux: true }
}

function isIpAddress(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text)
}

/** The old way to hold: a connection address of zeroes (RFC 3264 section 8.4). */
function isNullAddress(media: SdpMedia): boolean {
  return media.connection === '0.0.0.0' || media.connection === '::'
}

function isHold(media: SdpMedia): boolean {
  return media.direction === 'sendonly' || media.direction === 'inactive' || isNullAddress(media)
}

/** Our direction, given what we wish and what the other side wrote (RFC 3264 sections 6.1 and 8.4). */
function answerDirection(media: SdpMedia, wish: Direction): Direction {
  const theyReceive = (media.direction === 'sendrecv' || media.direction === 'recvonly') && !isNullAddress(media)
  const theySend = media.direction === 'sendrecv' || media.direction === 'sendonly'
  const send = theyReceive && (wish === 'sendrecv' || wish === 'sendonly')
  const receive = theySend && (wish === 'sendrecv' || wish === 'recvonly')
  if (send) return receive ? 'sendrecv' : 'sendonly'
  return receive ? 'recvonly' : 'inactive'
}

/** Packet lengths we can make, milliseconds: Opus has no frame of 30 ms. */
const packetLengths: Readonly<Record<CodecName, readonly number[]>> = {
  pcmu: [10, 20, 30, 40, 60],
  pcma: [10, 20, 30, 40, 60],
  opus: [10, 20, 40, 60],
}

/** What the other side asked for (RFC 8866 section 6.4) where we can make it, else 20 ms, and never above its a=maxptime. */
function ptimeFor(codec: CodecName, media: SdpMedia): number {
  const asked = packetLengths[codec].includes(media.ptimeMs ?? 0) ? media.ptimeMs! : 20
  const most = media.maxPtimeMs ?? Infinity
  return asked <= most ? asked : (packetLengths[codec].findLast((length) => length <= most) ?? 10)
}

function formatDepartures(format: SdpFormat): string[] {
  if (format.name === 'opus' && format.channels !== 2) return ['opus is not written opus/48000/2 (RFC 7587 section 7)']
  return []
}
