/**
 * What a packet capture taken beside a real product saw, as the same values our own
 * taps yield, so that one judge serves both. TLS streams stay closed: their messages come
 * from a tap at the end that is ours.
 */
import { StreamFramer } from '../sip/framing.ts'
import type { Address, RtpWire, SipWire } from '../wire.ts'
import { readCapture } from './capture-file.ts'
import { type Datagram, FrameDecoder } from './frame.ts'
import { type StreamChunk, TcpStreams } from './tcp-streams.ts'

/** A value and the number of the frame that completed it, from 1. */
type InFrame<T> = T & { readonly frame: number }

export interface CaptureWires {
  readonly sip: InFrame<SipWire>[]
  readonly rtp: InFrame<RtpWire>[]
  /** TCP connections that spoke TLS and were left unread. */
  readonly tlsConnections: number
  /** TCP streams with bytes missing from the capture. */
  readonly gaps: number
  /** The capture ends within a record. */
  readonly cut: boolean
}

export type CaptureWiresRead = { readonly ok: true; readonly wires: CaptureWires } | { readonly ok: false; readonly error: string }

/**
 * Reads a pcap or pcapng file. `isLocal` tells which end is the host the wires are seen
 * from; where both ends are (loopback), the source decides and every packet is `out`.
 * SIP is told by its first line, RTP and RTCP by RFC 3550 and RFC 5761 section 4.
 */
export function readCaptureWires(bytes: Uint8Array, isLocal: (address: Address) => boolean): CaptureWiresRead {
  const read = readCapture(bytes)
  if (!read.ok) return read
  const decoder = new FrameDecoder()
  const streams = new TcpStreams()
  const connections = new Map<string, SipStream>()
  const sip: InFrame<SipWire>[] = []
  const rtp: InFrame<RtpWire>[] = []
  let gaps = 0
  let tlsConnections = 0
  const ends = (from: Address, to: Address) =>
    isLocal(from) ? ({ dir: 'out', local: from, remote: to } as const) : ({ dir: 'in', local: to, remote: from } as const)

  for (const frame of read.frames) {
    const packet = decoder.decode(frame)
    if (!packet) continue
    if (packet.protocol === 'udp') {
      const { at, source, destination, payload, frame: number } = packet
      const base = { at, ...ends(source, destination), bytes: payload, frame: number }
      if (looksLikeSip(payload)) sip.push({ ...base, transport: 'udp' })
      else if (looksLikeRtp(packet)) rtp.push({ ...base, kind: isRtcp(payload) ? 'rtcp' : 'rtp' })
      continue
    }
    for (const chunk of streams.push(packet)) {
      if (chunk.gap) gaps++
      const key = `${chunk.source.address} ${chunk.source.port} ${chunk.destination.address} ${chunk.destination.port}`
      let stream = connections.get(key)
      if (!stream || chunk.start || chunk.gap) {
        stream = new SipStream(chunk)
        connections.set(key, stream)
        if (stream.tls && chunk.start) tlsConnections++
      }
      for (const message of stream.messages(chunk)) {
        sip.push({ at: chunk.at, ...ends(chunk.source, chunk.destination), transport: 'tcp', bytes: message, frame: chunk.frame })
      }
    }
  }
  return { ok: true, wires: { sip, rtp, tlsConnections: Math.ceil(tlsConnections / 2), gaps, cut: read.cut } }
}

/** One direction of a TCP connection, from its first bytes or from the first message after a gap. */
class SipStream {
  readonly tls: boolean
  readonly #framer = new StreamFramer()
  #synchronised: boolean

  constructor(first: StreamChunk) {
    this.tls = first.bytes.length >= 2 && first.bytes[0] === 0x16 && first.bytes[1] === 0x03
    this.#synchronised = first.start && !this.tls
  }

  messages(chunk: StreamChunk): Uint8Array[] {
    if (this.tls) return []
    this.#synchronised ||= looksLikeSip(chunk.bytes)
    if (!this.#synchronised) return []
    return this.#framer.push(chunk.bytes).flatMap((frame) => (frame.kind === 'message' ? [frame.bytes] : []))
  }
}

const firstLineLimit = 1024
const sipFirstLine = /^(?:SIP\/2\.0 \d{3}\b|[A-Za-z0-9.!%*_+`'~-]{1,32} \S+ SIP\/2\.0\s*$)/

function looksLikeSip(bytes: Uint8Array): boolean {
  const first = bytes[0]
  if (first === undefined || first < 0x21 || first > 0x7e) return false
  const end = bytes.indexOf(0x0a)
  if (end < 0 || end > firstLineLimit) return false
  return sipFirstLine.test(new TextDecoder('latin1').decode(bytes.subarray(0, end)))
}

const dnsPort = 53

/** Version 2 and a whole header. A DNS identifier can look the same, so its port is left out. */
function looksLikeRtp({ payload, source, destination }: Datagram): boolean {
  if (payload.length < 8 || payload[0]! >> 6 !== 2) return false
  if (source.port === dnsPort || destination.port === dnsPort) return false
  return payload.length >= 12 || isRtcp(payload)
}

/** RFC 5761 section 4: RTCP packet types occupy 192 to 223 of the second byte. */
function isRtcp(payload: Uint8Array): boolean {
  return payload[1]! >= 192 && payload[1]! <= 223
}
