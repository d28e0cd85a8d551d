import { HeaderMap } from './header-map.ts'
import { tagOf } from './headers.ts'
import { reasonPhrase } from './status.ts'

export { HeaderMap } from './header-map.ts'

/** RFC 3261 section 7.1. `uri` is the Request-URI as written; `body` has exactly Content-Length bytes. */
export interface SipRequest {
  readonly type: 'request'
  method: string
  uri: string
  headers: HeaderMap
  body: Uint8Array
}

/** RFC 3261 section 7.2. */
export interface SipResponse {
  readonly type: 'response'
  status: number
  reason: string
  headers: HeaderMap
  body: Uint8Array
}

export type SipMessage = SipRequest | SipResponse

const noBody = new Uint8Array(0)

function bodyBytes(body: Uint8Array | string | undefined): Uint8Array {
  if (body === undefined) return noBody
  return typeof body === 'string' ? Buffer.from(body, 'utf8') : body
}

/** A request with these rows. Content-Length is the serializer's business. */
export function makeRequest(
  method: string,
  uri: string,
  rows: Iterable<readonly [name: string, value: string]>,
  body?: Uint8Array | string,
): SipRequest {
  return { type: 'request', method, uri, headers: new HeaderMap(rows), body: bodyBytes(body) }
}

export interface ResponseOptions {
  reason?: string
  /** Added to To where the request's To has no tag. */
  toTag?: string
  /** Further rows, after the copied ones (Record-Route too, where the response creates a dialog). */
  rows?: Iterable<readonly [name: string, value: string]>
  body?: Uint8Array | string
}

/**
 * A response by RFC 3261 section 8.2.6: Via rows, From, To, Call-ID and CSeq are the request's; To gets `toTag`
 * where it has no tag; a 100 copies Timestamp.
 */
export function makeResponse(request: SipRequest, status: number, options: ResponseOptions = {}): SipResponse {
  const from = request.headers
  const headers = new HeaderMap()
  for (const via of from.rows('Via')) headers.append('Via', via)
  copy(from, headers, 'From')
  const to = from.get('To')
  if (to !== undefined) {
    const tagged = options.toTag !== undefined && tagOf(to) === undefined ? withTag(to, options.toTag) : to
    headers.append('To', tagged)
  }
  copy(from, headers, 'Call-ID')
  copy(from, headers, 'CSeq')
  if (status === 100) copy(from, headers, 'Timestamp')
  if (options.rows !== undefined) for (const [name, value] of options.rows) headers.append(name, value)
  return { type: 'response', status, reason: options.reason ?? reasonPhrase(status), headers, body: bodyBytes(options.body) }
}

function copy(from: HeaderMap, to: HeaderMap, name: string): void {
  const value = from.get(name)
  if (value !== undefined) to.append(name, value)
}

/** Appends the tag without rewriting the rest: a peer may compare To as text. */
function withTag(value: string, tag: string): string {
  return `${value};tag=${tag}`
}
