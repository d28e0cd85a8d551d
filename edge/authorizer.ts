/**
 * Who may call and register: by source address, or by digest (RFC 3261 section 22,
 * RFC 7616, RFC 8760). Nothing is kept for a stranger: nonces prove themselves.
 */

import { randomBytes } from 'node:crypto'
import type { FaultSet } from '../endpoint/faults.ts'
import { matchesIdentity } from '../endpoint/transport/peer-identity.ts'
import { type DigestVerdict, DigestVerifier } from '../protocol/sip/digest.ts'
import type { SipRequest } from '../protocol/sip/message.ts'
import type { Address, TlsFacts } from '../protocol/wire.ts'
import type { DigestAlgorithm } from './api/fields.ts'
import type { Trunk } from './api/schemas.ts'
import type { Directory } from './directory.ts'

/** `challenge` carries WWW-Authenticate values, best first. */
export type Verdict =
  | { readonly kind: 'allowed' }
  | { readonly kind: 'challenge'; readonly values: readonly string[] }
  | { readonly kind: 'forbidden'; readonly why: string }

export interface AuthorizerOptions {
  readonly directory: Directory
  readonly realm: string
  readonly faults: FaultSet
  /** Epoch milliseconds. */
  readonly now?: () => number
}

const nonceLifetimeMs = 60_000
const wireNames = { md5: 'MD5', 'sha-256': 'SHA-256', 'sha-512-256': 'SHA-512-256' } as const
/** What a stranger is challenged with: the same as for a trunk that left the choice to us. */
const commonAlgorithms: readonly DigestAlgorithm[] = ['sha-256', 'md5']

const allowed: Verdict = { kind: 'allowed' }
const uncertified: Verdict = { kind: 'forbidden', why: 'no certificate for the domain of the trunk' }

export class Authorizer {
  readonly #directory: Directory
  readonly #realm: string
  readonly #faults: FaultSet
  readonly #now: () => number
  readonly #verifiers = new Map<string, DigestVerifier>()

  constructor(options: AuthorizerOptions) {
    this.#directory = options.directory
    this.#realm = options.realm
    this.#faults = options.faults
    this.#now = options.now ?? Date.now
  }

  /** Whether an INVITE from `remote` may use the trunk; `tls` is what is known of the connection it came on. */
  invite(request: SipRequest, remote: Address, trunk: Trunk, tls?: TlsFacts): Verdict {
    if (!this.#certified(trunk, tls)) return uncertified
    if (trunk.auth.type === 'acl') {
      const family = remote.address.includes(':') ? 'ipv6' : 'ipv4'
      if (this.#faults.has('accept-strangers')) return allowed
      const listed = this.#directory.accessList(trunk)?.check(remote.address, family) === true
      return listed ? allowed : { kind: 'forbidden', why: 'source address is not on the list' }
    }
    if (this.#faults.has('skip-digest')) return allowed
    return this.#digest(request, trunk)
  }

  /** Whether a REGISTER may change the trunk's bindings. Without a trunk (nobody by that name) it never may, and looks the same. */
  register(request: SipRequest, trunk: Trunk | undefined, tls?: TlsFacts): Verdict {
    if (trunk !== undefined && !this.#certified(trunk, tls)) return uncertified
    if (this.#faults.has('register-unchallenged') && trunk !== undefined) return allowed
    return this.#digest(request, trunk)
  }

  /** RFC 5922 section 7.1: the certificate of a trunk that must show one is for the domain of the trunk. */
  #certified({ client_certificate: wanted, sip_domain: domain }: Trunk, tls: TlsFacts | undefined): boolean {
    if (wanted !== 'required' || this.#faults.has('skip-certificate-verification')) return true
    return tls?.authorized === true && matchesIdentity(tls.peerNames, domain.replace(/^\[|\]$/g, ''))
  }

  #digest(request: SipRequest, trunk: Trunk | undefined): Verdict {
    const auth = trunk?.auth.type === 'digest' ? trunk.auth : undefined
    const verifier = this.#verifier(auth?.algorithms ?? commonAlgorithms)
    const nowMs = this.#now()
    let verdict: DigestVerdict | undefined
    for (const value of request.headers.rows('Authorization')) {
      const passwordOf = (username: string): string | undefined => (username === auth?.username ? auth.password : undefined)
      const one = verifier.verify({ value, method: request.method, uri: request.uri, passwordOf, nowMs })
      if (one.ok) return allowed
      // Credentials for somebody else's realm may stand beside ours.
      if (one.why !== 'wrong-realm') verdict = one
    }
    if (verdict === undefined || verdict.ok) return { kind: 'challenge', values: verifier.challenge(nowMs) }
    switch (verdict.why) {
      case 'wrong':
      case 'unknown-user':
        if (this.#faults.has('accept-wrong-password') && auth !== undefined) return allowed
        return { kind: 'forbidden', why: 'wrong username or password' }
      // Who knows the password and used an old nonce only needs a new one; `stale` says so.
      case 'stale':
      case 'replayed':
        return { kind: 'challenge', values: verifier.challenge(nowMs, { stale: true }) }
      default:
        return { kind: 'challenge', values: verifier.challenge(nowMs) }
    }
  }

  /** One verifier for each choice of algorithms: there are few, however many trunks there are. */
  #verifier(algorithms: readonly DigestAlgorithm[]): DigestVerifier {
    const key = algorithms.join()
    let verifier = this.#verifiers.get(key)
    if (verifier === undefined) {
      verifier = new DigestVerifier({
        realm: this.#realm,
        secret: randomBytes(32),
        nonceLifetimeMs,
        algorithms: algorithms.map((name) => wireNames[name]),
      })
      this.#verifiers.set(key, verifier)
    }
    return verifier
  }
}
