/**
 * Everything one listener makes of the RTP packets of a stream: statistics, digits, tones.
 * The media session feeds it from its socket, a judge from a capture; it has no clock of
 * its own. It keeps no jitter buffer: missing audio is a hole, late audio is dropped.
 */

import { type AudioDecoder, listeningRate } from '../audio/decoder.ts'
import { ToneDetector, type ToneReading } from '../audio/tone-detector.ts'
import { EventReceiver, type HeardEvent } from '../dtmf/event-receiver.ts'
import { digitOfEvent, eventBlockLength } from '../dtmf/telephone-event.ts'
import type { CodecName } from '../sdp/types.ts'
import type { RtpHeader } from './packet.ts'
import { type Arrival, ReceptionStatistics } from './reception.ts'
import { timestampDistance } from './sequence.ts'

/** What the payload type numbers of a stream mean. */
export interface ReceiveFormats {
  readonly audio: Readonly<Record<number, CodecName>>
  /** Clock rate of telephone-event by payload type number. */
  readonly events: Readonly<Record<number, number>>
}

export interface ReceivedAudioOptions {
  readonly formats: ReceiveFormats
  /** Makes a decoder for one stream of a codec. */
  readonly decoder: (codec: CodecName) => AudioDecoder
  readonly onDigit?: (digit: string, durationMs: number) => void
  /** Called for each window, every 20 ms of audio once 100 ms were heard. */
  readonly onReading?: (reading: ToneReading) => void
}

export interface ReceivedCounts {
  readonly ssrcs: readonly number[]
  readonly packets: number
  readonly bytes: number
  readonly expected: number
  readonly lost: number
  readonly duplicates: number
  readonly reordered: number
  readonly jitterMs: number
  readonly payloadTypes: Readonly<Record<number, number>>
  readonly unexpectedPayloadTypes: Readonly<Record<number, number>>
  /** Audio payloads the codec could not make anything of. */
  readonly undecodable: number
}

/** One synchronisation source. */
interface Source {
  readonly statistics: ReceptionStatistics
  /** RTP timestamp the next audio should have. */
  expected: number | undefined
  clockRate: number
  readonly events: Map<number, EventReceiver>
}

/** More sources than this in one stream are forgotten, oldest first; their counts are kept. */
const mostSources = 8
/** What a payload type means that nobody negotiated: the static numbers, and the number almost everyone uses for events. */
const staticAudio: Readonly<Record<number, CodecName>> = { 0: 'pcmu', 8: 'pcma' }
const usualEvent = { payloadType: 101, clockRate: 8000 }

/** Whether a packet of this payload type could be meant for a listener with these formats. */
export function isKnownFormat(formats: ReceiveFormats, payloadType: number): boolean {
  return isNegotiated(formats, payloadType) || payloadType in staticAudio || payloadType === usualEvent.payloadType
}

function isNegotiated(formats: ReceiveFormats, payloadType: number): boolean {
  return formats.audio[payloadType] !== undefined || formats.events[payloadType] !== undefined
}

/** A step of the timestamps beyond this is a new beginning, not a hole. */
const longestStepSeconds = 2
const hopMs = 20

export class ReceivedAudio {
  formats: ReceiveFormats
  /** Off: packets are counted and digits heard, but audio is not decoded. */
  listening = true
  readonly #options: ReceivedAudioOptions
  /** Made with the first audio listened to: many a call has none. */
  #toneDetector: ToneDetector | undefined
  readonly #decoders = new Map<CodecName, AudioDecoder>()
  readonly #sources = new Map<number, Source>()
  #latest: Source | undefined
  readonly #ssrcs: number[] = []
  #packets = 0
  #bytes = 0
  #undecodable = 0
  readonly #payloadTypes = new Uint32Array(128)
  readonly #unexpected = new Uint32Array(128)
  readonly #forgotten = { expected: 0, lost: 0, duplicates: 0, reordered: 0 }

  constructor(options: ReceivedAudioOptions) {
    this.formats = options.formats
    this.#options = options
  }

  /** Takes one packet whose header was read from `bytes`; `atMs` is its arrival, monotonic. Tells how it came. */
  receive(header: RtpHeader, bytes: Uint8Array, atMs: number): Arrival {
    const { payloadType, payloadStart, payloadEnd } = header
    const length = payloadEnd - payloadStart
    this.#packets++
    this.#bytes += length
    this.#payloadTypes[payloadType]!++

    if (!isNegotiated(this.formats, payloadType)) this.#unexpected[payloadType]!++
    const source = this.#sourceOf(header.ssrc)
    const arrival = source.statistics.sequence(header.sequenceNumber)
    if (arrival === 'duplicate' || arrival === 'jump') return arrival
    const codec = this.formats.audio[payloadType] ?? staticAudio[payloadType]
    const eventRate = this.#eventRate(payloadType, length)
    if (eventRate !== undefined) this.#event(source, eventRate, header.timestamp, bytes.subarray(payloadStart, payloadEnd), atMs)
    else if (codec !== undefined) this.#audio(source, codec, arrival, header.timestamp, bytes.subarray(payloadStart, payloadEnd), atMs)
    return arrival
  }

  /** Whether `expire` would end an event now: cheap, to be asked now and then. */
  mayExpire(atMs: number): boolean {
    const source = this.#latest
    if (source === undefined || source.events.size === 0) return false
    for (const events of source.events.values()) if (events.isSilent(atMs)) return true
    return false
  }

