/**
 * Captured frames, sorted into what sessions ask for: SIP messages by call and by the
 * numbers in them, media packets by Asterisk's port. Pure: frames in, values out.
 */
import type { Frame } from '../../../protocol/capture/capture-file.ts'
import { type Datagram, FrameDecoder } from '../../../protocol/capture/frame.ts'
import { type StreamChunk, TcpStreams } from '../../../protocol/capture/tcp-streams.ts'
import { parseNameAddr } from '../../../protocol/sip/headers.ts'
import type { SipMessage } from '../../../protocol/sip/message.ts'
import { parseMessage } from '../../../protocol/sip/parser.ts'
import { parseUri } from '../../../protocol/sip/uri.ts'
import type { Address, RtpWire, SipWire } from '../../../protocol/wire.ts'
import { SendingLateness } from './lateness.ts'
import { type Ends, type SecretsOf, TcpConnection, type TlsPath } from './tcp-connection.ts'

/** One SIP dialog or exchange, by its Call-ID. */
export interface IndexedCall {
  readonly callId: string
  /** Users of From, To and Request-URI of its first message. */
  readonly users: ReadonlySet<string>
  readonly wires: SipWire[]
  readonly messages: SipMessage[]
  /** The TLS connection it began on, if it did: every call here keeps to one. */
  readonly path: TlsPath | undefined
}

export interface WireIndexOptions {
  /** Asterisk's address: what it sends is `out`. */
  readonly address: string
  /** Its port for SIP over UDP. */
  readonly sipPort: number
  readonly rtpPorts: { readonly first: number; readonly last: number }
  /** Asked for the secrets of a TLS connection when something protected comes. */
  readonly secretsOf: SecretsOf
}

export class WireIndex {
  readonly lateness = new SendingLateness()
  readonly #options: WireIndexOptions
  readonly #decoder = new FrameDecoder()
  readonly #streams = new TcpStreams()
  readonly #connections = new Map<string, TcpConnection>()
  readonly #calls = new Map<string, IndexedCall>()
  readonly #rtp = new Map<number, RtpWire[]>()

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

  /** Forgets what a session has taken: media until its call ended (epoch milliseconds), for its port may be another's since. */
  forget(callIds: Iterable<string>, ports: Iterable<number>, until: number): void {
    for (const callId of callIds) this.#calls.delete(callId)
    for (const port of ports) {
      const later = this.mediaAt(port).filter(({ at }) => at > until)
      if (later.length === 0) this.#rtp.delete(port)
      else this.#rtp.set(port, later)
    }
  }

  /** A frame from the wire. */
  take(frame: Frame): void {
    const packet = this.#decoder.decode(frame)
    if (packet === undefined) return
    if (packet.protocol === 'udp') this.#takeDatagram(packet)
    else for (const chunk of this.#streams.push(packet)) this.#takeChunk(chunk)
  }

  #takeDatagram(packet: Datagram): void {
    const { at, payload: bytes } = packet
    const ends = this.#ends(packet.source, packet.destination)
    const { first, last } = this.#options.rtpPorts
    if (ends.local.port === this.#options.sipPort) this.#addSip({ at, ...ends, transport: 'udp', bytes })
    else if (ends.local.port >= first && ends.local.port <= last)
      this.#addMedia({ at, ...ends, kind: ends.local.port % 2 === 0 ? 'rtp' : 'rtcp', bytes })
  }

  #addMedia(wire: RtpWire): void {
    this.lateness.take(wire)
    // RTCP has the odd port above its stream.
    const port = wire.local.port - (wire.local.port % 2)
    const wires = this.#rtp.get(port)
    if (wires === undefined) this.#rtp.set(port, [wire])
    else wires.push(wire)
  }

  #takeChunk(chunk: StreamChunk): void {
    const key = [keyOf(chunk.source), keyOf(chunk.destination)].sort().join(' ')
    let connection = this.#connections.get(key)
    // Both directions have a start of their own; only the first to speak can begin a connection.
    if (connection === undefined || (chunk.start && !connection.isAnswer(chunk))) {
      connection = new TcpConnection(chunk, this.#options.secretsOf)
      this.#connections.set(key, connection)
    }
    const ends = this.#ends(chunk.source, chunk.destination)
    for (const bytes of connection.take(chunk, ends)) {
      const { transport, tls, path } = connection
      this.#addSip({ at: chunk.at, ...ends, transport, bytes, ...(tls === undefined ? {} : { tls }) }, path)
    }
  }

  #addSip(wire: SipWire, path?: TlsPath): void {
    const parsed = parseMessage(wire.bytes)
    // Keep-alives, and what nobody could attribute to a call.
    const message = parsed.ok ? parsed.message : parsed.error.message
    const callId = message?.headers.get('Call-ID')
    if (message === undefined || callId === undefined) return
    const call = this.#calls.get(callId) ?? { callId, users: usersOf(message), wires: [], messages: [], path }
    this.#calls.set(callId, call)
    call.wires.push(wire)
    call.messages.push(message)
  }

  #ends(from: Address, to: Address): Ends {
    return from.address === this.#options.address ? { dir: 'out', local: from, remote: to } : { dir: 'in', local: to, remote: from }
  }
}

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
