/** A TLS server that reports exactly what a client did to it. It turns every INVITE away with 486. */
import { once } from 'node:events'
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from 'node:tls'
import { makeResponse } from '../../protocol/sip/message.ts'
import { serialize } from '../../protocol/sip/serializer.ts'
import { SipReader } from './sip-reader.ts'
import { readHandshake, readTlsError, type TlsReport } from './tls-report.ts'

/** What the server does with who connects: TLS, the same bytes for everybody, or nothing at all. */
export type Manner = { readonly tls: TlsOptions } | { readonly says: Uint8Array } | 'silent'

/** One connection, as it goes on. */
interface Visit {
  readonly socket: Socket
  settled: ReturnType<typeof readHandshake> | undefined
  trouble: Pick<TlsReport, 'alert' | 'error'>
  readonly requests: string[]
  closed: boolean
}

/** Longest wait for a client that neither sends a request nor closes, milliseconds. */
const patienceMs = 6_000

export class TlsProbeServer implements AsyncDisposable {
  readonly port: number
  readonly #server: Server
  readonly #visits: Visit[] = []
  #look = (): void => {}

  /** Port 0 takes a free one. Rejects when the port cannot be had. */
  static async open(manner: Manner, { host, port = 0 }: { host: string; port?: number }): Promise<TlsProbeServer> {
    const server = manner === 'silent' || 'says' in manner ? createTcpServer() : createTlsServer(manner.tls)
    server.listen(port, host)
    await once(server, 'listening')
    return new TlsProbeServer(server, manner)
  }

  private constructor(server: Server, manner: Manner) {
    this.#server = server
    this.port = (server.address() as AddressInfo).port
    server.on('connection', (socket) => this.#visit(socket, manner))
    server.on('secureConnection', (socket: TLSSocket) => this.#secured(socket))
    server.on('tlsClientError', (error: Error, socket: TLSSocket) => {
      const visit = this.#visitOf(socket) ?? this.#visits.findLast(({ settled, closed }) => settled === undefined && !closed)
      if (visit !== undefined) visit.trouble = { ...readTlsError(error), ...visit.trouble }
      socket.destroy()
    })
  }

  /** What each connection came to, once so many requests have arrived and connections ended, taken together, or the time is up. */
  async reports(events = 1): Promise<TlsReport[]> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#look = () => {
      if (this.#visits.reduce((sum, { requests, closed }) => sum + requests.length + (closed ? 1 : 0), 0) >= events) resolve()
    }
    const timer = setTimeout(resolve, patienceMs)
    this.#look()
    await promise
    clearTimeout(timer)
    return this.#visits.map(({ settled, trouble, requests, closed }) => ({
      handshake: settled === undefined ? 'failed' : 'completed',
      peerNames: [],
      authorized: false,
      ...settled,
      ...trouble,
      closed,
      requests: [...requests],
    }))
  }

  /** Resolves once somebody has connected, or the time is up. */
  async visited(): Promise<void> {
    if (this.#visits.length === 0) await once(this.#server, 'connection', { signal: AbortSignal.timeout(patienceMs) }).catch(() => {})
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { socket } of this.#visits) socket.destroy()
    this.#server.close()
    if (this.#server.listening) await once(this.#server, 'close')
  }

  #visit(socket: Socket, manner: Manner): void {
    const visit: Visit = { socket, settled: undefined, trouble: {}, requests: [], closed: false }
    this.#visits.push(visit)
    socket.on('error', () => {})
    socket.on('close', () => {
      visit.closed = true
      this.#look()
    })
    if (typeof manner === 'object' && 'says' in manner) socket.once('data', () => socket.write(manner.says))
    else if (manner === 'silent') socket.resume()
  }

  #visitOf(socket: TLSSocket): Visit | undefined {
    const { remotePort } = socket
    return this.#visits.findLast((visit) => remotePort !== undefined && visit.socket.remotePort === remotePort)
  }

  #secured(socket: TLSSocket): void {
    const visit = this.#visitOf(socket)
    if (visit === undefined) {
      socket.destroy()
      return
    }
    visit.settled = readHandshake(socket)
    const reader = new SipReader()
    socket.on('error', (error) => (visit.trouble = { ...readTlsError(error), ...visit.trouble }))
    socket.on('data', (bytes: Buffer) => {
      for (const message of reader.read(bytes)) {
        if (message.type !== 'request' || message.method === 'ACK') continue
        visit.requests.push(message.method)
        socket.write(serialize(makeResponse(message, message.method === 'INVITE' ? 486 : 200, { toTag: 'probe' })))
        this.#look()
      }
    })
  }
}
