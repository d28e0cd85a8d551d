/**
 * Reception statistics of one source (RFC 3550 section 6.4.1 and appendices A.1, A.3, A.8):
 * which packets count, how many are lost, how much arrival jitters.
 *
 *            2 in sequence                 jump > 3000, then 2 in sequence
 * probation ---------------> valid  ---------------------------------------> valid (counted anew)
 */

import { sequenceDistance } from './sequence.ts'

/** A.1: a source is believed after this many packets in sequence. */
const minSequential = 2
const maxDropout = 3000
const maxMisorder = 100
/** How far back a repeated sequence number is recognised. */
const memory = 1024

/**
 * - `valid`: counted; the newest so far
 * - `reordered`: counted; older than the newest
 * - `duplicate`: seen before; counted as received (A.3 asks for it) but to be ignored
 * - `probation`: not believed yet
 * - `jump`: far off; ignored unless the next packet follows it
 */
export type Arrival = 'valid' | 'reordered' | 'duplicate' | 'probation' | 'jump'

/** The figures of a report block (RFC 3550 section 6.4.1). */
export interface ReceptionFigures {
  /** Share of the packets lost since the last report, 0 to 255 of 256. */
  readonly fractionLost: number
  /** Lost since the beginning, clamped to 24 bits signed. */
  readonly cumulativeLost: number
  readonly extendedHighestSequence: number
  /** In timestamp units. */
  readonly jitter: number
}

export class ReceptionStatistics {
  readonly ssrc: number
  #probation = minSequential
  #begun = false
  #maxSequence = 0
  #cycles = 0
  #baseSequence = 0
  #badSequence = -1
  #received = 0
  #expectedPrior = 0
  #receivedPrior = 0
  #transit: number | undefined
  #jitter = 0
  #duplicates = 0
  #reordered = 0
  /** Lost in stretches before the source jumped. */
  #lostBefore = 0
  /** Extended sequence numbers last seen at each place of the ring. */
  readonly #seen = new Float64Array(memory).fill(-1)

  constructor(ssrc: number) {
    this.ssrc = ssrc
  }

  /** Takes one packet's sequence number (A.1, `update_seq`). */
  sequence(sequenceNumber: number): Arrival {
    if (!this.#begun) {
      this.#begun = true
      this.#maxSequence = (sequenceNumber - 1) & 0xffff
    }
    const ahead = (sequenceNumber - this.#maxSequence) & 0xffff
    if (this.#probation > 0) return this.#prove(sequenceNumber, ahead)
    if (ahead === 0) return this.#repeated(sequenceNumber)
    if (ahead < maxDropout) {
      if (sequenceNumber < this.#maxSequence) this.#cycles += 65536
      this.#maxSequence = sequenceNumber
      return this.#count(sequenceNumber, 'valid')
    }
    if (ahead <= 65536 - maxMisorder) {
      // Two packets in sequence make us believe that the other side restarted.
      if (sequenceNumber !== this.#badSequence) {
        this.#badSequence = (sequenceNumber + 1) & 0xffff
        return 'jump'
      }
      this.#lostBefore += Math.max(0, this.expected - this.#received)
      this.#restart(sequenceNumber)
      return this.#count(sequenceNumber, 'valid')
    }
    return this.#repeated(sequenceNumber)
  }

  /** Takes arrival and timestamp of a packet, both in timestamp units (A.8). Not for packets that repeat a timestamp. */
  arrival(arrivalUnits: number, timestamp: number): void {
    const transit = arrivalUnits - timestamp
    if (this.#transit !== undefined) {
      // Timestamps wrap at 2^32: only the small part of the difference means anything.
      const difference = Math.abs(Math.trunc(transit - this.#transit) | 0)
      this.#jitter += (difference - this.#jitter) / 16
    }
    this.#transit = transit
  }

  /** The clock rate changed: the next transit time is the first. */
  restartJitter(): void {
    this.#transit = undefined
    this.#jitter = 0
  }

  get valid(): boolean {
    return this.#probation === 0
  }

  /** Packets counted, duplicates among them. */
  get received(): number {
    return this.#received
  }

  get duplicates(): number {
    return this.#duplicates
  }

  get reordered(): number {
    return this.#reordered
  }

  /** Interarrival jitter in timestamp units. */
  get jitter(): number {
    return this.#jitter
  }

  /** Packets the sequence numbers promise so far (A.3). */
  get expected(): number {
    return this.valid ? this.#cycles + this.#maxSequence - this.#baseSequence + 1 : 0
  }

  /** Packets that never came: unlike in A.3, a duplicate does not make up for a loss. */
  get lost(): number {
    return this.#lostBefore + Math.max(0, this.expected - (this.#received - this.#duplicates))
  }

  /** The figures of the next report block; asking closes the reporting interval (A.3). */
  report(): ReceptionFigures {
    const expected = this.expected
    const expectedInterval = expected - this.#expectedPrior
    const receivedInterval = this.#received - this.#receivedPrior
    this.#expectedPrior = expected
    this.#receivedPrior = this.#received
    const lostInterval = expectedInterval - receivedInterval
    const cumulativeLost = Math.max(-0x800000, Math.min(0x7fffff, expected - this.#received))
    return {
      fractionLost: expectedInterval === 0 || lostInterval <= 0 ? 0 : Math.min(255, Math.floor((lostInterval * 256) / expectedInterval)),
      cumulativeLost,
      extendedHighestSequence: (this.#cycles + this.#maxSequence) >>> 0,
      jitter: Math.floor(this.#jitter),
    }
  }

  /** A.1 forgets the packets of the probation; here they count, so that a judge can compare sent with received. */
  #prove(sequenceNumber: number, ahead: number): Arrival {
    this.#probation = ahead === 1 ? this.#probation - 1 : minSequential - 1
    this.#maxSequence = sequenceNumber
    if (this.#probation > 0) return 'probation'
    const first = (sequenceNumber - minSequential + 1) & 0xffff
    this.#restart(first)
    for (let i = 0; i < minSequential; i++) {
      const next = (first + i) & 0xffff
      if (next < this.#maxSequence) this.#cycles += 65536
      this.#maxSequence = next
      this.#count(next, 'valid')
    }
    return 'valid'
  }

  #restart(sequenceNumber: number): void {
    this.#baseSequence = sequenceNumber
    this.#maxSequence = sequenceNumber
    this.#badSequence = -1
    this.#cycles = 0
    this.#received = 0
    this.#duplicates = 0
    this.#receivedPrior = 0
    this.#expectedPrior = 0
    this.#seen.fill(-1)
  }

  #count(sequenceNumber: number, as: Arrival): Arrival {
    const extended = this.#extend(sequenceNumber)
    this.#seen[modulo(extended, memory)] = extended
    this.#received++
    return as
  }

  #repeated(sequenceNumber: number): Arrival {
    const extended = this.#extend(sequenceNumber)
    if (this.#seen[modulo(extended, memory)] === extended) {
      this.#duplicates++
      this.#received++
      return 'duplicate'
    }
    this.#reordered++
    return this.#count(sequenceNumber, 'reordered')
  }

  #extend(sequenceNumber: number): number {
    return this.#cycles + this.#maxSequence + sequenceDistance(this.#maxSequence, sequenceNumber)
  }
}

function modulo(value: number, size: number): number {
  return ((value % size) + size) % size
}
