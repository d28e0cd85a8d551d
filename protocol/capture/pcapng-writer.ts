/**
 * Writes taps as a pcapng file that Wireshark opens: one Ethernet interface, microsecond
 * times, comments. TLS is written as it was on the path, with the secrets that open it in a
 * block of their own; where nobody was on the path, a message is written as the plain TCP
 * stream it would have been, with a comment that says so. draft-ietf-opsawg-pcapng.
 */
import type { Address, PathWire, RtpWire, SipWire } from '../wire.ts'
import { linkType } from './frame.ts'
import { tcpFrame, udpFrame } from './frame-builder.ts'

export interface CaptureContent {
  readonly sip: readonly SipWire[]
  readonly rtp: readonly RtpWire[]
  /** TLS connections from their first byte. When there are any, the messages inside them are not written once more. */
  readonly path?: readonly PathWire[]
  /** Lines of a TLS key log: the file's reader needs no other to open what was on the path. */
  readonly tlsKeys?: readonly string[]
  /** Stands in the section header: what this capture is evidence of. */
  readonly comment?: string
}

export interface WrittenCapture {
  readonly bytes: Uint8Array
  /** Frame number (from 1) of each SIP wire, by its index in the content; undefined for what is inside TLS. */
  readonly sipFrames: readonly (number | undefined)[]
  readonly rtpFrames: readonly number[]
}

/** A TCP payload larger than this goes into several frames. */
const maxSegment = 32768
const tlsKeyLog = 0x544c534b
const option = { end: 0, comment: 1, interfaceName: 2, application: 4 } as const

/** Builds the whole file. Wires are written in order of time. Throws when an address is no IP address. */
export function writePcapng(content: CaptureContent): WrittenCapture {
  const { path = [], tlsKeys = [] } = content
  const blocks: Uint8Array[] = [
    sectionHeader(content.comment),
    interfaceDescription('tap (link, network and transport headers are synthesised)'),
    // Before the first packet it opens: a reader may go through the file once.
    ...(tlsKeys.length === 0 ? [] : [decryptionSecrets(tlsKeys)]),
  ]
  const sipFrames: (number | undefined)[] = new Array(content.sip.length).fill(undefined)
  const rtpFrames: number[] = new Array(content.rtp.length)
  const order = [
    ...content.sip.map((wire, index) => ({ at: wire.at, index, sip: wire })),
    ...content.rtp.map((wire, index) => ({ at: wire.at, index, rtp: wire })),
    ...path.map((wire, index) => ({ at: wire.at, index, path: wire })),
  ].sort((a, b) => a.at - b.at)
  const sequences = new Map<string, number>()
  let frame = 0
  for (const item of order) {
    if ('rtp' in item) {
      const { source, destination } = ends(item.rtp)
      blocks.push(enhancedPacket(item.at, udpFrame(source, destination, item.rtp.bytes)))
      rtpFrames[item.index] = ++frame
      continue
    }
    if ('path' in item) {
      // A dissector knows SIP inside TLS by port 5061 alone.
      const hint = item.index === 0 && tlsKeys.length > 0 ? tlsHint(item.path) : undefined
      for (const packet of tcpPackets(item.path, sequences)) {
        blocks.push(enhancedPacket(item.at, packet, hint))
        frame++
      }
      continue
    }
    if (item.sip.transport === 'tls' && path.length > 0) continue
    sipFrames[item.index] = frame + 1
    for (const packet of sipPackets(item.sip, sequences)) {
      blocks.push(enhancedPacket(item.at, packet, sipComment(item.sip)))
      frame++
    }
  }
  return { bytes: concatenate(blocks), sipFrames, rtpFrames }
}

function ends(wire: PathWire | RtpWire): { source: Address; destination: Address } {
  return wire.dir === 'out' ? { source: wire.local, destination: wire.remote } : { source: wire.remote, destination: wire.local }
}

function* sipPackets(wire: SipWire, sequences: Map<string, number>): Generator<Uint8Array> {
  const { source, destination } = ends(wire)
  if (wire.transport === 'udp') {
    yield udpFrame(source, destination, wire.bytes)
    return
  }
  yield* tcpPackets(wire, sequences)
}

