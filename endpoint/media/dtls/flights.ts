/**
 * Sends flights, and sends them again until the far end replies (RFC 6347 section 4.2.4).
 * Every transmission gets record sequence numbers of its own: a receiver takes a record whose
 * number it has seen for a replay.
 */

import type { Clock, Timer } from '../../clock.ts'
import { writeRecord } from './record.ts'
import type { Outgoing } from './werift-end.ts'

/** Bytes of UDP payload: fits every path that carries voice. Only a single longer record exceeds it. */
const mostDatagram = 1200
/** "up to no less than the RFC 6298 maximum of 60 seconds". */
const mostBackoffMs = 60_000

interface FlightsOptions {
  readonly send: (datagram: Buffer) => void
  readonly seal: (outgoing: Outgoing, sequence: number) => Buffer
  readonly clock: Clock
  /** Wait before the first repetition; doubles with each. */
  readonly retransmitMs: number
}

export class Flights {
  readonly #options: FlightsOptions
  /** Of the last flight. */
  #records: readonly Outgoing[] = []
  readonly #nextSequence = [0, 0]
  #epoch: 0 | 1 = 0
  #timer: Timer | undefined

  constructor(options: FlightsOptions) {
    this.#options = options
  }

  /** Takes the place of the flight before. `repeat`: until the next flight or `stop`; otherwise only when told. */
  send(records: readonly Outgoing[], repeat: boolean): void {
    this.stop()
    this.#records = records
    // Before sending, which may come back at once as the end of it all.
    if (repeat) this.#wait(this.#options.retransmitMs)
    this.#transmit(records)
  }

  /** The last flight, once more. */
  again(): void {
    this.#transmit(this.#records)
  }

  /** An alert, sealed once anything was. */
  alert(fatal: boolean, description: number): void {
    this.#transmit([{ type: 21, epoch: this.#epoch, content: Buffer.from([fatal ? 2 : 1, description]) }])
  }

  /** Whether anything was sent at all. */
  get begun(): boolean {
    return this.#nextSequence[0]! > 0
  }

  /** Numbers go on from here in clear records (RFC 6347 section 4.2.1 for replies to a hello). */
  skipTo(sequence: number): void {
    this.#nextSequence[0] = Math.max(this.#nextSequence[0]!, sequence)
  }

  /** No repetition any more. */
  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #wait(ms: number): void {
    this.#timer = this.#options.clock.setTimer(ms, () => {
      this.#wait(Math.min(2 * ms, mostBackoffMs))
      this.again()
    })
  }

  #transmit(outgoing: readonly Outgoing[]): void {
    let datagram: Buffer[] = []
    let size = 0
    for (const record of outgoing) {
      const { type, epoch, content } = record
      this.#epoch = epoch
      const sequence = this.#nextSequence[epoch]!++
      const bytes = writeRecord({ type, epoch, sequence, fragment: epoch === 0 ? content : this.#options.seal(record, sequence) })
      if (size > 0 && size + bytes.length > mostDatagram) {
        this.#options.send(Buffer.concat(datagram))
        datagram = []
        size = 0
      }
      datagram.push(bytes)
      size += bytes.length
    }
    if (size > 0) this.#options.send(Buffer.concat(datagram))
  }
}
