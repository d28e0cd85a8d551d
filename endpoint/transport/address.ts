/** Comparing and choosing IP addresses, as text the way `node:net` writes them. */

import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import type { Address } from '../../protocol/wire.ts'

/** The one spelling of an IP address (RFC 5952, no brackets, no scope), or undefined for a name. */
export function canonicalAddress(host: string): string | undefined {
  const bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host
  const family = isIP(bare)
  if (family === 4) return bare
  if (family === 0) return undefined
  const scope = bare.indexOf('%')
  const address = ipaddr.IPv6.parse(scope < 0 ? bare : bare.slice(0, scope))
  return address.isIPv4MappedAddress() ? address.toIPv4Address().toString() : address.toString()
}

export function addressKey({ address, port }: Address): string {
  return `${address}|${port}`
}

export function formatAddress({ address, port }: Address): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

export function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::'
}

/** How many leading bits two addresses share; -1 when they are of different families. */
export function commonPrefix(a: string, b: string): number {
  const [left, right] = [bytesOf(a), bytesOf(b)]
  if (left.length !== right.length) return -1
  for (const [index, byte] of left.entries()) {
    const difference = byte ^ right[index]!
    if (difference !== 0) return index * 8 + Math.clz32(difference) - 24
  }
  return left.length * 8
}

function bytesOf(address: string): number[] {
  const scope = address.indexOf('%')
  return ipaddr.parse(scope < 0 ? address : address.slice(0, scope)).toByteArray()
}
