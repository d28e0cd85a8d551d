/**
 * Which source of media is believed, and where media goes (symmetric RTP, RFC 4961; latching, RFC 7362).
 * Pure. The rules, in order:
 *
 * 1. The signalled address is always believed, and takes over at once.
 * 2. Nobody heard yet: the first source whose packets could be ours is latched to.
 * 3. The source latched to is believed.
 * 4. The same SSRC with its sequence going on, from elsewhere, is a NAT that gave the call a new mapping:
 *    followed at once. Nobody off the path can know these numbers.
 * 5. The source latched to has been quiet for a second: another one that sends two packets in
 *    sequence takes over.
 * 6. Everything else is a stranger and is dropped.
 *
 * With SRTP none of this guessing is needed: whatever authenticates comes from the other side, and its
 * newest packet tells where that is. What does not never gets here.
 */

import { sequenceDistance } from '../../protocol/rtp/sequence.ts'
import type { Address } from '../../protocol/wire.ts'

const quietMs = 1000
/** Rule 4: packets that may have been lost while the mapping changed. */
const rebindingWindow = 100

interface Source {
  readonly address: string
  readonly port: number
  ssrc: number
  sequenceNumber: number
  heardAt: number
}

export class MediaLatch {
  readonly #enabled: boolean
  #signalled: Address | undefined
  #current: Source | undefined
  #candidate: Source | undefined

  /** Not enabled, media goes to the signalled address whatever comes in; the rules for believing stay. */
  constructor(enabled: boolean) {
    this.#enabled = enabled
  }

  /** Sets the address of the remote description. A new one forgets what was learnt. */
  signal(address: Address): void {
    if (this.#signalled?.address === address.address && this.#signalled.port === address.port) return
    const known = this.#signalled !== undefined
    this.#signalled = address
    if (known) this.#current = undefined
    this.#candidate = undefined
  }

  /** Where media is to go; undefined before negotiation. */
  get target(): Address | undefined {
    return this.#enabled && this.#signalled !== undefined ? (this.#current ?? this.#signalled) : this.#signalled
  }

  /** A source was believed since the last description. */
  get heard(): boolean {
    return this.#current !== undefined
  }

  /** Media goes elsewhere than was signalled. */
  get latched(): boolean {
    const target = this.target
    return target !== undefined && (target.address !== this.#signalled!.address || target.port !== this.#signalled!.port)
  }

  /** Judges one packet; true when its source is believed. `known`: its payload type can belong to this call. */
  accept(address: string, port: number, ssrc: number, sequenceNumber: number, known: boolean, nowMs: number): boolean {
    const current = this.#current
    if (current !== undefined && current.port === port && current.address === address) {
      current.ssrc = ssrc
      current.sequenceNumber = sequenceNumber
      current.heardAt = nowMs
      return true
    }
    const source = { address, port, ssrc, sequenceNumber, heardAt: nowMs }
    if (this.#signalled?.port === port && this.#signalled.address === address) return this.#follow(source)
    if (!known) return false
    if (current === undefined) return this.#follow(source)
    const distance = sequenceDistance(current.sequenceNumber, sequenceNumber)
    if (ssrc === current.ssrc && distance > 0 && distance <= rebindingWindow) return this.#follow(source)
    if (nowMs - current.heardAt < quietMs) return false
    const candidate = this.#candidate
    this.#candidate = source
    if (candidate === undefined || candidate.port !== port || candidate.address !== address || candidate.ssrc !== ssrc) return false
    return sequenceDistance(candidate.sequenceNumber, sequenceNumber) === 1 && this.#follow(source)
  }

  /** Takes note of one packet that proved to be the other side's. Late ones of an old source change nothing. */
  acceptAuthentic(address: string, port: number, ssrc: number, sequenceNumber: number, nowMs: number): void {
    const current = this.#current
    const newer = current === undefined || current.ssrc !== ssrc || sequenceDistance(current.sequenceNumber, sequenceNumber) > 0
    if (!newer) return
    if (current?.port === port && current.address === address) {
      current.ssrc = ssrc
      current.sequenceNumber = sequenceNumber
      current.heardAt = nowMs
    } else this.#follow({ address, port, ssrc, sequenceNumber, heardAt: nowMs })
  }

  #follow(source: Source): boolean {
    this.#current = source
    this.#candidate = undefined
    return true
  }
}
