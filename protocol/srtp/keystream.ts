/**
 * AES in counter mode as SRTP uses it: each packet has a counter of its own, made of salt, SSRC
 * and index. One long-lived AES-ECB cipher encrypts counter blocks, because a cipher of
 * node:crypto costs ten times more to make than a packet takes to encrypt; and as the indices to
 * come are known, several packets' blocks go into one call.
 */

import { type Cipheriv, createCipheriv } from 'node:crypto'
import type { SrtpProfile } from './profile.ts'

export const blockLength = 16
/** Bound on what is made ahead: sixteen packets of 20 ms of G.711, or as many longer ones as fit. */
const mostBlocksAhead = 176
/** Counter blocks on their way to the cipher; nothing is kept in it between calls. */
const scratch = new DataView(new ArrayBuffer(mostBlocksAhead * blockLength))

export class Keystream {
  readonly #cipher: Cipheriv
  readonly #galois: boolean
  /** The session salt as four words, zeros behind. */
  readonly #salt: readonly [number, number, number, number]

  constructor(kind: SrtpProfile['cipher'], encryptionKey: Uint8Array, sessionSalt: Uint8Array) {
    this.#galois = kind === 'aes-gcm'
    this.#cipher = createCipheriv(`aes-${encryptionKey.length * 8}-ecb`, encryptionKey, null).setAutoPadding(false)
    const salt = new DataView(new ArrayBuffer(blockLength))
    sessionSalt.forEach((byte, at) => {
      salt.setUint8(at, byte)
    })
    this.#salt = [salt.getUint32(0), salt.getUint32(4), salt.getUint32(8), salt.getUint32(12)]
  }

  /**
   * `blocks` blocks for each of `packets` packets from `index` on. In counter mode (RFC 3711
   * section 4.1.1) a packet's counter begins with 0, in Galois/counter mode (RFC 7714 sections
   * 8.1 and 9.1) with 1, whose block covers the tag.
   *
   *                    bytes 0        4            8         10    12     14
   *  AES-CM   salt XOR       0      | SSRC       | index (48 bits) | counter
   *  AES-GCM  salt XOR       0 | SSRC     | index (48 bits)  | counter
   */
  make(ssrc: number, index: number, blocks: number, packets = 1): Buffer {
    const [salt0, salt1, salt2, salt3] = this.#salt
    const length = packets * blocks * blockLength
    const counters = length <= scratch.byteLength ? scratch : new DataView(new ArrayBuffer(length))
    let at = 0
    for (let packet = 0; packet < packets; packet++) {
      const high = Math.floor((index + packet) / 65536)
      const low = (index + packet) % 65536
      const galois = this.#galois
      const word0 = galois ? salt0 ^ (ssrc >>> 16) : salt0
      const word1 = galois ? salt1 ^ (ssrc << 16) ^ (high >>> 16) : salt1 ^ ssrc
      const word2 = galois ? salt2 ^ (high << 16) ^ low : salt2 ^ high
      const word3 = galois ? 1 : salt3 ^ (low << 16)
      for (let block = 0; block < blocks; block++, at += blockLength) {
        counters.setInt32(at, word0)
        counters.setInt32(at + 4, word1)
        counters.setInt32(at + 8, word2)
        counters.setInt32(at + 12, word3 + block)
      }
    }
    return this.#cipher.update(new Uint8Array(counters.buffer, 0, length))
  }
}

/** The keystream of one source, made ahead of the packets. */
export class KeystreamOfSource {
  readonly #keystream: Keystream
  readonly #ssrc: number
  #ahead: Buffer | undefined
  #first = 0
  #packets = 0
  #blocks = 0
  /** What `locate` pointed into. */
  bytes: Uint8Array = new Uint8Array(0)

  constructor(keystream: Keystream, ssrc: number) {
    this.#keystream = keystream
    this.#ssrc = ssrc
  }

  /**
   * Where in `bytes` the keystream of a packet begins, `blocks` blocks long or longer. Made with
   * those of the packets after it only if `newest`: no old or forged packet shall spoil what is
   * there for the next.
   */
  locate(index: number, blocks: number, newest: boolean): number {
    const nth = index - this.#first
    if (this.#ahead !== undefined && nth >= 0 && nth < this.#packets && blocks <= this.#blocks) {
      this.bytes = this.#ahead
      return nth * this.#blocks * blockLength
    }
    const packets = newest ? Math.floor(mostBlocksAhead / blocks) : 1
    if (packets <= 1) {
      this.bytes = this.#keystream.make(this.#ssrc, index, blocks)
      return 0
    }
    this.#ahead = this.#keystream.make(this.#ssrc, index, blocks, packets)
    this.#first = index
    this.#packets = packets
    this.#blocks = blocks
    this.bytes = this.#ahead
    return 0
  }
}

/** Writes `from[start, end)` with the keystream over it to the same place in `to`, which may be `from`. */
export function applyKeystream(
  from: Uint8Array,
  start: number,
  end: number,
  keystream: Uint8Array,
  keystreamAt: number,
  to: Uint8Array,
): void {
  for (let at = start, key = keystreamAt; at < end; at++, key++) to[at] = from[at]! ^ keystream[key]!
}
