/**
 * UDP port pairs for media: RTP on an even port, RTCP on the next (RFC 3550 section 11).
 * A pair that a call has left stays bound until nothing came in for a while, so that late
 * packets of one call cannot reach the next one on the same port. Then it waits for another
 * call: under load binding and closing two sockets a call costs more than the call's media.
 *
 *   bound --acquire--> in use --release--> draining --quiet--> idle --unused--> closed
 *                         ^                                     |
 *                         +--------------- acquire -------------+
 */

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
  /** A quiet pair nobody asks for is closed after this long. Default 5 s. */
  readonly mostIdleMs?: number
}

/** Quiet pairs kept bound: enough for the gaps between calls, few among a process's descriptors. */
const mostIdle = 200

/** How many pairs are tried before giving up: others may hold ports of our range. */
const mostAttempts = 200

interface Draining {
  readonly pair: BoundPair
  readonly since: number
  lastHeard: number
}

interface Idle {
  readonly pair: BoundPair
  readonly since: number
}

export class PortPool {
  readonly #quietMs: number
  readonly #mostDrainMs: number
  readonly #mostIdleMs: number
  /** Free even ports of the range, longest unused first; undefined when the system chooses. */
  readonly #free: number[] | undefined
  readonly #inUse = new Set<BoundPair>()
  readonly #draining = new Set<Draining>()
  /** Longest idle first. */
  readonly #idle: Idle[] = []
  #sweep: NodeJS.Timeout | undefined
  #closed = false

  /** Throws RangeError on a range that holds no pair. */
  constructor(options: PortPoolOptions = {}) {
    this.#quietMs = options.quietMs ?? 500
    this.#mostDrainMs = options.mostDrainMs ?? 10_000
    this.#mostIdleMs = options.mostIdleMs ?? 5_000
    if (options.range !== undefined) {
      const [first, last] = options.range
      const free: number[] = []
      for (let port = first + (first % 2); port < last; port += 2) free.push(port)
      if (free.length === 0 || first < 1 || last > 65535) throw new RangeError(`no port pair in ${first}-${last}`)
      this.#free = free
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

  /** A pair on a local address. Rejects with MediaError `no-port` when none is free, `bind` when the address is not ours. */
  async acquire(host: string): Promise<PortPair> {
    if (this.#closed) throw new MediaError('closed', 'the port pool is closed')
    const bound = this.#reuse(host) ?? (await this.#bind(host))
    if (this.#closed) {
      await bound.close()
      throw new MediaError('closed', 'the port pool is closed')
    }
    this.#inUse.add(bound)
    return bound.lend(() => this.#drain(bound))
  }

  /** Closes every socket at once, those in use as well. */
  async close(): Promise<void> {
    this.#closed = true
    clearInterval(this.#sweep)
    this.#sweep = undefined
    const pairs = [...this.#inUse, ...[...this.#draining, ...this.#idle].map(({ pair }) => pair)]
    this.#inUse.clear()
    this.#draining.clear()
    this.#idle.length = 0
    await Promise.all(pairs.map((pair) => pair.close()))
  }

  #reuse(host: string): BoundPair | undefined {
    const at = this.#idle.findIndex(({ pair }) => pair.host === host)
    return at < 0 ? undefined : this.#idle.splice(at, 1)[0]!.pair
  }

  async #bind(host: string): Promise<BoundPair> {
    const attempts = this.#free === undefined ? mostAttempts : Math.min(mostAttempts, this.#free.length + this.#idle.length)
    for (let attempt = 0; attempt < attempts; attempt++) {
      // Idle pairs are bound to other addresses here: with all ports of the range in use, one of those gives way.
      if (this.#free?.length === 0) await this.#retire(this.#idle.shift())
      const wanted = this.#free?.shift()
      if (this.#free !== undefined && wanted === undefined) break
      const sockets = await bindPair(host, wanted)
      if (sockets !== undefined) return new BoundPair(host, sockets)
      // Held by somebody else: behind all others in the queue.
      if (wanted !== undefined) this.#free?.push(wanted)
    }
    throw new MediaError(
      'no-port',
      `no free RTP port on ${host}${this.#draining.size > 0 ? `, ${this.#draining.size} still draining` : ''}`,
    )
  }

  #drain(pair: BoundPair): void {
    if (!this.#inUse.delete(pair)) return
    const now = performance.now()
    const draining = { pair, since: now, lastHeard: now }
    pair.watch(() => {
      draining.lastHeard = performance.now()
    })
    this.#draining.add(draining)
    this.#sweep ??= setInterval(() => this.#sortOut(), Math.max(10, this.#quietMs / 4)).unref()
  }

  #sortOut(): void {
    const now = performance.now()
    for (const draining of this.#draining) {
      const quiet = now - draining.lastHeard >= this.#quietMs
      if (!quiet && now - draining.since < this.#mostDrainMs) continue
      this.#draining.delete(draining)
      if (quiet && this.#idle.length < mostIdle) this.#idle.push({ pair: draining.pair, since: now })
      else void this.#retire(draining)
    }
    while (this.#idle.length > 0 && now - this.#idle[0]!.since >= this.#mostIdleMs) void this.#retire(this.#idle.shift())
    if (this.#draining.size + this.#idle.length > 0) return
    clearInterval(this.#sweep)
    this.#sweep = undefined
  }

  async #retire(left: { readonly pair: BoundPair } | undefined): Promise<void> {
    if (left === undefined) return
    await left.pair.close()
    this.#free?.push(left.pair.port)
  }
}

/** Two bound sockets, lent to one call after the other. */
class BoundPair {
  readonly host: string
  readonly port: number
  readonly #rtp: Socket
  readonly #rtcp: Socket
  #user: { onRtp: DatagramHandler | undefined; onRtcp: DatagramHandler | undefined } | undefined

  constructor(host: string, { rtp, rtcp }: { rtp: Socket; rtcp: Socket }) {
    this.host = host
    this.#rtp = rtp
    this.#rtcp = rtcp
    this.port = rtp.address().port
    rtp.on('message', (bytes, remote) => this.#user?.onRtp?.(bytes, remote))
    rtcp.on('message', (bytes, remote) => this.#user?.onRtcp?.(bytes, remote))
    // ICMP errors and the like: media is best effort, the far end's absence shows in the statistics.
    rtp.on('error', () => {})
    rtcp.on('error', () => {})
  }

  /** To a new user, who knows nothing of those before. */
  lend(released: () => void): PortPair {
    this.#rtp.ref()
    this.#rtcp.ref()
    let lent = true
    const release = (): void => {
      if (lent) released()
      lent = false
    }
    const user = { host: this.host, port: this.port, rtp: this.#rtp, rtcp: this.#rtcp, onRtp: undefined, onRtcp: undefined, release }
    this.#user = user
    return user
  }

  /** Nobody uses it: only that something came in is told. */
  watch(heard: () => void): void {
    this.#user = { onRtp: heard, onRtcp: heard }
    // Waiting is no reason to keep the process alive.
    this.#rtp.unref()
    this.#rtcp.unref()
  }

  async close(): Promise<void> {
    this.#user = undefined
    await Promise.all([closeSocket(this.#rtp), closeSocket(this.#rtcp)])
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
