/**
 * The protection of one session's packets, between its sockets and its RTP: SRTP and SRTCP
 * once there are keys, DTLS handshakes to get them, and counts of all that did not pass.
 *
 *            answer without keying
 *  waiting -------------------------------> plain (the session goes around this)
 *     |      SDES keys
 *     +-----------------------------------> keyed
 *     |      fingerprint       handshake
 *     +----------> handshaking ----------->  "     a new one goes on under the old keys
 */

import type { ReceiveFormats } from '../../protocol/rtp/received-audio.ts'
import type { Keying, MasterKey, Negotiated, Protection, SrtpKeying } from '../../protocol/sdp/types.ts'
import type { SrtpFailure } from '../../protocol/srtp/failure.ts'
import { SrtpSession } from '../../protocol/srtp/srtp-session.ts'
import type { Address } from '../../protocol/wire.ts'
import { epochNow } from '../clock.ts'
import type { FaultSet } from '../faults.ts'
import type { DtlsEnd } from './dtls/failure.ts'
import type { DtlsIdentity } from './dtls/identity.ts'
import { type Flow, Handshakes, type SendDatagram } from './handshakes.ts'
import { PlainGuess } from './plain-guess.ts'
import type { Seal } from './rtp-sender.ts'
import { sealUnder } from './sabotage.ts'
import type { ProtectionStats, SrtpKeys } from './types.ts'

export interface ProtectedPathOptions {
  readonly protection: Protection
  readonly identity: DtlsIdentity | undefined
  readonly faults: FaultSet
  /** Puts a handshake's datagram on its way. */
  readonly sendDatagram: SendDatagram
  /** Keys came into use: what may be sent, and how, is to be looked up anew. `from` is where a handshake that led to them came from. */
  readonly onKeyed: (from: Address | undefined) => void
  /** There are no keys any more, or will never be. */
  readonly onFailed: (end: DtlsEnd) => void
  readonly onKeys: ((keys: SrtpKeys) => void) | undefined
}

export class ProtectedPath {
  readonly #options: ProtectedPathOptions
  readonly #handshakes: Handshakes | undefined
  readonly #guess = new PlainGuess()
  #rtp: SrtpSession | undefined
  /** The same as `#rtp` but with DTLS on two ports. */
  #rtcp: SrtpSession | undefined
  #keys: SrtpKeying | undefined
  #agreed: Negotiated | undefined
  /** The other side closed the association: what it sent before may still come, on the other port above all. */
  #left = false
  #srtpSent = 0
  #srtpReceived = 0
  #plainReceived = 0
  #authFailures = 0
  #replayed = 0

