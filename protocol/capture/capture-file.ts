/**
 * Reads packet captures as tcpdump and Wireshark write them: pcap (all four magic
 * numbers) and pcapng (sections, interfaces, enhanced and simple packet blocks, comments).
 * Only the container; what is inside a frame is decoded in frame.ts.
 * Formats: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng.
 */

/** One captured frame. */
export interface Frame {
  /** Counted from 1, as Wireshark does. */
  readonly number: number
  /** Epoch milliseconds, fractional. */
  readonly at: number
  /** LINKTYPE_ value, see frame.ts. */
  readonly linkType: number
  /** What was captured; may be cut at the snap length. */
  readonly bytes: Uint8Array
  /** Length on the wire. */
  readonly length: number
  readonly comment?: string
}

export type CaptureRead =
  | {
      readonly ok: true
      readonly frames: Frame[] /** The file ends within a record: a capture that was still being written. */
      readonly cut: boolean
    }
  | { readonly ok: false; readonly error: string }

/** Reads a whole capture file. A file cut within a record yields what came before. */
export function readCapture(bytes: Uint8Array): CaptureRead {
  if (bytes.length < 4) return { ok: false, error: 'too short for a capture file' }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const magic = view.getUint32(0)
  if (magic === 0x0a0d0d0a) return readPcapng(bytes, view)
  const format = pcapFormats.get(magic)
  if (format) return readPcap(bytes, view, format)
  return { ok: false, error: `not a capture file: it starts with 0x${magic.toString(16).padStart(8, '0')}` }
}

interface PcapFormat {
  readonly little: boolean
  /** Fractions of a second in one millisecond. */
  readonly perMs: number
}

/** By the first four bytes read big-endian. */
const pcapFormats = new Map<number, PcapFormat>([
  [0xa1b2c3d4, { little: false, perMs: 1e3 }],
  [0xd4c3b2a1, { little: true, perMs: 1e3 }],
  [0xa1b23c4d, { little: false, perMs: 1e6 }],
  [0x4d3cb2a1, { little: true, perMs: 1e6 }],
])

const pcapHeaderLength = 24
const pcapRecordLength = 16

function readPcap(bytes: Uint8Array, view: DataView, { little, perMs }: PcapFormat): CaptureRead {
  if (bytes.length < pcapHeaderLength) return { ok: false, error: 'the pcap header is cut' }
  // The upper bits of the field tell about a frame check sequence.
  const linkType = view.getUint32(20, little) & 0xffff
  const frames: Frame[] = []
  let offset = pcapHeaderLength
  while (offset + pcapRecordLength <= bytes.length) {
    const captured = view.getUint32(offset + 8, little)
    const end = offset + pcapRecordLength + captured
    if (end > bytes.length) break
    frames.push({
      number: frames.length + 1,
      at: view.getUint32(offset, little) * 1e3 + view.getUint32(offset + 4, little) / perMs,
      linkType,
      bytes: bytes.subarray(offset + pcapRecordLength, end),
      length: view.getUint32(offset + 12, little),
    })
    offset = end
  }
  return { ok: true, frames, cut: offset !== bytes.length }
}

interface Interface {
  readonly linkType: number
  /** Timestamp units in one millisecond. */
  readonly unitsPerMs: number
  readonly snapLength: number
}

const block = { section: 0x0a0d0d0a, interface: 1, simplePacket: 3, enhancedPacket: 6 } as const
const option = { end: 0, comment: 1, timestampResolution: 9 } as const

function readPcapng(bytes: Uint8Array, view: DataView): CaptureRead {
  const frames: Frame[] = []
  let interfaces: Interface[] = []
  let little = true
  let offset = 0
  while (offset + 12 <= bytes.length) {
    // The byte order is known only from the section header's own body, so its type must be a palindrome.
    const isSection = view.getUint32(offset) === block.section
    if (isSection) {
      little = view.getUint32(offset + 8) === 0x4d3c2b1a
      interfaces = []
    }
    const type = view.getUint32(offset, little)
    const length = view.getUint32(offset + 4, little)
    if (length < 12 || length % 4 !== 0) return { ok: false, error: `block at ${offset} has the impossible length ${length}` }
    const end = offset + length
    if (end > bytes.length) break
    const body = { view, bytes, little, start: offset + 8, end: end - 4 }
    if (type === block.interface) interfaces.push(readInterface(body))
    else if (type === block.enhancedPacket || type === block.simplePacket) {
      const frame = type === block.enhancedPacket ? enhancedPacket(body, interfaces) : simplePacket(body, interfaces)
      if (frame) frames.push({ number: frames.length + 1, ...frame })
    }
    offset = end
  }
  return { ok: true, frames, cut: offset !== bytes.length }
}

interface Body {
  readonly view: DataView
  readonly bytes: Uint8Array
  readonly little: boolean
  readonly start: number
  readonly end: number
}

function readInterface({ view, bytes, little, start, end }: Body): Interface {
  let unitsPerMs = 1e3
  for (const { code, value } of options({ view, bytes, little, start: start + 8, end })) {
    if (code !== option.timestampResolution || value.length !== 1) continue
    const resolution = value[0]!
    unitsPerMs = (resolution & 0x80 ? 2 ** (resolution & 0x7f) : 10 ** resolution) / 1e3
  }
  return { linkType: view.getUint16(start, little), unitsPerMs, snapLength: view.getUint32(start + 4, little) }
}

function enhancedPacket(body: Body, interfaces: readonly Interface[]): Omit<Frame, 'number'> | undefined {
  const { view, bytes, little, start, end } = body
  const source = interfaces[view.getUint32(start, little)]
  const captured = view.getUint32(start + 12, little)
  const data = start + 20
  if (!source || data + captured > end) return undefined
  const units = view.getUint32(start + 4, little) * 2 ** 32 + view.getUint32(start + 8, little)
  let comment: string | undefined
  for (const { code, value } of options({ ...body, start: data + Math.ceil(captured / 4) * 4 })) {
    if (code === option.comment) comment = new TextDecoder().decode(value)
  }
  return {
    at: units / source.unitsPerMs,
    linkType: source.linkType,
    bytes: bytes.subarray(data, data + captured),
    length: view.getUint32(start + 16, little),
    ...(comment === undefined ? {} : { comment }),
  }
}

/** A simple packet block has no time; it belongs to the section's first interface. */
function simplePacket({ view, bytes, little, start, end }: Body, interfaces: readonly Interface[]): Omit<Frame, 'number'> | undefined {
  const source = interfaces[0]
  if (!source) return undefined
  const length = view.getUint32(start, little)
  const captured = Math.min(length, source.snapLength || length, end - start - 4)
  return { at: 0, linkType: source.linkType, bytes: bytes.subarray(start + 4, start + 4 + captured), length }
}

function* options({ view, bytes, little, start, end }: Body): Generator<{ code: number; value: Uint8Array }> {
  let offset = start
  while (offset + 4 <= end) {
    const code = view.getUint16(offset, little)
    const length = view.getUint16(offset + 2, little)
    if (code === option.end || offset + 4 + length > end) return
    yield { code, value: bytes.subarray(offset + 4, offset + 4 + length) }
    offset += 4 + Math.ceil(length / 4) * 4
  }
}
