/**
 * Typed views of header values. Each parser reads one value (`HeaderMap.list` splits rows), returns undefined for
 * what RFC 3261 section 25.1 does not allow, and never throws.
 */
import type { HeaderMap } from './header-map.ts'
import { remembered } from './remembered.ts'
import {
  formatParams,
  isSpaceCode,
  isToken,
  isTokenCode,
  parseNumber,
  parseParams,
  quote,
  skipQuoted,
  skipSpace,
  sliceTrimmed,
  splitList,
  unquote,
} from './scan.ts'

/** Highest value of a delta-seconds or an RSeq: RFC 3261 section 20.19. */
const maxUint32 = 0xffff_ffff
/** CSeq numbers are below 2**31 (RFC 3261 section 8.1.1.5). */
const maxCSeq = 0x7fff_ffff

/** One Via value (RFC 3261 section 20.42). */
export interface Via {
  /** Upper case: UDP, TCP, TLS, ... */
  transport: string
  /** Lower case is not forced; IPv6 without brackets. */
  host: string
  port?: number
  /** Lower-case names: branch, received, rport, ... Values as written. */
  params: Map<string, string | undefined>
}

export function parseVia(value: string): Via | undefined {
  const firstSlash = value.indexOf('/')
  const secondSlash = value.indexOf('/', firstSlash + 1)
  if (firstSlash < 0 || secondSlash < 0) return undefined
  if (sliceTrimmed(value, 0, firstSlash).toUpperCase() !== 'SIP') return undefined
  if (!isToken(sliceTrimmed(value, firstSlash + 1, secondSlash))) return undefined

  let at = skipSpace(value, secondSlash + 1)
  const transportStart = at
  while (at < value.length && isTokenCode(value.charCodeAt(at))) at += 1
  const transport = value.slice(transportStart, at).toUpperCase()
  if (transport.length === 0 || !isSpaceCode(value.charCodeAt(at))) return undefined

  const paramsAt = value.indexOf(';', at)
  const sentBy = sliceTrimmed(value, at, paramsAt < 0 ? value.length : paramsAt)
  const hostPort = parseHostPort(sentBy)
  if (hostPort === undefined) return undefined
  const params = paramsAt < 0 ? new Map<string, string | undefined>() : parseParams(value, paramsAt)
  if (params === undefined) return undefined
  const via: Via = { transport, host: hostPort.host, params }
  if (hostPort.port !== undefined) via.port = hostPort.port
  return via
}

export function formatVia(via: SharedVia): string {
  const host = via.host.includes(':') ? `[${via.host}]` : via.host
  const port = via.port === undefined ? '' : `:${via.port}`
  return `SIP/2.0/${via.transport} ${host}${port}${formatParams(via.params)}`
}

/** A Via that others read too. */
export type SharedVia = Readonly<Omit<Via, 'params'>> & { readonly params: ReadonlyMap<string, string | undefined> }

/** As `parseVia`, for looking only. */
export const readVia: (value: string) => SharedVia | undefined = remembered(parseVia, 2)

/** The first value of the first Via row: who sent this request, or who is to get this response. */
export function topVia(message: { headers: HeaderMap }): SharedVia | undefined {
  const row = message.headers.get('Via')
  if (row === undefined) return undefined
  if (!row.includes(',')) return readVia(row)
  const values: string[] = []
  splitList(row, values)
  return values[0] === undefined ? undefined : readVia(values[0])
}

/** `host [":" port]`, white space allowed around the colon; IPv6 in brackets. */
function parseHostPort(text: string): { host: string; port?: number } | undefined {
  let hostEnd: number
  let host: string
  if (text.charCodeAt(0) === 0x5b) {
    hostEnd = text.indexOf(']')
    if (hostEnd < 0) return undefined
    host = text.slice(1, hostEnd)
    hostEnd += 1
  } else {
    hostEnd = text.indexOf(':')
    if (hostEnd < 0) hostEnd = text.length
    host = sliceTrimmed(text, 0, hostEnd)
  }
  if (!isHost(host)) return undefined
  const rest = sliceTrimmed(text, hostEnd, text.length)
  if (rest.length === 0) return { host }
  if (rest.charCodeAt(0) !== 0x3a) return undefined
  const port = parseNumber(sliceTrimmed(rest, 1, rest.length), 65535)
  return port === undefined ? undefined : { host, port }
}

/** Host names and addresses, loosely: what can be looked up or compared is decided by whoever uses it. */
function isHost(text: string): boolean {
  if (text.length === 0) return false
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (!isTokenCode(code) && code !== 0x3a && code < 128) return false
  }
  return true
}

/** A From, To, Contact, Route, ... value (RFC 3261 section 20.10). */
export interface NameAddr {
  /** Without quotes and escapes. */
  displayName?: string
  /** As written, without angle brackets. */
  uri: string
  /** Header parameters, lower-case names, values as written. */
  params: Map<string, string | undefined>
}

/**
 * Reads `"name" <uri>;params` and `uri;params`. Liberal in two places where RFC 4475 allows it: spaces inside the
 * angle brackets, and characters in a display name that ought to be quoted.
 */
