/**
 * HMAC-SHA1 (RFC 2104) by two one-shot hashes over pads made once: an Hmac object of node:crypto
 * for each packet costs fifteen times as much.
 */

import { hash } from 'node:crypto'

const blockLength = 64
export const sha1Length = 20
/** The longest UDP datagram. */
const longestMessage = 65_535
const wordLength = 4

/** What is hashed: a pad, and behind it message or inner digest. Shared, as nothing is kept between calls. */
const inner = Buffer.alloc(blockLength + longestMessage + wordLength)
const outer = Buffer.alloc(blockLength + sha1Length)
const innerMessage = inner.subarray(blockLength)

export class HmacSha1 {
  readonly #innerPad: Uint8Array
  readonly #outerPad: Uint8Array

  /** The key is at most 64 bytes. */
  constructor(key: Uint8Array) {
    if (key.length > blockLength) throw new RangeError(`an HMAC key of ${key.length} bytes`)
    const pad = (byte: number) => Uint8Array.from({ length: blockLength }, (_, at) => (key[at] ?? 0) ^ byte)
    this.#innerPad = pad(0x36)
    this.#outerPad = pad(0x5c)
  }

  /** Writes the first `length` bytes of the digest of `bytes[0, end)` and the 32 bits of `word` behind it to `target`. */
  write(bytes: Uint8Array, end: number, word: number, target: Uint8Array, at: number, length: number): void {
    inner.set(this.#innerPad)
    innerMessage.set(end === bytes.length ? bytes : bytes.subarray(0, end))
    innerMessage.writeInt32BE(word | 0, end)
    outer.set(this.#outerPad)
    // As a string of bytes: a Buffer for the digest costs more than the hash.
    outer.write(hash('sha1', inner.subarray(0, blockLength + end + wordLength), 'binary'), blockLength, 'binary')
    const digest = hash('sha1', outer, 'binary')
    for (let nth = 0; nth < length; nth++) target[at + nth] = digest.charCodeAt(nth)
  }
}
