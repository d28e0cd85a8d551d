/**
 * The capture beside a running Asterisk: tcpdump's file, and the secrets of TLS connections
 * that Asterisk's library writes. `sync` brings the index up to now, exactly: a marked
 * datagram is sent and waited for, so that everything before it is known to be in.
 */
import { randomBytes } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Frame } from '../../../protocol/capture/capture-file.ts'
import { parseKeyLog, type TlsSecrets } from '../../../protocol/tls/key-log.ts'
import { asteriskPorts } from './config.ts'
import { rtpPorts } from './core-config.ts'
import { PcapTail } from './pcap-tail.ts'
import { WireIndex } from './wire-index.ts'

export interface CaptureOptions {
  /** The folder the container has at `/capture`. */
  readonly folder: string
  /** Asterisk's address. */
  readonly address: string
}

/** RFC 863: nobody listens there, and nobody minds. */
const discardPort = 9
const pollMs = 3
/** A datagram over a bridge takes microseconds; this long without it means that tcpdump has ended. */
const markerMs = 3_000
/** More than the marker and every header before it. */
const markerFrameLength = 128

export class WireCapture implements AsyncDisposable {
  readonly index: WireIndex
  readonly #options: CaptureOptions
  readonly #wire: PcapTail
  readonly #socket: Socket
  #secrets: ReadonlyMap<string, TlsSecrets> = new Map()
  #running: Promise<void> | undefined
  #next: Promise<void> | undefined

  private constructor(options: CaptureOptions, wire: PcapTail, socket: Socket) {
    this.#options = options
    this.#wire = wire
    this.#socket = socket
    this.index = new WireIndex({
      address: options.address,
      sipPort: asteriskPorts.udp,
      rtpPorts,
      secretsOf: (clientRandom) => this.#secrets.get(clientRandom),
    })
  }

  static async open(options: CaptureOptions): Promise<WireCapture> {
    const wire = await PcapTail.open(join(options.folder, 'wire.pcap'))
    const socket = createSocket('udp4')
    // "Port unreachable" comes back for every marker.
    socket.on('error', () => {})
    socket.bind(0)
    await once(socket, 'listening')
    return new WireCapture(options, wire, socket)
  }

  /** Resolves when the index holds everything that happened before the call. Throws when the capture has ended. */
  sync(): Promise<void> {
    // A sync under way may have begun too early for this caller: the next one serves all who come meanwhile.
    if (this.#running === undefined) return this.#begin()
    this.#next ??= this.#running.catch(() => {}).then(() => this.#begin())
    return this.#next
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running?.catch(() => {})
    this.#socket.close()
    await this.#wire[Symbol.asyncDispose]()
  }

  #begin(): Promise<void> {
    this.#next = undefined
    this.#running = this.#update().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  async #update(): Promise<void> {
    const marker = randomBytes(12).toString('hex')
    this.#socket.send(marker, discardPort, this.#options.address)
    const frames: Frame[] = []
    for (const deadline = Date.now() + markerMs; ; await delay(pollMs)) {
      const fresh = await this.#wire.read()
      frames.push(...fresh)
      if (fresh.some((frame) => frame.length < markerFrameLength && Buffer.from(frame.bytes).includes(marker))) break
      if (Date.now() > deadline) throw new Error('the capture beside Asterisk has ended: see tcpdump.log in the capture folder')
    }
    // After the wire: a secret is written before anything it protects is sent.
    this.#secrets = parseKeyLog(await readFile(join(this.#options.folder, 'tls-keys.log'), 'utf8'))
    for (const frame of frames) this.index.take(frame)
  }
}