  constructor(options: ProtectedPathOptions) {
    this.#options = options
    if (options.identity === undefined) return
    this.#handshakes = new Handshakes({
      identity: options.identity,
      suites: options.protection.suites,
      acceptAny: options.faults.has('dtls-accept-any-fingerprint'),
      send: options.sendDatagram,
      onKeys: (flow, keys, from) => this.#useHandshake(flow, keys, from),
      onEnd: (end) => this.#endHandshake(end),
    })
  }

  /** Takes over what was agreed. */
  apply(negotiated: Negotiated): void {
    this.#agreed = negotiated
    const { keying, srtp, dtls, rtcpMux = false } = negotiated
    if (keying !== 'dtls') this.#handshakes?.close()
    if (dtls !== undefined) this.#handshakes?.start(dtls, rtcpMux)
    else if (srtp !== undefined) this.#use(srtp, 'sdes')
    else {
      this.#forget()
      this.#keys = undefined
    }
  }

  /** Packets pass as they are: plain RTP was agreed. Before anything is agreed they do not. */
  get plain(): boolean {
    return this.#agreed !== undefined && this.#agreed.keying === undefined
  }

  /** Media may be sent: plain was agreed, or there are keys. */
  get open(): boolean {
    return this.plain || (this.#rtp !== undefined && !this.#left)
  }

  /** How RTP packets are to leave; undefined: as they are. */
  get seal(): Seal | undefined {
    return this.plain ? undefined : sealUnder(this.#options.faults, this.#sealRtp)
  }

  /** How RTCP packets are to leave; undefined: as they are. */
  get sealRtcp(): ((bytes: Uint8Array) => Uint8Array | undefined) | undefined {
    return this.plain ? undefined : this.#sealRtcp
  }

  /** The RTP packet that came protected; undefined: drop it. */
  openRtp(bytes: Uint8Array, formats: ReceiveFormats): Uint8Array | undefined {
    const result = this.#rtp?.unprotectRtp(bytes)
    if (result === undefined) return undefined
    if (!result.ok) return this.#drop(result.error, () => this.#guess.rtp(bytes, formats))
    this.#srtpReceived++
    return result.packet
  }

  /** The RTCP packet that came protected; undefined: drop it. */
  openRtcp(bytes: Uint8Array): Uint8Array | undefined {
    const result = this.#rtcp?.unprotectRtcp(bytes)
    if (result === undefined) return undefined
    if (!result.ok) return this.#drop(result.error, () => this.#guess.rtcp(bytes))
    this.#srtpReceived++
    return result.packet
  }

  /** A datagram of a handshake. */
  handshake(flow: Flow, bytes: Uint8Array, from: Address): void {
    this.#handshakes?.receive(flow, bytes, from)
  }

  stats(): ProtectionStats {
    const { profile = 'RTP/AVP', keying } = this.#agreed ?? {}
    const state = keying === 'dtls' ? this.#handshakes?.state : undefined
    return {
      profile,
      ...(keying === undefined ? {} : { keying }),
      ...(this.#keys === undefined ? {} : { suite: this.#keys.profile }),
      srtpSent: this.#srtpSent,
      srtpReceived: this.#srtpReceived,
      plainReceived: this.#plainReceived,
      authFailures: this.#authFailures,
      replayed: this.#replayed,
      ...(state === undefined ? {} : { handshake: state }),
    }
  }

  close(): void {
    this.#handshakes?.close()
  }

  readonly #sealRtp = (bytes: Uint8Array, length: number): number | undefined => {
    const sealed = this.#rtp?.protectRtp(bytes, length)
    if (sealed !== undefined) this.#srtpSent++
    return sealed
  }

  readonly #sealRtcp = (bytes: Uint8Array): Uint8Array | undefined => {
    const sealed = this.#left ? undefined : this.#rtcp?.protectRtcp(bytes)
    if (sealed !== undefined) this.#srtpSent++
    return sealed
  }

  #drop(error: SrtpFailure, isPlain: () => boolean): undefined {
    if (error.why === 'replayed' || error.why === 'old') this.#replayed++
    else if (isPlain()) this.#plainReceived++
    else this.#authFailures++
  }

  /** A key that stays keeps its context: its rollover counter and replay window go on. */
  #use(keys: SrtpKeying, keying: Keying, from?: Address): void {
    const before = this.#keys
    const sameProfile = before?.profile === keys.profile
    const local = !(sameProfile && sameKey(before.local, keys.local))
    const remote = !(sameProfile && sameKey(before.remote, keys.remote))
    this.#left = false
    if (this.#rtp !== undefined && !local && !remote) return
    this.#keys = keys
    if (this.#rtp === undefined) this.#rtp = new SrtpSession(keys)
    else this.#rtp.rekey({ profile: keys.profile, ...(local ? { local: keys.local } : {}), ...(remote ? { remote: keys.remote } : {}) })
    if (keying === 'sdes' || this.#agreed?.rtcpMux === true) this.#rtcp = this.#rtp
    this.#options.onKeys?.({ ...keys, keying, at: epochNow() })
    this.#options.onKeyed(from)
  }

  #useHandshake(flow: Flow, keys: SrtpKeying, from: Address | undefined): void {
    if (flow === 'rtp') this.#use(keys, 'dtls', from)
    else this.#rtcp = new SrtpSession(keys)
  }

  /** Media ends with the association that keyed it: nothing may be sent to one whose certificate is another's. */
  #endHandshake(end: DtlsEnd): void {
    if (end.code === 'closed-by-peer') this.#left = true
    else this.#forget()
    this.#options.onFailed(end)
  }

  #forget(): void {
    this.#rtp = undefined
    this.#rtcp = undefined
  }
}

function sameKey(a: MasterKey, b: MasterKey): boolean {
  return Buffer.compare(a.key, b.key) === 0 && Buffer.compare(a.salt, b.salt) === 0
}
