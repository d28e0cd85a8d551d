/**
 * What comes to the ports of a call: told apart (RFC 7983), opened where it is protected, and
 * brought to whoever it is for. Only what proves, or seems, to be the other side's has any effect.
 */
import type { RemoteInfo } from 'node:dgram'
import { looksLikeRtcp, RtpHeader } from '../../protocol/rtp/packet.ts'
import { isKnownFormat, type ReceivedAudio } from '../../protocol/rtp/received-audio.ts'
import { epochNow } from '../clock.ts'
import { kindOfDatagram } from './dtls/datagram-kind.ts'
import type { Flow } from './handshakes.ts'
import type { MediaLatch } from './latch.ts'
import type { MediaTap } from './media-tap.ts'
import type { OutgoingAudio } from './outgoing-audio.ts'
import type { PortPair } from './port-pool.ts'
import type { ProtectedPath } from './protected-path.ts'
import type { RtcpFlow } from './rtcp-flow.ts'

export interface IntakeParts {
  readonly ports: PortPair
  readonly tap: MediaTap
  readonly latch: MediaLatch
  readonly received: ReceivedAudio
  readonly rtcp: RtcpFlow
  readonly outgoing: OutgoingAudio
}

export class Intake {
  /** While packets are, or may be, protected: plain media has one branch a packet for it. */
  shield: ProtectedPath | undefined
  /** The payload type that is sent back where an echo is wanted; none before media runs. */
  echoed: number | undefined
  #malformed = 0
  #stray = 0
  readonly #parts: IntakeParts
  readonly #header = new RtpHeader()

  /** Listens to the ports from now on. */
  constructor(parts: IntakeParts) {
    this.#parts = parts
    const { ports } = parts
    ports.onRtp = (bytes, remote) => this.#onRtp(bytes, remote)
    ports.onRtcp = (bytes, remote) => this.#onRtcp(bytes, remote, ports.port + 1)
  }

  /** Packets nothing could be made of, and those from where the other side is not. */
  counts(): { readonly malformed: number; readonly stray: number } {
    return { malformed: this.#malformed, stray: this.#stray }
  }

  #onRtp(bytes: Buffer, remote: RemoteInfo): void {
    if (this.shield !== undefined) {
      this.#onShielded(this.shield, 'rtp', bytes, remote)
      return
    }
    const { ports, tap, received, latch } = this.#parts
    if (looksLikeRtcp(bytes)) {
      this.#onRtcp(bytes, remote, ports.port)
      return
    }
    tap.pass('in', 'rtp', bytes, remote, ports.port)
    const header = this.#header
    if (header.read(bytes) !== undefined) {
      this.#malformed++
      return
    }
    const nowMs = performance.now()
    const known = isKnownFormat(received.formats, header.payloadType)
    if (!latch.accept(remote.address, remote.port, header.ssrc, header.sequenceNumber, known, nowMs)) {
      this.#stray++
      return
    }
    this.#hear(bytes, nowMs)
  }

  #onRtcp(bytes: Buffer, remote: RemoteInfo, localPort: number): void {
    if (this.shield !== undefined) {
      this.#onShielded(this.shield, 'rtcp', bytes, remote)
      return
    }
    this.#parts.tap.pass('in', 'rtcp', bytes, remote, localPort)
    this.#parts.rtcp.receive(bytes, remote, performance.now(), epochNow())
  }

  /** A plain RTP packet of the other side, its header read. */
  #hear(bytes: Uint8Array, nowMs: number): void {
    const header = this.#header
    const { outgoing, received } = this.#parts
    if (outgoing.echoing && header.payloadType === this.echoed) {
      outgoing.bounce(header.timestamp, header.marker, bytes.subarray(header.payloadStart, header.payloadEnd))
    }
    received.receive(header, bytes, nowMs)
  }

  #onShielded(shield: ProtectedPath, flow: Flow, bytes: Buffer, remote: RemoteInfo): void {
    const kind = kindOfDatagram(bytes)
    if (kind === 'dtls') {
      this.#parts.tap.pass('in', flow, bytes, remote, this.#portOf(flow))
      shield.handshake(flow, bytes, { address: remote.address, port: remote.port })
    } else if (kind === 'rtcp') this.#onProtectedRtcp(shield, flow, bytes, remote)
    else if (kind === 'rtp' && flow === 'rtp') this.#onProtectedRtp(shield, bytes, remote)
    else if (flow === 'rtp') this.#malformed++
  }

  #onProtectedRtp(shield: ProtectedPath, bytes: Buffer, remote: RemoteInfo): void {
    const { tap, received, latch } = this.#parts
    tap.pass('in', 'rtp', bytes, remote, this.#portOf('rtp'))
    const packet = shield.openRtp(bytes, received.formats)
    if (packet === undefined) return
    const header = this.#header
    if (header.read(packet) !== undefined) {
      this.#malformed++
      return
    }
    const nowMs = performance.now()
    latch.acceptAuthentic(remote.address, remote.port, header.ssrc, header.sequenceNumber, nowMs)
    this.#hear(packet, nowMs)
  }

  #onProtectedRtcp(shield: ProtectedPath, flow: Flow, bytes: Buffer, remote: RemoteInfo): void {
    this.#parts.tap.pass('in', 'rtcp', bytes, remote, this.#portOf(flow))
    const packet = shield.openRtcp(bytes)
    if (packet !== undefined) this.#parts.rtcp.receiveAuthentic(packet, remote, performance.now(), epochNow())
  }

  #portOf(flow: Flow): number {
    const { port } = this.#parts.ports
    return flow === 'rtp' ? port : port + 1
  }
}
