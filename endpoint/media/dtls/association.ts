/**
 * Keys for SRTP by a DTLS handshake on the media path (RFC 5763, RFC 5764). One association
 * serves one media socket, and outlives its handshakes: each renegotiation that changes who
 * the far end is, or who begins, begins a new one (RFC 8842 section 5).
 *
 * It holds no socket: datagrams come in by `receive` and go out by `send`. With RTCP on a port
 * of its own (no RFC 5761), that port needs an association too.
 */

import type { Fingerprint, ProtectionProfile, SrtpKeying } from '../../../protocol/sdp/types.ts'
import { type Clock, systemClock } from '../../clock.ts'
import type { DtlsEnd } from './failure.ts'
import { sameFingerprints } from './fingerprint.ts'
import { Handshake } from './handshake.ts'
import type { DtlsIdentity } from './identity.ts'
import { messageTypes } from './messages.ts'
import { dtlsProfiles } from './profile.ts'
import { contentTypes, readFragments, readRecords } from './record.ts'

export interface DtlsAssociationOptions {
  readonly identity: DtlsIdentity
  /** Puts a datagram on its way to the far end's media address. What it throws is swallowed: the network loses datagrams too. */
  readonly send: (datagram: Uint8Array) => void
  /** Offered and accepted, in order of preference; those without a number in use_srtp are left out. Default: all, strongest first. */
  readonly profiles?: readonly ProtectionProfile[]
  readonly clock?: Clock
  /** Until a flight is repeated for the first time, milliseconds; doubles with each repetition. Default 400 (RFC 9147 section 5.8.2, for DTLS-SRTP). */
  readonly retransmitMs?: number
  /** A handshake that takes longer fails, milliseconds. Default 30,000. */
  readonly timeoutMs?: number
}

/** What signalling settled. */
export interface DtlsAgreement {
  /** Our part: the active side is the client and begins. */
  readonly setup: 'active' | 'passive'
  /** At least one. */
  readonly remoteFingerprints: readonly Fingerprint[]
}

/** `new`: signalling has not said yet who begins. */
export type DtlsState = 'new' | 'connecting' | 'connected' | 'failed' | 'closed'

/** Datagrams kept from before signalling said what to make of them. */
const mostEarly = 8

export class DtlsAssociation {
  /** Called once for each handshake that succeeded. */
  onKeys: ((keys: SrtpKeying) => void) | undefined
  /** Called when a handshake failed, or the far end closed; not by `close`. `start` may follow. */
  onEnd: ((end: DtlsEnd) => void) | undefined
  readonly #options: Required<DtlsAssociationOptions>
  #state: DtlsState = 'new'
  #keys: SrtpKeying | undefined
  #agreement: DtlsAgreement | undefined
  #handshake: Handshake | undefined
  #early: Buffer[] = []

  /** Throws RangeError when no profile is left to offer. */
  constructor(options: DtlsAssociationOptions) {
    const profiles = (options.profiles ?? dtlsProfiles).filter((profile) => dtlsProfiles.includes(profile))
    if (profiles.length === 0) throw new RangeError('DTLS-SRTP has none of these profiles')
    this.#options = { clock: systemClock, retransmitMs: 400, timeoutMs: 30_000, ...options, profiles }
  }

  get state(): DtlsState {
    return this.#state
  }

  /** While connected; a new handshake begins without them. */
  get keys(): SrtpKeying | undefined {
    return this.#keys
  }

  /**
   * Begins a handshake, or waits for the far end's. A renegotiation that changed nothing changes nothing here,
   * unless `anew` asks for it (the far end moved, or named a new association).
   * Throws RangeError without a fingerprint: keys from a stranger are none. No effect once closed.
   */
  start(agreement: DtlsAgreement, { anew = false } = {}): void {
    if (agreement.remoteFingerprints.length === 0) throw new RangeError('DTLS-SRTP needs a fingerprint of the far end')
    if (this.#state === 'closed' || (!anew && this.#goesOn(agreement))) return
    this.#handshake?.stop(false)
    this.#agreement = agreement
    this.#keys = undefined
    this.#state = 'connecting'
    const handshake = new Handshake(agreement.setup === 'active' ? 'client' : 'server', {
      ...this.#options,
      fingerprints: agreement.remoteFingerprints,
      send: (datagram) => this.#send(datagram),
      onKeys: (keys) => {
        this.#state = 'connected'
        this.#keys = keys
        this.onKeys?.(keys)
      },
      onEnd: (end) => {
        this.#state = 'failed'
        this.#keys = undefined
        this.onEnd?.(end)
      },
    })
    this.#handshake = handshake
    const early = this.#early
    this.#early = []
    if (agreement.setup === 'passive') for (const datagram of early) handshake.receive(datagram)
  }

  /** A datagram of kind `dtls` from the far end. Never throws; what cannot be read is dropped. */
  receive(datagram: Uint8Array): void {
    if (this.#state === 'closed') return
    const copy = Buffer.from(datagram)
    if (this.#state !== 'connecting' && beginsHandshake(copy)) {
      // The far end may begin before its answer, or its new offer, has reached us.
      this.#early.push(copy)
      if (this.#early.length > mostEarly) this.#early.shift()
    } else if (this.#state !== 'new') this.#handshake?.receive(copy)
  }

  /** Tells the far end, and leaves no timer behind. No event follows. */
  close(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#keys = undefined
    this.#early = []
    this.#handshake?.stop(true)
    this.#handshake = undefined
  }

  #goesOn({ setup, remoteFingerprints }: DtlsAgreement): boolean {
    const running = this.#state === 'connecting' || this.#state === 'connected'
    return running && this.#agreement?.setup === setup && sameFingerprints(this.#agreement.remoteFingerprints, remoteFingerprints)
  }

  #send(datagram: Buffer): void {
    try {
      this.#options.send(datagram)
    } catch {
      // Repeated like one that was lost.
    }
  }
}

/** A ClientHello that nothing came before: its record is in clear and its message_seq 0. */
function beginsHandshake(datagram: Buffer): boolean {
  const [record] = readRecords(datagram)
  if (record?.type !== contentTypes.handshake || record.epoch !== 0) return false
  const [fragment] = readFragments(record.fragment) ?? []
  return fragment?.type === messageTypes.clientHello && fragment.sequence === 0
}
