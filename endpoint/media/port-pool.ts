/**
 * UDP port pairs for media: RTP on an even port, RTCP on the next (RFC 3550 section 11).
 * A pair that a call has left stays bound until nothing came in for a while, so that late
 * packets of one call cannot reach the next one on the same port.
 */

import { randomInt } from 'node:crypto'
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { MediaError } from './types.ts'

export type DatagramHandler = (bytes: Buffer, remote: RemoteInfo) => void

/** A bound pair. The one who acquired it sets the handlers and, in the end, hands it back. */
export interface PortPair {
  readonly host: string
  readonly port: number
  readonly rtp: Socket
  readonly rtcp: Socket
  onRtp: DatagramHandler | undefined
  onRtcp: DatagramHandler | undefined
  /** Idempotent. */
  release(): void
}

export interface PortPoolOptions {
  /** First and last port that may be used; without it the system chooses. */
  readonly range?: readonly [first: number, last: number]
  /** A left pair must have been quiet for this long before it is used again. Default 500 ms. */
  readonly quietMs?: number
  /** ... but is closed after this long even if it never is. Default 10 s. */
  readonly mostDrainMs?: number
}

/** How many pairs are tried before giving up: others may hold ports of our range. */
const mostAttempts = 200

interface Draining {
  readonly pair: BoundPair
  readonly since: number
  lastHeard: number
}

export class PortPool {
  readonly #quietMs: number
  readonly #mostDrainMs: number
  /** Free even ports of the range, longest unused first; undefined when the system chooses. */
  readonly #free: number[] | undefined
  readonly #inUse = new Set<BoundPair>()
  readonly #draining = new Set<Draining>()
  #sweep: NodeJS.Timeout | undefined
  #closed = false

  /** Throws RangeError on a range that holds no pair. */
  constructor(options: PortPoolOptions = {}) {
    this.#quietMs = options.quietMs ?? 500
    this.#mostDrainMs = options.mostDrainMs ?? 10_000
    if (options.range !== undefined) {
      const [first, last] = options.range
      const free: number[] = []
      for (let port = first + (first % 2); port < last; port += 2) free.push(port)
      if (free.length === 0 || first < 1 || last > 65535) throw new RangeError(`no port pair in ${first}-${last}`)
      // Several pools may share a range (one per process): each begins elsewhere, or all would try the same ports.
      const begin = randomInt(free.length)
      this.#free = [...free.slice(begin), ...free.slice(0, begin)]
    }
  }

  /** Pairs handed out and not released. */
  get inUse(): number {
    return this.#inUse.size
  }

  /** Released pairs that are still waiting to be quiet. */
  get draining(): number {
    return this.#draining.size
  }

