/**
 * A socket whose bytes are seen on their way: below TLS this is what everybody on the path sees.
 * For instruments. It costs a copy in JavaScript of all that passes, so nothing else uses it.
 */

import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import type { Address, PathTap } from '../../protocol/wire.ts'
import { epochNow } from '../clock.ts'

export class TappedSocket extends Duplex {
  readonly local: Address
  readonly remote: Address
  readonly #socket: Socket
  readonly #tap: PathTap

  constructor(socket: Socket, tap: PathTap) {
    super({ allowHalfOpen: true })
    this.#socket = socket
    this.#tap = tap
    this.local = { address: socket.localAddress ?? '', port: socket.localPort ?? 0 }
    this.remote = { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 }
    socket.on('data', (bytes: Buffer) => {
      this.#pass('in', bytes)
      if (!this.push(bytes)) socket.pause()
    })
    socket.on('end', () => this.push(null))
    socket.on('error', (error) => this.destroy(error))
    socket.on('close', () => this.destroy())
  }

  override _read(): void {
    this.#socket.resume()
  }

  override _write(bytes: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.#pass('out', bytes)
    this.#socket.write(bytes, done)
  }

  override _final(done: () => void): void {
    this.#socket.end(() => done())
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy()
    done(error)
  }

  #pass(dir: 'in' | 'out', bytes: Buffer): void {
    const { local, remote } = this
    this.#tap.path({ at: epochNow(), dir, local, remote, bytes })
  }
}
