/**
 * Bytes to SIP message. Tolerant where RFC 3261 section 7 and RFC 4475 ask for it: leading CRLFs, bare LF line ends,
 * folded lines, space before the colon, compact and oddly cased names, several spaces in the start line.
 * Bounded and linear, whatever it is given; what cannot be used is a value (`Malformed`), never an exception.
 */
import { isAscii, isUtf8 } from 'node:buffer'
import { firstViolation, type Violation } from './checks.ts'
import { HeaderMap } from './header-map.ts'
import { headerName } from './header-names.ts'
import { isUriText } from './headers.ts'
import type { Malformed, Parsed } from './malformed.ts'
import type { SipMessage } from './message.ts'
import { isSpaceCode, isTokenCode, parseNumber, sliceTrimmed } from './scan.ts'

export type { Malformed, Parsed } from './malformed.ts'

/** A message is at most as long as a UDP datagram can be. */
export const maxMessageBytes = 65_535
/** Far more rows than any real message has; each costs a few strings. */
const maxRows = 256

const noBody = new Uint8Array(0)

export interface ParseOptions {
  /** From a stream: Content-Length is required, it alone says where the body ends (RFC 3261 section 18.3). */
  readonly stream?: boolean
}

/** Reads one message. The body is a view into `bytes`, not a copy. */
export function parseMessage(bytes: Uint8Array, options: ParseOptions = {}): Parsed {
  if (bytes.length > maxMessageBytes) {
    return {
      ok: false,
      error: { offset: maxMessageBytes, line: 0, rule: 'limit/bytes', detail: `longer than ${maxMessageBytes} bytes`, status: 513 },
    }
  }
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const latin1 = buffer.toString('latin1')
  const start = skipLeadingLineEnds(latin1)
  const bodyStart = endOfHead(latin1, start)
  const headEnd = bodyStart < 0 ? buffer.length : bodyStart
  const head = buffer.subarray(0, headEnd)
  // Valid UTF-8 is what RFC 3261 section 7 asks for; other bytes are read one to one rather than refused.
  const utf8 = !isAscii(head) && isUtf8(head)
  const text = utf8 ? head.toString('utf8') : latin1
  const reader = new HeadReader(text, start, utf8 ? text.length : headEnd, utf8)
  const failure = reader.read()
  const message = reader.message
  if (failure !== undefined) return refuse(reader, failure, message)
  if (message === undefined) throw new Error('a head without failure has a message')
  if (bodyStart < 0) return refuse(reader, { at: reader.end, rule: 'rfc3261/7', detail: 'no empty line ends the headers' }, message)

  const bodyFailure = readBody(message, bytes, bodyStart, options.stream === true)
  const violation = firstViolation(message) ?? bodyFailure
  if (violation !== undefined) {
    const at = violation.header === undefined ? bodyStart : reader.find(violation.header, violation.row ?? 0)
    return refuse(reader, { at, rule: violation.rule, detail: violation.detail }, message)
  }
  if (reader.startLineFailure !== undefined) return refuse(reader, reader.startLineFailure, message)
  return { ok: true, message }
}

/** Where and why reading stopped; `at` is an index into the text. */
interface Failure {
  readonly at: number
  readonly rule: string
  readonly detail: string
  readonly status?: number
}

function refuse(reader: HeadReader, failure: Failure, message: SipMessage | undefined): Parsed {
  const before = reader.text.slice(0, failure.at)
  let line = 1
  for (let at = before.indexOf('\n', reader.start); at >= 0; at = before.indexOf('\n', at + 1)) line += 1
  const error: { -readonly [K in keyof Malformed]: Malformed[K] } = {
    offset: reader.utf8 ? Buffer.byteLength(before, 'utf8') : failure.at,
    line,
    rule: failure.rule,
    detail: failure.detail,
  }
  // A response and an ACK are never answered, and an unreadable start line names nobody to answer.
  if (message?.type === 'request' && message.method !== 'ACK') error.status = failure.status ?? 400
  if (message !== undefined) error.message = message
  return { ok: false, error }
}

