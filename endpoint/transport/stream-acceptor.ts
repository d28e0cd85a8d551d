/** TCP and TLS connections others open to us: who may, and how many. */

import type { Socket } from 'node:net'
import type { TlsFacts } from '../../protocol/wire.ts'
import type { Log } from '../log.ts'
import type { TransportLimits } from './limits.ts'
import { TcpListener } from './tcp.ts'
import { TlsAcceptor, type TlsServerOptions } from './tls.ts'

export class StreamAcceptor {
  readonly #limits: TransportLimits
  readonly #log: Log
  readonly #accept: (transport: 'tcp' | 'tls', socket: Socket, tls?: TlsFacts) => void
  readonly #perRemote = new Map<string, number>()
  readonly #sockets = new Set<Socket>()

  constructor(limits: TransportLimits, log: Log, accept: (transport: 'tcp' | 'tls', socket: Socket, tls?: TlsFacts) => void) {
    this.#limits = limits
    this.#log = log
    this.#accept = accept
  }

  listenTcp(host: string, port: number): Promise<TcpListener> {
    return TcpListener.open(host, port, (socket, remote) => {
      if (this.#admit(socket, remote)) this.#accept('tcp', socket)
    })
  }

  listenTls(host: string, port: number, options: TlsServerOptions): Promise<TcpListener> {
    const acceptor = new TlsAcceptor(options, this.#limits.handshakeMs, (socket, facts) => this.#accept('tls', socket, facts))
    return TcpListener.open(host, port, (socket, remote) => {
      if (this.#admit(socket, remote)) acceptor.take(socket)
    })
  }

  /** Closes every accepted socket, those still shaking hands too. */
  close(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Counts a socket against the bounds from before its handshake until it has closed. */
  #admit(socket: Socket, remote: string): boolean {
    const { connections, connectionsPerRemote } = this.#limits
    const count = this.#perRemote.get(remote) ?? 0
    if (count >= connectionsPerRemote || this.#sockets.size >= connections) {
      this.#log('sip:transport', remote, 'turned away: %d connections of it, %d in all', count, this.#sockets.size)
      socket.destroy()
      return false
    }
    this.#perRemote.set(remote, count + 1)
    this.#sockets.add(socket)
    socket.once('close', () => {
      this.#sockets.delete(socket)
      const left = (this.#perRemote.get(remote) ?? 1) - 1
      if (left > 0) this.#perRemote.set(remote, left)
      else this.#perRemote.delete(remote)
    })
    return true
  }
}
