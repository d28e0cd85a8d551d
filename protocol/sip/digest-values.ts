/**
 * Digest challenges and credentials as header values, and the response they agree on (RFC 7616, RFC 8760; the
 * MD5 form without qop is RFC 2069's). Quoted values are kept as they stand between their quotes: what is hashed is
 * exactly what was sent.
 */
import { hash } from 'node:crypto'
import { isSpaceCode, isTokenCode, skipQuoted, skipSpace } from './scan.ts'

/** Names as RFC 7616 section 6.1 registers them. */
export type DigestAlgorithm = 'MD5' | 'SHA-256' | 'SHA-512-256'

const hashNames: Readonly<Record<DigestAlgorithm, string>> = { MD5: 'md5', 'SHA-256': 'sha256', 'SHA-512-256': 'sha512-256' }

/** Longest credentials or challenge we look into, in characters. */
const maxValueLength = 8192

/** `WWW-Authenticate: Digest ...` or `Proxy-Authenticate: Digest ...`. */
export interface DigestChallenge {
  realm: string
  nonce: string
  /** As written; absent means MD5. May name an algorithm we do not have, or its `-sess` form. */
  algorithm?: string
  /** Lower case; absent is RFC 2069's form. */
  qop?: string[]
  opaque?: string
  stale?: boolean
}

/** `Authorization: Digest ...` or `Proxy-Authorization: Digest ...`. */
export interface DigestCredentials {
  /** Between the quotes as sent, escapes included; `unescapeQuoted` gives the name. */
  username: string
  realm: string
  nonce: string
  uri: string
  response: string
  algorithm?: string
  cnonce?: string
  qop?: string
  /** Eight hexadecimal digits, as sent. */
  nc?: string
  opaque?: string
}

/** A challenge value; undefined for another scheme or a malformed one. */
export function parseChallenge(value: string): DigestChallenge | undefined {
  const params = parseDigestParams(value)
  const realm = params?.get('realm')
  const nonce = params?.get('nonce')
  if (params === undefined || realm === undefined || nonce === undefined) return undefined
  const challenge: DigestChallenge = { realm, nonce }
  const algorithm = params.get('algorithm')
  const qop = params.get('qop')
  const opaque = params.get('opaque')
  const stale = params.get('stale')
  if (algorithm !== undefined) challenge.algorithm = algorithm
  if (qop !== undefined) challenge.qop = qop.split(',').map((option) => option.trim().toLowerCase())
  if (opaque !== undefined) challenge.opaque = opaque
  if (stale !== undefined) challenge.stale = stale.toLowerCase() === 'true'
  return challenge
}

export function formatChallenge(challenge: DigestChallenge): string {
  let text = `Digest realm="${challenge.realm}", nonce="${challenge.nonce}"`
  if (challenge.opaque !== undefined) text += `, opaque="${challenge.opaque}"`
  if (challenge.stale !== undefined) text += `, stale=${challenge.stale}`
  if (challenge.algorithm !== undefined) text += `, algorithm=${challenge.algorithm}`
  if (challenge.qop !== undefined) text += `, qop="${challenge.qop.join(',')}"`
  return text
}

/** Credentials; undefined for another scheme or malformed ones. */
export function parseAuthorization(value: string): DigestCredentials | undefined {
  const params = parseDigestParams(value)
  const username = params?.get('username')
  const realm = params?.get('realm')
  const nonce = params?.get('nonce')
  const uri = params?.get('uri')
  const response = params?.get('response')
  if (params === undefined || username === undefined || realm === undefined) return undefined
  if (nonce === undefined || uri === undefined || response === undefined) return undefined
  const credentials: DigestCredentials = { username, realm, nonce, uri, response }
  for (const name of ['algorithm', 'cnonce', 'qop', 'nc', 'opaque'] as const) {
    const text = params.get(name)
    if (text !== undefined) credentials[name] = text
  }
  return credentials
}

