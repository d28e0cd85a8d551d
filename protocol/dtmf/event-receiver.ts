/**
 * Hears telephone events of one source (RFC 4733 section 2.5.2) and says each event once:
 * an event is known by its timestamp; it is over with the first packet that has E set, when another
 * event begins (every final packet was lost), or when nothing more came for a while.
 *
 *            first packet                    E | next event | silence
 *   (none) ----------------> sounding event --------------------------> said, timestamp remembered
 *                             ^         |
 *                             +---------+ update, segment that follows on
 */

import { timestampDistance } from '../rtp/sequence.ts'
import { longestDuration, parseTelephoneEvents, type TelephoneEvent } from './telephone-event.ts'

/** One event that is over. */
export interface HeardEvent {
  readonly event: number
  /** Milliseconds; what the packets that arrived say. */
  readonly durationMs: number
}

/** Without any packet of it for this long an event counts as over; updates come every 20 to 50 ms. */
const silenceMs = 150
/** How many ended events are remembered, to know their late copies. */
const memory = 8
/** Something further back than this in timestamps is no late copy, but a source that restarted. */
const lateSeconds = 10

interface SoundingEvent {
  readonly event: number
  readonly timestamp: number
  /** Units of segments that are complete. */
  readonly before: number
  duration: number
  heardAt: number
}

export class EventReceiver {
  readonly #clockRate: number
  readonly #scale: number
  #sounding: SoundingEvent | undefined
  readonly #ended: number[] = []

  /** `clockRate` is that of the event's durations, in Hz; `timestampRate` that of the RTP timestamps when it differs. */
  constructor(clockRate: number, timestampRate = clockRate) {
    this.#clockRate = clockRate
    this.#scale = timestampRate / clockRate
  }

  /** Takes the payload of one packet; returns the events that are over. Undefined when the payload is no event. */
  receive(timestamp: number, payload: Uint8Array, nowMs: number): HeardEvent[] | undefined {
    const blocks = parseTelephoneEvents(payload)
    if (blocks === undefined) return undefined
    const over: HeardEvent[] = []
    // Further blocks of a packet are the events that follow, one after the other (section 2.5.1.5 allows it).
    let start = timestamp
    for (const block of blocks) {
      this.#block(block, start, nowMs, over)
      start = (start + block.duration * this.#scale) >>> 0
    }
    return over
  }

  /** Whether an event is sounding of which nothing was heard for too long. */
  isSilent(nowMs: number): boolean {
    return this.#sounding !== undefined && nowMs - this.#sounding.heardAt >= silenceMs
  }

  /** Ends the sounding event if it is silent, and returns it. To be called from time to time. */
  expire(nowMs: number): HeardEvent | undefined {
    return this.isSilent(nowMs) ? this.flush() : undefined
  }

  /** The source is gone: returns the event that was still sounding. */
  flush(): HeardEvent | undefined {
    return this.#sounding === undefined ? undefined : this.#end(this.#sounding)
  }

  #block(block: TelephoneEvent, timestamp: number, nowMs: number, over: HeardEvent[]): void {
    if (this.#ended.includes(timestamp)) return
    const sounding = this.#sounding
    if (sounding !== undefined && sounding.timestamp === timestamp) {
      sounding.duration = Math.max(sounding.duration, block.duration)
      sounding.heardAt = nowMs
      if (block.end) over.push(this.#end(sounding))
      return
    }
    const ahead = sounding === undefined ? 0 : timestampDistance(sounding.timestamp, timestamp)
    if (ahead < 0 && ahead > -lateSeconds * this.#clockRate * this.#scale) return
    let before = 0
    if (sounding !== undefined) {
      const follows = sounding.event === block.event && ahead === longestDuration * this.#scale
      if (follows) {
        before = sounding.before + longestDuration
        this.#remember(sounding.timestamp)
      } else over.push(this.#end(sounding))
    }
    const begun = { event: block.event, timestamp, before, duration: block.duration, heardAt: nowMs }
    this.#sounding = begun
    if (block.end) over.push(this.#end(begun))
  }

  #end(sounding: SoundingEvent): HeardEvent {
    this.#sounding = undefined
    this.#remember(sounding.timestamp)
    return { event: sounding.event, durationMs: Math.round(((sounding.before + sounding.duration) * 1000) / this.#clockRate) }
  }

  #remember(timestamp: number): void {
    this.#ended.push(timestamp)
    if (this.#ended.length > memory) this.#ended.shift()
  }
}
