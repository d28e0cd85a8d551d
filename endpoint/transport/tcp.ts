/** TCP sockets being opened: by us, with a time limit, and by others, with a say in whether they may. */

import { connect, createServer, type Server, type Socket } from 'node:net'
import type { Address } from '../../protocol/wire.ts'
import { canonicalAddress, formatAddress } from './address.ts'
import { TransportError } from './transport-error.ts'

export class TcpListener {
  readonly local: Address
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
    const { address, port } = server.address() as { address: string; port: number }
    this.local = { address, port }
  }

  /** Binds; rejects with Node's own error. `accept` gets sockets that already have an error listener. */
  static async open(host: string, port: number, accept: (socket: Socket, remoteAddress: string) => void): Promise<TcpListener> {
    const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 }, (socket) => {
      socket.on('error', () => socket.destroy())
      const remote = canonicalAddress(socket.remoteAddress ?? '')
      // A peer that is gone already has no address any more.
      if (remote === undefined) socket.destroy()
      else accept(socket, remote)
    })
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host, port, ipv6Only: true, backlog: 1024 }, () => {
        server.off('error', reject)
        resolve()
      })
    })
    // Running out of file descriptors must not end the process: the peer will try again.
    server.on('error', () => {})
    return new TcpListener(server)
  }

  /** Stops accepting; resolves when every accepted socket has closed, which is the caller's to see to. */
  close(): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }
}

export interface ConnectOptions {
  readonly remote: Address
  /** Where to connect from, so that a peer that knows us by address does. */
  readonly localAddress?: string | undefined
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** Rejects with a TransportError. The socket has no listeners but one for errors. */
export function connectTcp({ remote, localAddress, timeoutMs, signal }: ConnectOptions): Promise<Socket> {
  const what = `tcp to ${formatAddress(remote)}`
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(new TransportError('closed', `${what}: the transport layer is closed`))
    const socket = connect({
      host: remote.address,
      port: remote.port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: 60_000,
      ...(localAddress === undefined ? {} : { localAddress }),
    })
    const settle = (error?: TransportError) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
      socket.off('connect', connected)
      if (error === undefined) return resolve(socket)
      socket.destroy()
      reject(error)
    }
    const connected = () => settle()
    const abort = () => settle(new TransportError('closed', `${what}: the transport layer is closed`))
    const timer = setTimeout(() => settle(new TransportError('timeout', `${what}: no connection within ${timeoutMs} ms`)), timeoutMs)
    signal.addEventListener('abort', abort)
    socket.on('connect', connected)
    socket.on('error', (error) => settle(TransportError.from(error, what)))
  })
}
