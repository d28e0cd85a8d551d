import { readReportBlocks, reportBlockLength, writeReportBlocks } from './report-block.ts'
import type { RtcpBody, SenderReport } from './types.ts'

/**
 * Sender report, behind the packet's four header bytes (RFC 3550 section 6.4.1).
 *
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                         SSRC of sender                        |
 * +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
 * |              NTP timestamp, most significant word             |
 * |             NTP timestamp, least significant word             |
 * |                         RTP timestamp                         |
 * |                     sender's packet count                     |
 * |                      sender's octet count                     |
 * +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
 * |                         report blocks                         |
 */
const fixedLength = 24

/** Undefined when the body is too short for what its count says. */
export function readSenderReport({ view, count }: RtcpBody): SenderReport | undefined {
  if (view.byteLength < fixedLength) return undefined
  const reports = readReportBlocks(view, fixedLength, count)
  if (reports === undefined) return undefined
  return {
    type: 'sender-report',
    ssrc: view.getUint32(0),
    ntpSeconds: view.getUint32(4),
    ntpFraction: view.getUint32(8),
    rtpTimestamp: view.getUint32(12),
    packets: view.getUint32(16),
    bytes: view.getUint32(20),
    reports,
  }
}

export function senderReportBody(report: SenderReport): Uint8Array {
  const body = new Uint8Array(fixedLength + report.reports.length * reportBlockLength)
  const view = new DataView(body.buffer)
  view.setUint32(0, report.ssrc)
  view.setUint32(4, report.ntpSeconds)
  view.setUint32(8, report.ntpFraction)
  view.setUint32(12, report.rtpTimestamp)
  view.setUint32(16, report.packets)
  view.setUint32(20, report.bytes)
  writeReportBlocks(view, fixedLength, report.reports)
  return body
}
