/**
 * Sends one telephone event (RFC 4733 section 2.5.1). `next` is called once per packet time,
 * from the first packet time after the event began:
 *
 *  update (marker on the first, duration growing) ... update, final x 3
 *
 * All packets of an event share its timestamp. The final packet, with E set, goes three times at
 * the pace of the updates (2.5.1.4); audio may flow again meanwhile. An event longer than 0xFFFF units
 * is cut into segments (2.5.1.3): the last packet of a segment has duration 0xFFFF without E and goes three
 * times too; the next segment's timestamp follows on, without marker.
 */

import { longestDuration } from './telephone-event.ts'

export interface EventSenderOptions {
  /** Event code, 0 to 255. */
  readonly event: number
  /** RTP timestamp of the event's beginning. */
  readonly timestamp: number
  /** Length of the event, in units of the event's clock rate; at least one. */
  readonly duration: number
  /** Units between two packets. */
  readonly interval: number
  /** RTP timestamp units per duration unit: 6 for events at 8 kHz beside Opus, else 1. */
  readonly timestampScale?: number
}

/** One packet to be sent now. */
export interface EventPacket {
  readonly timestamp: number
  readonly marker: boolean
  readonly end: boolean
  readonly duration: number
}

const finalCopies = 3

export class EventSender {
  readonly event: number
  readonly #interval: number
  readonly #scale: number
  #timestamp: number
  #left: number
  #elapsed = 0
  #first = true
  /** Copies still to be sent of a segment's or the event's last packet. */
  readonly #copies: { packet: EventPacket; left: number }[] = []

  constructor(options: EventSenderOptions) {
    if (!(options.duration >= 1 && options.interval >= 1))
      throw new RangeError(`an event of ${options.duration} units in steps of ${options.interval}`)
    this.event = options.event
    this.#timestamp = options.timestamp
    this.#left = options.duration
    this.#interval = options.interval
    this.#scale = options.timestampScale ?? 1
  }

  /** True while the event itself lasts: no audio is to be sent. */
  get sounding(): boolean {
    return this.#left > 0
  }

  /** True when the last copy of the final packet was returned. */
  get done(): boolean {
    return this.#left <= 0 && this.#copies.length === 0
  }

  /** The packets of this packet time, oldest first. */
  next(): EventPacket[] {
    const packets: EventPacket[] = []
    for (const copy of this.#copies) {
      packets.push(copy.packet)
      copy.left--
    }
    while (this.#copies[0]?.left === 0) this.#copies.shift()
    if (this.#left > 0) this.#update(packets)
    return packets
  }

  #update(packets: EventPacket[]): void {
    const step = Math.min(this.#interval, this.#left)
    this.#left -= step
    let elapsed = this.#elapsed + step
    while (elapsed > longestDuration) {
      this.#last(packets, longestDuration, false)
      elapsed -= longestDuration
      this.#timestamp = (this.#timestamp + longestDuration * this.#scale) >>> 0
    }
    this.#elapsed = elapsed
    if (this.#left === 0) this.#last(packets, elapsed, true)
    else packets.push(this.#packet(elapsed, false))
  }

  #last(packets: EventPacket[], duration: number, end: boolean): void {
    const packet = this.#packet(duration, end)
    packets.push(packet)
    this.#copies.push({ packet: { ...packet, marker: false }, left: finalCopies - 1 })
  }

  #packet(duration: number, end: boolean): EventPacket {
    const packet = { timestamp: this.#timestamp, marker: this.#first, end, duration }
    this.#first = false
    return packet
  }
}
