/**
 * The media of one call: negotiation, one RTP stream each way, digits, statistics. It has no
 * timer of its own: the pacer's tick sends, the socket's packets are read as they come.
 */

import { randomInt } from 'node:crypto'
import type { RemoteInfo } from 'node:dgram'
import { EventEmitter } from 'node:events'
import ipaddr from 'ipaddr.js'
import { estimateMos } from '../../protocol/audio/e-model.ts'
import { defaultToneLevelDbm0, type TonePair } from '../../protocol/audio/tone.ts'
import type { ToneReading } from '../../protocol/audio/tone-detector.ts'
import { dtmfRelayType, formatDtmfRelay, parseInfoDigit } from '../../protocol/dtmf/info.ts'
import { eventOfDigit } from '../../protocol/dtmf/telephone-event.ts'
import { looksLikeRtcp, RtpHeader } from '../../protocol/rtp/packet.ts'
import { isKnownFormat, ReceivedAudio } from '../../protocol/rtp/received-audio.ts'
import type { Negotiated } from '../../protocol/sdp/types.ts'
import type { Address, RtpTap } from '../../protocol/wire.ts'
import type { FaultSet } from '../faults.ts'
import { createDecoder } from './codec.ts'
import { DigitQueue } from './digit-queue.ts'
import { MediaLatch } from './latch.ts'
import { Negotiation } from './negotiation.ts'
import { OutgoingAudio } from './outgoing-audio.ts'
import type { Paced, Pacer } from './pacer.ts'
import type { PortPair } from './port-pool.ts'
import { RtcpAgent } from './rtcp-agent.ts'
import { RtpSender } from './rtp-sender.ts'
import { answerUnder, digitSteps } from './sabotage.ts'
import {
  type AnswerAccepted,
  type MediaChange,
  MediaError,
  type MediaEvents,
  type MediaOptions,
  type MediaSession,
  type MediaStats,
  type OfferAccepted,
  type SendDigitsOptions,
} from './types.ts'

export interface RtpSessionParts {
  readonly options: MediaOptions
  readonly ports: PortPair
  readonly pacer: Pacer
  readonly faults: FaultSet
  readonly taps: readonly RtpTap[]
  readonly onClosed: (session: RtpSession) => void
}

/** Readings come every 20 ms; without a change each fifth is told. */
const readingsPerEvent = 5

export class RtpSession extends EventEmitter<MediaEvents> implements MediaSession {
  readonly local: Address
  sendInfo: ((contentType: string, body: string) => Promise<unknown>) | undefined
  readonly #parts: RtpSessionParts
  readonly #negotiation: Negotiation
  readonly #latch: MediaLatch
  readonly #rtcpLatch: MediaLatch
  readonly #sender: RtpSender
  readonly #outgoing: OutgoingAudio
  readonly #received: ReceivedAudio
  readonly #rtcp: RtcpAgent
  readonly #digits: DigitQueue
  readonly #header = new RtpHeader()
  #paced: Paced | undefined
  #ptimeMs = 20
  #started = false
  #closed = false
  #malformed = 0
  #stray = 0
  #heard: ToneReading | undefined
  #told: ToneReading | undefined
  #untold = 0

