/** What the layers above see of the path a message came or goes by. */

import type { Address, TlsFacts, Transport } from '../../protocol/wire.ts'

/**
 * A flow in the sense of RFC 5626: a stream connection, or for UDP the pair of our
 * socket and the peer's address. Two UDP datagrams from one source have equal ids but
 * may be two objects.
 */
export interface Connection {
  readonly id: string
  readonly transport: Transport
  readonly local: Address
  readonly remote: Address
  readonly tls?: TlsFacts
  /** False once a stream has closed; always true for UDP until its listener closes. */
  readonly open: boolean
}
