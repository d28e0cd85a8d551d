/**
 * What one session sends, packet time by packet time: the loop of a sound, a telephone event in its
 * place (RFC 4733: no audio while an event lasts, the audio's timestamps go on), or the echo of what
 * comes in. Which frame of a loop is sent follows from the packet time, so a tone keeps its phase over events.
 */

import { EventSender } from '../../protocol/dtmf/event-sender.ts'
import { eventBlockLength, eventOfDigit, writeTelephoneEvent } from '../../protocol/dtmf/telephone-event.ts'
import type { Address } from '../../protocol/wire.ts'
import type { FaultSet } from '../faults.ts'
import { type FrameLoop, frameLoop, type Sound } from './codec.ts'
import type { RtpSender, SendFormat } from './rtp-sender.ts'
import { formatUnder, soundUnder } from './sabotage.ts'

export interface OutgoingOptions {
  readonly sender: RtpSender
  /** Where packets go at the moment; without it nothing is sent. */
  readonly target: () => Address | undefined
  readonly faults: FaultSet
}

/** What was agreed, as far as sending goes. */
export interface OutgoingFormat {
  readonly audio: SendFormat
  readonly event: { readonly sendPt: number; readonly clockRate: number } | undefined
  readonly ptimeMs: number
  /** The direction lets us send. */
  readonly allowed: boolean
}

/** Where events go that were not negotiated; only a fault sends those. */
const usualEvent = { sendPt: 101, clockRate: 8000 }
const eventVolume = 10

export class OutgoingAudio {
  readonly #options: OutgoingOptions
  readonly #eventPayload = new Uint8Array(eventBlockLength)
  #format: OutgoingFormat | undefined
  #audio: SendFormat | undefined
  #sound: Sound | undefined
  #loop: FrameLoop = []
  #frame = 0
  /** Only the first packet begins a talkspurt (RFC 3551 section 4.1): we send without pause. */
  #marker = true
  #event: EventSender | undefined
  #echoing = false
  /** Our timestamp less the received one, once an echo began. */
  #echoOffset: number | undefined

  constructor(options: OutgoingOptions) {
    this.#options = options
  }

  /** Takes over what was agreed, for the first time or anew. */
  configure(format: OutgoingFormat): void {
    this.#format = format
    this.#audio = formatUnder(this.#options.faults, format.audio)
    this.#prepare()
  }

  play(sound: Sound | undefined): void {
    this.#sound = sound
    this.#prepare()
  }

  echo(on: boolean): void {
    this.#echoing = on
    this.#echoOffset = undefined
  }

  get echoing(): boolean {
    return this.#echoing
  }

  /** Clock rate of the RTP timestamps sent, Hz. */
  get clockRate(): number {
    return this.#audio?.clockRate ?? 8000
  }

  /** No event is being sent, not even copies of its last packet. */
  get eventDone(): boolean {
    return this.#event === undefined
  }

  /** Begins an event with this packet time. */
  beginEvent(digit: string, durationMs: number): void {
    const { clockRate } = this.#eventFormat
    this.#event = new EventSender({
      event: eventOfDigit(digit)!,
      timestamp: this.#options.sender.timestamp,
      duration: Math.max(1, Math.round((clockRate * durationMs) / 1000)),
      interval: (clockRate * (this.#format?.ptimeMs ?? 20)) / 1000,
      timestampScale: this.clockRate / clockRate,
    })
  }

  /** Sends what belongs to one packet time; `missed` of them before were skipped. */
  tick(missed: number): void {
    const format = this.#format
    const audio = this.#audio
    if (format === undefined || audio === undefined) return
    const { sender } = this.#options
    const units = (audio.clockRate * format.ptimeMs) / 1000
    this.#advance(missed, units)
    const sounding = this.#event?.sounding ?? false
    if (this.#event !== undefined) this.#sendEvent(this.#event)
    if (!sounding && !this.#echoing) {
      this.#send(this.#marker, audio.payloadType, sender.timestamp, this.#loop[this.#frame % this.#loop.length]!)
      this.#marker = false
    }
    this.#advance(1, units)
  }

  /** Sends a received audio payload back, unless an event is in its place. */
  bounce(timestamp: number, marker: boolean, payload: Uint8Array): void {
    const format = this.#format
    if (!this.#echoing || format === undefined) return
    const { sender } = this.#options
    this.#echoOffset ??= sender.timestamp - timestamp
    sender.timestamp = (timestamp + this.#echoOffset) >>> 0
    if (this.#event?.sounding) return
    this.#send(marker || this.#marker, format.audio.payloadType, sender.timestamp, payload)
    this.#marker = false
  }

  get #eventFormat(): { readonly sendPt: number; readonly clockRate: number } {
    return this.#format?.event ?? usualEvent
  }

  #advance(frames: number, units: number): void {
    this.#frame += frames
    if (!this.#echoing) this.#options.sender.timestamp = (this.#options.sender.timestamp + frames * units) >>> 0
  }

  #sendEvent(event: EventSender): void {
    for (const packet of event.next()) {
      writeTelephoneEvent(this.#eventPayload, { event: event.event, end: packet.end, volume: eventVolume, duration: packet.duration })
      this.#send(packet.marker, this.#eventFormat.sendPt, packet.timestamp, this.#eventPayload)
    }
    if (event.done) this.#event = undefined
  }

  #send(marker: boolean, payloadType: number, timestamp: number, payload: Uint8Array): void {
    const target = this.#format?.allowed ? this.#options.target() : undefined
    if (target !== undefined) this.#options.sender.send(target, marker, payloadType, timestamp, payload)
  }

  #prepare(): void {
    if (this.#audio === undefined || this.#format === undefined) return
    this.#loop = frameLoop(this.#audio.codec, this.#format.ptimeMs, soundUnder(this.#options.faults, this.#sound))
  }
}
