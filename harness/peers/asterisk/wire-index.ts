/**
 * Captured frames, sorted into what sessions ask for: SIP messages by call and by the
 * numbers in them, media packets by Asterisk's port. Pure: frames in, values out.
 */
import type { Frame } from '../../../protocol/capture/capture-file.ts'
import { type Datagram, FrameDecoder } from '../../../protocol/capture/frame.ts'
import { type StreamChunk, TcpStreams } from '../../../protocol/capture/tcp-streams.ts'
import { StreamFramer } from '../../../protocol/sip/framing.ts'
import { parseNameAddr } from '../../../protocol/sip/headers.ts'
import type { SipMessage } from '../../../protocol/sip/message.ts'
import { parseMessage } from '../../../protocol/sip/parser.ts'
import { parseUri } from '../../../protocol/sip/uri.ts'
import type { Address, RtpWire, SipWire, TlsFacts } from '../../../protocol/wire.ts'
import { looksLikeTls, readServerHello } from './tls-hello.ts'

/** One SIP dialog or exchange, by its Call-ID. */
export interface IndexedCall {
  readonly callId: string
  /** Users of From, To and Request-URI of its first message. */
  readonly users: ReadonlySet<string>
  readonly wires: SipWire[]
  readonly messages: SipMessage[]
}

export interface WireIndexOptions {
  /** Asterisk's address: what it sends is `out`. */
  readonly address: string
  /** Its port for SIP over UDP. */
  readonly sipPort: number
  readonly rtpPorts: { readonly first: number; readonly last: number }
  /** Datagrams to this port mark a place in the capture. */
  readonly markerPort: number
}

/** A TLS connection, from the moment the server's choice was seen. */
interface TlsConnection {
  readonly at: number
  readonly local: Address
  readonly facts: TlsFacts
}

export class WireIndex {
  readonly #options: WireIndexOptions
  readonly #decoder = new FrameDecoder()
  readonly #streams = new TcpStreams()
  readonly #connections = new Map<string, TcpDirection>()
  /** By remote address and port, oldest first. */
  readonly #tls = new Map<string, TlsConnection[]>()
  readonly #calls = new Map<string, IndexedCall>()
  readonly #rtp = new Map<number, RtpWire[]>()
  #markers: string[] = []

  constructor(options: WireIndexOptions) {
    this.#options = options
  }

  /** Calls with one of these users, seen first at or after a moment (epoch milliseconds), in order. */
  callsOf(users: ReadonlySet<string>, since: number): IndexedCall[] {
    return [...this.#calls.values()].filter((call) => call.wires[0]!.at >= since && !call.users.isDisjointFrom(users))
  }

  /** RTP and RTCP at one of Asterisk's RTP ports. */
  mediaAt(port: number): readonly RtpWire[] {
    return this.#rtp.get(port) ?? []
  }

  /** Forgets what a session has taken. */
  forget(callIds: Iterable<string>, ports: Iterable<number>): void {
    for (const callId of callIds) this.#calls.delete(callId)
    for (const port of ports) this.#rtp.delete(port)
  }

  /** Markers seen since the last call, as text. */
  takeMarkers(): string[] {
    const markers = this.#markers
    this.#markers = []
    return markers
  }

  /** A frame from the wire. */
  take(frame: Frame): void {
    const packet = this.#decoder.decode(frame)
    if (packet === undefined) return
    if (packet.protocol === 'udp') this.#takeDatagram(packet)
    else for (const chunk of this.#streams.push(packet)) this.#takeChunk(chunk)
  }

  /**
   * A frame of Asterisk's own log of SIP messages. It shows every transport, decrypted, each
   * message as a datagram whose local end is all zero: only what TLS hid on the wire is new.
   */
  takeLogged(frame: Frame): void {
    const packet = this.#decoder.decode(frame)
    if (packet?.protocol !== 'udp') return
    const dir = packet.source.port === 0 ? 'out' : 'in'
    const remote = dir === 'out' ? packet.destination : packet.source
    const connections = this.#tls.get(keyOf(remote)) ?? []
    // What Asterisk says first on a new connection it logs before the connection is there.
    const connection = connections.findLast((one) => one.at <= packet.at) ?? connections[0]
    if (connection === undefined) return
    this.#addSip({ at: packet.at, dir, transport: 'tls', local: connection.local, remote, bytes: packet.payload, tls: connection.facts })
  }

  #takeDatagram(packet: Datagram): void {
    const { at, payload: bytes, destination } = packet
    if (destination.port === this.#options.markerPort) {
      this.#markers.push(Buffer.from(bytes).toString('latin1'))
      return
    }
    const ends = this.#ends(packet.source, destination)
    const { first, last } = this.#options.rtpPorts
    if (ends.local.port === this.#options.sipPort) this.#addSip({ at, ...ends, transport: 'udp', bytes })
    else if (ends.local.port >= first && ends.local.port <= last)
      this.#addMedia({ at, ...ends, kind: ends.local.port % 2 === 0 ? 'rtp' : 'rtcp', bytes })
  }

  #addMedia(wire: RtpWire): void {
    // RTCP has the odd port above its stream.
    const port = wire.local.port - (wire.local.port % 2)
    const wires = this.#rtp.get(port)
    if (wires === undefined) this.#rtp.set(port, [wire])
    else wires.push(wire)
  }

  #takeChunk(chunk: StreamChunk): void {
    const key = `${keyOf(chunk.source)} ${keyOf(chunk.destination)}`
    let direction = this.#connections.get(key)
    if (direction === undefined || chunk.start || chunk.gap) {
      direction = new TcpDirection(chunk)
      this.#connections.set(key, direction)
    }
    const ends = this.#ends(chunk.source, chunk.destination)
    const taken = direction.take(chunk.bytes)
    for (const bytes of taken.messages) this.#addSip({ at: chunk.at, ...ends, transport: 'tcp', bytes })
    if (taken.tls === undefined) return
    const connection = { at: chunk.at, local: ends.local, facts: taken.tls }
    const remote = keyOf(ends.remote)
    this.#tls.set(remote, [...(this.#tls.get(remote) ?? []), connection])
  }

