/** Who a call between two policies is on the wire: derived from its cell, so that a product can be set up for it beforehand. */
import { type MediaPolicy, mediaPolicies } from '../../matrix/media-policy.ts'
import type { PeerIdentity } from '../peers/peer.ts'

/** Who offers, and the policy of each side. */
export interface OsrtpPair {
  readonly offerer: 'edge' | 'peer'
  readonly edge: MediaPolicy
  readonly peer: MediaPolicy
}

/** Numbers of cells have 11 digits, E.164 allows 15; TLS cases begin at 001. */
const firstPlace = 500

/** A number of its own for each pair there can be. */
export function osrtpIdentity(identity: PeerIdentity, { offerer, edge, peer }: OsrtpPair): PeerIdentity {
  const square = mediaPolicies.indexOf(edge) * mediaPolicies.length + mediaPolicies.indexOf(peer)
  const place = firstPlace + square + (offerer === 'edge' ? 0 : mediaPolicies.length ** 2)
  return { ...identity, number: `${identity.number}${place}`, username: `${identity.username}-${place}`, mediaPolicy: peer }
}
