/**
 * Compound RTCP packets (RFC 3550 section 6.1): what one datagram holds. Read by the rules
 * of appendix A.2, but for one: BYE or SDES alone is taken, because products send it.
 */

import { byeBody, readBye } from './bye.ts'
import { readReceiverReport, receiverReportBody } from './receiver-report.ts'
import { mostReportBlocks } from './report-block.ts'
import { readSdes, sdesBody } from './sdes.ts'
import { readSenderReport, senderReportBody } from './sender-report.ts'
import { type RtcpBody, type RtcpPacket, rtcpType } from './types.ts'

export interface RtcpMalformed {
  readonly offset: number
  readonly rule: string
  readonly detail: string
}

export type ParsedCompound =
  | { readonly ok: true; readonly packets: readonly RtcpPacket[] }
  | { readonly ok: false; readonly error: RtcpMalformed }

const headerLength = 4

/** Reads every packet of a datagram. Never throws. */
export function parseCompound(bytes: Uint8Array): ParsedCompound {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const packets: RtcpPacket[] = []
  let at = 0
  do {
    if (at + headerLength > bytes.length)
      return bad(at, 'RFC 3550 6.4.1', `${bytes.length - at} bytes are less than a header's ${headerLength}`)
    const first = bytes[at]!
    const packetType = bytes[at + 1]!
    const end = at + 4 * (view.getUint16(at + 2) + 1)
    if (first >> 6 !== 2) return bad(at, 'RFC 3550 A.2', `version ${first >> 6}`)
    if (packetType < 192 || packetType > 223) return bad(at + 1, 'RFC 5761 4', `packet type ${packetType} is no RTCP`)
    if (end > bytes.length) return bad(at + 2, 'RFC 3550 A.2', `a length of ${end - at} bytes with ${bytes.length - at} left`)
    let bodyEnd = end
    if ((first & 0x20) !== 0) {
      const padding = bytes[end - 1]!
      if (end !== bytes.length) return bad(at, 'RFC 3550 A.2', 'padding before the last packet')
      if (padding === 0 || padding % 4 !== 0 || at + headerLength + padding > end)
        return bad(end - 1, 'RFC 3550 6.4.1', `padding of ${padding} bytes`)
      bodyEnd -= padding
    }
    const body = {
      view: new DataView(bytes.buffer, bytes.byteOffset + at + headerLength, bodyEnd - at - headerLength),
      count: first & 0x1f,
    }
    const packet = readPacket(packetType, body)
    if (packet === undefined) return bad(at + headerLength, 'RFC 3550 6', `a packet of type ${packetType} is shorter than it says`)
    packets.push(packet)
    at = end
  } while (at < bytes.length)
  return { ok: true, packets }
}

function readPacket(packetType: number, body: RtcpBody): RtcpPacket | undefined {
  switch (packetType) {
    case rtcpType.senderReport:
      return readSenderReport(body)
    case rtcpType.receiverReport:
      return readReceiverReport(body)
    case rtcpType.sdes:
      return readSdes(body)
    case rtcpType.bye:
      return readBye(body)
    default: {
      const { buffer, byteOffset, byteLength } = body.view
      return { type: 'other', packetType, body: new Uint8Array(buffer, byteOffset, byteLength).slice() }
    }
  }
}

function bad(offset: number, rule: string, detail: string): ParsedCompound {
  return { ok: false, error: { offset, rule, detail } }
}

/** Writes packets one behind the other, without padding. Throws RangeError on more entries than five bits count. */
export function serializeCompound(packets: readonly RtcpPacket[]): Uint8Array {
  const parts = packets.map((packet) => {
    const { packetType, count, body } = writePacket(packet)
    if (count > mostReportBlocks) throw new RangeError(`${count} entries in one RTCP packet`)
    const bytes = new Uint8Array(headerLength + body.length)
    bytes[0] = 0x80 | count
    bytes[1] = packetType
    bytes[2] = (body.length / 4) >> 8
    bytes[3] = body.length / 4
    bytes.set(body, headerLength)
    return bytes
  })
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

function writePacket(packet: RtcpPacket): { packetType: number; count: number; body: Uint8Array } {
  switch (packet.type) {
    case 'sender-report':
      return { packetType: rtcpType.senderReport, count: packet.reports.length, body: senderReportBody(packet) }
    case 'receiver-report':
      return { packetType: rtcpType.receiverReport, count: packet.reports.length, body: receiverReportBody(packet) }
    case 'sdes':
      return { packetType: rtcpType.sdes, count: packet.chunks.length, body: sdesBody(packet) }
    case 'bye':
      return { packetType: rtcpType.bye, count: packet.ssrcs.length, body: byeBody(packet) }
    case 'other':
      return { packetType: packet.packetType, count: 0, body: packet.body }
  }
}
