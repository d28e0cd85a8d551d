/**
 * Nonces that carry their own proof, and the memory of how often each was used (RFC 7616 sections 3.3 and 5.12).
 *
 *   time issued (ms) : 6 bytes | counter : 4 bytes | HMAC-SHA-256(secret, time | counter | realm) : 16 bytes
 *
 * Issuing costs no memory, so a stranger's requests cannot exhaust any; only a nonce that a right password answered
 * is remembered.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'

const stampBytes = 10
const proofBytes = 16

export class NonceIssuer {
  readonly #secret: Uint8Array
  readonly #realm: string
  #counter = 0

  constructor(secret: Uint8Array, realm: string) {
    this.#secret = secret
    this.#realm = realm
  }

  issue(nowMs: number): string {
    const bytes = Buffer.alloc(stampBytes)
    bytes.writeUIntBE(Math.floor(nowMs), 0, 6)
    bytes.writeUInt32BE(this.#counter, 6)
    this.#counter = (this.#counter + 1) >>> 0
    return Buffer.concat([bytes, this.#proof(bytes)]).toString('base64url')
  }

  /** When this nonce was issued, in ms; undefined for one that is not ours. */
  issuedAt(nonce: string): number | undefined {
    const bytes = Buffer.from(nonce, 'base64url')
    // Decoding forgives; only the one spelling we sent is ours, or one nonce could be counted under many names.
    if (bytes.length !== stampBytes + proofBytes || bytes.toString('base64url') !== nonce) return undefined
    const stamp = bytes.subarray(0, stampBytes)
    return timingSafeEqual(bytes.subarray(stampBytes), this.#proof(stamp)) ? stamp.readUIntBE(0, 6) : undefined
  }

  #proof(stamp: Uint8Array): Buffer {
    return createHmac('sha256', this.#secret).update(stamp).update(this.#realm).digest().subarray(0, proofBytes)
  }
}

/** Highest nonce count seen, and which of the `windowSize` below it: bit n is `highest - n`. */
interface Use {
  readonly issuedAt: number
  highest: number
  window: number
}

/** Requests may overtake each other by this much (UDP), each counted once. */
const windowSize = 32

export class NonceLedger {
  readonly #uses = new Map<string, Use>()
  readonly #limit: number
  /** Nonces issued up to here, and not in the ledger, may have been dropped from it: they count as used up. */
  #forgottenUpTo = -1

  constructor(limit: number) {
    this.#limit = limit
  }

  get size(): number {
    return this.#uses.size
  }

  /** Records a use. `forgotten`: the ledger no longer knows, so the client needs a new nonce. */
  use(nonce: string, issuedAt: number, count: number): 'first' | 'replayed' | 'forgotten' {
    const known = this.#uses.get(nonce)
    if (known === undefined) {
      if (issuedAt <= this.#forgottenUpTo) return 'forgotten'
      this.#makeRoom()
      this.#uses.set(nonce, { issuedAt, highest: count, window: 1 })
      return 'first'
    }
    if (count > known.highest) {
      const ahead = count - known.highest
      known.window = ahead >= windowSize ? 1 : ((known.window << ahead) | 1) >>> 0
      known.highest = count
      return 'first'
    }
    const behind = known.highest - count
    if (behind >= windowSize || (known.window & (1 << behind)) !== 0) return 'replayed'
    known.window = (known.window | (1 << behind)) >>> 0
    return 'first'
  }

  /** Forgets what has expired anyway. */
  expire(issuedBefore: number): void {
    for (const [nonce, use] of this.#uses) {
      // Insertion order is nearly the order of issue: the first young one ends the walk, stragglers go next time.
      if (use.issuedAt >= issuedBefore) return
      this.#uses.delete(nonce)
    }
  }

  #makeRoom(): void {
    if (this.#uses.size < this.#limit) return
    for (const [nonce, use] of this.#uses) {
      this.#uses.delete(nonce)
      this.#forgottenUpTo = Math.max(this.#forgottenUpTo, use.issuedAt)
      return
    }
  }
}
