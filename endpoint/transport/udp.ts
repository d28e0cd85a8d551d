/** One UDP socket: datagrams in, datagrams out. Knows nothing of SIP. */

import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import type { Address } from '../../protocol/wire.ts'
import { formatAddress, isWildcard } from './address.ts'
import type { Connection } from './connection.ts'
import { localAddressFor } from './local-address.ts'
import { TransportError } from './transport-error.ts'

/** Bursts outlast one turn of the event loop; the system may grant less. */
const socketBufferBytes = 4 << 20

export class UdpListener {
  readonly transport = 'udp'
  readonly local: Address
  readonly #socket: Socket
  #open = true

  private constructor(socket: Socket) {
    this.#socket = socket
    const { address, port } = socket.address()
    this.local = { address, port }
  }

  /** Binds; rejects with Node's own error when the address cannot be had. */
  static async open(host: string, port: number, receive: (bytes: Buffer, flow: UdpFlow) => void): Promise<UdpListener> {
    const family = isIPv6(host) ? 6 : 4
    const socket = createSocket({
      type: `udp${family}`,
      ipv6Only: family === 6,
      // Only addresses are ever sent to: the default look-up would cost a turn of the loop each.
      lookup: (address, _options, done) => done(null, address, family),
    })
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      socket.bind(port, host, () => {
        socket.off('error', reject)
        resolve()
      })
    })
    const listener = new UdpListener(socket)
    // An ICMP error some systems report here belongs to no particular message.
    socket.on('error', () => {})
    // Most messages come from whom the one before came from, and what is kept of them holds a flow each.
    let flow: UdpFlow | undefined
    socket.on('message', (bytes, { address, port }) => {
      if (flow?.remote.address !== address || flow.remote.port !== port) flow = new UdpFlow(listener, { address, port })
      receive(bytes, flow)
    })
    try {
      socket.setRecvBufferSize(socketBufferBytes)
      socket.setSendBufferSize(socketBufferBytes)
    } catch {
      // The default is smaller, not wrong.
    }
    return listener
  }

  get open(): boolean {
    return this.#open
  }

  /** Resolves when the system has taken the datagram; rejects with a TransportError. */
  send(bytes: Uint8Array, remote: Address): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (error: unknown) => reject(TransportError.from(error, `udp to ${formatAddress(remote)}`))
      if (!this.#open) return fail(new TransportError('closed', 'the UDP listener is closed'))
      try {
        this.#socket.send(bytes, remote.port, remote.address, (error) => (error ? fail(error) : resolve()))
      } catch (error) {
        fail(error)
      }
    })
  }

  close(): Promise<void> {
    if (!this.#open) return Promise.resolve()
    this.#open = false
    return new Promise((resolve) => this.#socket.close(() => resolve()))
  }
}

/** A peer as seen from one of our sockets. */
export class UdpFlow implements Connection {
  readonly transport = 'udp'
  readonly listener: UdpListener
  readonly remote: Address

  constructor(listener: UdpListener, remote: Address) {
    this.listener = listener
    this.remote = remote
  }

  get id(): string {
    return `udp-${this.local.port}-${formatAddress(this.remote)}`
  }

  get local(): Address {
    const { local } = this.listener
    return isWildcard(local.address) ? { address: localAddressFor(local.address, this.remote.address), port: local.port } : local
  }

  get open(): boolean {
    return this.listener.open
  }
}
