/**
 * SRTCP in one direction under one master key (RFC 3711 section 3.4). The index is sent, so that
 * nothing needs to be estimated; E says whether the packet is encrypted.
 *
 *     +--------------------+---------------+---+-----------------+-------+-------+
 *     | RTCP header and    | the rest of   | E | SRTCP index     | MKI   | tag   |
 *     | SSRC of the first  | the compound  |   | (31 bits)       |       |       |
 *     +--------------------+---------------+---+-----------------+-------+-------+
 *       clear                encrypted
 *     |<-- authenticated                                      -->|
 *
 * In Galois/counter mode the tag follows the encrypted text: rest, tag, E and index, MKI
 * (RFC 7714 section 9.2).
 */

import { failures, type Unprotected } from './failure.ts'
import { deriveSessionKeys } from './key-derivation.ts'
import { Mki } from './mki.ts'
import { makePacketCipher, type PacketCipher } from './packet-cipher.ts'
import type { SrtpMasterKey, SrtpProfile } from './profile.ts'
import { Sources } from './sources.ts'

/** RFC 3711 section 9.2. The index has as many values. */
const mostPackets = 2 ** 31
/** Header and SSRC. */
const clearLength = 8
const wordLength = 4
const encryptedFlag = 0x8000_0000

export class SrtcpContext {
  readonly #tagLength: number
  readonly #tagFirst: boolean
  readonly #mki: Mki
  readonly #cipher: PacketCipher
  readonly #sources: Sources
  readonly #lifetime: number
  #packets = 0

  constructor(profile: SrtpProfile, master: SrtpMasterKey) {
    this.#mki = new Mki(master.mki)
    this.#tagLength = profile.rtcpTagLength
    this.#tagFirst = profile.cipher === 'aes-gcm'
    this.#cipher = makePacketCipher(profile, deriveSessionKeys(profile, master, 'rtcp'), 'rtcp')
    this.#sources = new Sources(this.#cipher)
    this.#lifetime = Math.min(master.lifetime ?? mostPackets, mostPackets)
  }

  /** The protected compound packet, in new bytes. Undefined: the key's lifetime is over. Throws RangeError on what is no RTCP packet. */
  protect(packet: Uint8Array): Buffer | undefined {
    if (packet.length < clearLength || packet[0]! >> 6 !== 2) throw new RangeError(`${packet.length} bytes that are no RTCP packet`)
    const source = this.#sources.find(ssrcOf(packet))
    if (source === undefined) throw new Error('more sources are sent than one context keeps')
    const index = source.window.highest + 1
    if (this.#packets >= this.#lifetime || index >= mostPackets) return undefined
    const end = packet.length
    const bytes = Buffer.alloc(end + wordLength + this.#mki.length + this.#tagLength)
    bytes.set(packet)
    const at = this.#layout(end)
    const word = encryptedFlag + index
    bytes.writeUInt32BE(word, at.word)
    this.#mki.write(bytes, at.mki)
    this.#cipher.seal({ keystream: source.keystream, index, newest: false, bytes, start: clearLength, end, word }, at.tag)
    this.#sources.keep(source, index)
    this.#packets++
    return bytes
  }

  /** Checks and decrypts a packet. Never throws. The order of the checks is SRTP's. */
  unprotect(bytes: Uint8Array): Unprotected {
    const end = bytes.length - wordLength - this.#mki.length - this.#tagLength
    if (end < clearLength) return failures.short
    if (bytes[0]! >> 6 !== 2) return failures.malformed
    const at = this.#layout(end)
    if (!this.#mki.matches(bytes, at.mki)) return failures['other-mki']
    const source = this.#sources.find(ssrcOf(bytes))
    if (source === undefined) return failures['too-many-sources']
    if (this.#packets >= this.#lifetime) return failures.lifetime
    const word = wordAt(bytes, at.word)
    const encrypted = word >= encryptedFlag
    const index = encrypted ? word - encryptedFlag : word
    const seen = source.window.check(index)
    if (seen !== 'new') return failures[seen]
    const start = encrypted ? clearLength : end
    const work = { keystream: source.keystream, index, newest: false, bytes, start, end, word }
    if (!this.#cipher.verify(work, at.tag)) return failures.authentication
    this.#sources.keep(source, index)
    this.#packets++
    const packet = Buffer.from(bytes.subarray(0, end))
    if (encrypted) this.#cipher.decrypt(work, packet)
    return { ok: true, packet, encrypted }
  }

  #layout(end: number): { readonly word: number; readonly mki: number; readonly tag: number } {
    const word = this.#tagFirst ? end + this.#tagLength : end
    const mki = word + wordLength
    return { word, mki, tag: this.#tagFirst ? end : mki + this.#mki.length }
  }
}

function ssrcOf(bytes: Uint8Array): number {
  return wordAt(bytes, 4)
}

function wordAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
}
