/**
 * SDP text (RFC 8866) to and from typed values, read with sdp-transform. Tolerant in what the
 * wild gets wrong (bare LF, unknown lines, missing s= and t=), strict in what the call
 * hangs on (o=, m= lines, addresses). Offer/answer rules are in `offer-answer.ts`.
 */

import { parse, type SessionDescription } from 'sdp-transform'
import type { Direction } from './types.ts'

/** One payload type of an m= line; `name` is in lower case. */
export interface SdpFormat {
  readonly payloadType: number
  readonly name: string
  readonly clockRate: number
  readonly channels: number
  readonly fmtp?: string
}

export interface SdpMedia {
  /** `audio`, `video`, `image`, … in lower case. */
  readonly kind: string
  readonly port: number
  readonly profile: string
  /** The format list as written; payload type numbers for RTP profiles. */
  readonly formatList: string
  /** Formats in the order of the m= line; those of no known meaning are left out. */
  readonly formats: readonly SdpFormat[]
  /** From c= of the media or, failing that, of the session. */
  readonly connection: string | undefined
  readonly direction: Direction
  readonly ptimeMs?: number
  readonly maxPtimeMs?: number
  readonly rtcp?: { readonly port: number; readonly address?: string }
  /** a=rtcp-mux (RFC 5761 section 5.1.1). */
  readonly rtcpMux: boolean
  readonly keying: SdpKeying
}

/** The attributes media is keyed by, as written: the values behind the colon. Those of the session stand in for missing ones of the media. */
export interface SdpKeying {
  /** a=crypto (RFC 4568), of the media alone: the session level has none. */
  readonly cryptos: readonly string[]
  /** a=fingerprint (RFC 8122). */
  readonly fingerprints: readonly string[]
  /** a=setup (RFC 4145), in lower case. */
  readonly setup?: string
}

export interface SdpSession {
  readonly origin: { readonly username: string; readonly sessionId: string; readonly version: string; readonly address: string }
  readonly media: readonly SdpMedia[]
}

export interface SdpError {
  /** Which rule of RFC 8866 or which bound was broken. */
  readonly rule: string
  readonly detail: string
}

export type ParsedSdp = { readonly ok: true; readonly session: SdpSession } | { readonly ok: false; readonly error: SdpError }

const longestText = 65_535
const mostMediaLines = 32

/** What the static payload type numbers mean when no a=rtpmap says so (RFC 3551 table 4). */
const staticFormats: Readonly<Record<number, { name: string; clockRate: number }>> = {
  0: { name: 'pcmu', clockRate: 8000 },
  3: { name: 'gsm', clockRate: 8000 },
  4: { name: 'g723', clockRate: 8000 },
  8: { name: 'pcma', clockRate: 8000 },
  9: { name: 'g722', clockRate: 8000 },
  13: { name: 'cn', clockRate: 8000 },
  18: { name: 'g729', clockRate: 8000 },
}

/** Reads a session description. Never throws; bounded in text length and media lines. */
export function parseSdp(text: string): ParsedSdp {
  if (text.length > longestText) return bad('bound', `${text.length} characters are more than ${longestText}`)
  if (!/^v=0\s*$/m.test(text)) return bad('RFC 8866 5.1', 'no v=0 line')
  const raw = parse(text)
  if (raw.origin === undefined) return bad('RFC 8866 5.2', 'no readable o= line')
  if (raw.media.length > mostMediaLines) return bad('bound', `${raw.media.length} m= lines are more than ${mostMediaLines}`)
  const media: SdpMedia[] = []
  const keyings = readKeyings(text)
  for (const line of raw.media) {
    const read = readMedia(raw, line, keyings[media.length] ?? unkeyed)
    if ('rule' in read) return { ok: false, error: read }
    media.push(read)
  }
  const { username, sessionId, sessionVersion, address } = raw.origin
  return {
    ok: true,
    session: {
      origin: { username: String(username), sessionId: String(sessionId), version: String(sessionVersion), address: String(address) },
      media,
    },
  }
}

function bad(rule: string, detail: string): ParsedSdp {
  return { ok: false, error: { rule, detail } }
}

const unkeyed: SdpKeying = { cryptos: [], fingerprints: [] }
/** A description that offers more ways than this offers them to nobody. */
const mostKeyingLines = 32

/** The keying of each m= line. sdp-transform keeps one fingerprint of several, and drops session parameters of a=crypto. */
function readKeyings(text: string): SdpKeying[] {
  if (!/^a=(?:crypto|fingerprint|setup):/m.test(text)) return []
  const [session = '', ...sections] = text.split(/^(?=m=)/m)
  const common = keyingLines(session)
  return sections.map((section) => {
    const own = keyingLines(section)
    const setup = own.setup ?? common.setup
    return {
      cryptos: own.cryptos,
      fingerprints: own.fingerprints.length > 0 ? own.fingerprints : common.fingerprints,
      ...(setup === undefined ? {} : { setup }),
    }
  })
}

function keyingLines(section: string): SdpKeying {
  const values = (name: string) =>
    Array.from(section.matchAll(new RegExp(`^a=${name}:(.*)$`, 'gm')), (match) => match[1]!.trim()).slice(0, mostKeyingLines)
  const [setup] = values('setup')
  return {
    cryptos: values('crypto'),
    fingerprints: values('fingerprint'),
    ...(setup === undefined ? {} : { setup: setup.toLowerCase() }),
  }
}

