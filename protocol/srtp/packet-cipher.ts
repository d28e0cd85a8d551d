/**
 * The two ways SRTP encrypts and authenticates a packet: AES in counter mode with HMAC-SHA1
 * (RFC 3711 sections 4.1.1 and 4.2.1) and AES in Galois/counter mode (RFC 7714). Where a
 * packet's parts lie, and whether it may be sent or taken, is `srtp-context.ts`.
 *
 * Chosen with `npm run bench -- srtp`, the fastest of what Node offers: AES blocks of a long-lived
 * ECB cipher, made for several packets at once; HMAC as two one-shot hashes; GHASH in JavaScript.
 * One to two us for 172 bytes in every profile, where a cipher or Hmac object for each packet costs 15
 * to 30, werift's session 20 to 40, and the plain echo of a packet some 10.
 */

import { createCipheriv } from 'node:crypto'
import { Ghash } from './ghash.ts'
import { HmacSha1, sha1Length } from './hmac-sha1.ts'
import type { SessionKeys } from './key-derivation.ts'
import { applyKeystream, blockLength, Keystream, KeystreamOfSource } from './keystream.ts'
import type { SrtpProfile } from './profile.ts'

/** One packet to be worked on. */
export interface PacketWork {
  readonly keystream: KeystreamOfSource
  readonly index: number
  /** No packet with a higher index, or this one, was seen before. */
  readonly newest: boolean
  readonly bytes: Uint8Array
  /** What is encrypted, if it is: `bytes[start, end)`. All before it is authenticated only. */
  readonly start: number
  readonly end: number
  /** RTP: the rollover counter. RTCP: E flag and index. */
  readonly word: number
}

export interface PacketCipher {
  keystream(ssrc: number): KeystreamOfSource
  /** Encrypts in place; the tag is written to `bytes` at `tagAt`. */
  seal(work: PacketWork, tagAt: number): void
  /** Whether the tag in `bytes` at `tagAt` is the packet's. Changes nothing. */
  verify(work: PacketWork, tagAt: number): boolean
  /** Decrypts `bytes[start, end)` to the same place in `to`. */
  decrypt(work: PacketWork, to: Uint8Array): void
}

export function makePacketCipher(profile: SrtpProfile, keys: SessionKeys, kind: 'rtp' | 'rtcp'): PacketCipher {
  const keystream = new Keystream(profile.cipher, keys.encryption, keys.salt)
  if (profile.cipher === 'aes-gcm') return new GaloisCounterMode(keystream, keys.encryption, kind === 'rtcp')
  return new CounterModeWithHmac(keystream, keys.authentication, kind === 'rtp' ? profile.rtpTagLength : profile.rtcpTagLength)
}

/** The tag just computed; nothing is kept in it between calls. */
const computed = new Uint8Array(sha1Length)

class CounterModeWithHmac implements PacketCipher {
  readonly #keystream: Keystream
  readonly #hmac: HmacSha1
  readonly #tagLength: number

  constructor(keystream: Keystream, authenticationKey: Uint8Array, tagLength: number) {
    this.#keystream = keystream
    this.#hmac = new HmacSha1(authenticationKey)
    this.#tagLength = tagLength
  }

  keystream(ssrc: number): KeystreamOfSource {
    return new KeystreamOfSource(this.#keystream, ssrc)
  }

  seal(work: PacketWork, tagAt: number): void {
    this.decrypt(work, work.bytes)
    this.#hmac.write(work.bytes, work.end, work.word, work.bytes, tagAt, this.#tagLength)
  }

  verify({ bytes, end, word }: PacketWork, tagAt: number): boolean {
    this.#hmac.write(bytes, end, word, computed, 0, this.#tagLength)
    return sameTag(bytes, tagAt, this.#tagLength)
  }

  decrypt({ keystream, index, newest, bytes, start, end }: PacketWork, to: Uint8Array): void {
    if (start === end) return
    const at = keystream.locate(index, Math.ceil((end - start) / blockLength), newest)
    applyKeystream(bytes, start, end, keystream.bytes, at, to)
  }
}

const galoisTagLength = 16
const wordLength = 4

class GaloisCounterMode implements PacketCipher {
  readonly #keystream: Keystream
  readonly #ghash: Ghash
  /** In SRTCP the word is associated data (RFC 7714 section 9.2); in SRTP the rollover counter is in the counter already. */
  readonly #wordCounts: boolean

  constructor(keystream: Keystream, encryptionKey: Uint8Array, wordCounts: boolean) {
    this.#keystream = keystream
    const zeros = new Uint8Array(blockLength)
    this.#ghash = new Ghash(createCipheriv(`aes-${encryptionKey.length * 8}-ecb`, encryptionKey, null).update(zeros))
    this.#wordCounts = wordCounts
  }

  keystream(ssrc: number): KeystreamOfSource {
    return new KeystreamOfSource(this.#keystream, ssrc)
  }

  seal(work: PacketWork, tagAt: number): void {
    this.decrypt(work, work.bytes)
    this.#tag(work)
    for (let nth = 0; nth < galoisTagLength; nth++) work.bytes[tagAt + nth] = computed[nth]!
  }

  verify(work: PacketWork, tagAt: number): boolean {
    this.#tag(work)
    return sameTag(work.bytes, tagAt, galoisTagLength)
  }

  decrypt(work: PacketWork, to: Uint8Array): void {
    const at = this.#locate(work)
    applyKeystream(work.bytes, work.start, work.end, work.keystream.bytes, at + blockLength, to)
  }

  #locate({ keystream, index, newest, start, end }: PacketWork): number {
    return keystream.locate(index, 1 + Math.ceil((end - start) / blockLength), newest)
  }

  #tag(work: PacketWork): void {
    const { bytes, start, end, word, keystream } = work
    const ghash = this.#ghash
    let associatedLength = start
    if (this.#wordCounts) {
      associatedLength += wordLength
      const associated = Buffer.alloc(associatedLength)
      associated.set(bytes.subarray(0, start))
      associated.writeInt32BE(word | 0, start)
      ghash.update(associated, 0, associatedLength)
    } else {
      ghash.update(bytes, 0, start)
    }
    ghash.update(bytes, start, end)
    ghash.finish(associatedLength, end - start, computed)
    const at = this.#locate(work)
    for (let nth = 0; nth < galoisTagLength; nth++) computed[nth]! ^= keystream.bytes[at + nth]!
  }
}

/** In a time that does not depend on where they differ. */
function sameTag(bytes: Uint8Array, at: number, length: number): boolean {
  let difference = 0
  for (let nth = 0; nth < length; nth++) difference |= bytes[at + nth]! ^ computed[nth]!
  return difference === 0
}
