/** Sends one RTP stream: numbering, counting, tap. Allocates nothing per packet unless tapped. */

import { randomInt } from 'node:crypto'
import type { Socket } from 'node:dgram'
import { rtpHeaderLength, writeRtpHeader } from '../../protocol/rtp/packet.ts'
import type { CodecName } from '../../protocol/sdp/types.ts'
import type { Address } from '../../protocol/wire.ts'

/** What our audio packets carry. */
export interface SendFormat {
  readonly codec: CodecName
  readonly payloadType: number
  /** Hz, of the RTP timestamps. */
  readonly clockRate: number
}

/**
 * Protects the packet in `bytes[0, length)` in place and returns its new length, at most
 * `mostProtection` more. Undefined: it must not be sent.
 */
export type Seal = (bytes: Uint8Array, length: number) => number | undefined

export interface RtpSenderOptions {
  readonly socket: Socket
  /** Every n-th packet is left out though it was numbered; 0 for none. */
  readonly dropEvery: number
  readonly onSent?: ((bytes: Uint8Array, remote: Address) => void) | undefined
}

/** Packets the socket may not have taken over yet when their buffer is used again. */
const bufferCount = 8
const longestPacket = 1500
/** Authentication tag (16) and master key identifier. */
const mostProtection = 64

export class RtpSender {
  readonly ssrc = randomInt(1, 2 ** 32)
  /** Timestamp of the next audio packet. */
  timestamp = randomInt(2 ** 32)
  /** Absent: packets leave as plain RTP. */
  seal: Seal | undefined
  readonly #options: RtpSenderOptions
  /** Made as they are used: calls that send nothing are many in load tests. */
  readonly #buffers: Uint8Array[] = []
  readonly #payloadTypes = new Uint32Array(128)
  #sequenceNumber = randomInt(2 ** 15)
  #numbered = 0
  #packets = 0
  #bytes = 0

  constructor(options: RtpSenderOptions) {
    this.#options = options
  }

  get packets(): number {
    return this.#packets
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Packets sent by payload type number. */
  payloadTypes(): Record<number, number> {
    const table: Record<number, number> = {}
    const counts = this.#payloadTypes
    for (let type = 0; type < counts.length; type++) if (counts[type]! > 0) table[type] = counts[type]!
    return table
  }

  /** Sends one packet; `payload` is copied. Longer than a datagram may be, it is not sent. */
  send(target: Address, marker: boolean, payloadType: number, timestamp: number, payload: Uint8Array): void {
    const length = rtpHeaderLength + payload.length
    if (length > longestPacket) return
    this.#sequenceNumber = (this.#sequenceNumber + 1) & 0xffff
    const { socket, dropEvery, onSent } = this.#options
    if (++this.#numbered % dropEvery === 0) return
    const place = this.#packets % bufferCount
    this.#buffers[place] ??= new Uint8Array(longestPacket + mostProtection)
    const bytes = this.#buffers[place]
    writeRtpHeader(bytes, marker, payloadType, this.#sequenceNumber, timestamp, this.ssrc)
    bytes.set(payload, rtpHeaderLength)
    const sealed = this.seal === undefined ? length : this.seal(bytes, length)
    if (sealed === undefined) return
    this.#packets++
    this.#bytes += payload.length
    this.#payloadTypes[payloadType]!++
    socket.send(bytes, 0, sealed, target.port, target.address)
    onSent?.(bytes.subarray(0, sealed), target)
  }
}
