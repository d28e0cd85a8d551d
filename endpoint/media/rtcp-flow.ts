/**
 * RTCP of one session between its socket and its agent: where reports go, whose are believed,
 * and which port they use (RFC 5761: RTP's own, where that was agreed).
 */

import type { Socket } from 'node:dgram'
import type { ReceptionStatistics } from '../../protocol/rtp/reception.ts'
import type { Address } from '../../protocol/wire.ts'
import { MediaLatch } from './latch.ts'
import { RtcpAgent, type StreamState } from './rtcp-agent.ts'
import type { MediaStats } from './types.ts'

export interface RtcpFlowOptions {
  readonly ssrc: number
  readonly latching: boolean
  /** Where RTP goes and comes from. */
  readonly media: MediaLatch
  readonly sockets: { readonly rtp: Socket; readonly rtcp: Socket }
  readonly onSent: (bytes: Uint8Array, remote: Address, muxed: boolean) => void
}

export class RtcpFlow {
  readonly #options: RtcpFlowOptions
  readonly #agent: RtcpAgent
  readonly #latch: MediaLatch
  #muxed = false
  /** Counts proved reports: they carry no sequence number that could tell a late one. */
  #authentic = 0
  /** Absent: reports leave as plain RTCP. Undefined from it: they must not leave. */
  seal: ((bytes: Uint8Array) => Uint8Array | undefined) | undefined

  constructor(options: RtcpFlowOptions) {
    this.#options = options
    this.#agent = new RtcpAgent(options.ssrc)
    this.#latch = new MediaLatch(options.latching)
  }

  /** Takes over what was agreed. */
  configure(remote: Address, muxed: boolean): void {
    this.#latch.signal(remote)
    this.#muxed = muxed
  }

  /** Of what we send, Hz: the unit of the jitter reported to us. */
  set clockRate(clockRate: number) {
    this.#agent.clockRate = clockRate
  }

  /** Where reports go while they have a port of their own. */
  get target(): Address | undefined {
    return this.#latch.target
  }

  /** Begins to count the time to the first report. */
  start(nowMs: number): void {
    this.#agent.start(nowMs)
  }

  /** Whether a report is to be sent now. */
  due(nowMs: number): boolean {
    return this.#agent.due(nowMs)
  }

  /** Whether a goodbye is to be sent at the end. */
  mayLeave(packetsSent: number): boolean {
    return this.#agent.mayLeave(packetsSent)
  }

  /** A plain datagram: believed from the signalled address and from the host our media goes to. */
  receive(bytes: Uint8Array, remote: Address, nowMs: number, epochMs: number): void {
    const target = this.#options.media.target
    const known = target === undefined || target.address === remote.address
    if (this.#latch.accept(remote.address, remote.port, 0, 0, known, nowMs)) this.#agent.receive(bytes, epochMs)
  }

  /** A datagram that proved to be the other side's, in clear. */
  receiveAuthentic(bytes: Uint8Array, remote: Address, nowMs: number, epochMs: number): void {
    this.#authentic = (this.#authentic + 1) & 0xffff
    this.#latch.acceptAuthentic(remote.address, remote.port, 0, this.#authentic, nowMs)
    this.#agent.receive(bytes, epochMs)
  }

  /** Resolves when the report was handed to the system, or was not sent. */
  async send(epochMs: number, stream: StreamState, heard: ReceptionStatistics | undefined, bye: boolean): Promise<void> {
    const { media, sockets, onSent } = this.#options
    const target = this.#muxed ? media.target : this.#latch.target
    // Media went elsewhere than signalled: the signalled RTCP address is most likely behind a NAT as well.
    if (target === undefined || (!this.#muxed && media.latched && !this.#latch.heard)) return
    const report = this.#agent.report(epochMs, stream, heard, bye)
    const bytes = this.seal === undefined ? report : this.seal(report)
    if (bytes === undefined) return
    onSent(bytes, target, this.#muxed)
    const socket = this.#muxed ? sockets.rtp : sockets.rtcp
    await new Promise<void>((resolve) => socket.send(bytes, target.port, target.address, () => resolve()))
  }

  stats(): MediaStats['rtcp'] {
    return this.#agent.stats()
  }
}
