/**
 * The media of one call: negotiation, one RTP stream each way, digits, statistics. It has no
 * timer of its own: the pacer's tick sends, the socket's packets are read as they come.
 */

import { randomInt } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { estimateMos } from '../../protocol/audio/e-model.ts'
import { defaultToneLevelDbm0, type TonePair } from '../../protocol/audio/tone.ts'
import type { ToneReading } from '../../protocol/audio/tone-detector.ts'
import { dtmfRelayType, formatDtmfRelay, parseInfoDigit } from '../../protocol/dtmf/info.ts'
import { eventOfDigit } from '../../protocol/dtmf/telephone-event.ts'
import { ReceivedAudio } from '../../protocol/rtp/received-audio.ts'
import type { Negotiated, Protection } from '../../protocol/sdp/types.ts'
import type { Address, RtpTap } from '../../protocol/wire.ts'
import { epochNow } from '../clock.ts'
import type { FaultSet } from '../faults.ts'
import { canonicalAddress } from '../transport/address.ts'
import { createDecoder } from './codec.ts'
import { DigitQueue } from './digit-queue.ts'
import type { DtlsIdentity } from './dtls/identity.ts'
import { Intake } from './intake.ts'
import { MediaLatch } from './latch.ts'
import { MediaTap } from './media-tap.ts'
import { Negotiation } from './negotiation.ts'
import { OutgoingAudio } from './outgoing-audio.ts'
import type { Paced, Pacer } from './pacer.ts'
import type { PortPair } from './port-pool.ts'
import { ProtectedPath } from './protected-path.ts'
import { RtcpFlow } from './rtcp-flow.ts'
import { RtpSender } from './rtp-sender.ts'
import { announcedUnder, answerUnder, digitSteps } from './sabotage.ts'
import {
  type AnswerAccepted,
  type MediaChange,
  MediaError,
  type MediaEvents,
  type MediaOptions,
  type MediaSession,
  type MediaStats,
  type OfferAccepted,
  type ProtectionStats,
  type SendDigitsOptions,
} from './types.ts'

export interface RtpSessionParts {
  /** For DTLS handshakes. */
  readonly identity: DtlsIdentity | undefined
  readonly options: MediaOptions
  readonly ports: PortPair
  readonly pacer: Pacer
  readonly faults: FaultSet
  readonly taps: readonly RtpTap[]
  readonly onClosed: (session: RtpSession) => void
}

const plainStats: ProtectionStats = {
  profile: 'RTP/AVP',
  srtpSent: 0,
  srtpReceived: 0,
  plainReceived: 0,
  authFailures: 0,
  replayed: 0,
}

/** Readings come every 20 ms; without a change each fifth is told. */
const readingsPerEvent = 5