  /** Ends events of which nothing was heard for too long before `atMs`. */
  expire(atMs: number): void {
    for (const events of this.#latest?.events.values() ?? []) this.#digit(events.expire(atMs))
  }

  /** The stream is over: a digit that still sounds is complete. */
  flush(): void {
    for (const source of this.#sources.values()) for (const events of source.events.values()) this.#digit(events.flush())
  }

  /** Statistics of the source heard last, for RTCP. */
  get source(): ReceptionStatistics | undefined {
    return this.#latest?.statistics
  }

  counts(): ReceivedCounts {
    const { expected, lost, duplicates, reordered } = this.#forgotten
    const sum = { expected, lost, duplicates, reordered }
    for (const { statistics } of this.#sources.values()) add(sum, statistics)
    const latest = this.#latest
    return {
      ssrcs: [...this.#ssrcs],
      packets: this.#packets,
      bytes: this.#bytes,
      ...sum,
      jitterMs: latest === undefined ? 0 : (latest.statistics.jitter * 1000) / latest.clockRate,
      payloadTypes: nonZero(this.#payloadTypes),
      unexpectedPayloadTypes: nonZero(this.#unexpected),
      undecodable: this.#undecodable,
    }
  }

  /** Some products send events that were not negotiated; a judge has to see them. */
  #eventRate(payloadType: number, length: number): number | undefined {
    if (isNegotiated(this.formats, payloadType)) return this.formats.events[payloadType]
    return payloadType === usualEvent.payloadType && length === eventBlockLength ? usualEvent.clockRate : undefined
  }

  #sourceOf(ssrc: number): Source {
    const latest = this.#latest
    if (latest?.statistics.ssrc === ssrc) return latest
    let source = this.#sources.get(ssrc)
    if (source === undefined) {
      source = { statistics: new ReceptionStatistics(ssrc), expected: undefined, clockRate: listeningRate, events: new Map() }
      if (this.#sources.size >= mostSources) this.#forget()
      else this.#ssrcs.push(ssrc)
      this.#sources.set(ssrc, source)
    }
    this.#latest = source
    return source
  }

  #forget(): void {
    const [ssrc, source] = this.#sources.entries().next().value!
    this.#sources.delete(ssrc)
    add(this.#forgotten, source.statistics)
  }

  #event(source: Source, clockRate: number, timestamp: number, payload: Uint8Array, atMs: number): void {
    let events = source.events.get(clockRate)
    if (events === undefined) {
      events = new EventReceiver(clockRate, source.clockRate)
      source.events.set(clockRate, events)
    }
    for (const heard of events.receive(timestamp, payload, atMs) ?? []) this.#digit(heard)
  }

  #digit(heard: HeardEvent | undefined): void {
    const digit = heard === undefined ? undefined : digitOfEvent(heard.event)
    if (heard !== undefined && digit !== undefined) this.#options.onDigit?.(digit, heard.durationMs)
  }

  #audio(source: Source, codec: CodecName, arrival: Arrival, timestamp: number, payload: Uint8Array, atMs: number): void {
    const clockRate = codec === 'opus' ? 48000 : 8000
    if (clockRate !== source.clockRate) {
      source.clockRate = clockRate
      source.expected = undefined
      source.statistics.restartJitter()
      source.events.clear()
    }
    if (arrival !== 'reordered') source.statistics.arrival((atMs * clockRate) / 1000, timestamp)
    if (!this.listening) return
    if (source.expected !== undefined) {
      const step = timestampDistance(source.expected, timestamp)
      if (arrival !== 'valid' && step < 0) return
      // Timestamps that step back in order of sequence skip nothing: such senders exist after digits.
      if (Math.abs(step) > longestStepSeconds * clockRate) this.#detector.reset()
      else if (step > 0) this.#read(this.#detector.gap((step * listeningRate) / clockRate))
    } else this.#detector.reset()
    const pcm = this.#decoderOf(codec).decode(payload)
    if (pcm === undefined) {
      this.#undecodable++
      return
    }
    source.expected = (timestamp + (pcm.length * clockRate) / listeningRate) >>> 0
    this.#read(this.#detector.push(pcm))
  }

  get #detector(): ToneDetector {
    this.#toneDetector ??= new ToneDetector({ sampleRate: listeningRate, hopMs })
    return this.#toneDetector
  }

  #decoderOf(codec: CodecName): AudioDecoder {
    let decoder = this.#decoders.get(codec)
    if (decoder === undefined) {
      decoder = this.#options.decoder(codec)
      this.#decoders.set(codec, decoder)
    }
    return decoder
  }

  #read(readings: readonly ToneReading[]): void {
    for (const reading of readings) this.#options.onReading?.(reading)
  }
}

function add(sum: { expected: number; lost: number; duplicates: number; reordered: number }, statistics: ReceptionStatistics): void {
  sum.expected += statistics.expected
  sum.lost += statistics.lost
  sum.duplicates += statistics.duplicates
  sum.reordered += statistics.reordered
}

function nonZero(counts: Uint32Array): Record<number, number> {
  const table: Record<number, number> = {}
  for (let index = 0; index < counts.length; index++) if (counts[index]! > 0) table[index] = counts[index]!
  return table
}
