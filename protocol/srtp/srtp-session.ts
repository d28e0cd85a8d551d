/**
 * The SRTP and SRTCP of one media session, both directions: what key agreement (SDES or DTLS)
 * leads to. Holds keys; has no socket, no timer, and nothing to close.
 */

import type { Unprotected } from './failure.ts'
import { type SrtpMasterKey, type SrtpProfile, type SrtpProfileName, srtpProfiles } from './profile.ts'
import { replayWindowSize } from './replay-window.ts'
import { SrtcpContext } from './srtcp-context.ts'
import { SrtpContext } from './srtp-context.ts'

export interface SrtpKeying {
  readonly profile: SrtpProfileName
  /** What we send with. */
  readonly local: SrtpMasterKey
  /** What the other side sends with; differs from ours, or both would use the same keystream for the same SSRC. */
  readonly remote: SrtpMasterKey
}

interface Direction {
  readonly profile: SrtpProfile
  readonly master: SrtpMasterKey
  readonly rtp: SrtpContext
  /** Made when the first report passes: many calls are over before. */
  rtcp: SrtcpContext | undefined
}

export class SrtpSession {
  #local: Direction
  #remote: Direction
  /** The remote key before the last change, for packets that were under way. */
  #previous: Direction | undefined
  #sinceRekey = 0

  /** Throws RangeError when a key or salt has not the profile's length. */
  constructor({ profile, local, remote }: SrtpKeying) {
    this.#local = direction(profile, local)
    this.#remote = direction(profile, remote)
  }

  /** The profile we send with. */
  get profile(): SrtpProfileName {
    return this.#local.profile.name
  }

  /** Bytes an RTP packet of ours grows by. */
  get rtpOverhead(): number {
    return this.#local.rtp.overhead
  }

  /**
   * Protects the RTP packet in `bytes[0, length)` in place and returns its new length; `bytes` has
   * room for `rtpOverhead` more. Undefined: the key's lifetime is over and nothing may be sent.
   * Throws as `SrtpContext.protect` does.
   */
  protectRtp(bytes: Uint8Array, length: number): number | undefined {
    return this.#local.rtp.protect(bytes, length)
  }

  /** Never throws, and leaves `bytes` as they are. To be called before the RTP header is read: padding is encrypted. */
  unprotectRtp(bytes: Uint8Array): Unprotected {
    return this.#unprotect((from) => from.rtp.unprotect(bytes))
  }

  /** Protects a compound packet, in new bytes. Undefined: the key's lifetime is over and nothing may be sent. */
  protectRtcp(packet: Uint8Array): Buffer | undefined {
    return rtcpOf(this.#local).protect(packet)
  }

  /** Never throws, and leaves `bytes` as they are. */
  unprotectRtcp(bytes: Uint8Array): Unprotected {
    return this.#unprotect((from) => rtcpOf(from).unprotect(bytes))
  }

  /**
   * Takes new keys after a re-INVITE; a direction not named keeps its key. A new key is a new
   * crypto context whose rollover counter begins with 0 (RFC 4568 section 7.1.4). The old remote key
   * still opens what was under way until the new one has opened a replay window's worth.
   */
  rekey({ profile = this.profile, local, remote }: Partial<SrtpKeying>): void {
    if (local !== undefined) this.#local = direction(profile, local)
    if (remote === undefined) return
    this.#previous = this.#remote
    this.#remote = direction(profile, remote)
    this.#sinceRekey = 0
  }

  #unprotect(open: (from: Direction) => Unprotected): Unprotected {
    const result = open(this.#remote)
    if (this.#previous === undefined) return result
    if (!result.ok) {
      const late = open(this.#previous)
      return late.ok ? late : result
    }
    if (++this.#sinceRekey >= replayWindowSize) this.#previous = undefined
    return result
  }
}

function direction(name: SrtpProfileName, master: SrtpMasterKey): Direction {
  const profile = srtpProfiles[name]
  return { profile, master, rtp: new SrtpContext(profile, master), rtcp: undefined }
}

function rtcpOf(direction: Direction): SrtcpContext {
  direction.rtcp ??= new SrtcpContext(direction.profile, direction.master)
  return direction.rtcp
}
