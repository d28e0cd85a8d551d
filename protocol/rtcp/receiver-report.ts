import { readReportBlocks, reportBlockLength, writeReportBlocks } from './report-block.ts'
import type { ReceiverReport, RtcpBody } from './types.ts'

/** Receiver report, behind the packet's four header bytes (RFC 3550 section 6.4.2): SSRC of the packet's sender, then report blocks. */
export function readReceiverReport({ view, count }: RtcpBody): ReceiverReport | undefined {
  if (view.byteLength < 4) return undefined
  const reports = readReportBlocks(view, 4, count)
  return reports === undefined ? undefined : { type: 'receiver-report', ssrc: view.getUint32(0), reports }
}

export function receiverReportBody(report: ReceiverReport): Uint8Array {
  const body = new Uint8Array(4 + report.reports.length * reportBlockLength)
  const view = new DataView(body.buffer)
  view.setUint32(0, report.ssrc)
  writeReportBlocks(view, 4, report.reports)
  return body
}