function* tcpPackets(wire: PathWire, sequences: Map<string, number>): Generator<Uint8Array> {
  const { source, destination } = ends(wire)
  const forward = `${source.address} ${source.port} ${destination.address} ${destination.port}`
  const backward = `${destination.address} ${destination.port} ${source.address} ${source.port}`
  for (let offset = 0; offset < wire.bytes.length; offset += maxSegment) {
    const payload = wire.bytes.subarray(offset, offset + maxSegment)
    const sequence = sequences.get(forward) ?? 1
    yield tcpFrame(source, destination, { sequence, acknowledgment: sequences.get(backward) ?? 1 }, payload)
    sequences.set(forward, (sequence + payload.length) >>> 0)
  }
}

function sipComment(wire: SipWire): string | undefined {
  if (wire.transport !== 'tls') return undefined
  const how = wire.tls ? ` (${wire.tls.version}, ${wire.tls.cipher})` : ''
  return `Travelled over TLS${how}; shown decrypted, as the endpoint saw it.`
}

const tlsHint = ({ remote }: PathWire): string =>
  `This file holds the secrets of its TLS connections. To see SIP: Decode As, TLS port ${remote.port}, SIP.`

function sectionHeader(comment: string | undefined): Uint8Array {
  const fixed = new Uint8Array(16)
  const view = new DataView(fixed.buffer)
  view.setUint32(0, 0x1a2b3c4d, true)
  view.setUint16(4, 1, true)
  view.setBigInt64(8, -1n, true) // section length unknown
  return block(0x0a0d0d0a, fixed, [textOption(option.application, 'Trunkproof'), ...(comment ? [textOption(option.comment, comment)] : [])])
}

function interfaceDescription(name: string): Uint8Array {
  const fixed = new Uint8Array(8)
  new DataView(fixed.buffer).setUint16(0, linkType.ethernet, true)
  return block(1, fixed, [textOption(option.interfaceName, name)])
}

/** Section 4.7: secrets of the type "TLS Key Log". */
function decryptionSecrets(tlsKeys: readonly string[]): Uint8Array {
  const secrets = new TextEncoder().encode(`${tlsKeys.join('\n')}\n`)
  const fixed = new Uint8Array(8 + padded(secrets.length))
  const view = new DataView(fixed.buffer)
  view.setUint32(0, tlsKeyLog, true)
  view.setUint32(4, secrets.length, true)
  fixed.set(secrets, 8)
  return block(0x0000000a, fixed, [])
}

function enhancedPacket(at: number, frame: Uint8Array, comment?: string): Uint8Array {
  const fixed = new Uint8Array(20 + padded(frame.length))
  const view = new DataView(fixed.buffer)
  const microseconds = Math.round(at * 1000)
  view.setUint32(4, Math.floor(microseconds / 2 ** 32), true)
  view.setUint32(8, microseconds % 2 ** 32, true)
  view.setUint32(12, frame.length, true)
  view.setUint32(16, frame.length, true)
  fixed.set(frame, 20)
  return block(6, fixed, comment ? [textOption(option.comment, comment)] : [])
}

function padded(length: number): number {
  return Math.ceil(length / 4) * 4
}

function textOption(code: number, text: string): Uint8Array {
  // Longer text would not fit the 16-bit length.
  const value = new TextEncoder().encode(text).subarray(0, 0xffff)
  const bytes = new Uint8Array(4 + padded(value.length))
  const view = new DataView(bytes.buffer)
  view.setUint16(0, code, true)
  view.setUint16(2, value.length, true)
  bytes.set(value, 4)
  return bytes
}

function block(type: number, fixed: Uint8Array, options: readonly Uint8Array[]): Uint8Array {
  const ending = options.length > 0 ? [...options, new Uint8Array(4)] : []
  const length = 12 + fixed.length + ending.reduce((total, bytes) => total + bytes.length, 0)
  const bytes = new Uint8Array(length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, type, true)
  view.setUint32(4, length, true)
  let offset = 8
  for (const part of [fixed, ...ending]) {
    bytes.set(part, offset)
    offset += part.length
  }
  view.setUint32(length - 4, length, true)
  return bytes
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((total, part) => total + part.length, 0))
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}
