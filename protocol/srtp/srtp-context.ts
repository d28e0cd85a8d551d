/**
 * SRTP in one direction under one master key (RFC 3711 section 3.3).
 *
 *     +---------------+-------------------+-----------+-------------------+
 *     | RTP header    | payload           | MKI       | authentication    |
 *     | with CSRC and | and padding       | (if       | tag               |
 *     | extension     |                   |  agreed)  |                   |
 *     +---------------+-------------------+-----------+-------------------+
 *       clear           encrypted
 *     |<-- authenticated, and in counter mode  -->|
 *          the rollover counter behind it
 *
 * In Galois/counter mode the tag belongs to the encrypted text, so that the MKI follows it
 * (RFC 7714 section 8.2).
 */

import { rtpHeaderLength } from '../rtp/packet.ts'
import { failures, type Unprotected } from './failure.ts'
import { deriveSessionKeys } from './key-derivation.ts'
import { Mki } from './mki.ts'
import { makePacketCipher, type PacketCipher } from './packet-cipher.ts'
import { estimateIndex, rolloverOf } from './packet-index.ts'
import type { SrtpMasterKey, SrtpProfile } from './profile.ts'
import { Sources } from './sources.ts'

/** RFC 3711 section 9.2. The index has as many values. */
const mostPackets = 2 ** 48

export class SrtpContext {
  /** Bytes a packet grows by. */
  readonly overhead: number
  readonly #tagLength: number
  readonly #tagFirst: boolean
  readonly #mki: Mki
  readonly #cipher: PacketCipher
  readonly #sources: Sources
  readonly #lifetime: number
  #packets = 0

  constructor(profile: SrtpProfile, master: SrtpMasterKey) {
    this.#mki = new Mki(master.mki)
    this.#tagLength = profile.rtpTagLength
    this.#tagFirst = profile.cipher === 'aes-gcm'
    this.overhead = this.#tagLength + this.#mki.length
    this.#cipher = makePacketCipher(profile, deriveSessionKeys(profile, master, 'rtp'), 'rtp')
    this.#sources = new Sources(this.#cipher)
    this.#lifetime = Math.min(master.lifetime ?? mostPackets, mostPackets)
  }

  /**
   * Protects the RTP packet in `bytes[0, length)` in place and returns its new length, `overhead`
   * more. Undefined: the key's lifetime is over, the packet must not be sent. Throws RangeError
   * on what is no RTP packet or leaves no room, and Error when a sequence number comes again:
   * two packets would share a keystream (RFC 3711 section 9.1).
   */
  protect(bytes: Uint8Array, length: number): number | undefined {
    const start = clearLength(bytes, length)
    if (start < 0) throw new RangeError(`${length} bytes that are no RTP packet`)
    if (bytes.length < length + this.overhead) throw new RangeError(`no room for ${this.overhead} bytes behind ${length}`)
    const ssrc = ssrcOf(bytes)
    const sequenceNumber = (bytes[2]! << 8) | bytes[3]!
    const source = this.#sources.find(ssrc)
    if (source === undefined) throw new Error('more sources are sent than one context keeps')
    const { highest } = source.window
    const index = estimateIndex(highest, sequenceNumber)
    if (this.#packets >= this.#lifetime || index >= mostPackets) return undefined
    if (index < 0 || source.window.check(index) !== 'new') {
      throw new Error(`sequence number ${sequenceNumber} of source ${ssrc} was sent under this key before`)
    }
    const { keystream } = source
    const work = { keystream, index, newest: index > highest, bytes, start, end: length, word: rolloverOf(index) }
    this.#cipher.seal(work, this.#tagFirst ? length : length + this.#mki.length)
    this.#mki.write(bytes, this.#tagFirst ? length + this.#tagLength : length)
    this.#sources.keep(source, index)
    this.#packets++
    return length + this.overhead
  }

  /**
   * Checks and decrypts a packet. Never throws. Replay is looked up before the tag is computed,
   * which is the cheaper; nothing is remembered before the tag has proved the packet, or a forged
   * one could move the window (section 3.3).
   */
  unprotect(bytes: Uint8Array): Unprotected {
    const end = bytes.length - this.overhead
    if (end < rtpHeaderLength) return failures.short
    const start = clearLength(bytes, end)
    if (start < 0) return failures.malformed
    if (!this.#mki.matches(bytes, this.#tagFirst ? end + this.#tagLength : end)) return failures['other-mki']
    const source = this.#sources.find(ssrcOf(bytes))
    if (source === undefined) return failures['too-many-sources']
    const { highest } = source.window
    const index = estimateIndex(highest, (bytes[2]! << 8) | bytes[3]!)
    if (index < 0) return failures.old
    if (this.#packets >= this.#lifetime || index >= mostPackets) return failures.lifetime
    const seen = source.window.check(index)
    if (seen !== 'new') return failures[seen]
    // A source nobody has proved gets its keystream packet by packet.
    const newest = highest >= 0 && index > highest
    const work = { keystream: source.keystream, index, newest, bytes, start, end, word: rolloverOf(index) }
    if (!this.#cipher.verify(work, this.#tagFirst ? end : end + this.#mki.length)) return failures.authentication
    this.#sources.keep(source, index)
    this.#packets++
    const packet = Buffer.allocUnsafe(end)
    for (let at = 0; at < start; at++) packet[at] = bytes[at]!
    this.#cipher.decrypt(work, packet)
    return { ok: true, packet, encrypted: true }
  }
}

function ssrcOf(bytes: Uint8Array): number {
  return ((bytes[8]! << 24) | (bytes[9]! << 16) | (bytes[10]! << 8) | bytes[11]!) >>> 0
}

/** Length of header, contributing sources and extension, -1 if they do not fit. Padding is encrypted and cannot be read here. */
function clearLength(bytes: Uint8Array, end: number): number {
  if (end < rtpHeaderLength || bytes[0]! >> 6 !== 2) return -1
  let start = rtpHeaderLength + 4 * (bytes[0]! & 0x0f)
  if ((bytes[0]! & 0x10) !== 0) {
    if (start + 4 > end) return -1
    start += 4 + 4 * ((bytes[start + 2]! << 8) | bytes[start + 3]!)
  }
  return start > end ? -1 : start
}
