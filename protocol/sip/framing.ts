/**
 * Cuts a TCP or TLS stream into SIP messages by Content-Length (RFC 3261 section 18.3) and recognises the
 * keep-alives between them (RFC 5626 section 4.4.1). Once the stream cannot be cut any more, every byte that
 * follows is ignored: the connection is to be closed.
 */
import { headerName } from './header-names.ts'
import { type Malformed, maxMessageBytes, parseMessage } from './parser.ts'
import { isSpaceCode, isTokenCode, parseNumber, sliceTrimmed } from './scan.ts'

export type Frame =
  /** One message. The bytes are the framer's no more; they may be a view into the chunk that was pushed. */
  | { readonly kind: 'message'; readonly bytes: Uint8Array }
  /** CRLF CRLF between messages: the peer wants a CRLF back. */
  | { readonly kind: 'ping' }
  /** One CRLF between messages: the answer to our ping, or a stray line end before a message. */
  | { readonly kind: 'pong' }
  /** The stream is lost. `error.message` tells whom to answer before closing. */
  | { readonly kind: 'malformed'; readonly error: Malformed }

const empty = Buffer.alloc(0)

const tooLong: Malformed = { offset: 0, line: 1, rule: 'limit/bytes', detail: `longer than ${maxMessageBytes} bytes`, status: 513 }
/** For a head the parser would take and the framer cannot. */
const noLength: Malformed = {
  offset: 0,
  line: 1,
  rule: 'rfc3261/18.3',
  detail: 'no one Content-Length says where the body ends',
  status: 400,
}

/**
 * Holds at most one unfinished message (`maxMessageBytes`) and the chunk at hand. Pushing n bytes costs O(n) however
 * they are cut: what was searched is not searched again, and storage doubles.
 */
export class StreamFramer {
  /** Unfinished bytes are `#store[0 .. #used)`. */
  #store: Buffer = empty
  #used = 0
  /** How far the unfinished head was searched for its end. */
  #searched = 0
  /** Length of the unfinished message, once its head is complete. */
  #messageLength = 0
  #lost = false

  /** Bytes held back for the next push. */
  get pending(): number {
    return this.#used
  }

  push(chunk: Uint8Array): Frame[] {
    const frames: Frame[] = []
    if (this.#lost || chunk.length === 0) return frames
    const stored = this.#used > 0
    const data = stored ? this.#append(chunk) : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
    let at = 0
    while (at < data.length && !this.#lost) {
      const next = this.#next(data, at, stored, frames)
      if (next === at) break
      at = next
      this.#searched = 0
      this.#messageLength = 0
    }
    this.#keep(data, this.#lost ? data.length : at, stored)
    return frames
  }

  /** Takes one frame from `data` at `at` and returns the index after it; `at` itself where it is not complete yet. */
  #next(data: Buffer, at: number, stored: boolean, frames: Frame[]): number {
    const first = data[at]!
    if (first === 0x0d || first === 0x0a) return betweenMessages(data, at, frames)
    if (!isTokenCode(first)) return this.#lose(data.subarray(at, at + 1), frames)
    if (this.#messageLength === 0) {
      const headEnd = endOfHead(data, at, at + this.#searched)
      if (headEnd < 0) {
        if (data.length - at > maxMessageBytes) return this.#lose(data.subarray(at), frames)
        // An end of line may be cut in two or three: search its beginning again.
        this.#searched = Math.max(0, data.length - at - 3)
        return at
      }
      const head = data.subarray(at, headEnd)
      const bodyLength = contentLength(head)
      if (bodyLength === undefined) return this.#lose(head, frames)
      if (head.length + bodyLength > maxMessageBytes) return this.#lose(head, frames, tooLong)
      this.#messageLength = head.length + bodyLength
    }
    const end = at + this.#messageLength
    if (end > data.length) return at
    // The store is written over by the next push, so a message leaves it as a copy.
    const bytes = data.subarray(at, end)
    frames.push({ kind: 'message', bytes: stored ? Buffer.from(bytes) : bytes })
    return end
  }

  /** Nothing tells any more where the next message begins. `because` goes before what the parser finds in the head. */
  #lose(head: Buffer, frames: Frame[], because?: Malformed): number {
    this.#lost = true
    const parsed = parseMessage(Buffer.from(head), { stream: true })
    const { message } = parsed.ok ? parsed : parsed.error
    const found = because ?? (parsed.ok ? noLength : parsed.error)
    frames.push({ kind: 'malformed', error: message === undefined ? found : { ...found, message } })
    return -1
  }

