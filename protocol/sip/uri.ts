/** SIP and SIPS URIs (RFC 3261 section 19.1) and tel URIs (RFC 3966). */
import { allowedCharacters, escapesAreWhole, escapeText, unescapeText } from './escape.ts'
import { isDigitCode, parseNumber } from './scan.ts'

export interface SipUri {
  scheme: 'sip' | 'sips'
  /** Without escapes. Undefined where the URI has no `@`. */
  user?: string
  password?: string
  /** Lower case; IPv6 without brackets. */
  host: string
  port?: number
  /** Lower-case names, values without escapes. */
  params: Map<string, string | undefined>
  /** What stands after `?`: lower-case names, values without escapes; a repeated header's values joined by a comma. */
  headers: Map<string, string>
}

export interface TelUri {
  scheme: 'tel'
  /** Digits, and a leading `+` for a global number; visual separators removed (RFC 3966 section 5.1.1). */
  number: string
  params: Map<string, string | undefined>
}

const userMarks = allowedCharacters("-_.!~*'()&=+$,;?/")
const passwordMarks = allowedCharacters("-_.!~*'()&=+$,")
const paramMarks = allowedCharacters("-_.!~*'()[]/:&+$")
const headerMarks = allowedCharacters("-_.!~*'()[]/?:+$")

/** A sip, sips or tel URI; undefined for another scheme or a malformed one. */
export function parseUri(text: string): SipUri | TelUri | undefined {
  const colon = text.indexOf(':')
  if (colon < 3 || colon > 4 || !escapesAreWhole(text)) return undefined
  for (let at = colon; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code <= 0x20 || code === 0x22 || code === 0x3c || code === 0x3e || code === 0x7f) return undefined
  }
  const scheme = text.slice(0, colon).toLowerCase()
  if (scheme === 'sip' || scheme === 'sips') return parseSip(scheme, text, colon + 1)
  return scheme === 'tel' ? parseTel(text, colon + 1) : undefined
}

function parseSip(scheme: 'sip' | 'sips', text: string, start: number): SipUri | undefined {
  const uri: SipUri = { scheme, host: '', params: new Map(), headers: new Map() }
  // The user part may hold `;`, `?` and `/` unescaped, but never `@`: so the first `@` ends it, and what follows has none.
  const at = text.indexOf('@', start)
  if (at >= 0) {
    if (text.indexOf('@', at + 1) >= 0) return undefined
    const colon = text.indexOf(':', start)
    const userEnd = colon >= 0 && colon < at ? colon : at
    if (userEnd === start) return undefined
    uri.user = unescapeText(text.slice(start, userEnd))
    if (userEnd < at) uri.password = unescapeText(text.slice(userEnd + 1, at))
    start = at + 1
  }
  let end = text.length
  const question = text.indexOf('?', start)
  if (question >= 0) {
    if (!parseUriHeaders(text.slice(question + 1), uri.headers)) return undefined
    end = question
  }
  const semicolon = text.indexOf(';', start)
  if (semicolon >= 0 && semicolon < end) {
    if (!parseUriParams(text.slice(semicolon + 1, end), uri.params)) return undefined
    end = semicolon
  }
  return parseHost(text.slice(start, end), uri) ? uri : undefined
}

function parseHost(text: string, uri: SipUri): boolean {
  let hostEnd: number
  if (text.charCodeAt(0) === 0x5b) {
    hostEnd = text.indexOf(']') + 1
    if (hostEnd < 4) return false
    uri.host = text.slice(1, hostEnd - 1).toLowerCase()
    if (!isIpv6Text(uri.host)) return false
  } else {
    const colon = text.indexOf(':')
    hostEnd = colon < 0 ? text.length : colon
    uri.host = text.slice(0, hostEnd).toLowerCase()
    if (!isHostName(uri.host)) return false
  }
  if (hostEnd === text.length) return true
  if (text.charCodeAt(hostEnd) !== 0x3a) return false
  const port = parseNumber(text.slice(hostEnd + 1), 65535)
  if (port === undefined) return false
  uri.port = port
  return true
}

/** Letters, digits, `-`, `.` and (seen in private names) `_`; non-ASCII is left to whoever looks it up. */
function isHostName(text: string): boolean {
  if (text.length === 0) return false
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    const letter = code | 0x20
    const fine = isDigitCode(code) || (letter >= 0x61 && letter <= 0x7a) || code === 0x2d || code === 0x2e || code === 0x5f || code > 127
    if (!fine) return false
  }
  return true
}

function isIpv6Text(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (!isDigitCode(code) && !(code >= 0x61 && code <= 0x66) && code !== 0x3a && code !== 0x2e) return false
  }
  return true
}

