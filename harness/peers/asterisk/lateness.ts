/**
 * How late Asterisk sends its media, read from the capture: what the machine owes it, not
 * what it does wrong. Pure; fed with RTP packets as they left.
 */
import type { RtpWire } from '../../../protocol/wire.ts'

/** Every codec here is sent in frames of this length, milliseconds. */
const packetMs = 20
/** Later than this is all the same. */
const mostMs = 1_000
const keptSeconds = 10
const share = 0.99

interface Sender {
  at: number
  sequence: number
}

export class SendingLateness {
  readonly #senders = new Map<number, Sender>()
  /** Packets by whole milliseconds of lateness, one list a second. */
  readonly #seconds = new Map<number, Uint32Array>()

  take(wire: RtpWire): void {
    if (wire.dir !== 'out' || wire.kind !== 'rtp' || wire.bytes.length < 4) return
    const sequence = (wire.bytes[2]! << 8) | wire.bytes[3]!
    const last = this.#senders.get(wire.local.port)
    this.#senders.set(wire.local.port, { at: wire.at, sequence })
    // Another stream on the same port, or the first packet of one.
    if (last === undefined || sequence !== ((last.sequence + 1) & 0xffff)) return
    const late = Math.min(mostMs, Math.max(0, Math.round(wire.at - last.at - packetMs)))
    const second = Math.floor(wire.at / 1000)
    const counts = this.#seconds.get(second) ?? new Uint32Array(mostMs + 1)
    counts[late]! += 1
    this.#seconds.set(second, counts)
    if (this.#seconds.size > keptSeconds) this.#seconds.delete(this.#seconds.keys().next().value!)
  }

  /** The 99th percentile of the last ten seconds with media, milliseconds; 0 without media. */
  get p99Ms(): number {
    const counts = [...this.#seconds.values()]
    const total = counts.reduce((sum, second) => sum + second.reduce((count, one) => count + one, 0), 0)
    let left = Math.ceil(total * share)
    for (let late = 0; late <= mostMs && total > 0; late++) {
      for (const second of counts) left -= second[late]!
      if (left <= 0) return late
    }
    return 0
  }
}