export class RtpSession extends EventEmitter<MediaEvents> implements MediaSession {
  readonly local: Address
  sendInfo: ((contentType: string, body: string) => Promise<unknown>) | undefined
  readonly #parts: RtpSessionParts
  readonly #negotiation: Negotiation
  readonly #latch: MediaLatch
  readonly #sender: RtpSender
  readonly #outgoing: OutgoingAudio
  readonly #received: ReceivedAudio
  readonly #rtcp: RtcpFlow
  readonly #protection: ProtectedPath | undefined
  readonly #intake: Intake
  readonly #tap: MediaTap
  readonly #digits: DigitQueue
  #paced: Paced | undefined
  #ptimeMs = 20
  #started = false
  #closed = false
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
      protection: options.protection,
      fingerprint: announcedUnder(faults, parts.identity?.fingerprint),
    })
    this.#latch = new MediaLatch(options.latching ?? true)
    const tap = new MediaTap(taps, ports.host)
    this.#tap = tap
    this.#sender = new RtpSender({
      socket: ports.rtp,
      dropEvery: faults.has('drop-packets') ? 20 : 0,
      onSent: tap.used ? (bytes, remote) => tap.pass('out', 'rtp', bytes, remote, ports.port) : undefined,
    })
    this.#outgoing = new OutgoingAudio({ sender: this.#sender, target: () => this.#latch.target, faults })
    this.#rtcp = new RtcpFlow({
      ssrc: this.#sender.ssrc,
      latching: options.latching ?? true,
      media: this.#latch,
      sockets: ports,
      onSent: (bytes, remote, muxed) => tap.pass('out', 'rtcp', bytes, remote, muxed ? ports.port : ports.port + 1),
    })
    if (options.protection?.allowed === true && options.protection.keyings.length > 0) this.#protection = this.#protect(options.protection)
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
    this.#intake = new Intake({ ports, tap: this.#tap, latch: this.#latch, received: this.#received, rtcp: this.#rtcp, outgoing })
    this.#intake.shield = this.#protection
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
    this.#intake.echoed = this.negotiated?.payloadType.recv
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
    if (this.#protection?.stats().handshake === 'failed') throw new MediaError('not-keyed', 'there are no keys to send anything under')
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
      received: { ...received, ...this.#intake.counts() },
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
      protection: this.#protection?.stats() ?? plainStats,
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
    this.#protection?.close()
    this.#parts.ports.release()
    this.#parts.onClosed(this)
  }

  /** Takes over what was agreed: addresses, formats, keys, packet time. */
  #apply(): void {
    const negotiated = this.negotiated!
    const { remote, remoteRtcp, rtcpMux = false, ptimeMs } = negotiated
    this.#latch.signal(canonical(remote))
    this.#received.formats = this.#negotiation.receiveFormats
    this.#rtcp.configure(canonical(remoteRtcp), rtcpMux)
    // A handshake may begin at once: where to is known by now.
    this.#protection?.apply(negotiated)
    this.#configure()
    this.#rtcp.clockRate = this.#outgoing.clockRate
    if (this.#ptimeMs === ptimeMs) return
    this.#ptimeMs = ptimeMs
    if (this.#started) this.#pace()
  }

  /** What is sent, and how: by the agreement, and by the keys there are. */
  #configure(): void {
    const negotiated = this.negotiated
    if (negotiated === undefined) return
    const protection = this.#protection
    const { codec, payloadType, clockRate, telephoneEvent, ptimeMs, direction } = negotiated
    this.#intake.shield = protection?.plain === true ? undefined : protection
    if (this.#started) this.#intake.echoed = payloadType.recv
    this.#sender.seal = protection?.seal
    this.#rtcp.seal = protection?.sealRtcp
    this.#outgoing.configure({
      audio: { codec, payloadType: payloadType.send, clockRate },
      event: telephoneEvent,
      ptimeMs,
      allowed: (direction === 'sendrecv' || direction === 'sendonly') && protection?.open !== false,
    })
  }

  #protect(protection: Protection): ProtectedPath {
    const { options, identity, faults, ports } = this.#parts
    return new ProtectedPath({
      protection,
      identity,
      faults,
      sendDatagram: (flow, datagram, heardFrom) => {
        const target = heardFrom ?? (flow === 'rtp' ? this.#latch.target : this.#rtcp.target)
        if (target === undefined) return
        this.#tap.pass('out', flow, datagram, target, flow === 'rtp' ? ports.port : ports.port + 1)
        ports[flow].send(datagram, target.port, target.address)
      },
      onKeys: options.srtpKeyTap,
      onKeyed: (from) => {
        // The handshake proved who is there: media need not wait to be sent something first.
        if (from !== undefined) this.#latch.acceptAuthentic(from.address, from.port, 0, 0, performance.now())
        this.#configure()
        this.emit('protection', { state: 'keyed' })
      },
      onFailed: ({ detail }) => {
        this.#configure()
        this.#digits.abort(() => new MediaError('not-keyed', detail))
        this.emit('protection', { state: 'failed', why: detail })
      },
    })
  }

  #pace(): void {
    this.#paced?.stop()
    if (!this.#closed) this.#paced = this.#parts.pacer.add(this.#ptimeMs, this.#tick)
  }

  readonly #tick = (nowMs: number, missed: number): void => {
    // Packets may be waiting in the socket when the process was held up: they are read before anything is called silent.
    if (this.#received.mayExpire(nowMs)) setImmediate(() => this.#received.expire(nowMs))
    // Digits wait for keys, or nobody would hear them.
    if (this.#intake.shield?.open !== false) this.#digits.tick(this.#ptimeMs)
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

  #sendRtcp(bye: boolean): Promise<void> {
    return this.#rtcp.send(epochNow(), this.#sender, this.#received.source, bye)
  }

  #onReading(reading: ToneReading): void {
    this.#heard = reading
    this.#untold++
    if (samePair(this.#told, reading) && this.#untold < readingsPerEvent) return
    this.#told = reading
    this.#untold = 0
    this.emit('tone', { ...reading, at: epochNow() })
  }
}

function samePair(a: ToneReading | undefined, b: ToneReading): boolean {
  return a !== undefined && a.pair?.[0] === b.pair?.[0] && a.pair?.[1] === b.pair?.[1]
}

/** Node writes remote addresses in canonical form; SDP may not. */
function canonical({ address, port }: Address): Address {
  return { address: canonicalAddress(address) ?? address, port }
}