export function parseNameAddr(value: string): NameAddr | undefined {
  let at = skipSpace(value, 0)
  let displayName: string | undefined
  if (value.charCodeAt(at) === 0x22) {
    const end = skipQuoted(value, at)
    if (end < 0) return undefined
    displayName = unquote(value.slice(at, end))
    at = skipSpace(value, end)
    if (value.charCodeAt(at) !== 0x3c) return undefined
  }
  const open = value.indexOf('<', at)
  if (open < 0) return parseAddrSpec(value, at)
  const close = value.indexOf('>', open)
  if (close < 0) return undefined
  if (open > at) {
    displayName = sliceTrimmed(value, at, open)
    // The bracket stands in a quoted parameter of a URI without brackets.
    if (displayName.includes('"')) return parseAddrSpec(value, at)
  }
  const uri = sliceTrimmed(value, open + 1, close)
  if (!isUriText(uri)) return undefined
  const params = parseParams(value, close + 1)
  if (params === undefined) return undefined
  return displayName === undefined || displayName === '' ? { uri, params } : { displayName, uri, params }
}

/** An address that others read too. */
export type SharedNameAddr = Readonly<Omit<NameAddr, 'params'>> & { readonly params: ReadonlyMap<string, string | undefined> }

/** As `parseNameAddr`, for looking only: From, To and Contact of the message in hand, and a tagged To. */
export const readNameAddr: (value: string) => SharedNameAddr | undefined = remembered(parseNameAddr, 4)

/** Without brackets every `;` begins a header parameter, and the URI may hold neither `,` nor `?` (RFC 3261 section 20). */
function parseAddrSpec(value: string, at: number): NameAddr | undefined {
  const semicolon = value.indexOf(';', at)
  const uri = sliceTrimmed(value, at, semicolon < 0 ? value.length : semicolon)
  if (!isUriText(uri) || uri.includes('?') || uri.includes(',')) return undefined
  const params = semicolon < 0 ? new Map<string, string | undefined>() : parseParams(value, semicolon)
  return params === undefined ? undefined : { uri, params }
}

/** `scheme:something` without white space, quotes or brackets: enough to be carried, whatever the scheme. */
export function isUriText(text: string): boolean {
  const colon = text.indexOf(':')
  if (colon <= 0 || colon === text.length - 1) return false
  for (let at = 0; at < colon; at += 1) {
    const code = text.charCodeAt(at)
    if (code === 0x2a || !isTokenCode(code)) return false
  }
  for (let at = colon + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code <= 0x20 || code === 0x22 || code === 0x3c || code === 0x3e || code === 0x7f) return false
  }
  return true
}

export function formatNameAddr(address: NameAddr): string {
  const { displayName } = address
  const name = displayName === undefined || displayName === '' ? '' : `${isToken(displayName) ? displayName : quote(displayName)} `
  return `${name}<${address.uri}>${formatParams(address.params)}`
}

/** The tag of a From or To value. */
export function tagOf(value: string | undefined): string | undefined {
  return value === undefined ? undefined : readNameAddr(value)?.params.get('tag')
}

/** `CSeq: 1 INVITE` (RFC 3261 section 20.16). */
export function parseCSeq(value: string | undefined): { number: number; method: string } | undefined {
  const words = twoWords(value)
  if (words === undefined) return undefined
  const number = parseNumber(words[0], maxCSeq)
  return number === undefined || !isToken(words[1]) ? undefined : { number, method: words[1] }
}

/** `RAck: 776656 1 INVITE` (RFC 3262 section 7.2). */
export function parseRAck(value: string | undefined): { rseq: number; cseq: number; method: string } | undefined {
  const words = twoWords(value)
  if (words === undefined) return undefined
  const rseq = parseNumber(words[0], maxUint32)
  const rest = parseCSeq(words[1])
  return rseq === undefined || rest === undefined ? undefined : { rseq, cseq: rest.number, method: rest.method }
}

/** First word and the rest, white space between them. */
function twoWords(value: string | undefined): [string, string] | undefined {
  if (value === undefined) return undefined
  const start = skipSpace(value, 0)
  let at = start
  while (at < value.length && !isSpaceCode(value.charCodeAt(at))) at += 1
  const second = sliceTrimmed(value, at, value.length)
  return at === start || second.length === 0 ? undefined : [value.slice(start, at), second]
}

/** `Session-Expires: 1800;refresher=uac` (RFC 4028 section 4). */
export function parseSessionExpires(value: string | undefined): { seconds: number; refresher?: 'uac' | 'uas' } | undefined {
  if (value === undefined) return undefined
  const semicolon = value.indexOf(';')
  const seconds = parseNumber(sliceTrimmed(value, 0, semicolon < 0 ? value.length : semicolon), maxUint32)
  if (seconds === undefined) return undefined
  const params = semicolon < 0 ? undefined : parseParams(value, semicolon)
  if (semicolon >= 0 && params === undefined) return undefined
  const refresher = params?.get('refresher')?.toLowerCase()
  return refresher === 'uac' || refresher === 'uas' ? { seconds, refresher } : { seconds }
}

/** Seconds of a Retry-After, its comment and parameters left aside (RFC 3261 section 20.33). */
export function parseRetryAfter(value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  const start = skipSpace(value, 0)
  let at = start
  while (at < value.length && value.charCodeAt(at) >= 0x30 && value.charCodeAt(at) <= 0x39) at += 1
  const next = value.charCodeAt(skipSpace(value, at))
  if (!Number.isNaN(next) && next !== 0x3b && next !== 0x28) return undefined
  return parseNumber(value.slice(start, at), maxUint32)
}
