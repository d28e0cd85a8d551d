/**
 * The SIP transport layer, RFC 3261 section 18: listens, connects, frames and parses;
 * stamps the Via of what comes in and finds the way of what goes out. Above it are
 * transactions; it keeps no state about a message once that has been handed over.
 */

import type { Socket } from 'node:net'
import { topVia } from '../../protocol/sip/headers.ts'
import type { SipMessage, SipResponse } from '../../protocol/sip/message.ts'
import { type Malformed, parseMessage } from '../../protocol/sip/parser.ts'
import { serialize } from '../../protocol/sip/serializer.ts'
import type { Address, SipTap, TlsFacts, Transport } from '../../protocol/wire.ts'
import { epochNow } from '../clock.ts'
import type { FaultSet } from '../faults.ts'
import { log as defaultLog, type Log } from '../log.ts'
import { canonicalAddress, formatAddress, isWildcard } from './address.ts'
import type { Connection } from './connection.ts'
import { ConnectionPool } from './connection-pool.ts'
import { defaultLimits, type TransportLimits } from './limits.ts'
import { localAddressFor, nearest } from './local-address.ts'
import { StreamAcceptor } from './stream-acceptor.ts'
import { StreamConnection } from './stream-connection.ts'
import { StreamConnector } from './stream-connector.ts'
import type { TcpListener } from './tcp.ts'
import type { TlsClientOptions, TlsServerOptions } from './tls.ts'
import { TransportError } from './transport-error.ts'
import { UdpFlow, UdpListener } from './udp.ts'
import { aliasOf, defaultPort, type PackedResponse, packResponse, type ResponseHop, stampVia } from './via-routing.ts'

/** `host` is an IP address, '0.0.0.0' or '::'; `port` 0 takes any free one. `tls` is required for 'tls'. */
export interface ListenSpec {
  readonly transport: Transport
  readonly host: string
  readonly port: number
  readonly tls?: TlsServerOptions
}

export interface TransportLayerOptions {
  readonly listen: readonly ListenSpec[]
  readonly tlsClient?: TlsClientOptions
  readonly tap?: SipTap | undefined
  /** Milliseconds between CRLF pings on streams we opened; default none. */
  readonly keepAliveMs?: number
  readonly limits?: Partial<TransportLimits>
  readonly faults?: FaultSet
  /** Resolves a Via's host by RFC 3263 section 5, needed only when every address it named has failed. */
  readonly resolveHop?: (transport: Transport, host: string, port: number | undefined) => Promise<readonly Address[]>
  readonly log?: Log
}

/** Where a message is to go: a place (`servername` is whose TLS certificate must be shown there), or back along a flow. */
export type Destination =
  | { readonly transport: Transport; readonly remote: Address; readonly servername?: string | undefined }
  | { readonly flow: Connection }

export interface Listener {
  readonly transport: Transport
  readonly address: string
  readonly port: number
}

/** RFC 3261 section 18.1.1: the longest request that may go by UDP where the path's MTU is unknown. */
const longestUdpRequest = 1_300
const unreadableMessagesAllowed = 10
const doubleCrlf = new Uint8Array([13, 10, 13, 10])

export class TransportLayer {
  onMessage?: (message: SipMessage, connection: Connection, bytes: Uint8Array) => void
  onMalformed?: (error: Malformed, connection: Connection) => void
  /** Streams only: UDP has nothing to close. */
  onConnectionClosed?: (connection: Connection, error?: Error) => void
  /** Made anew with each that is opened: asked for with every message. */
  #listeners: readonly Listener[] = []
  readonly #udp: UdpListener[] = []
  readonly #streams: { transport: 'tcp' | 'tls'; listener: TcpListener }[] = []
  readonly #pool = new ConnectionPool()
  readonly #acceptor: StreamAcceptor
  readonly #connector: StreamConnector<StreamConnection>
  readonly #unreadable = new WeakMap<StreamConnection, number>()
  readonly #options: TransportLayerOptions
  readonly #limits: TransportLimits
  readonly #fillRport: boolean
  readonly #plantedVersions: Pick<TlsServerOptions, 'minVersion' | 'maxVersion'>
  readonly #log: Log

