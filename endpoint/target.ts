import type { Transport } from '../protocol/wire.ts'
import type { Connection } from './transport/connection.ts'

/** One place a request can be sent to: what RFC 3263 resolution yields, or what the caller knows already. */
export interface Target {
  readonly transport: Transport
  /** IP address, IPv6 without brackets; a name is resolved first. */
  readonly host: string
  /** Default 5060, for TLS 5061. */
  readonly port?: number
  /** The name a TLS peer must prove (RFC 5922): the domain that was asked for, not the host it led to. */
  readonly servername?: string
  /** Use this very connection while it is open. */
  readonly flow?: Connection
}
