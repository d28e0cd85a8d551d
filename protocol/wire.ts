/**
 * What crossed a socket, as a tap beside that socket saw it. Everything a verdict
 * rests on is made of these two values, whoever took them: an endpoint of ours, or
 * a packet capture beside a real product.
 */

export type Transport = 'udp' | 'tcp' | 'tls'

/** An IP address (IPv6 without brackets) and a port. */
export interface Address {
  readonly address: string
  readonly port: number
}

/** What TLS settled on for one connection. `peerNames` are the certificate's subject alternative names. */
export interface TlsFacts {
  readonly version: string
  readonly cipher: string
  readonly authorized: boolean
  readonly verifyError?: string
  readonly peerNames: readonly string[]
  readonly servername?: string
}

/** One SIP message (or one unreadable frame) on the wire, decrypted if it travelled over TLS. */
export interface SipWire {
  /** Epoch milliseconds, fractional. */
  readonly at: number
  /** Seen from the tapped host. */
  readonly dir: 'in' | 'out'
  readonly transport: Transport
  readonly local: Address
  readonly remote: Address
  readonly bytes: Uint8Array
  readonly tls?: TlsFacts
}

/** One RTP or RTCP packet on the wire, as it was sent (still encrypted if it was). */
export interface RtpWire {
  readonly at: number
  readonly dir: 'in' | 'out'
  readonly kind: 'rtp' | 'rtcp'
  readonly local: Address
  readonly remote: Address
  readonly bytes: Uint8Array
}

/** Bytes of a TLS connection as they were on the path: what everybody between its two ends sees. */
export interface PathWire {
  readonly at: number
  readonly dir: 'in' | 'out'
  readonly local: Address
  readonly remote: Address
  readonly bytes: Uint8Array
}

/** Takes SIP messages as they pass. Must not keep a reference to a buffer it did not copy. */
export interface SipTap {
  sip(event: SipWire): void
}

/** Takes media packets as they pass. Must not keep a reference to a buffer it did not copy. */
export interface RtpTap {
  rtp(event: RtpWire): void
}

/** Takes what TLS makes of messages. Must not keep a reference to a buffer it did not copy. */
export interface PathTap {
  path(event: PathWire): void
  /** A line of the key log (draft-ietf-tls-keylogfile), without its line break: evidence, never to be logged. */
  tlsKey(line: string): void
}