/** Cuts the body by Content-Length (RFC 3261 sections 18.3 and 20.14). */
function readBody(message: SipMessage, bytes: Uint8Array, bodyStart: number, stream: boolean): Violation | undefined {
  const available = bytes.length - bodyStart
  const value = message.headers.get('Content-Length')
  if (value === undefined) {
    if (stream) return { rule: 'rfc3261/18.3', detail: 'a stream needs Content-Length', header: 'Content-Length' }
    if (available > 0) message.body = bytes.subarray(bodyStart)
    return undefined
  }
  const length = parseNumber(value, maxMessageBytes)
  if (length === undefined) return { rule: 'rfc3261/20.14', detail: 'Content-Length is not a usable number', header: 'Content-Length' }
  if (length > available) {
    const detail = `Content-Length says ${length}, ${available} bytes are there`
    return { rule: 'rfc3261/18.3', detail, header: 'Content-Length' }
  }
  // What follows the body in a datagram is to be ignored.
  if (length > 0) message.body = bytes.subarray(bodyStart, bodyStart + length)
  return undefined
}

/** RFC 3261 section 7.5: line ends before the start line are to be ignored. */
function skipLeadingLineEnds(text: string): number {
  let at = 0
  while (at < text.length && (text.charCodeAt(at) === 0x0d || text.charCodeAt(at) === 0x0a)) at += 1
  return at
}

/** Index after the first empty line; -1 where there is none. */
function endOfHead(text: string, start: number): number {
  for (let at = text.indexOf('\n', start); at >= 0; at = text.indexOf('\n', at + 1)) {
    const next = text.charCodeAt(at + 1)
    if (next === 0x0a) return at + 2
    if (next === 0x0d && text.charCodeAt(at + 2) === 0x0a) return at + 3
  }
  return -1
}

/** Reads start line and header rows of one message, left to right, once. */
class HeadReader {
  readonly text: string
  readonly start: number
  readonly end: number
  /** Whether an index into the text is not a byte offset. */
  readonly utf8: boolean
  message: SipMessage | undefined
  /** What is wrong with a start line that could be split: reported after all else was read, so that the answer can be built. */
  startLineFailure: Failure | undefined

  constructor(text: string, start: number, end: number, utf8: boolean) {
    this.text = text
    this.start = start
    this.end = end
    this.utf8 = utf8
  }

  read(): Failure | undefined {
    const { text, end, start } = this
    let lineEnd = text.indexOf('\n', start)
    if (lineEnd < 0 || lineEnd >= end) lineEnd = end
    const failure = this.#startLine(start, withoutCr(text, start, lineEnd))
    if (failure !== undefined) return failure
    const headers = this.message!.headers
    let at = lineEnd + 1
    while (at < end) {
      lineEnd = lineEndAt(text, at, end)
      const contentEnd = withoutCr(text, at, lineEnd)
      if (contentEnd === at) break
      if (headers.size >= maxRows) return { at, rule: 'limit/rows', detail: `more than ${maxRows} header rows`, status: 513 }

      let nameEnd = at
      while (nameEnd < contentEnd && isTokenCode(text.charCodeAt(nameEnd))) nameEnd += 1
      let colon = nameEnd
      while (colon < contentEnd && isSpaceCode(text.charCodeAt(colon))) colon += 1
      if (nameEnd === at || text.charCodeAt(colon) !== 0x3a) {
        return { at: colon, rule: 'rfc3261/7.3.1', detail: 'a header row is a name, a colon and a value' }
      }
      const name = text.slice(at, nameEnd)

      let valueEnd = contentEnd
      let folded = false
      while (lineEnd + 1 < end && isSpaceCode(text.charCodeAt(lineEnd + 1))) {
        const next = lineEnd + 1
        lineEnd = lineEndAt(text, next, end)
        valueEnd = withoutCr(text, next, lineEnd)
        folded = true
      }
      const value = sliceTrimmed(text, colon + 1, valueEnd)
      headers.append(name, folded ? unfold(value) : value)
      at = lineEnd + 1
    }
    return this.#strayReturn()
  }

  /** Index of the `row`th row of that header; of the start line where there is none. For error reports only. */
  find(header: string, row: number): number {
    const { key } = headerName(header)
    for (let at = this.text.indexOf('\n', this.start) + 1; at > 0 && at < this.end; at = this.text.indexOf('\n', at) + 1) {
      // A folded line belongs to the row above it, whatever it looks like.
      if (isSpaceCode(this.text.charCodeAt(at))) continue
      const colon = this.text.indexOf(':', at)
      if (colon < 0) break
      if (headerName(sliceTrimmed(this.text, at, colon)).key !== key) continue
      if (row === 0) return at
      row -= 1
    }
    return this.start
  }

