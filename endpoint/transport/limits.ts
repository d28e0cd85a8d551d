/** What a stranger can make the transport layer hold, and for how long. */

export interface TransportLimits {
  /** Stream connections in all; inbound ones beyond it are closed at once. */
  readonly connections: number
  /** Inbound stream connections from one IP address. */
  readonly connectionsPerRemote: number
  /** Bytes a peer may leave unread on one stream before it is given up. */
  readonly bufferedBytes: number
  /** Milliseconds a TCP connection may take to come up. */
  readonly connectMs: number
  /** Milliseconds a TLS handshake may take, on either side. */
  readonly handshakeMs: number
  /** Milliseconds an inbound stream has to complete its first message or keep-alive. */
  readonly firstMessageMs: number
  /** Milliseconds of silence after which a stream is closed. */
  readonly idleMs: number
}

export const defaultLimits: TransportLimits = {
  connections: 10_000,
  connectionsPerRemote: 1_000,
  bufferedBytes: 1 << 20,
  connectMs: 5_000,
  handshakeMs: 5_000,
  firstMessageMs: 30_000,
  idleMs: 3_600_000,
}
