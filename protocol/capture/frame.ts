/**
 * From a captured frame to the UDP datagram or TCP segment inside it: link layer, IPv4
 * or IPv6 with its extension headers, fragments put together again. Checksums are not
 * verified: offloading leaves them unset in captures taken on the sending host.
 */
import type { Address } from '../wire.ts'
import type { Frame } from './capture-file.ts'
import { FragmentTable } from './fragments.ts'
import { formatAddress } from './ip-address.ts'

/** LINKTYPE_ values this decoder knows. */
export const linkType = { null: 0, ethernet: 1, raw: 101, linuxSll: 113, loop: 108, ipv4: 228, ipv6: 229, linuxSll2: 276 } as const

interface Carried {
  /** Number of the frame that completed it. */
  readonly frame: number
  readonly at: number
  readonly source: Address
  readonly destination: Address
  readonly payload: Uint8Array
}
export interface Datagram extends Carried {
  readonly protocol: 'udp'
}
export interface Segment extends Carried {
  readonly protocol: 'tcp'
  readonly sequence: number
  readonly syn: boolean
  readonly fin: boolean
  readonly rst: boolean
}

const protocol = { tcp: 6, udp: 17 } as const
const etherType = { ipv4: 0x0800, ipv6: 0x86dd, vlan: 0x8100, serviceVlan: 0x88a8 } as const

/** Decodes frames in order; keeps only the fragments of unfinished packets. */
export class FrameDecoder {
  readonly #fragments = new FragmentTable()

  /** The datagram or segment a frame holds or completes; undefined for anything else and for what was cut. */
  decode(frame: Frame): Datagram | Segment | undefined {
    const packet = networkLayer(frame.bytes, frame.linkType)
    if (!packet || packet.length < 20) return undefined
    const version = packet[0]! >> 4
    const ip = version === 4 ? ipv4(packet) : version === 6 ? ipv6(packet) : undefined
    if (!ip) return undefined
    const payload = ip.fragment ? this.#fragments.add(ip.fragment, ip.payload) : ip.payload
    if (!payload) return undefined
    const from = { frame: frame.number, at: frame.at, source: ip.source, destination: ip.destination }
    if (ip.protocol === protocol.udp) return datagram(payload, from)
    return ip.protocol === protocol.tcp ? segment(payload, from) : undefined
  }
}

function uint16(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! << 8) | bytes[offset + 1]!
}

function networkLayer(bytes: Uint8Array, type: number): Uint8Array | undefined {
  switch (type) {
    case linkType.ethernet:
      return afterEtherType(bytes, 12)
    case linkType.linuxSll:
      return afterEtherType(bytes, 14)
    case linkType.linuxSll2: {
      const isIp = bytes.length > 20 && (uint16(bytes, 0) === etherType.ipv4 || uint16(bytes, 0) === etherType.ipv6)
      return isIp ? bytes.subarray(20) : undefined
    }
    case linkType.null:
    case linkType.loop:
      return bytes.subarray(4)
    case linkType.raw:
    case 12: // LINKTYPE_RAW as some systems number it
    case 14:
    case linkType.ipv4:
    case linkType.ipv6:
      return bytes
    default:
      return undefined
  }
}

function afterEtherType(bytes: Uint8Array, at: number): Uint8Array | undefined {
  let offset = at
  while (offset + 2 <= bytes.length) {
    const type = uint16(bytes, offset)
    if (type === etherType.ipv4 || type === etherType.ipv6) return bytes.subarray(offset + 2)
    if (type !== etherType.vlan && type !== etherType.serviceVlan) return undefined
    offset += 4
  }
  return undefined
}

interface IpPacket {
  readonly source: string
  readonly destination: string
  readonly protocol: number
  readonly payload: Uint8Array
  /** Set when the payload is only a part; `key` is the same for all parts. */
  readonly fragment?: { readonly key: string; readonly offset: number; readonly more: boolean }
}

function ipv4(packet: Uint8Array): IpPacket | undefined {
  const headerLength = (packet[0]! & 0x0f) * 4
  // Total length 0: segmentation offload; the capture holds the whole segment.
  const totalLength = uint16(packet, 2) || packet.length
  if (headerLength < 20 || totalLength < headerLength || packet.length < totalLength) return undefined
  const flags = uint16(packet, 6)
  const offset = (flags & 0x1fff) * 8
  const more = (flags & 0x2000) !== 0
  const source = formatAddress(packet.subarray(12, 16))
  const destination = formatAddress(packet.subarray(16, 20))
  const ip = { source, destination, protocol: packet[9]!, payload: packet.subarray(headerLength, totalLength) }
  if (!more && offset === 0) return ip
  return { ...ip, fragment: { key: `${source} ${destination} ${ip.protocol} ${uint16(packet, 4)}`, offset, more } }
}

const extension = { hopByHop: 0, routing: 43, fragment: 44, destinationOptions: 60 } as const

function ipv6(packet: Uint8Array): IpPacket | undefined {
  if (packet.length < 40) return undefined
  const payloadLength = uint16(packet, 4) || packet.length - 40
  const end = 40 + payloadLength
  if (packet.length < end) return undefined
  const source = formatAddress(packet.subarray(8, 24))
  const destination = formatAddress(packet.subarray(24, 40))
  let next = packet[6]!
  let offset = 40
  let fragment: IpPacket['fragment']
  while (offset + 8 <= end) {
    if (next === extension.fragment) {
      const field = uint16(packet, offset + 2)
      const id = uint16(packet, offset + 4) * 65536 + uint16(packet, offset + 6)
      next = packet[offset]!
      offset += 8
      fragment = { key: `${source} ${destination} ${next} ${id}`, offset: field & 0xfff8, more: (field & 1) !== 0 }
      break
    } else if (next === extension.hopByHop || next === extension.routing || next === extension.destinationOptions) {
      next = packet[offset]!
      offset += (packet[offset + 1]! + 1) * 8
    } else break
  }
  if (offset > end) return undefined
  return { source, destination, protocol: next, payload: packet.subarray(offset, end), ...(fragment ? { fragment } : {}) }
}

type Origin = { readonly frame: number; readonly at: number; readonly source: string; readonly destination: string }

function datagram(bytes: Uint8Array, { source, destination, ...from }: Origin): Datagram | undefined {
  if (bytes.length < 8) return undefined
  const length = uint16(bytes, 4) || bytes.length
  if (length < 8 || length > bytes.length) return undefined
  return {
    ...from,
    protocol: 'udp',
    source: { address: source, port: uint16(bytes, 0) },
    destination: { address: destination, port: uint16(bytes, 2) },
    payload: bytes.subarray(8, length),
  }
}

function segment(bytes: Uint8Array, { source, destination, ...from }: Origin): Segment | undefined {
  if (bytes.length < 20) return undefined
  const headerLength = (bytes[12]! >> 4) * 4
  if (headerLength < 20 || headerLength > bytes.length) return undefined
  const flags = bytes[13]!
  return {
    ...from,
    protocol: 'tcp',
    source: { address: source, port: uint16(bytes, 0) },
    destination: { address: destination, port: uint16(bytes, 2) },
    sequence: uint16(bytes, 4) * 65536 + uint16(bytes, 6),
    syn: (flags & 0x02) !== 0,
    fin: (flags & 0x01) !== 0,
    rst: (flags & 0x04) !== 0,
    payload: bytes.subarray(headerLength),
  }
}
