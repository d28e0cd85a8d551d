/** The streams that are open, and which of them can carry a request to a given place. */

import type { Address, Transport } from '../../protocol/wire.ts'
import { addressKey } from './address.ts'
import { matchesIdentity } from './peer-identity.ts'
import type { StreamConnection } from './stream-connection.ts'

const aliasesPerConnection = 4

export class ConnectionPool {
  readonly #all = new Set<StreamConnection>()
  /** Connections we opened, by transport, remote and the name they were verified for. */
  readonly #connected = new Map<string, StreamConnection>()
  /** Accepted connections, by transport and the address they came from or claim as an alias. */
  readonly #accepted = new Map<string, StreamConnection>()
  readonly #keys = new Map<StreamConnection, string[]>()

  addConnected(connection: StreamConnection, remote: Address, servername: string | undefined): void {
    this.#all.add(connection)
    this.#index(this.#connected, `${placeKey(connection.transport, remote)}|${servername ?? ''}`, connection)
  }

  addAccepted(connection: StreamConnection): void {
    this.#all.add(connection)
    this.#index(this.#accepted, placeKey(connection.transport, connection.remote), connection)
  }

  /** RFC 5923: requests to `alias` may go back over this accepted connection from now on. */
  addAlias(connection: StreamConnection, alias: Address): void {
    const key = placeKey(connection.transport, alias)
    // One peer has one such address or a few; the rest would be memory for a stranger.
    if ((this.#keys.get(connection)?.length ?? 0) > aliasesPerConnection) return
    if (this.#accepted.get(key) !== connection) this.#index(this.#accepted, key, connection)
  }

  find(transport: Transport, remote: Address, servername: string | undefined): StreamConnection | undefined {
    const place = placeKey(transport, remote)
    const connected = this.#connected.get(`${place}|${servername ?? ''}`)
    if (connected !== undefined) return connected
    const accepted = this.#accepted.get(place)
    if (accepted === undefined || servername === undefined || accepted.transport === 'tcp') return accepted
    // Who came to us proved its name only if it showed a certificate we trust.
    return accepted.tls?.authorized && matchesIdentity(accepted.tls.peerNames, servername) ? accepted : undefined
  }

  delete(connection: StreamConnection): void {
    this.#all.delete(connection)
    for (const map of [this.#connected, this.#accepted]) {
      for (const key of this.#keys.get(connection) ?? []) if (map.get(key) === connection) map.delete(key)
    }
    this.#keys.delete(connection)
  }

  closeAll(): void {
    for (const connection of [...this.#all]) connection.close()
  }

  #index(map: Map<string, StreamConnection>, key: string, connection: StreamConnection): void {
    map.set(key, connection)
    const keys = this.#keys.get(connection)
    if (keys === undefined) this.#keys.set(connection, [key])
    else keys.push(key)
  }
}

function placeKey(transport: Transport, remote: Address): string {
  return `${transport}|${addressKey(remote)}`
}
