/**
 * The capture beside a running Asterisk: tcpdump's file, and for TLS Asterisk's own log of
 * decrypted messages. `sync` brings the index up to now, exactly: a marked datagram is
 * sent and waited for, so that everything before it is known to be in.
 */
import { randomBytes } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { AmiClient } from './ami.ts'
import { asteriskPorts } from './config.ts'
import { containerFolders, rtpPorts } from './core-config.ts'
import { PcapTail } from './pcap-tail.ts'
import { WireIndex } from './wire-index.ts'

export interface CaptureOptions {
  /** The folder the container has at `/capture`. */
  readonly folder: string
  /** Asterisk's address. */
  readonly address: string
  readonly ami: AmiClient
  /** Whether Asterisk's log of decrypted messages is wanted. */
  readonly tls: boolean
}

/** RFC 863: nobody listens there, and nobody minds. */
const discardPort = 9
const pollMs = 3
/** A datagram over a bridge takes microseconds; this long without it means that tcpdump has ended. */
const markerMs = 3_000

export class WireCapture implements AsyncDisposable {
  readonly index: WireIndex
  readonly #options: CaptureOptions
  readonly #wire: PcapTail
  readonly #socket: Socket
  #logNumber = 0
  #running: Promise<void> | undefined
  #next: Promise<void> | undefined

  private constructor(options: CaptureOptions, wire: PcapTail, socket: Socket) {
    this.#options = options
    this.#wire = wire
    this.#socket = socket
    this.index = new WireIndex({ address: options.address, sipPort: asteriskPorts.udp, rtpPorts, markerPort: discardPort })
  }

  static async open(options: CaptureOptions): Promise<WireCapture> {
    const wire = await PcapTail.open(join(options.folder, 'wire.pcap'))
    const socket = createSocket('udp4')
    // "Port unreachable" comes back for every marker.
    socket.on('error', () => {})
    socket.bind(0)
    await once(socket, 'listening')
    const capture = new WireCapture(options, wire, socket)
    if (options.tls) {
      await options.ami.command('pjsip set logger on')
      await options.ami.command('pjsip set logger verbose off')
      await capture.#openLog()
    }
    return capture
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
    const logged = this.#options.tls ? await this.#closeLog() : undefined
    await this.#readWire()
    if (logged === undefined) return
    // After the wire: which connection a logged message travelled on is known from there.
    await using log = await PcapTail.open(logged)
    for (const frame of await log.read()) this.index.takeLogged(frame)
    await rm(logged)
  }

  async #readWire(): Promise<void> {
    const marker = randomBytes(12).toString('hex')
    this.#socket.send(marker, discardPort, this.#options.address)
    for (const deadline = Date.now() + markerMs; ; await delay(pollMs)) {
      for (const frame of await this.#wire.read()) this.index.take(frame)
      if (this.index.takeMarkers().includes(marker)) return
      if (Date.now() > deadline) throw new Error('the capture beside Asterisk has ended: see tcpdump.log in the capture folder')
    }
  }

  /** Asterisk writes its log through a buffer and empties it only when told to write another file. */
  async #closeLog(): Promise<string> {
    const finished = this.#logName()
    await this.#openLog()
    return join(this.#options.folder, finished)
  }

  async #openLog(): Promise<void> {
    this.#logNumber += 1
    await this.#options.ami.command(`pjsip set logger pcap ${containerFolders.capture}/${this.#logName()}`)
  }

  #logName(): string {
    return `sip-${this.#logNumber}.pcap`
  }
}