  #append(chunk: Uint8Array): Buffer {
    const length = this.#used + chunk.length
    if (length > this.#store.length) {
      const larger = Buffer.allocUnsafe(Math.max(length, this.#store.length * 2, 2048))
      this.#store.copy(larger, 0, 0, this.#used)
      this.#store = larger
    }
    this.#store.set(chunk, this.#used)
    this.#used = length
    return this.#store.subarray(0, length)
  }

  #keep(data: Buffer, from: number, stored: boolean): void {
    if (from >= data.length) {
      this.#used = 0
      this.#store = empty
    } else if (!stored) this.#append(data.subarray(from))
    else if (from > 0) {
      this.#store.copyWithin(0, from, this.#used)
      this.#used -= from
    }
  }
}

/**
 * Keep-alives. A ping cut exactly in its middle reads as two pongs: nothing but time could tell them apart, and an
 * unanswered ping costs the peer no more than a new connection.
 */
function betweenMessages(data: Buffer, at: number, frames: Frame[]): number {
  if (data[at] === 0x0a) return at + 1
  if (at + 1 >= data.length) return at
  if (data[at + 1] !== 0x0a) return at + 1
  if (data[at + 2] !== 0x0d) {
    frames.push({ kind: 'pong' })
    return at + 2
  }
  if (at + 3 >= data.length) return at
  if (data[at + 3] !== 0x0a) {
    frames.push({ kind: 'pong' })
    return at + 2
  }
  frames.push({ kind: 'ping' })
  return at + 4
}

/** Index after the first empty line of the message at `start`, searching from `from`; -1 where there is none yet. */
function endOfHead(data: Buffer, start: number, from: number): number {
  for (let at = data.indexOf(0x0a, from); at >= 0; at = data.indexOf(0x0a, at + 1)) {
    if (at - start > maxMessageBytes) return -1
    if (data[at + 1] === 0x0a) return at + 2
    if (data[at + 1] === 0x0d && data[at + 2] === 0x0a) return at + 3
  }
  return -1
}

/**
 * The one Content-Length of a head. Undefined where it is missing, not a number, or there are several: two elements
 * that chose differently would see different messages.
 */
function contentLength(head: Buffer): number | undefined {
  const text = head.toString('latin1')
  let length: number | undefined
  for (let at = text.indexOf('\n') + 1; at > 0 && at < text.length; at = text.indexOf('\n', at) + 1) {
    const initial = text.charCodeAt(at) | 0x20
    // `c` of Content-Length or `l`, its compact form: most rows are left after one comparison.
    if (initial !== 0x63 && initial !== 0x6c) continue
    let nameEnd = at
    while (isTokenCode(text.charCodeAt(nameEnd))) nameEnd += 1
    if (headerName(text.slice(at, nameEnd)).key !== 'content-length') continue
    const colon = text.indexOf(':', nameEnd)
    let end = text.indexOf('\n', at)
    while (isSpaceCode(text.charCodeAt(end + 1))) end = text.indexOf('\n', end + 1)
    const value = text
      .slice(colon + 1, end)
      .replaceAll('\r', ' ')
      .replaceAll('\n', ' ')
    const number = parseNumber(sliceTrimmed(value, 0, value.length), maxMessageBytes)
    if (colon < 0 || colon > end || number === undefined || length !== undefined) return undefined
    length = number
  }
  return length
}