  constructor(parts: RtpSessionParts) {
    super()
    const { options, ports, faults, taps } = parts
    this.#parts = parts
    this.local = { address: ports.host, port: ports.port }
    this.#negotiation = new Negotiation({
      rtp: { address: options.advertisedHost ?? ports.host, port: ports.port },
      codecs: options.codecs,
      telephoneEvents: options.dtmf !== 'info',
      lenientAnswer: options.lenientAnswer ?? false,
      style: options.sdp ?? {},
      sessionId: String(randomInt(1, 2 ** 32)),
    })
    this.#latch = new MediaLatch(options.latching ?? true)
    this.#rtcpLatch = new MediaLatch(options.latching ?? true)
    this.#sender = new RtpSender({
      socket: ports.rtp,
      dropEvery: faults.has('drop-packets') ? 20 : 0,
      onSent: taps.length === 0 ? undefined : (bytes, remote) => this.#tap('out', 'rtp', bytes, remote),
    })
    this.#outgoing = new OutgoingAudio({ sender: this.#sender, target: () => this.#latch.target, faults })
    this.#rtcp = new RtcpAgent(this.#sender.ssrc)
    this.#received = new ReceivedAudio({
      formats: this.#negotiation.receiveFormats,
      decoder: createDecoder,
      onDigit: (digit, durationMs) => this.emit('digit', { digit, method: 'rfc4733', durationMs, at: epochNow() }),
      onReading: (reading) => this.#onReading(reading),
    })
    const outgoing = this.#outgoing
    this.#digits = new DigitQueue({
      get eventDone() {
        return outgoing.eventDone
      },
      beginEvent: (digit, durationMs) => outgoing.beginEvent(digit, durationMs),
      sendInfo: (digit, durationMs) => this.#sendInfoDigit(digit, durationMs),
    })
    ports.onRtp = (bytes, remote) => this.#onRtp(bytes, remote)
    ports.onRtcp = (bytes, remote) => this.#onRtcp(bytes, remote)
  }

  get negotiated(): Negotiated | undefined {
    return this.#negotiation.negotiated
  }

  get localSdp(): string | undefined {
    return this.#negotiation.localSdp
  }

  get remoteSdp(): string | undefined {
    return this.#negotiation.remoteSdp
  }

  createOffer(change: MediaChange = {}): string {
    const offer = this.#negotiation.createOffer(change)
    this.#received.formats = this.#negotiation.receiveFormats
    return offer
  }

  acceptOffer(sdp: string): OfferAccepted {
    const result = this.#negotiation.acceptOffer(sdp, answerUnder(this.#parts.faults))
    if (result.ok) this.#apply()
    return result
  }

  acceptAnswer(sdp: string): AnswerAccepted {
    const result = this.#negotiation.acceptAnswer(sdp)
    if (result.ok) this.#apply()
    return result
  }

  cancelOffer(): void {
    this.#negotiation.cancelOffer()
    this.#received.formats = this.#negotiation.receiveFormats
  }

  start(): void {
    if (this.#started || this.#closed) return
    this.#started = true
    this.#rtcp.start(performance.now())
    this.#pace()
  }

  play(pair: TonePair | undefined, levelDbm0 = defaultToneLevelDbm0): void {
    this.#outgoing.play(pair === undefined ? undefined : { pair, levelDbm0, gain: 1 })
  }

  echo(on: boolean): void {
    this.#outgoing.echo(on)
  }

  listen(on: boolean): void {
    this.#received.listening = on
  }

  async sendDigits(digits: string, options: SendDigitsOptions = {}): Promise<void> {
    for (const digit of digits) if (eventOfDigit(digit) === undefined) throw new RangeError(`"${digit}" is no digit`)
    if (this.#closed) throw new MediaError('closed', 'the media session is closed')
    const negotiated = this.negotiated
    if (negotiated === undefined || !this.#started)
      throw new MediaError('not-negotiated', 'digits cannot be sent before the media session runs')
    const wish = this.#parts.options.dtmf
    const method = wish === 'both' ? (negotiated.telephoneEvent === undefined ? 'info' : 'rfc4733') : wish
    if (method === 'rfc4733' && negotiated.telephoneEvent === undefined) {
      throw new MediaError('no-digits', 'the other side did not agree to telephone-event')
    }
    if (method === 'rfc4733' && negotiated.direction !== 'sendrecv' && negotiated.direction !== 'sendonly') {
      throw new MediaError('no-digits', `nothing can be sent while our direction is ${negotiated.direction}`)
    }
    const steps = digitSteps([...digits], method, this.#parts.faults)
    if (steps.some((step) => step.methods.includes('info')) && this.sendInfo === undefined) {
      throw new MediaError('no-digits', 'nothing is wired to send INFO')
    }
    await this.#digits.enqueue(steps, options)
  }

  receiveInfoDigit(contentType: string, body: Uint8Array | string): boolean {
    const read = parseInfoDigit(contentType, typeof body === 'string' ? body : new TextDecoder().decode(body))
    if (read === undefined) return false
    this.emit('digit', { ...read, method: 'info', at: epochNow() })
    return true
  }

  stats(): MediaStats {
    const { expected, undecodable: _, ...received } = this.#received.counts()
    const rtcp = this.#rtcp.stats()
    const target = this.#latch.target
    const { ssrc, packets, bytes } = this.#sender
    const negotiated = this.negotiated
    return {
      sent: { ssrc, packets, bytes, payloadTypes: this.#sender.payloadTypes() },
      received: { ...received, malformed: this.#malformed, stray: this.#stray },
      remote: target === undefined ? undefined : { address: target.address, port: target.port },
      latched: this.#latch.latched,
      rtcp,
      mos:
        negotiated === undefined || expected === 0
          ? undefined
          : estimateMos({
              codec: negotiated.codec,
              lossRatio: received.lost / expected,
              delayMs: negotiated.ptimeMs + 2 * received.jitterMs + (rtcp.remoteReport?.roundTripMs ?? 0) / 2,
            }),
      heard: this.#heard,
      protection: {
        profile: negotiated?.profile ?? 'RTP/AVP',
        srtpSent: 0,
        srtpReceived: 0,
        plainReceived: 0,
        authFailures: 0,
        replayed: 0,
      },
      departures: this.#negotiation.departures,
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#paced?.stop()
    this.#digits.abort(() => new MediaError('closed', 'the media session was closed'))
    this.#received.flush()
    if (this.#started && this.#rtcp.mayLeave(this.#sender.packets)) await this.#sendRtcp(true)
    this.#parts.ports.release()
    this.#parts.onClosed(this)
  }

  /** Takes over what was agreed: addresses, formats, packet time. */
  #apply(): void {
    const { remote, remoteRtcp, codec, payloadType, clockRate, telephoneEvent, ptimeMs, direction } = this.negotiated!
    this.#latch.signal(canonical(remote))
    this.#rtcpLatch.signal(canonical(remoteRtcp))
    this.#received.formats = this.#negotiation.receiveFormats
    this.#outgoing.configure({
      audio: { codec, payloadType: payloadType.send, clockRate },
      event: telephoneEvent,
      ptimeMs,
      allowed: direction === 'sendrecv' || direction === 'sendonly',
    })
    this.#rtcp.clockRate = this.#outgoing.clockRate
    if (this.#ptimeMs === ptimeMs) return
    this.#ptimeMs = ptimeMs
    if (this.#started) this.#pace()
  }

  #pace(): void {
    this.#paced?.stop()
    if (!this.#closed) this.#paced = this.#parts.pacer.add(this.#ptimeMs, this.#tick)
  }

  readonly #tick = (nowMs: number, missed: number): void => {
    // Packets may be waiting in the socket when the process was held up: they are read before anything is called silent.
    if (this.#received.mayExpire(nowMs)) setImmediate(() => this.#received.expire(nowMs))
    this.#digits.tick(this.#ptimeMs)
    this.#outgoing.tick(missed)
    if (this.#rtcp.due(nowMs)) void this.#sendRtcp(false)
  }

  async #sendInfoDigit(digit: string, durationMs: number): Promise<void> {
    try {
      await this.sendInfo?.(dtmfRelayType, formatDtmfRelay(digit, durationMs))
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      throw new MediaError('info-failed', `the INFO with digit ${digit} was not accepted: ${why}`, error)
    }
  }

  #onRtp(bytes: Buffer, remote: RemoteInfo): void {
    if (looksLikeRtcp(bytes)) {
      this.#onRtcp(bytes, remote)
      return
    }
    this.#tap('in', 'rtp', bytes, remote)
    const header = this.#header
    if (header.read(bytes) !== undefined) {
      this.#malformed++
      return
    }
    const nowMs = performance.now()
    const known = isKnownFormat(this.#received.formats, header.payloadType)
    if (!this.#latch.accept(remote.address, remote.port, header.ssrc, header.sequenceNumber, known, nowMs)) {
      this.#stray++
      return
    }
    if (this.#started && this.#outgoing.echoing && header.payloadType === this.negotiated?.payloadType.recv) {
      this.#outgoing.bounce(header.timestamp, header.marker, bytes.subarray(header.payloadStart, header.payloadEnd))
    }
    this.#received.receive(header, bytes, nowMs)
  }

  /** RTCP is believed from the signalled address and from the host our media goes to. */
  #onRtcp(bytes: Buffer, remote: RemoteInfo): void {
    this.#tap('in', 'rtcp', bytes, remote)
    const known = this.#latch.target === undefined || this.#latch.target.address === remote.address
    if (this.#rtcpLatch.accept(remote.address, remote.port, 0, 0, known, performance.now())) this.#rtcp.receive(bytes, epochNow())
  }

  async #sendRtcp(bye: boolean): Promise<void> {
    const target = this.#rtcpLatch.target
    // Media went elsewhere than signalled: the signalled RTCP address is most likely behind a NAT as well.
    if (target === undefined || (this.#latch.latched && !this.#rtcpLatch.heard)) return
    const { rtcp } = this.#parts.ports
    const bytes = this.#rtcp.report(epochNow(), this.#sender, this.#received.source, bye)
    this.#tap('out', 'rtcp', bytes, target)
    await new Promise<void>((resolve) => rtcp.send(bytes, target.port, target.address, () => resolve()))
  }

  #onReading(reading: ToneReading): void {
    this.#heard = reading
    this.#untold++
    if (samePair(this.#told, reading) && this.#untold < readingsPerEvent) return
    this.#told = reading
    this.#untold = 0
    this.emit('tone', { ...reading, at: epochNow() })
  }

  #tap(dir: 'in' | 'out', kind: 'rtp' | 'rtcp', bytes: Uint8Array, remote: Address): void {
    const { taps, ports } = this.#parts
    if (taps.length === 0) return
    const local = kind === 'rtp' ? this.local : { address: ports.host, port: ports.port + 1 }
    const event = { at: epochNow(), dir, kind, local, remote: { address: remote.address, port: remote.port }, bytes }
    for (const tap of taps) tap.rtp(event)
  }
}

function samePair(a: ToneReading | undefined, b: ToneReading): boolean {
  return a !== undefined && a.pair?.[0] === b.pair?.[0] && a.pair?.[1] === b.pair?.[1]
}

/** Node writes remote addresses in canonical form; SDP may not. */
function canonical({ address, port }: Address): Address {
  return { address: ipaddr.process(address).toString(), port }
}

function epochNow(): number {
  return performance.timeOrigin + performance.now()
}