  #addSip(wire: SipWire): void {
    const parsed = parseMessage(wire.bytes)
    // Keep-alives, and what nobody could attribute to a call.
    const message = parsed.ok ? parsed.message : parsed.error.message
    const callId = message?.headers.get('Call-ID')
    if (message === undefined || callId === undefined) return
    const call = this.#calls.get(callId) ?? { callId, users: usersOf(message), wires: [], messages: [] }
    this.#calls.set(callId, call)
    call.wires.push(wire)
    call.messages.push(message)
  }

  #ends(from: Address, to: Address): { dir: 'in' | 'out'; local: Address; remote: Address } {
    return from.address === this.#options.address ? { dir: 'out', local: from, remote: to } : { dir: 'in', local: to, remote: from }
  }
}

/** One direction of a TCP connection: SIP messages, or the server's half of a TLS handshake. */
class TcpDirection {
  readonly #framer: StreamFramer | undefined
  /** The beginning of a TLS stream until the server's choice is read from it. */
  #hello: Buffer | undefined

  constructor(first: StreamChunk) {
    if (looksLikeTls(first.bytes)) this.#hello = Buffer.alloc(0)
    else this.#framer = new StreamFramer()
  }

  take(bytes: Uint8Array): { messages: Uint8Array[]; tls?: TlsFacts } {
    if (this.#framer) {
      // The framer's bytes are its own until the next push.
      return { messages: this.#framer.push(bytes).flatMap((frame) => (frame.kind === 'message' ? [frame.bytes.slice()] : [])) }
    }
    if (this.#hello === undefined) return { messages: [] }
    this.#hello = Buffer.concat([this.#hello, bytes])
    const choice = readServerHello(this.#hello)
    // A client's half never yields one: its first record is enough to know.
    if (choice !== undefined || this.#hello.length > helloLength) this.#hello = undefined
    // That messages follow shows that both ends accepted the certificates: Asterisk is told to verify.
    return choice === undefined ? { messages: [] } : { messages: [], tls: { ...choice, authorized: true, peerNames: [] } }
  }
}

const helloLength = 1024

function keyOf({ address, port }: Address): string {
  return `${address} ${port}`
}

function usersOf(message: SipMessage): Set<string> {
  const uris = ['From', 'To'].map((name) => parseNameAddr(message.headers.get(name) ?? '')?.uri)
  if (message.type === 'request') uris.push(message.uri)
  const users = new Set<string>()
  for (const uri of uris) {
    const parsed = uri === undefined ? undefined : parseUri(uri)
    if (parsed !== undefined && parsed.scheme !== 'tel' && parsed.user !== undefined) users.add(parsed.user)
  }
  return users
}
