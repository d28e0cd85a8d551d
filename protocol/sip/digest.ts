/** Digest authentication of a SIP user agent client (RFC 3261 section 22, RFC 8760), and the server's side beside it. */
import {
  type DigestChallenge,
  digestAlgorithm,
  digestResponse,
  escapeQuoted,
  formatAuthorization,
  parseChallenge,
} from './digest-values.ts'

export { type DigestChallenge, formatChallenge, parseAuthorization, parseChallenge } from './digest-values.ts'
export { type DigestVerdict, DigestVerifier } from './digest-verifier.ts'

export interface AnswerOptions {
  /** The values of WWW-Authenticate or Proxy-Authenticate, topmost first. */
  challenges: readonly string[]
  method: string
  /** The Request-URI of the request that will carry the answer. */
  uri: string
  username: string
  password: string
  /** How many requests used this nonce, this one included: 1 for the first. */
  nonceCount: number
  cnonce: string
  /** The request's body: hashed where the challenge offers only `auth-int`. */
  body?: Uint8Array
}

/**
 * Credentials for the topmost challenge we can answer (RFC 8760 section 2.4), and that challenge, so that its nonce can
 * be used again. Undefined where there is none: another scheme, algorithm or qop.
 */
export function answerChallenge(options: AnswerOptions): { value: string; challenge: DigestChallenge } | undefined {
  for (const text of options.challenges) {
    const challenge = parseChallenge(text)
    if (challenge === undefined) continue
    const chosen = digestAlgorithm(challenge.algorithm)
    const qop = chooseQop(challenge)
    if (chosen === undefined || qop === 'none of ours') continue
    const username = escapeQuoted(options.username)
    const nc = options.nonceCount.toString(16).padStart(8, '0')
    const { realm, nonce, algorithm, opaque } = challenge
    const { method, uri, cnonce } = options
    const withQop = qop === undefined ? {} : { qop, nc, cnonce }
    const response = digestResponse({
      ...chosen,
      username,
      realm,
      password: options.password,
      method,
      uri,
      nonce,
      // The session form hashes the cnonce even where no qop is sent.
      cnonce,
      ...withQop,
      ...(options.body === undefined ? {} : { body: options.body }),
    })
    const value = formatAuthorization({
      username,
      realm,
      nonce,
      uri,
      response,
      ...(algorithm === undefined ? {} : { algorithm }),
      ...(opaque === undefined ? {} : { opaque }),
      ...(chosen.session ? { cnonce } : {}),
      ...withQop,
    })
    return { value, challenge }
  }
  return undefined
}

function chooseQop(challenge: DigestChallenge): 'auth' | 'auth-int' | undefined | 'none of ours' {
  if (challenge.qop === undefined) return undefined
  if (challenge.qop.includes('auth')) return 'auth'
  return challenge.qop.includes('auth-int') ? 'auth-int' : 'none of ours'
}
