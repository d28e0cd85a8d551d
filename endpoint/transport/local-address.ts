/** Which of this machine's addresses a peer would see us by. */

import { networkInterfaces } from 'node:os'
import { commonPrefix, isWildcard } from './address.ts'

/** Interfaces change seldom, and asking the system costs more than sending a message. */
const interfacesFreshMs = 5_000
/** Peers whose interface is remembered until then. */
const mostRemembered = 1_000
let known: { at: number; addresses: string[]; nearest: Map<string, string | undefined> } | undefined

/** The address to name to `remote` when bound to `bound`: itself, or for a wildcard the interface nearest to `remote`. */
export function localAddressFor(bound: string, remote: string): string {
  return isWildcard(bound) ? (nearestInterface(remote) ?? bound) : bound
}

function nearestInterface(remote: string): string | undefined {
  const { addresses, nearest: remembered } = interfaces()
  if (remembered.has(remote)) return remembered.get(remote)
  const found = nearest(addresses, remote)
  if (remembered.size < mostRemembered) remembered.set(remote, found)
  return found
}

/**
 * Of several bound addresses the one to talk to `remote` from: same family, loopback only
 * to loopback, then the longest common prefix. Undefined when none fits.
 */
export function nearest(bound: readonly string[], remote: string): string | undefined {
  let best: { address: string; bits: number } | undefined
  for (const address of bound) {
    if (address.includes(':') !== remote.includes(':')) continue
    if (!isWildcard(address) && isLoopback(address) !== isLoopback(remote)) continue
    // With one to choose from there is nothing to compare.
    const bits = isWildcard(address) || bound.length === 1 ? 0 : commonPrefix(address, remote)
    if (bits > (best?.bits ?? -1)) best = { address, bits }
  }
  return best?.address
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.')
}

function interfaces(): NonNullable<typeof known> {
  const now = Date.now()
  if (known === undefined || now - known.at > interfacesFreshMs) {
    const all = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
    known = { at: now, addresses: all.filter(({ scopeid }) => !scopeid).map(({ address }) => address), nearest: new Map() }
  }
  return known
}
