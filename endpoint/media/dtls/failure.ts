/** How associations end, and what is said to the far end about it. */

/** Alert descriptions (RFC 5246 section 7.2). */
export const alerts = {
  closeNotify: 0,
  unexpectedMessage: 10,
  handshakeFailure: 40,
  badCertificate: 42,
  illegalParameter: 47,
  decodeError: 50,
  decryptError: 51,
  protocolVersion: 70,
  internalError: 80,
} as const

export type DtlsEndCode =
  /** The far end closed it, or gave it up after it was up. */
  | 'closed-by-peer'
  /** The far end refused the handshake by a fatal alert. */
  | 'refused'
  /** No handshake, or not the whole of it, in the time given. */
  | 'timeout'
  /** The certificate is none of those signalling named. */
  | 'wrong-fingerprint'
  /** The far end brought no certificate. */
  | 'no-certificate'
  /** The far end does not hold the certificate's key, or did not see the handshake that we saw. */
  | 'unproven'
  /** Nothing in common: SRTP profile, cipher suite, curve or version. */
  | 'nothing-in-common'
  /** The far end broke the protocol. */
  | 'broken-protocol'

/** Why there are no keys, or no association any more. */
export interface DtlsEnd {
  readonly code: DtlsEndCode
  /** For people. */
  readonly detail: string
}

/** An end that this side decides on; `alert` is the description of the fatal alert that tells the far end. */
export interface Failure extends DtlsEnd {
  readonly alert?: number
}
