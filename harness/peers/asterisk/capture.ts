/**
 * The captures beside a running Asterisk: tcpdump's files, and the secrets of TLS connections
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
import { UnableError } from '../../errors.ts'
import { sipPort } from './config.ts'
import { rtpPorts } from './core-config.ts'
import { PcapTail } from './pcap-tail.ts'
import { WireIndex } from './wire-index.ts'

export interface CaptureOptions {
  /** The folder the container has at `/capture`. */
  readonly folder: string
  /** Asterisk's address. */
  readonly address: string
}

/** Captures the container takes, see docker/asterisk/start. */
const captureNames = ['udp', 'tcp'] as const
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
  readonly #tails: readonly PcapTail[]
  readonly #socket: Socket
  #secrets: ReadonlyMap<string, TlsSecrets> = new Map()
  #running: Promise<void> | undefined
  #next: Promise<void> | undefined

  private constructor(options: CaptureOptions, tails: readonly PcapTail[], socket: Socket) {
    this.#options = options
    this.#tails = tails
    this.#socket = socket
    this.index = new WireIndex({
      address: options.address,
      sipPort,
      rtpPorts,
      secretsOf: (clientRandom) => this.#secrets.get(clientRandom),
    })
  }

  static async open(options: CaptureOptions): Promise<WireCapture> {
    const tails = await Promise.all(captureNames.map((name) => PcapTail.open(join(options.folder, `${name}.pcap`))))
    const socket = createSocket('udp4')
    // "Port unreachable" comes back for every marker.
    socket.on('error', () => {})
    socket.bind(0)
    await once(socket, 'listening')
    return new WireCapture(options, tails, socket)
  }

  /** Resolves when the index holds everything that happened before the call. Throws when the capture has ended. */
  sync(): Promise<void> {
    // A sync under way may have begun too early for this caller: the next one serves all who come meanwhile.
    if (this.#running === undefined) return this.#begin()
    this.#next ??= this.#running.catch(() => {}).then(() => this.#begin())
    return this.#next
  }

  /** How many packets the captures have lost so far, as tcpdump said within the last second. */
  async lost(): Promise<number> {
    const logs = await Promise.all(captureNames.map((name) => readFile(join(this.#options.folder, `${name}.log`), 'utf8')))
    return logs.reduce((sum, text) => sum + Number([...text.matchAll(/(\d+) packets? dropped by kernel/g)].at(-1)?.[1] ?? 0), 0)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running?.catch(() => {})
    this.#socket.close()
    await Promise.all(this.#tails.map((tail) => tail[Symbol.asyncDispose]()))
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
    const deadline = Date.now() + markerMs
    const read = await Promise.all(this.#tails.map((tail) => framesUntil(tail, marker, deadline)))
    // After the wire: a secret is written before anything it protects is sent.
    this.#secrets = parseKeyLog(await readFile(join(this.#options.folder, 'tls-keys.log'), 'utf8'))
    for (const frame of read.flat().sort((a, b) => a.at - b.at)) this.index.take(frame)
  }
}

/** What was captured up to the marker, and what is there already beyond it. Throws when the marker does not come. */
async function framesUntil(tail: PcapTail, marker: string, deadline: number): Promise<Frame[]> {
  const frames: Frame[] = []
  for (;;) {
    const fresh = await tail.read()
    frames.push(...fresh)
    if (fresh.some((frame) => frame.length < markerFrameLength && Buffer.from(frame.bytes).includes(marker))) return frames
    if (Date.now() > deadline)
      throw new UnableError('the capture beside Asterisk has ended', 'see udp.log and tcp.log in the capture folder')
    await delay(pollMs)
  }
}
