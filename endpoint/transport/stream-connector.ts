/** TCP and TLS connections we open: one attempt at a time to one place, however many wait for it. */

import type { Socket } from 'node:net'
import type { Address, TlsFacts } from '../../protocol/wire.ts'
import { formatAddress } from './address.ts'
import type { TransportLimits } from './limits.ts'
import { connectTcp } from './tcp.ts'
import { type TlsClientOptions, TlsConnector } from './tls.ts'

export interface Connected {
  readonly socket: Socket
  readonly tls?: TlsFacts
}

export class StreamConnector<T> {
  readonly #limits: TransportLimits
  readonly #tls: TlsConnector
  readonly #closing = new AbortController()
  readonly #attempts = new Map<string, Promise<T>>()

  constructor(limits: TransportLimits, tls: TlsClientOptions | undefined) {
    this.#limits = limits
    this.#tls = new TlsConnector(tls)
  }

  /** `finish` turns the socket into what is kept, in the same turn it became ready. Rejects with a TransportError. */
  connect(
    to: { transport: 'tcp' | 'tls'; remote: Address; servername: string | undefined; localAddress: string | undefined },
    finish: (connected: Connected) => T,
  ): Promise<T> {
    const key = `${to.transport}|${formatAddress(to.remote)}|${to.servername ?? ''}`
    let attempt = this.#attempts.get(key)
    if (attempt === undefined) {
      attempt = this.#attempt(to)
        .then(finish)
        .finally(() => this.#attempts.delete(key))
      this.#attempts.set(key, attempt)
    }
    return attempt
  }

  /** Attempts under way reject with 'closed'. */
  close(): void {
    this.#closing.abort()
  }

  async #attempt(to: {
    transport: 'tcp' | 'tls'
    remote: Address
    servername: string | undefined
    localAddress: string | undefined
  }): Promise<Connected> {
    const { connectMs, handshakeMs } = this.#limits
    const { transport, remote, servername, localAddress } = to
    const { signal } = this.#closing
    const socket = await connectTcp({ remote, localAddress, timeoutMs: connectMs, signal })
    if (transport === 'tcp') return { socket }
    const what = `tls to ${formatAddress(remote)}`
    return this.#tls.secure(socket, { identity: servername ?? remote.address, timeoutMs: handshakeMs, signal, what })
  }
}
