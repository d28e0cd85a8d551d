/**
 * GHASH, what authenticates in Galois/counter mode (NIST SP 800-38D section 6.4). In
 * JavaScript, because node:crypto gives GCM only as a cipher object for each packet, ten times
 * as slow as this.
 *
 * A product with the hash key is a sum over the 32 half-bytes of the other factor: a table has
 * the product of each value of each of them, 8 KiB a key. Where its entries lie depends on what
 * is hashed, so that whoever shares the processor's cache could learn from the timing.
 */

const halfBytes = 32
const values = 16
const words = 4
/** What leaves at the right comes in at the left: the field's polynomial, its bits in GCM's order. */
const polynomial = 0xe1000000

export class Ghash {
  readonly #table = new Int32Array(halfBytes * values * words)
  #word0 = 0
  #word1 = 0
  #word2 = 0
  #word3 = 0

  /** `hashKey`: the encryption of a block of zeros. */
  constructor(hashKey: Uint8Array) {
    const view = new DataView(hashKey.buffer, hashKey.byteOffset, hashKey.byteLength)
    let product: [number, number, number, number] = [view.getUint32(0), view.getUint32(4), view.getUint32(8), view.getUint32(12)]
    for (let bit = 0; bit < halfBytes * 4; bit++) {
      const mask = 8 >> (bit & 3)
      for (let value = 0; value < values; value++) {
        if ((value & mask) === 0) continue
        const at = ((bit >> 2) * values + value) * words
        for (let word = 0; word < words; word++) this.#table[at + word]! ^= product[word]!
      }
      const [a, b, c, d] = product
      product = [(a >>> 1) ^ (d & 1 ? polynomial : 0), (b >>> 1) | (a << 31), (c >>> 1) | (b << 31), (d >>> 1) | (c << 31)]
    }
  }

  /** Takes in `bytes[start, end)`, with zeros up to the next full block. */
  update(bytes: Uint8Array, start: number, end: number): void {
    let at = start
    for (; at + 16 <= end; at += 16) {
      this.#multiply(wordAt(bytes, at), wordAt(bytes, at + 4), wordAt(bytes, at + 8), wordAt(bytes, at + 12))
    }
    if (at < end) {
      const rest = new Uint8Array(16)
      for (let nth = 0; at < end; nth++, at++) rest[nth] = bytes[at]!
      this.#multiply(wordAt(rest, 0), wordAt(rest, 4), wordAt(rest, 8), wordAt(rest, 12))
    }
  }

  /** Takes in the two lengths, in bytes, writes the 16 bytes of the hash and begins anew. */
  finish(associatedLength: number, textLength: number, target: Uint8Array): void {
    this.#multiply(0, associatedLength * 8, 0, textLength * 8)
    const state = [this.#word0, this.#word1, this.#word2, this.#word3]
    for (let nth = 0; nth < 16; nth++) target[nth] = state[nth >> 2]! >>> (24 - 8 * (nth & 3))
    this.#word0 = this.#word1 = this.#word2 = this.#word3 = 0
  }

  #multiply(next0: number, next1: number, next2: number, next3: number): void {
    const table = this.#table
    const a = this.#word0 ^ next0
    const b = this.#word1 ^ next1
    const c = this.#word2 ^ next2
    const d = this.#word3 ^ next3
    let sum0 = 0
    let sum1 = 0
    let sum2 = 0
    let sum3 = 0
    for (let shift = 28, base = 0; shift >= 0; shift -= 4, base += values * words) {
      const inA = base + ((a >>> shift) & 15) * words
      const inB = base + ((b >>> shift) & 15) * words + 8 * values * words
      const inC = base + ((c >>> shift) & 15) * words + 16 * values * words
      const inD = base + ((d >>> shift) & 15) * words + 24 * values * words
      sum0 ^= table[inA]! ^ table[inB]! ^ table[inC]! ^ table[inD]!
      sum1 ^= table[inA + 1]! ^ table[inB + 1]! ^ table[inC + 1]! ^ table[inD + 1]!
      sum2 ^= table[inA + 2]! ^ table[inB + 2]! ^ table[inC + 2]! ^ table[inD + 2]!
      sum3 ^= table[inA + 3]! ^ table[inB + 3]! ^ table[inC + 3]! ^ table[inD + 3]!
    }
    this.#word0 = sum0
    this.#word1 = sum1
    this.#word2 = sum2
    this.#word3 = sum3
  }
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
}
