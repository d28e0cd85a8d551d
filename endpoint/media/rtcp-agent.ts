/**
 * RTCP of one session (RFC 3550 section 6): makes our reports and reads those of the other side.
 * Holds no socket and no timer; the session asks `due` as its stream runs.
 */

import { parseCompound, serializeCompound } from '../../protocol/rtcp/compound.ts'
import { rtcpIntervalMs } from '../../protocol/rtcp/interval.ts'
import { middleNtp, roundTripMs, toNtp } from '../../protocol/rtcp/ntp.ts'
import type { ReportBlock, RtcpPacket } from '../../protocol/rtcp/types.ts'
import type { ReceptionStatistics } from '../../protocol/rtp/reception.ts'
import { randomToken } from '../token.ts'
import type { MediaStats } from './types.ts'

/** What a report says of our stream at the moment it is made. */
export interface StreamState {
  readonly ssrc: number
  readonly timestamp: number
  readonly packets: number
  readonly bytes: number
}

export class RtcpAgent {
  /** RFC 7022: short-term, random, tells nothing about the host. */
  readonly #cname = randomToken(12)
  readonly #ssrc: number
  #nextAt = Number.POSITIVE_INFINITY
  #sent = 0
  #received = 0
  #malformed = 0
  #packetsReported = 0
  #bye = false
  /** Clock rate of what we send, Hz: the unit of the jitter reported to us. */
  clockRate = 8000
  #remoteReport: MediaStats['rtcp']['remoteReport']
  #senderReport: MediaStats['rtcp']['senderReport']
  /** The last sender report: its middle NTP bits, its source, our epoch time when it came. */
  #lastSenderReport: { readonly middle: number; readonly ssrc: number; readonly at: number } | undefined

  constructor(ssrc: number) {
    this.#ssrc = ssrc
  }

  /** Begins to count the time to the first report. */
  start(nowMs: number): void {
    this.#nextAt = nowMs + rtcpIntervalMs(true, Math.random())
  }

  /** Whether a report is to be sent now; if so, the time to the next one begins. */
  due(nowMs: number): boolean {
    if (nowMs < this.#nextAt) return false
    this.#nextAt = nowMs + rtcpIntervalMs(false, Math.random())
    return true
  }

  /** RFC 3550 section 6.3.7: whoever sent neither RTP nor RTCP must not send a BYE. */
  mayLeave(packetsSent: number): boolean {
    return packetsSent > 0 || this.#sent > 0
  }

  /** The compound packet to send: a sender report if we sent since the last one, else a receiver report; with `bye` the last one. */
  report(epochMs: number, stream: StreamState, heard: ReceptionStatistics | undefined, bye = false): Uint8Array {
    const ssrc = this.#ssrc
    const reports = heard?.valid ? [this.#block(epochMs, heard)] : []
    const ntp = toNtp(epochMs)
    const sending = stream.packets > this.#packetsReported
    this.#packetsReported = stream.packets
    const packets: RtcpPacket[] = [
      sending
        ? {
            type: 'sender-report',
            ssrc,
            ntpSeconds: ntp.seconds,
            ntpFraction: ntp.fraction,
            rtpTimestamp: stream.timestamp,
            packets: stream.packets,
            bytes: stream.bytes,
            reports,
          }
        : { type: 'receiver-report', ssrc, reports },
      { type: 'sdes', chunks: [{ ssrc, cname: this.#cname }] },
    ]
    if (bye) packets.push({ type: 'bye', ssrcs: [ssrc] })
    this.#sent++
    return serializeCompound(packets)
  }

  /** Reads a datagram of the other side. */
  receive(bytes: Uint8Array, epochMs: number): void {
    const parsed = parseCompound(bytes)
    if (!parsed.ok) {
      this.#malformed++
      return
    }
    this.#received++
    for (const packet of parsed.packets) {
      if (packet.type === 'bye') this.#bye = true
      if (packet.type !== 'sender-report' && packet.type !== 'receiver-report') continue
      if (packet.type === 'sender-report') {
        this.#senderReport = { packets: packet.packets, bytes: packet.bytes }
        this.#lastSenderReport = {
          middle: middleNtp({ seconds: packet.ntpSeconds, fraction: packet.ntpFraction }),
          ssrc: packet.ssrc,
          at: epochMs,
        }
      }
      for (const block of packet.reports) if (block.ssrc === this.#ssrc) this.#take(block, epochMs)
    }
  }

  stats(): MediaStats['rtcp'] {
    return {
      sent: this.#sent,
      received: this.#received,
      malformed: this.#malformed,
      ...(this.#remoteReport === undefined ? {} : { remoteReport: this.#remoteReport }),
      ...(this.#senderReport === undefined ? {} : { senderReport: this.#senderReport }),
      bye: this.#bye,
    }
  }

  #block(epochMs: number, heard: ReceptionStatistics): ReportBlock {
    const last = this.#lastSenderReport?.ssrc === heard.ssrc ? this.#lastSenderReport : undefined
    return {
      ssrc: heard.ssrc,
      ...heard.report(),
      lastSenderReport: last?.middle ?? 0,
      delaySinceLastSenderReport: last === undefined ? 0 : Math.max(0, Math.round(((epochMs - last.at) * 65536) / 1000)) >>> 0,
    }
  }

  #take(block: ReportBlock, epochMs: number): void {
    const roundTrip = roundTripMs(epochMs, block)
    this.#remoteReport = {
      fractionLost: block.fractionLost / 256,
      lost: block.cumulativeLost,
      jitterMs: (block.jitter * 1000) / this.clockRate,
      ...(roundTrip === undefined ? {} : { roundTripMs: roundTrip }),
    }
  }
}
