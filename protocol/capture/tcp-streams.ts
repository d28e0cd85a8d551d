/**
 * TCP byte streams out of captured segments: retransmissions are dropped, segments that
 * overtook others wait for them. A gap that never closes (a packet the capture missed) is
 * skipped once enough data waits behind it, and reported, so that framing can start afresh.
 */
import type { Address } from '../wire.ts'
import type { Segment } from './frame.ts'

/** In-order bytes of one direction of one connection, with the time of the segment that delivered them. */
export interface StreamChunk {
  readonly at: number
  readonly frame: number
  readonly source: Address
  readonly destination: Address
  readonly bytes: Uint8Array
  /** Bytes before these are missing from the capture. */
  readonly gap: boolean
  /** First bytes of a new connection on these two addresses. */
  readonly start: boolean
}

interface Direction {
  /** Sequence number of the next byte that is due. */
  next: number
  readonly waiting: Map<number, Segment>
  waitingBytes: number
  start: boolean
}

const maxWaitingBytes = 1 << 20
const maxWaitingSegments = 64

/** Sequence number arithmetic modulo 2^32: how far `a` lies ahead of `b`. */
function ahead(a: number, b: number): number {
  return (a - b) | 0
}

export class TcpStreams {
  readonly #directions = new Map<string, Direction>()

  /** Takes the next segment of a capture and returns what became readable by it. */
  push(segment: Segment): StreamChunk[] {
    const key = `${segment.source.address} ${segment.source.port} ${segment.destination.address} ${segment.destination.port}`
    if (segment.syn) {
      this.#directions.set(key, { next: (segment.sequence + 1) >>> 0, waiting: new Map(), waitingBytes: 0, start: true })
      return []
    }
    let direction = this.#directions.get(key)
    if (!direction) {
      if (segment.payload.length === 0) return []
      // The capture began within the connection.
      direction = { next: segment.sequence, waiting: new Map(), waitingBytes: 0, start: true }
      this.#directions.set(key, direction)
    }
    const chunks: StreamChunk[] = []
    if (segment.payload.length > 0) {
      if (!direction.waiting.has(segment.sequence)) direction.waitingBytes += segment.payload.length
      direction.waiting.set(segment.sequence, segment)
      drain(direction, chunks)
      if (direction.waiting.size > maxWaitingSegments || direction.waitingBytes > maxWaitingBytes) skipGap(direction, chunks)
    }
    if (segment.rst || (segment.fin && direction.waiting.size === 0)) this.#directions.delete(key)
    return chunks
  }
}

/** Delivers every waiting segment that now fits, trimming what was seen before. */
function drain(direction: Direction, chunks: StreamChunk[], gap = false): void {
  let missing = gap
  for (;;) {
    const fitting = [...direction.waiting.values()].find((segment) => ahead(segment.sequence, direction.next) <= 0)
    if (!fitting) return
    direction.waiting.delete(fitting.sequence)
    direction.waitingBytes -= fitting.payload.length
    const bytes = fitting.payload.subarray(ahead(direction.next, fitting.sequence))
    if (bytes.length === 0) continue
    const { at, frame, source, destination } = fitting
    chunks.push({ at, frame, source, destination, bytes, gap: missing, start: direction.start })
    direction.next = (direction.next + bytes.length) >>> 0
    direction.start = false
    missing = false
  }
}

function skipGap(direction: Direction, chunks: StreamChunk[]): void {
  const sequences = [...direction.waiting.keys()]
  direction.next = sequences.reduce((nearest, sequence) => (ahead(sequence, nearest) < 0 ? sequence : nearest))
  drain(direction, chunks, true)
}
