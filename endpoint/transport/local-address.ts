/** Which of this machine's addresses a peer would see us by. */

import { isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'
import { commonPrefix, isWildcard } from './address.ts'

/** Interfaces change seldom, and asking the system costs more than sending a message. */
const interfacesFreshMs = 5_000
let known: { at: number; addresses: string[] } | undefined

/** The address to name to `remote` when bound to `bound`: itself, or for a wildcard the interface nearest to `remote`. */
export function localAddressFor(bound: string, remote: string): string {
  return isWildcard(bound) ? (nearest(interfaceAddresses(), remote) ?? bound) : bound
}

/**
 * Of several bound addresses the one to talk to `remote` from: same family, loopback only
 * to loopback, then the longest common prefix. Undefined when none fits.
 */
export function nearest(bound: readonly string[], remote: string): string | undefined {
  let best: { address: string; bits: number } | undefined
  for (const address of bound) {
    if (isIPv6(address) !== isIPv6(remote)) continue
    const bits = isWildcard(address) ? 0 : isLoopback(address) === isLoopback(remote) ? commonPrefix(address, remote) : -1
    if (bits > (best?.bits ?? -1)) best = { address, bits }
  }
  return best?.address
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.')
}

function interfaceAddresses(): string[] {
  const now = Date.now()
  if (known === undefined || now - known.at > interfacesFreshMs) {
    const all = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
    known = { at: now, addresses: all.filter(({ scopeid }) => !scopeid).map(({ address }) => address) }
  }
  return known.addresses
}
