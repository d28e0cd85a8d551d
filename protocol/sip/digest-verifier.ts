/** Digest authentication of a SIP user agent server or registrar (RFC 3261 section 22.2, RFC 7616, RFC 8760). */
import { timingSafeEqual } from 'node:crypto'
import {
  type DigestAlgorithm,
  digestAlgorithm,
  digestResponse,
  formatChallenge,
  parseAuthorization,
  unescapeQuoted,
} from './digest-values.ts'
import { NonceIssuer, NonceLedger } from './nonce.ts'

export interface DigestVerifierOptions {
  realm: string
  /** Key of the nonces' proofs; 32 random bytes. With the same secret, nonces outlive a restart. */
  secret: Uint8Array
  /** How long a nonce may be used, in ms. */
  nonceLifetimeMs: number
  /** Offered in this order; the topmost is what a client should take (RFC 8760 section 2.3). */
  algorithms: readonly DigestAlgorithm[]
  /** How many nonces in use are remembered; 10,000 by default. */
  maxNonces?: number
}

/**
 * `stale`: the password is right, the nonce can no longer be used: challenge again with `stale: true`.
 * `replayed`: this nonce count was used before.
 */
export type DigestVerdict =
  | {
      readonly ok: true
      readonly username: string
      /**
       * The credentials' uri is not the Request-URI. No failure in SIP: a proxy or SBC on the way may have rewritten it
       * (RFC 3261 section 22.4 item 5); the nonce count already keeps credentials from being used twice.
       */
      readonly uriDiffers: boolean
    }
  | {
      readonly ok: false
      readonly why: 'malformed' | 'wrong-realm' | 'wrong-algorithm' | 'unknown-user' | 'wrong' | 'stale' | 'replayed'
    }

export interface VerifyRequest {
  /** The value of Authorization or Proxy-Authorization. */
  value: string
  method: string
  /** The Request-URI. */
  uri: string
  passwordOf: (username: string) => string | undefined
  nowMs: number
}

export class DigestVerifier {
  readonly #realm: string
  readonly #algorithms: readonly DigestAlgorithm[]
  readonly #nonceLifetimeMs: number
  readonly #issuer: NonceIssuer
  readonly #ledger: NonceLedger

  constructor(options: DigestVerifierOptions) {
    this.#realm = options.realm
    this.#algorithms = options.algorithms
    this.#nonceLifetimeMs = options.nonceLifetimeMs
    this.#issuer = new NonceIssuer(options.secret, options.realm)
    this.#ledger = new NonceLedger(options.maxNonces ?? 10_000)
  }

  /** One challenge an algorithm, best first: each a row of its own in the 401 or 407. */
  challenge(nowMs: number, options: { stale?: boolean } = {}): string[] {
    const nonce = this.#issuer.issue(nowMs)
    return this.#algorithms.map((algorithm) =>
      formatChallenge({
        realm: this.#realm,
        nonce,
        algorithm,
        qop: ['auth'],
        ...(options.stale === true ? { stale: true } : {}),
      }),
    )
  }

  /** Judges credentials. The password is checked before the nonce's age, so that only who knows it is told `stale`. */
  verify({ value, method, uri, passwordOf, nowMs }: VerifyRequest): DigestVerdict {
    const credentials = parseAuthorization(value)
    if (credentials === undefined) return { ok: false, why: 'malformed' }
    if (credentials.realm !== this.#realm) return { ok: false, why: 'wrong-realm' }
    const chosen = digestAlgorithm(credentials.algorithm)
    if (chosen === undefined || chosen.session || !this.#algorithms.includes(chosen.algorithm)) return { ok: false, why: 'wrong-algorithm' }
    const count = nonceCount(credentials)
    if (count === undefined) return { ok: false, why: 'malformed' }

    const { username, realm, nonce, qop, nc, cnonce } = credentials
    const name = unescapeQuoted(username)
    const password = passwordOf(name)
    const expected = digestResponse({
      algorithm: chosen.algorithm,
      username,
      realm,
      // An unknown user costs the same time as a wrong password.
      password: password ?? '',
      method,
      uri: credentials.uri,
      nonce,
      ...(qop === undefined ? {} : { qop: 'auth', nc: nc ?? '', cnonce: cnonce ?? '' }),
    })
    const matches = sameDigest(expected, credentials.response)
    if (password === undefined) return { ok: false, why: 'unknown-user' }
    if (!matches) return { ok: false, why: 'wrong' }

    const issuedAt = this.#issuer.issuedAt(nonce)
    const oldest = nowMs - this.#nonceLifetimeMs
    if (issuedAt === undefined || issuedAt < oldest || issuedAt > nowMs + this.#nonceLifetimeMs) return { ok: false, why: 'stale' }
    this.#ledger.expire(oldest)
    const use = this.#ledger.use(nonce, issuedAt, count)
    if (use === 'forgotten') return { ok: false, why: 'stale' }
    // Without qop there is no count: such a nonce is good once, and its second use is no attack but an old client.
    if (use === 'replayed') return { ok: false, why: qop === undefined ? 'stale' : 'replayed' }
    return { ok: true, username: name, uriDiffers: credentials.uri !== uri }
  }
}

/** The count of RFC 7616 section 3.4; 1 for the form without qop; undefined where qop, nc and cnonce do not fit together. */
function nonceCount({ qop, nc, cnonce }: { qop?: string; nc?: string; cnonce?: string }): number | undefined {
  if (qop === undefined) return 1
  if (qop.toLowerCase() !== 'auth' || cnonce === undefined || nc === undefined || !/^[0-9a-f]{8}$/i.test(nc)) return undefined
  return Number.parseInt(nc, 16)
}

function sameDigest(expected: string, given: string): boolean {
  const a = Buffer.from(expected, 'latin1')
  const b = Buffer.from(given.toLowerCase(), 'latin1')
  return a.length === b.length && timingSafeEqual(a, b)
}
