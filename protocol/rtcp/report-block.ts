import type { ReportBlock } from './types.ts'

/**
 * Report blocks, the same in sender and receiver reports (RFC 3550 section 6.4.1).
 *
 * +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
 * |                 SSRC_1 (SSRC of first source)                 |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * | fraction lost |       cumulative number of packets lost       |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |           extended highest sequence number received           |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                      interarrival jitter                      |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                         last SR (LSR)                         |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                   delay since last SR (DLSR)                  |
 * +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
 */
export const reportBlockLength = 24

/** Most blocks one report can carry: its count has five bits. */
export const mostReportBlocks = 31

/** Reads `count` blocks from `offset`; undefined when they do not fit. */
export function readReportBlocks(view: DataView, offset: number, count: number): ReportBlock[] | undefined {
  if (offset + count * reportBlockLength > view.byteLength) return undefined
  return Array.from({ length: count }, (_, index) => {
    const at = offset + index * reportBlockLength
    return {
      ssrc: view.getUint32(at),
      fractionLost: view.getUint8(at + 4),
      cumulativeLost: (view.getUint32(at + 4) << 8) >> 8,
      extendedHighestSequence: view.getUint32(at + 8),
      jitter: view.getUint32(at + 12),
      lastSenderReport: view.getUint32(at + 16),
      delaySinceLastSenderReport: view.getUint32(at + 20),
    }
  })
}

/** Writes the blocks from `offset`. */
export function writeReportBlocks(view: DataView, offset: number, reports: readonly ReportBlock[]): void {
  for (const [index, report] of reports.entries()) {
    const at = offset + index * reportBlockLength
    view.setUint32(at, report.ssrc)
    view.setUint32(at + 4, ((report.fractionLost & 0xff) << 24) | (report.cumulativeLost & 0xffffff))
    view.setUint32(at + 8, report.extendedHighestSequence)
    view.setUint32(at + 12, report.jitter)
    view.setUint32(at + 16, report.lastSenderReport)
    view.setUint32(at + 20, report.delaySinceLastSenderReport)
  }
}
