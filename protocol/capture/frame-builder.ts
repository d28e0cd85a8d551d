/**
 * Ethernet frames made up round SIP messages and RTP packets that a tap saw without
 * them, so that Wireshark can open evidence taken above the socket. Addresses, ports,
 * lengths, sequence numbers and checksums are right; MAC addresses are locally
 * administered and derived from the IP address.
 */
import type { Address } from '../wire.ts'
import { addressBytes } from './ip-address.ts'

const ethernetLength = 14
const protocol = { tcp: 6, udp: 17 } as const
const pushAck = 0x18

/** One Ethernet frame with one UDP datagram. Throws when the payload does not fit. */
export function udpFrame(source: Address, destination: Address, payload: Uint8Array): Uint8Array {
  const { frame, transport } = ipFrame(source, destination, protocol.udp, 8 + payload.length)
  const view = viewOf(transport)
  view.setUint16(0, source.port)
  view.setUint16(2, destination.port)
  view.setUint16(4, transport.length)
  transport.set(payload, 8)
  view.setUint16(6, transportChecksum(frame, transport, protocol.udp) || 0xffff)
  return frame
}

/** Where a made-up TCP connection stands: the next sequence number of either end. */
export interface TcpPosition {
  readonly sequence: number
  readonly acknowledgment: number
}

/** One Ethernet frame with one TCP segment (PSH, ACK). Throws when the payload does not fit. */
export function tcpFrame(source: Address, destination: Address, position: TcpPosition, payload: Uint8Array): Uint8Array {
  const { frame, transport } = ipFrame(source, destination, protocol.tcp, 20 + payload.length)
  const view = viewOf(transport)
  view.setUint16(0, source.port)
  view.setUint16(2, destination.port)
  view.setUint32(4, position.sequence)
  view.setUint32(8, position.acknowledgment)
  view.setUint16(12, (5 << 12) | pushAck)
  view.setUint16(14, 0xffff)
  transport.set(payload, 20)
  view.setUint16(16, transportChecksum(frame, transport, protocol.tcp))
  return frame
}

/** The Ethernet and IP headers of a frame and the room behind them. One IPv6 end makes both IPv6 (the other one IPv4-mapped). */
function ipFrame(source: Address, destination: Address, ipProtocol: number, length: number): { frame: Uint8Array; transport: Uint8Array } {
  let from = addressBytes(source.address)
  let to = addressBytes(destination.address)
  const version = from.length === 4 && to.length === 4 ? 4 : 6
  if (version === 6) {
    from = mapped(from)
    to = mapped(to)
  }
  const ipLength = version === 4 ? 20 : 40
  if (ipLength + length > 0xffff) throw new RangeError(`${length} bytes do not fit one IP packet`)
  const frame = new Uint8Array(ethernetLength + ipLength + length)
  const view = viewOf(frame)
  frame.set(macAddress(to), 0)
  frame.set(macAddress(from), 6)
  view.setUint16(12, version === 4 ? 0x0800 : 0x86dd)
  const ip = frame.subarray(ethernetLength, ethernetLength + ipLength)
  const ipView = viewOf(ip)
  if (version === 4) {
    ipView.setUint16(0, 0x4500)
    ipView.setUint16(2, ipLength + length)
    ipView.setUint16(6, 0x4000) // do not fragment
    ip[8] = 64
    ip[9] = ipProtocol
    ip.set(from, 12)
    ip.set(to, 16)
    ipView.setUint16(10, foldedComplement(sum(ip)))
  } else {
    ipView.setUint32(0, 0x60000000)
    ipView.setUint16(4, length)
    ip[6] = ipProtocol
    ip[7] = 64
    ip.set(from, 8)
    ip.set(to, 24)
  }
  return { frame, transport: frame.subarray(ethernetLength + ipLength) }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function mapped(address: Uint8Array): Uint8Array {
  if (address.length === 16) return address
  const bytes = new Uint8Array(16)
  bytes.set([0xff, 0xff], 10)
  bytes.set(address, 12)
  return bytes
}

function macAddress(ip: Uint8Array): Uint8Array {
  return Uint8Array.of(0x02, 0x00, ...ip.subarray(-4))
}

/** The internet checksum over pseudo header and segment, RFC 9293 section 3.1 and RFC 8200 section 8.1. Its own field must still be zero. */
function transportChecksum(frame: Uint8Array, transport: Uint8Array, ipProtocol: number): number {
  const addresses =
    frame[12] === 0x08 ? frame.subarray(ethernetLength + 12, ethernetLength + 20) : frame.subarray(ethernetLength + 8, ethernetLength + 40)
  return foldedComplement(sum(addresses) + ipProtocol + transport.length + sum(transport))
}

function sum(bytes: Uint8Array): number {
  let total = 0
  for (let index = 0; index + 1 < bytes.length; index += 2) total += (bytes[index]! << 8) | bytes[index + 1]!
  return bytes.length % 2 === 0 ? total : total + (bytes.at(-1)! << 8)
}

function foldedComplement(total: number): number {
  let folded = total
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000)
  return ~folded & 0xffff
}