  #startLine(start: number, end: number): Failure | undefined {
    const { text } = this
    if (start === end) return { at: start, rule: 'rfc3261/7', detail: 'empty message' }
    return text.slice(start, start + 4).toUpperCase() === 'SIP/' ? this.#statusLine(start, end) : this.#requestLine(start, end)
  }

  /** `Method SP Request-URI SP SIP-Version` (RFC 3261 section 7.1). */
  #requestLine(start: number, end: number): Failure | undefined {
    const { text } = this
    while (end > start && isSpaceCode(text.charCodeAt(end - 1))) end -= 1
    let methodEnd = start
    while (methodEnd < end && isTokenCode(text.charCodeAt(methodEnd))) methodEnd += 1
    if (methodEnd === start || !isSpaceCode(text.charCodeAt(methodEnd))) {
      return { at: methodEnd, rule: 'rfc3261/7.1', detail: 'the start line is neither a Request-Line nor a Status-Line' }
    }
    const versionStart = text.lastIndexOf(' ', end - 1) + 1
    if (versionStart <= methodEnd + 1) return { at: end, rule: 'rfc3261/7.1', detail: 'no SIP version in the Request-Line' }
    const version = text.slice(versionStart, end).toUpperCase()
    if (!version.startsWith('SIP/')) return { at: versionStart, rule: 'rfc3261/7.1', detail: 'no SIP version in the Request-Line' }
    const uri = sliceTrimmed(text, methodEnd, versionStart)
    this.message = { type: 'request', method: text.slice(start, methodEnd), uri, headers: new HeaderMap(), body: noBody }
    if (version !== 'SIP/2.0') this.startLineFailure = { at: versionStart, rule: 'rfc3261/7.1', detail: `version ${version}`, status: 505 }
    if (!isUriText(uri)) this.startLineFailure = { at: methodEnd + 1, rule: 'rfc3261/7.1', detail: 'the Request-URI is not a URI' }
    // RFC 3261 section 19.1.1: the Request-URI has no header part. A `?` before the `@` belongs to the user.
    else if (uri.indexOf('?', uri.lastIndexOf('@') + 1) >= 0 && isSipScheme(uri)) {
      this.startLineFailure = { at: methodEnd + 1, rule: 'rfc3261/19.1.1', detail: 'the Request-URI has a header part' }
    }
    return undefined
  }

  /** `SIP-Version SP Status-Code SP Reason-Phrase` (RFC 3261 section 7.2). */
  #statusLine(start: number, end: number): Failure | undefined {
    const { text } = this
    let at = start
    while (at < end && !isSpaceCode(text.charCodeAt(at))) at += 1
    const version = text.slice(start, at).toUpperCase()
    while (at < end && isSpaceCode(text.charCodeAt(at))) at += 1
    const codeStart = at
    while (at < end && !isSpaceCode(text.charCodeAt(at))) at += 1
    const status = at - codeStart === 3 ? parseNumber(text.slice(codeStart, at), 699) : undefined
    if (status === undefined || status < 100)
      return { at: codeStart, rule: 'rfc3261/7.2', detail: 'a Status-Code is three digits, 100 to 699' }
    const reason = sliceTrimmed(text, at, end)
    this.message = { type: 'response', status, reason, headers: new HeaderMap(), body: noBody }
    if (version !== 'SIP/2.0') this.startLineFailure = { at: start, rule: 'rfc3261/7.1', detail: `version ${version}` }
    return undefined
  }

  /** A CR that ends no line would let two elements see different messages in the same bytes. */
  #strayReturn(): Failure | undefined {
    for (let at = this.text.indexOf('\r', this.start); at >= 0 && at < this.end; at = this.text.indexOf('\r', at + 1)) {
      if (this.text.charCodeAt(at + 1) !== 0x0a) return { at, rule: 'rfc3261/25.1', detail: 'CR without LF in the headers' }
    }
    return undefined
  }
}

function isSipScheme(uri: string): boolean {
  const scheme = uri.slice(0, 5).toLowerCase()
  return scheme.startsWith('sip:') || scheme === 'sips:'
}

function lineEndAt(text: string, at: number, end: number): number {
  const found = text.indexOf('\n', at)
  return found < 0 || found > end ? end : found
}

function withoutCr(text: string, start: number, end: number): number {
  return end > start && text.charCodeAt(end - 1) === 0x0d ? end - 1 : end
}

/** RFC 3261 section 7.3.1: a line end and the white space around it count as one space. */
function unfold(value: string): string {
  return value
    .split('\n')
    .map((line) => sliceTrimmed(line, 0, line.endsWith('\r') ? line.length - 1 : line.length))
    .filter((line) => line.length > 0)
    .join(' ')
}