  private constructor(options: TransportLayerOptions) {
    this.#options = options
    this.#limits = { ...defaultLimits, ...options.limits }
    this.#fillRport = !options.faults?.has('ignore-rport')
    this.#plantedVersions = options.faults?.has('tls12') ? { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } : {}
    this.#log = options.log ?? defaultLog
    this.#acceptor = new StreamAcceptor(this.#limits, this.#log, (transport, socket, tls) => {
      // Gone before its handshake was noticed.
      if (socket.remoteAddress === undefined) socket.destroy()
      else this.#pool.addAccepted(this.#stream(socket, transport, 'accepted', tls))
    })
    const careless = options.faults?.has('skip-certificate-verification') ? { verify: false } : {}
    this.#connector = new StreamConnector(this.#limits, { ...options.tlsClient, ...careless })
  }

  /** Binds every listener or none; rejects with an Error that names the one that could not be had. */
  static async open(options: TransportLayerOptions): Promise<TransportLayer> {
    const layer = new TransportLayer(options)
    try {
      for (const spec of options.listen) await layer.#listen(spec)
    } catch (error) {
      await layer.close()
      throw error
    }
    return layer
  }

  get listeners(): readonly Listener[] {
    return this.#listeners
  }

  /** Resolves with the connection used once the message is written; rejects with a TransportError. */
  async send(message: SipMessage, to: Destination): Promise<Connection> {
    const bytes = serialize(message)
    if ('flow' in to) return this.#write(bytes, to.flow)
    return this.#sendTo(bytes, to.transport, to.remote, to.servername)
  }

  /**
   * Back to where the request came from, `via` being the connection it came on: RFC 3261
   * section 18.2.2 and RFC 3581 section 4. Rejects with a TransportError.
   */
  async sendResponse(response: SipResponse, via: Connection): Promise<void> {
    await this.sendPacked(packResponse(response, via.transport), via)
  }

  /** As `sendResponse`, for a response that may have to be sent again. */
  async sendPacked({ bytes, hops }: PackedResponse, via: Connection): Promise<void> {
    if (via.transport !== 'udp' && via.open) {
      try {
        await this.#write(bytes, via)
        return
      } catch (error) {
        this.#log('sip:transport', via.id, 'response not written: %s', error)
      }
    }
    let failure: unknown
    for (const hop of hops) {
      for (const remote of knownAddress(hop, via.transport) ?? (await this.#resolvedAddresses(hop, via.transport))) {
        try {
          // RFC 3581 section 4: from the address and port the request was received on.
          if (via instanceof UdpFlow) await this.#write(bytes, new UdpFlow(via.listener, remote))
          else await this.#sendTo(bytes, via.transport, remote, undefined)
          return
        } catch (error) {
          failure = error
        }
      }
    }
    throw failure ?? new TransportError('unreachable', 'the response has no Via to follow')
  }

  /** Whether a request is too long for UDP and must go by a stream instead. */
  wouldExceedUdp(message: SipMessage): boolean {
    return serialize(message).length > longestUdpRequest
  }

  /**
   * What to write into Via's sent-by and Contact for this peer: the listener's port, and
   * its address or, where it is bound to all, the interface nearest to the peer. Without
   * a listener of that transport the default port: answers come back over the stream.
   */
  localFor(transport: Transport, remote: Address): Address {
    const address = ipAddress(remote.address)
    const listener = this.#listenerFor(transport, address)
    const bound = listener?.address ?? (address.includes(':') ? '::' : '0.0.0.0')
    return { address: localAddressFor(bound, address), port: listener?.port ?? defaultPort(transport) }
  }

  /** One keep-alive now (CRLFCRLF): for UDP, to keep a mapping in a NAT; streams we opened have them by `keepAliveMs`. */
  async ping(connection: Connection): Promise<void> {
    await this.#writeBytes(doubleCrlf, connection)
  }

  /** Closes listeners and connections; what is being sent rejects with 'closed'. */
  async close(): Promise<void> {
    this.#connector.close()
    this.#pool.closeAll()
    this.#acceptor.close()
    await Promise.all([...this.#udp, ...this.#streams.map(({ listener }) => listener)].map((listener) => listener.close()))
  }

  async #listen({ transport, host, port, tls }: ListenSpec): Promise<void> {
    try {
      if (transport === 'udp') this.#udp.push(await UdpListener.open(host, port, (bytes, flow) => this.#receiveDatagram(bytes, flow)))
      else if (transport === 'tcp') this.#streams.push({ transport, listener: await this.#acceptor.listenTcp(host, port) })
      else if (tls === undefined) throw new TypeError('a certificate is required')
      else this.#streams.push({ transport, listener: await this.#acceptor.listenTls(host, port, { ...tls, ...this.#plantedVersions }) })
    } catch (error) {
      const where = `${transport} ${formatAddress({ address: host, port })}`
      throw new Error(`cannot listen on ${where}: ${(error as Error).message}`, { cause: error })
    }
    const udp = this.#udp.map(({ local }) => ({ transport: 'udp' as const, ...local }))
    this.#listeners = [...udp, ...this.#streams.map((stream) => ({ transport: stream.transport, ...stream.listener.local }))]
  }

  #listenerFor(transport: Transport, remote: string): Listener | undefined {
    const candidates = this.#listeners.filter((listener) => listener.transport === transport)
    const bound = nearest(
      candidates.map(({ address }) => address),
      remote,
    )
    return candidates.find(({ address }) => address === bound)
  }

  async #sendTo(bytes: Uint8Array, transport: Transport, to: Address, servername: string | undefined): Promise<Connection> {
    const remote = { address: ipAddress(to.address), port: to.port }
    if (transport === 'udp') return this.#write(bytes, this.#udpFlow(remote))
    const known = this.#pool.find(transport, remote, servername)
    if (known !== undefined) {
      try {
        return await this.#write(bytes, known)
      } catch (error) {
        // The peer may just have closed it; a new one tells for sure.
        this.#log('sip:transport', known.id, 'not reused: %s', error)
      }
    }
    const bound = this.#listenerFor(transport, remote.address)?.address
    const localAddress = bound === undefined || isWildcard(bound) ? undefined : bound
    const connection = await this.#connector.connect({ transport, remote, servername, localAddress }, ({ socket, tls }) => {
      const opened = this.#stream(socket, transport, 'connected', tls)
      this.#pool.addConnected(opened, remote, servername)
      return opened
    })
    return this.#write(bytes, connection)
  }

  #udpFlow(remote: Address): UdpFlow {
    const only = this.#udp.length === 1 ? this.#udp[0] : undefined
    const bound = only === undefined ? this.#listenerFor('udp', remote.address) : undefined
    const listener = only ?? this.#udp.find(({ local }) => local.address === bound?.address && local.port === bound.port)
    if (listener === undefined) throw new TransportError('unreachable', `no UDP listener of ours reaches ${formatAddress(remote)}`)
    return new UdpFlow(listener, remote)
  }

  async #resolvedAddresses({ host, port }: ResponseHop, transport: Transport): Promise<readonly Address[]> {
    return (await this.#options.resolveHop?.(transport, host, port)) ?? []
  }

  async #write(bytes: Uint8Array, connection: Connection): Promise<Connection> {
    this.#tap('out', bytes, connection)
    await this.#writeBytes(bytes, connection)
    return connection
  }

  #writeBytes(bytes: Uint8Array, connection: Connection): Promise<void> {
    if (connection instanceof StreamConnection) return connection.write(bytes)
    if (connection instanceof UdpFlow) return connection.listener.send(bytes, connection.remote)
    throw new TypeError('not a connection of a transport layer')
  }

  #stream(socket: Socket, transport: 'tcp' | 'tls', origin: 'accepted' | 'connected', tls: TlsFacts | undefined): StreamConnection {
    const connection = new StreamConnection(socket, {
      transport,
      origin,
      tls,
      limits: this.#limits,
      keepAliveMs: this.#options.keepAliveMs,
      events: {
        message: (bytes, from) => this.#receive(bytes, from, true),
        malformed: (error, from) => this.#malformed(error, from),
        closed: (from, error) => this.#closed(from, error),
      },
    })
    this.#log('sip:transport', connection.id, '%s %s %o', origin, formatAddress(connection.remote), tls ?? 'in clear')
    return connection
  }

  #receiveDatagram(bytes: Buffer, flow: UdpFlow): void {
    // Keep-alives of all sorts: empty, CRLF, CRLFCRLF, four zeros. None is answered: the source may be forged.
    if (bytes.length <= 4) return
    this.#receive(bytes, flow, false)
  }

  #receive(bytes: Uint8Array, connection: Connection, stream: boolean): void {
    this.#tap('in', bytes, connection)
    const parsed = parseMessage(bytes, { stream })
    if (!parsed.ok) {
      this.#malformed(parsed.error, connection)
      if (connection instanceof StreamConnection) this.#countUnreadable(connection)
      return
    }
    const { message } = parsed
    this.#stamp(message, connection)
    if (connection.transport === 'tls' && this.#options.faults?.has('leak-header')) this.#leakHeader(message)
    this.onMessage?.(message, connection, bytes)
  }

  #stamp(message: SipMessage, connection: Connection): void {
    if (message.type !== 'request') return
    stampVia(message, connection.remote, this.#fillRport)
    if (!(connection instanceof StreamConnection) || connection.origin !== 'accepted') return
    const alias = aliasOf(message, connection)
    if (alias !== undefined) this.#pool.addAlias(connection, alias)
  }

  /** A fault: in a datagram to where the sender of the message listens, so that it can be noticed. */
  #leakHeader(message: SipMessage): void {
    const custom = [...message.headers.entries()].filter(([name]) => /^x-/i.test(name))
    const via = message.type === 'request' ? topVia(message) : undefined
    const address = via && canonicalAddress(via.host)
    if (custom.length === 0 || via?.port === undefined || address === undefined) return
    const remote = { address, port: via.port }
    const bytes = Buffer.from(custom.map(([name, value]) => `seen: ${name}: ${value}\r\n`).join(''))
    this.#udpFlow(remote)
      .listener.send(bytes, remote)
      .catch(() => {})
  }

  #malformed(error: Malformed, connection: Connection): void {
    this.#log('sip:transport', connection.id, 'malformed: %s (%s, byte %d)', error.detail, error.rule, error.offset)
    if (error.message !== undefined) this.#stamp(error.message, connection)
    this.onMalformed?.(error, connection)
  }

  #countUnreadable(connection: StreamConnection): void {
    const count = (this.#unreadable.get(connection) ?? 0) + 1
    this.#unreadable.set(connection, count)
    if (count >= unreadableMessagesAllowed) connection.close(new TransportError('closed', `${count} unreadable messages`))
  }

  #closed(connection: StreamConnection, error: Error | undefined): void {
    this.#pool.delete(connection)
    this.#log('sip:transport', connection.id, 'closed %s', error ?? 'in order')
    this.onConnectionClosed?.(connection, error)
  }

  #tap(dir: 'in' | 'out', bytes: Uint8Array, connection: Connection): void {
    const { tap } = this.#options
    if (tap === undefined) return
    const { transport, local, remote, tls } = connection
    const at = epochNow()
    tap.sip({ at, dir, transport, local, remote, bytes, ...(tls === undefined ? {} : { tls }) })
  }
}

/** Where a hop needs no resolving: one address, in a list for the loop over them. */
function knownAddress({ host, port }: ResponseHop, transport: Transport): readonly Address[] | undefined {
  const address = canonicalAddress(host)
  return address === undefined ? undefined : [{ address, port: port ?? defaultPort(transport) }]
}

function ipAddress(host: string): string {
  const address = canonicalAddress(host)
  if (address === undefined) throw new TypeError(`not an IP address: ${host}`)
  return address
}