export function formatAuthorization(credentials: DigestCredentials): string {
  const { username, realm, nonce, uri, response, algorithm, cnonce, qop, nc, opaque } = credentials
  let text = `Digest username="${username}", realm="${realm}", nonce="${nonce}", uri="${uri}", response="${response}"`
  if (algorithm !== undefined) text += `, algorithm=${algorithm}`
  if (cnonce !== undefined) text += `, cnonce="${cnonce}"`
  if (opaque !== undefined) text += `, opaque="${opaque}"`
  // qop and nc are tokens here, unlike in a challenge (RFC 7616 section 3.4).
  if (qop !== undefined) text += `, qop=${qop}`
  if (nc !== undefined) text += `, nc=${nc}`
  return text
}

/** The algorithm a name means and whether it is the session form; undefined for one we do not have. */
export function digestAlgorithm(name: string | undefined): { algorithm: DigestAlgorithm; session: boolean } | undefined {
  const upper = (name ?? 'MD5').toUpperCase()
  const session = upper.endsWith('-SESS')
  const algorithm = session ? upper.slice(0, -5) : upper
  return algorithm === 'MD5' || algorithm === 'SHA-256' || algorithm === 'SHA-512-256' ? { algorithm, session } : undefined
}

export interface DigestInput {
  algorithm: DigestAlgorithm
  session?: boolean
  /** As it stands between the quotes. */
  username: string
  realm: string
  password: string
  method: string
  uri: string
  nonce: string
  /** Without qop: the RFC 2069 form. */
  qop?: 'auth' | 'auth-int'
  nc?: string
  cnonce?: string
  /** Needed for `auth-int` only. */
  body?: Uint8Array
}

/** The `response` of RFC 7616 section 3.4.1, lower-case hexadecimal. */
export function digestResponse(input: DigestInput): string {
  const name = hashNames[input.algorithm]
  const h = (text: string | Uint8Array) => hash(name, text, 'hex')
  let ha1 = h(`${input.username}:${input.realm}:${input.password}`)
  if (input.session === true) ha1 = h(`${ha1}:${input.nonce}:${input.cnonce ?? ''}`)
  const bodyHash = input.qop === 'auth-int' ? `:${h(input.body ?? new Uint8Array(0))}` : ''
  const ha2 = h(`${input.method}:${input.uri}${bodyHash}`)
  if (input.qop === undefined) return h(`${ha1}:${input.nonce}:${ha2}`)
  return h(`${ha1}:${input.nonce}:${input.nc ?? ''}:${input.cnonce ?? ''}:${input.qop}:${ha2}`)
}

/** The text that stands for `text` between quotes. */
export function escapeQuoted(text: string): string {
  return text.replace(/[\\"]/g, '\\$&')
}

/** The text that stands between quotes as `text`. */
export function unescapeQuoted(text: string): string {
  return text.replace(/\\(.)/gs, '$1')
}

/** `Digest name=value, name="value"`: names in lower case, values without their quotes. A repeated name is malformed. */
function parseDigestParams(value: string): Map<string, string> | undefined {
  if (value.length > maxValueLength) return undefined
  let at = skipSpace(value, 0)
  if (value.slice(at, at + 6).toLowerCase() !== 'digest') return undefined
  const afterScheme = at + 6
  at = skipSpace(value, afterScheme)
  if (at === afterScheme) return undefined
  const params = new Map<string, string>()
  while (at < value.length) {
    const nameStart = at
    while (at < value.length && isTokenCode(value.charCodeAt(at))) at += 1
    const name = value.slice(nameStart, at).toLowerCase()
    at = skipSpace(value, at)
    if (name.length === 0 || params.has(name) || value.charCodeAt(at) !== 0x3d) return undefined
    at = skipSpace(value, at + 1)
    if (value.charCodeAt(at) === 0x22) {
      const end = skipQuoted(value, at)
      if (end < 0) return undefined
      params.set(name, value.slice(at + 1, end - 1))
      at = end
    } else {
      // Some clients leave out quotes that belong there, so more than a token is taken.
      const start = at
      while (at < value.length && !isSpaceCode(value.charCodeAt(at)) && value[at] !== ',' && value[at] !== '"') at += 1
      const token = value.slice(start, at)
      if (token.length === 0) return undefined
      params.set(name, token)
    }
    at = skipSpace(value, at)
    if (at === value.length) break
    if (value.charCodeAt(at) !== 0x2c) return undefined
    at = skipSpace(value, at + 1)
  }
  return params
}