function parseUriParams(text: string, into: Map<string, string | undefined>): boolean {
  for (const pair of text.split(';')) {
    const equals = pair.indexOf('=')
    const name = unescapeText(equals < 0 ? pair : pair.slice(0, equals)).toLowerCase()
    if (name.length === 0) return false
    if (!into.has(name)) into.set(name, equals < 0 ? undefined : unescapeText(pair.slice(equals + 1)))
  }
  return true
}

function parseUriHeaders(text: string, into: Map<string, string>): boolean {
  for (const pair of text.split('&')) {
    const equals = pair.indexOf('=')
    if (equals <= 0) return false
    const name = unescapeText(pair.slice(0, equals)).toLowerCase()
    const value = unescapeText(pair.slice(equals + 1))
    const earlier = into.get(name)
    into.set(name, earlier === undefined ? value : `${earlier},${value}`)
  }
  return true
}

function parseTel(text: string, start: number): TelUri | undefined {
  const semicolon = text.indexOf(';', start)
  const written = text.slice(start, semicolon < 0 ? text.length : semicolon)
  let number = ''
  for (let at = 0; at < written.length; at += 1) {
    const code = written.charCodeAt(at)
    // Visual separators: - . ( )
    if (code === 0x2d || code === 0x2e || code === 0x28 || code === 0x29) continue
    const isPhoneDigit = isDigitCode(code) || (code === 0x2b && at === 0) || code === 0x2a || code === 0x23
    const isHexLetter = (code | 0x20) >= 0x61 && (code | 0x20) <= 0x66
    if (!isPhoneDigit && !isHexLetter) return undefined
    number += written[at]
  }
  if (number === '' || number === '+') return undefined
  const uri: TelUri = { scheme: 'tel', number, params: new Map() }
  if (semicolon >= 0 && !parseUriParams(text.slice(semicolon + 1), uri.params)) return undefined
  return uri
}

export function formatUri(uri: SipUri | TelUri): string {
  if (uri.scheme === 'tel') return `tel:${uri.number}${formatUriParams(uri.params)}`
  let text = `${uri.scheme}:`
  if (uri.user !== undefined) {
    text += escapeText(uri.user, userMarks)
    if (uri.password !== undefined) text += `:${escapeText(uri.password, passwordMarks)}`
    text += '@'
  }
  text += uri.host.includes(':') ? `[${uri.host}]` : uri.host
  if (uri.port !== undefined) text += `:${uri.port}`
  text += formatUriParams(uri.params)
  let separator = '?'
  for (const [name, value] of uri.headers) {
    text += `${separator}${escapeText(name, headerMarks)}=${escapeText(value, headerMarks)}`
    separator = '&'
  }
  return text
}

function formatUriParams(params: ReadonlyMap<string, string | undefined>): string {
  let text = ''
  for (const [name, value] of params) {
    text += value === undefined ? `;${escapeText(name, paramMarks)}` : `;${escapeText(name, paramMarks)}=${escapeText(value, paramMarks)}`
  }
  return text
}

/** Parameters that make two URIs differ when only one has them (RFC 3261 section 19.1.4). */
const distinguishing = ['user', 'ttl', 'method', 'maddr', 'transport']

/**
 * Equality by RFC 3261 section 19.1.4 (tel: RFC 3966 section 4). User and password compare with case, the rest
 * without; a default port is not the same as none; parameters present in both must match.
 */
export function uriEquals(a: SipUri | TelUri, b: SipUri | TelUri): boolean {
  if (a.scheme === 'tel' || b.scheme === 'tel') return a.scheme === 'tel' && b.scheme === 'tel' && telEquals(a, b)
  if (a.scheme !== b.scheme || a.user !== b.user || a.password !== b.password) return false
  if (a.host.toLowerCase() !== b.host.toLowerCase() || a.port !== b.port) return false
  for (const name of distinguishing) if (a.params.has(name) !== b.params.has(name)) return false
  for (const [name, value] of a.params) {
    if (b.params.has(name) && !sameText(value, b.params.get(name))) return false
  }
  if (a.headers.size !== b.headers.size) return false
  for (const [name, value] of a.headers) if (b.headers.get(name) !== value) return false
  return true
}

function telEquals(a: TelUri, b: TelUri): boolean {
  if (!sameText(a.number, b.number) || a.params.size !== b.params.size) return false
  for (const [name, value] of a.params) if (!b.params.has(name) || !sameText(value, b.params.get(name))) return false
  return true
}

function sameText(a: string | undefined, b: string | undefined): boolean {
  return a?.toLowerCase() === b?.toLowerCase()
}
