/**
 * One TCP or TLS connection: bytes framed into messages, keep-alives answered, every
 * way of ending reported exactly once. Whoever opened it is done with handshakes by now.
 */

import type { Socket } from 'node:net'
import { type Frame, StreamFramer } from '../../protocol/sip/framing.ts'
import type { Malformed } from '../../protocol/sip/parser.ts'
import type { Address, TlsFacts } from '../../protocol/wire.ts'
import { canonicalAddress } from './address.ts'
import type { Connection } from './connection.ts'
import { KeepAlive } from './keep-alive.ts'
import type { TransportLimits } from './limits.ts'
import { TransportError } from './transport-error.ts'

interface StreamEvents {
  message(bytes: Uint8Array, connection: StreamConnection): void
  /** The stream cannot be followed any further; it is closed after this call, with what was written in it. */
  malformed(error: Malformed, connection: StreamConnection): void
  closed(connection: StreamConnection, error?: Error): void
}

export interface StreamOptions {
  readonly transport: 'tcp' | 'tls'
  readonly origin: 'accepted' | 'connected'
  readonly tls?: TlsFacts | undefined
  readonly limits: TransportLimits
  /** Pings are sent only on connections we opened. */
  readonly keepAliveMs?: number | undefined
  readonly events: StreamEvents
}

const ping = new Uint8Array([13, 10, 13, 10])
const pong = new Uint8Array([13, 10])

/** How long a peer that lost the framing has to read our last answer. */
const lastAnswerMs = 2_000

let count = 0

export class StreamConnection implements Connection {
  readonly id: string
  readonly transport: 'tcp' | 'tls'
  readonly origin: 'accepted' | 'connected'
  readonly local: Address
  readonly remote: Address
  readonly tls?: TlsFacts
  readonly #socket: Socket
  readonly #options: StreamOptions
  readonly #framer = new StreamFramer()
  readonly #keepAlive: KeepAlive | undefined
  #firstMessage: NodeJS.Timeout | undefined
  #error: Error | undefined
  #open = true

  constructor(socket: Socket, options: StreamOptions) {
    this.id = `${options.transport}-${++count}`
    this.transport = options.transport
    this.origin = options.origin
    this.local = addressOf(socket.localAddress, socket.localPort)
    this.remote = addressOf(socket.remoteAddress, socket.remotePort)
    if (options.tls !== undefined) this.tls = options.tls
    this.#socket = socket
    this.#options = options
    const { limits, keepAliveMs } = options
    socket.setNoDelay(true)
    socket.setTimeout(limits.idleMs, () => this.close(new TransportError('timeout', 'idle')))
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    socket.on('error', (error) => this.close(error))
    socket.on('close', () => this.close())
    if (options.origin === 'accepted') {
      this.#firstMessage = setTimeout(() => this.close(new TransportError('timeout', 'no message')), limits.firstMessageMs).unref()
    } else if (keepAliveMs !== undefined) {
      this.#keepAlive = new KeepAlive({
        intervalMs: keepAliveMs,
        ping: () => this.#socket.write(ping),
        dead: () => this.close(new TransportError('timeout', 'keep-alive was not answered')),
      })
    }
  }

  get open(): boolean {
    return this.#open
  }

  /** Resolves when the system has taken the bytes; rejects with a TransportError. The write itself happens at once. */
  write(bytes: Uint8Array): Promise<void> {
    if (!this.#open || !this.#socket.writable) return Promise.reject(new TransportError('closed', `${this.id} is closed`))
    return new Promise((resolve, reject) => {
      this.#socket.write(bytes, (error) => (error ? reject(TransportError.from(error, this.id)) : resolve()))
      this.#boundBacklog()
    })
  }

  close(error?: Error): void {
    if (!this.#open) return
    this.#open = false
    clearTimeout(this.#firstMessage)
    this.#keepAlive?.stop()
    this.#error ??= error
    // In order where everything is written: FIN (and for TLS its farewell) rather than a reset.
    if (this.#error === undefined && this.#socket.writableLength === 0) this.#socket.destroySoon()
    else this.#socket.destroy()
    this.#options.events.closed(this, this.#error)
  }

  #receive(chunk: Buffer): void {
    // Nothing is read after the stream was given up, while its last answer drains.
    if (!this.#open || this.#error !== undefined) return
    for (const frame of this.#framer.push(chunk)) {
      if (!this.#open || !this.#take(frame)) return
    }
  }

  /** False when nothing more can be read. */
  #take(frame: Frame): boolean {
    if (frame.kind === 'malformed') {
      this.#error = new Error(`framing lost: ${frame.error.detail}`)
      this.#options.events.malformed(frame.error, this)
      this.#socket.setTimeout(lastAnswerMs)
      this.#socket.end(() => this.close())
      return false
    }
    clearTimeout(this.#firstMessage)
    if (frame.kind === 'message') this.#options.events.message(frame.bytes, this)
    else if (frame.kind === 'pong') this.#keepAlive?.pong()
    else if (this.#socket.writable) {
      this.#socket.write(pong)
      this.#boundBacklog()
    }
    return true
  }

  #boundBacklog(): void {
    if (this.#socket.writableLength > this.#options.limits.bufferedBytes) {
      this.close(new TransportError('closed', `${this.id}: the peer does not read`))
    }
  }
}

function addressOf(address: string | undefined, port: number | undefined): Address {
  return { address: canonicalAddress(address ?? '') ?? '', port: port ?? 0 }
}
