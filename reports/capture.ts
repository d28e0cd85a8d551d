/** `capture.pcapng` of a cell: its wires with credentials and keys masked. */
import { type CaptureContent, type WrittenCapture, writePcapng } from '../protocol/capture/pcapng-writer.ts'
import { redactBytes } from './redact.ts'

/** RTP is kept as it was sent; encrypted packets stay encrypted, and their keys are masked in the SDP. */
export function evidenceCapture(content: CaptureContent): WrittenCapture {
  return writePcapng({ ...content, sip: content.sip.map((wire) => ({ ...wire, bytes: redactBytes(wire.bytes) })) })
}
