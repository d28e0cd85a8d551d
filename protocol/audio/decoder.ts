import { decodeG711, type G711Law } from './g711.ts'

/** Sample rate everything received is listened to at; each codec's decoder delivers it. */
export const listeningRate = 8000

/** Turns the payloads of one stream, in order, into samples at `listeningRate`. */
export interface AudioDecoder {
  /** The samples are valid until the next call. Undefined when the payload cannot be decoded. */
  decode(payload: Uint8Array): Int16Array | undefined
}

/** Longest G.711 payload taken: 256 ms. */
const longestPayload = 2048

export class G711Decoder implements AudioDecoder {
  readonly #law: G711Law
  readonly #pcm = new Int16Array(longestPayload)

  constructor(law: G711Law) {
    this.#law = law
  }

  decode(payload: Uint8Array): Int16Array | undefined {
    if (payload.length > longestPayload) return undefined
    decodeG711(this.#law, payload, this.#pcm)
    return this.#pcm.subarray(0, payload.length)
  }
}
