/**
 * Puts a handshake's messages together from fragments and in order, whatever the network did
 * to them (RFC 6347 sections 4.2.2 and 4.2.3). Bounded: what a stranger sends is kept in a
 * handful of small buffers at the most.
 */

import type { HandshakeFragment, HandshakeMessage } from './record.ts'

/** Messages further ahead than this are not kept: no flight is longer. */
const mostAhead = 8
/** Bytes; certificates are the longest messages, and one of these signs itself. */
const mostMessage = 2 ** 14

interface Partial {
  readonly type: number
  readonly body: Buffer
  /** One for each byte of `body` that is there. */
  readonly have: Uint8Array
  missing: number
}

export class HandshakeInbox {
  #next = 0
  readonly #partials = new Map<number, Partial>()

  /** message_seq of the next message to be taken. */
  get next(): number {
    return this.#next
  }

  /** Goes back or on to this message_seq, without what was kept. */
  expect(sequence: number): void {
    this.#next = sequence
    this.#partials.clear()
  }

  /** `repeated`: the end of a message that was taken came again. */
  push(fragment: HandshakeFragment): 'kept' | 'repeated' | 'dropped' {
    const { type, sequence, length, offset, body } = fragment
    if (sequence < this.#next) return offset + body.length === length ? 'repeated' : 'dropped'
    // Nothing ahead before the first: what comes then may belong to a handshake that is over.
    if (sequence >= this.#next + mostAhead || (this.#next === 0 && sequence > 0) || length > mostMessage) return 'dropped'
    let partial = this.#partials.get(sequence)
    if (partial === undefined) {
      partial = { type, body: Buffer.alloc(length), have: new Uint8Array(length), missing: length }
      this.#partials.set(sequence, partial)
    }
    if (partial.type !== type || partial.body.length !== length) return 'dropped'
    for (let index = 0; index < body.length; index++) {
      if (partial.have[offset + index] === 1) continue
      partial.have[offset + index] = 1
      partial.body[offset + index] = body[index]!
      partial.missing -= 1
    }
    return 'kept'
  }

  /** The next message in order, once it is whole. */
  take(): HandshakeMessage | undefined {
    const partial = this.#partials.get(this.#next)
    if (partial === undefined || partial.missing > 0) return undefined
    this.#partials.delete(this.#next)
    const message = { type: partial.type, sequence: this.#next, body: partial.body }
    this.#next += 1
    return message
  }
}
