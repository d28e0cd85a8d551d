/**
 * What it was that did not authenticate as SRTP: most likely plain RTP, or something else. Only for
 * statistics, as both are dropped; yet "they agreed to SRTP and send plain" and "they use
 * another key" are different faults, and each has its own cure.
 */

import { parseCompound } from '../../protocol/rtcp/compound.ts'
import { RtpHeader } from '../../protocol/rtp/packet.ts'
import type { ReceiveFormats } from '../../protocol/rtp/received-audio.ts'
import type { CodecName } from '../../protocol/sdp/types.ts'

/** G.711 comes in multiples of 10 ms; every SRTP tag (4, 10, 16 bytes) puts a packet between two of them. */
const g711Step = 80
const eventLength = 4

export class PlainGuess {
  readonly #header = new RtpHeader()
  /** First byte of the last Opus payload: configuration, stereo, frame count. One encoder repeats it, ciphertext does not. */
  #opusBegin: number | undefined

  /** An RTP packet that is not authentic. */
  rtp(bytes: Uint8Array, formats: ReceiveFormats): boolean {
    const header = this.#header
    if (header.read(bytes) !== undefined) return false
    const length = header.payloadEnd - header.payloadStart
    if (formats.events[header.payloadType] !== undefined) return length === eventLength
    const codec: CodecName | undefined = formats.audio[header.payloadType]
    if (codec !== 'opus') return length > 0 && length % g711Step === 0
    const begin = bytes[header.payloadStart]
    const repeated = begin === this.#opusBegin
    this.#opusBegin = begin
    return repeated
  }

  /** An RTCP packet that is not authentic. SRTCP has an index and a tag behind what can be read. */
  rtcp(bytes: Uint8Array): boolean {
    return parseCompound(bytes).ok
  }
}