function readMedia(session: SessionDescription, line: SessionDescription['media'][number], keying: SdpKeying): SdpMedia | SdpError {
  const { type, port, protocol } = line
  if (type === undefined || protocol === undefined || !Number.isInteger(port) || port < 0 || port > 65535) {
    return { rule: 'RFC 8866 5.14', detail: `m= line number ${session.media.indexOf(line) + 1} cannot be read` }
  }
  const formatList = line.payloads === undefined ? '' : String(line.payloads).trim()
  const rtcp = line.rtcp
  return {
    kind: String(type).toLowerCase(),
    port,
    profile: String(protocol),
    formatList,
    formats: readFormats(formatList, line),
    connection: (line.connection ?? session.connection)?.ip,
    direction: line.direction ?? session.direction ?? 'sendrecv',
    ...milliseconds('ptimeMs', line.ptime),
    ...milliseconds('maxPtimeMs', line.maxptime),
    ...(rtcp !== undefined && Number.isInteger(rtcp.port) && rtcp.port > 0 && rtcp.port < 65536
      ? { rtcp: { port: rtcp.port, ...(rtcp.address === undefined ? {} : { address: String(rtcp.address) }) } }
      : {}),
    rtcpMux: line.rtcpMux !== undefined,
    keying,
  }
}

function milliseconds<K extends string>(key: K, value: unknown): { [P in K]?: number } {
  const number = Number(value)
  return (number > 0 ? { [key]: number } : {}) as { [P in K]?: number }
}

function readFormats(formatList: string, line: SessionDescription['media'][number]): SdpFormat[] {
  const formats: SdpFormat[] = []
  for (const token of formatList.split(/\s+/)) {
    const payloadType = /^\d{1,3}$/.test(token) ? Number(token) : Number.NaN
    if (!(payloadType < 128) || formats.some((format) => format.payloadType === payloadType)) continue
    const map = line.rtp.find((entry) => entry.payload === payloadType)
    const known = staticFormats[payloadType]
    const name = map === undefined ? known?.name : String(map.codec).toLowerCase()
    if (name === undefined) continue
    const fmtp = line.fmtp.find((entry) => entry.payload === payloadType)?.config
    formats.push({
      payloadType,
      name,
      clockRate: Number(map?.rate ?? known?.clockRate ?? 8000),
      channels: Number(map?.encoding ?? 1) || 1,
      ...(fmtp === undefined ? {} : { fmtp: String(fmtp) }),
    })
  }
  return formats
}

/** A description to be written: ours, with one live audio line and any number of refused ones. */
export interface SdpDraft {
  readonly originUser: string
  readonly sessionName: string
  readonly sessionId: string
  readonly sessionVersion: number
  readonly address: string
  readonly media: readonly (SdpAudioDraft | SdpRefusal)[]
}

export interface SdpAudioDraft {
  readonly port: number
  readonly profile: string
  readonly formats: readonly SdpFormat[]
  readonly direction: Direction
  readonly ptimeMs: number
  readonly maxPtimeMs?: number
  readonly rtcpPort?: number
  readonly rtcpMux?: boolean
  readonly keying?: SdpKeying
}

/** An m= line with port 0 (RFC 3264 section 6): it repeats what the other side wrote. */
export interface SdpRefusal {
  readonly refused: { readonly kind: string; readonly profile: string; readonly formatList: string }
}

/** Writes a description with CRLF line ends; the direction is always written out. By hand: sdp-transform's writer costs more than the rest of an answer. */
export function writeSdp({ originUser, sessionName, sessionId, sessionVersion, address, media }: SdpDraft): string {
  const network = address.includes(':') ? 'IP6' : 'IP4'
  let text = `v=0\r\no=${originUser} ${sessionId} ${sessionVersion} IN ${network} ${address}\r\ns=${sessionName}\r\n`
  text += `c=IN ${network} ${address}\r\nt=0 0\r\n`
  for (const line of media) text += 'refused' in line ? refusedLine(line) : audioLines(line)
  return text
}

const refusedLine = ({ refused: { kind, profile, formatList } }: SdpRefusal): string => `m=${kind} 0 ${profile} ${formatList}\r\n`

function audioLines({ port, profile, formats, direction, ptimeMs, maxPtimeMs, rtcpPort, rtcpMux, keying }: SdpAudioDraft): string {
  let payloadTypes = ''
  let maps = ''
  let parameters = ''
  for (const { payloadType, name, clockRate, channels, fmtp } of formats) {
    payloadTypes += ` ${payloadType}`
    maps += `a=rtpmap:${payloadType} ${spelling[name] ?? name}/${clockRate}${channels > 1 ? `/${channels}` : ''}\r\n`
    if (fmtp !== undefined) parameters += `a=fmtp:${payloadType} ${fmtp}\r\n`
  }
  let text = `m=audio ${port} ${profile}${payloadTypes}\r\n${maps}${parameters}`
  if (rtcpPort !== undefined) text += `a=rtcp:${rtcpPort}\r\n`
  text += `a=ptime:${ptimeMs}\r\n`
  if (maxPtimeMs !== undefined) text += `a=maxptime:${maxPtimeMs}\r\n`
  text += `a=${direction}\r\n`
  if (rtcpMux) text += 'a=rtcp-mux\r\n'
  return keying === undefined ? text : text + keyingText(keying)
}

function keyingText({ cryptos, fingerprints, setup }: SdpKeying): string {
  let text = ''
  for (const value of cryptos) text += `a=crypto:${value}\r\n`
  for (const value of fingerprints) text += `a=fingerprint:${value}\r\n`
  return setup === undefined ? text : `${text}a=setup:${setup}\r\n`
}

/** Encoding names are case-insensitive (RFC 8866 6.6), but the registered spelling offends nobody. */
const spelling: Readonly<Record<string, string>> = { pcmu: 'PCMU', pcma: 'PCMA' }