  /** Binds a pair on a local address. Rejects with MediaError `no-port` when none is free, `bind` when the address is not ours. */
  async acquire(host: string): Promise<PortPair> {
    if (this.#closed) throw new MediaError('closed', 'the port pool is closed')
    const attempts = this.#free === undefined ? mostAttempts : Math.min(mostAttempts, this.#free.length)
    for (let attempt = 0; attempt < attempts; attempt++) {
      const wanted = this.#free?.shift()
      if (this.#free !== undefined && wanted === undefined) break
      const bound = await bindPair(host, wanted)
      if (bound === undefined) {
        // Held by somebody else: behind all others in the queue.
        if (wanted !== undefined) this.#free?.push(wanted)
        continue
      }
      const pair = new BoundPair(host, bound, () => this.#drain(pair))
      if (this.#closed) {
        await pair.close()
        throw new MediaError('closed', 'the port pool is closed')
      }
      this.#inUse.add(pair)
      return pair
    }
    throw new MediaError(
      'no-port',
      `no free RTP port on ${host}${this.#draining.size > 0 ? `, ${this.#draining.size} still draining` : ''}`,
    )
  }

  /** Closes every socket at once, those in use as well. */
  async close(): Promise<void> {
    this.#closed = true
    clearInterval(this.#sweep)
    this.#sweep = undefined
    const pairs = [...this.#inUse, ...[...this.#draining].map((draining) => draining.pair)]
    this.#inUse.clear()
    this.#draining.clear()
    await Promise.all(pairs.map((pair) => pair.close()))
  }

  #drain(pair: BoundPair): void {
    if (!this.#inUse.delete(pair)) return
    const now = performance.now()
    const draining = { pair, since: now, lastHeard: now }
    const heard = () => {
      draining.lastHeard = performance.now()
    }
    pair.onRtp = heard
    pair.onRtcp = heard
    // A drain is no reason to keep the process alive.
    pair.rtp.unref()
    pair.rtcp.unref()
    this.#draining.add(draining)
    this.#sweep ??= setInterval(() => this.#closeQuiet(), Math.max(10, this.#quietMs / 4)).unref()
  }

  #closeQuiet(): void {
    const now = performance.now()
    for (const draining of this.#draining) {
      if (now - draining.lastHeard < this.#quietMs && now - draining.since < this.#mostDrainMs) continue
      this.#draining.delete(draining)
      void draining.pair.close().then(() => this.#free?.push(draining.pair.port))
    }
    if (this.#draining.size === 0) {
      clearInterval(this.#sweep)
      this.#sweep = undefined
    }
  }
}

class BoundPair implements PortPair {
  readonly host: string
  readonly port: number
  readonly rtp: Socket
  readonly rtcp: Socket
  onRtp: DatagramHandler | undefined
  onRtcp: DatagramHandler | undefined
  readonly #released: () => void

  constructor(host: string, sockets: { rtp: Socket; rtcp: Socket }, released: () => void) {
    this.host = host
    this.rtp = sockets.rtp
    this.rtcp = sockets.rtcp
    this.port = sockets.rtp.address().port
    this.#released = released
    this.rtp.on('message', (bytes, remote) => this.onRtp?.(bytes, remote))
    this.rtcp.on('message', (bytes, remote) => this.onRtcp?.(bytes, remote))
    // ICMP errors and the like: media is best effort, the far end's absence shows in the statistics.
    this.rtp.on('error', () => {})
    this.rtcp.on('error', () => {})
  }

  release(): void {
    this.#released()
  }

  async close(): Promise<void> {
    this.onRtp = undefined
    this.onRtcp = undefined
    await Promise.all([closeSocket(this.rtp), closeSocket(this.rtcp)])
  }
}

function closeSocket(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.close(() => resolve()))
}

/** Undefined when these ports are taken. A port the system chose may be either of its pair. */
async function bindPair(host: string, wanted: number | undefined): Promise<{ rtp: Socket; rtcp: Socket } | undefined> {
  const first = await bind(host, wanted ?? 0)
  if (first === undefined) return undefined
  const { port } = first.address()
  const even = port % 2 === 0
  const second = await bind(host, even ? port + 1 : port - 1).catch(async (error: unknown) => {
    await closeSocket(first)
    throw error
  })
  if (second !== undefined) return even ? { rtp: first, rtcp: second } : { rtp: second, rtcp: first }
  await closeSocket(first)
  return undefined
}

function bind(host: string, port: number): Promise<Socket | undefined> {
  const v6 = isIPv6(host)
  const socket = createSocket({
    type: v6 ? 'udp6' : 'udp4',
    ipv6Only: v6,
    // Media goes to IP addresses only; this saves a turn through dns.lookup for every packet.
    lookup: (address, _options, callback) => callback(null, address, v6 ? 6 : 4),
  })
  return new Promise((resolve, reject) => {
    socket.once('error', (error: NodeJS.ErrnoException) => {
      socket.close()
      if (error.code === 'EADDRINUSE') resolve(undefined)
      else reject(new MediaError('bind', `cannot bind RTP to ${host} port ${port}: ${error.message}`, error))
    })
    socket.bind({ address: host, port, exclusive: true }, () => {
      socket.removeAllListeners('error')
      resolve(socket)
    })
  })
}
