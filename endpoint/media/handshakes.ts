/**
 * The DTLS associations of one session: one on the RTP port, and one on the RTCP port unless the
 * two share one (RFC 5764 section 4.1). Made when the first agreement on DTLS, or the first
 * datagram of it, comes: most calls never need them.
 */

import type { ProtectionProfile, SrtpKeying } from '../../protocol/sdp/types.ts'
import type { Address } from '../../protocol/wire.ts'
import { type DtlsAgreement, DtlsAssociation } from './dtls/association.ts'
import type { DtlsEnd } from './dtls/failure.ts'
import { anyCertificate } from './dtls/fingerprint.ts'
import type { DtlsIdentity } from './dtls/identity.ts'

/** Which packets a key is for: RTCP has one of its own when each port has its own handshake. */
export type Flow = 'rtp' | 'rtcp'

/** @param heardFrom where the newest datagram of the other side came from: it may sit behind a NAT. */
export type SendDatagram = (flow: Flow, datagram: Uint8Array, heardFrom: Address | undefined) => void

export interface HandshakesOptions {
  readonly identity: DtlsIdentity
  readonly suites: readonly ProtectionProfile[] | undefined
  /** Any certificate is taken: a fault. */
  readonly acceptAny: boolean
  readonly send: SendDatagram
  readonly onKeys: (flow: Flow, keys: SrtpKeying, heardFrom: Address | undefined) => void
  /** That of RTP failed, or was closed by the other side. */
  readonly onEnd: (end: DtlsEnd) => void
}

export class Handshakes {
  readonly #options: HandshakesOptions
  readonly #associations = new Map<Flow, DtlsAssociation>()
  readonly #heardFrom = new Map<Flow, Address>()
  #state: 'pending' | 'done' | 'failed' = 'pending'

  constructor(options: HandshakesOptions) {
    this.#options = options
  }

  /** Of the handshake that keys RTP. An association that was up and then closed was done. */
  get state(): 'pending' | 'done' | 'failed' {
    return this.#state
  }

  /** Takes over what was agreed: begins, waits, or lets what goes on go on. */
  start(agreement: DtlsAgreement, muxed: boolean): void {
    if (muxed) this.#close('rtcp')
    for (const flow of muxed ? (['rtp'] as const) : (['rtp', 'rtcp'] as const)) {
      const association = this.#association(flow)
      association.start(this.#options.acceptAny ? { ...agreement, remoteFingerprints: anyCertificate } : agreement)
      if (flow === 'rtp' && association.state === 'connecting') this.#state = 'pending'
    }
  }

  receive(flow: Flow, datagram: Uint8Array, from: Address): void {
    this.#heardFrom.set(flow, from)
    this.#association(flow).receive(datagram)
  }

  /** Tells the other side; a later agreement begins anew. */
  close(): void {
    for (const flow of [...this.#associations.keys()]) this.#close(flow)
  }

  #association(flow: Flow): DtlsAssociation {
    let association = this.#associations.get(flow)
    if (association !== undefined) return association
    const { identity, suites, send, onKeys, onEnd } = this.#options
    association = new DtlsAssociation({
      identity,
      send: (datagram) => send(flow, datagram, this.#heardFrom.get(flow)),
      ...(suites === undefined ? {} : { profiles: suites }),
    })
    association.onKeys = (keys) => {
      if (flow === 'rtp') this.#state = 'done'
      onKeys(flow, keys, this.#heardFrom.get(flow))
    }
    association.onEnd = (end) => {
      if (flow !== 'rtp') return
      if (end.code !== 'closed-by-peer') this.#state = 'failed'
      onEnd(end)
    }
    this.#associations.set(flow, association)
    return association
  }

  #close(flow: Flow): void {
    this.#associations.get(flow)?.close()
    this.#associations.delete(flow)
  }
}
