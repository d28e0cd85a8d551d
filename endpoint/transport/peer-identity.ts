/** Whose certificate it is: RFC 5922 section 7, and IP addresses as RFC 5280 writes them. */

import { canonicalAddress } from './address.ts'

/**
 * The names of a certificate, from Node's text form of the extension: DNS names and IP
 * addresses bare, URIs with their scheme (`sip:example.com`). Other kinds are left out.
 */
export function subjectAltNames(text: string | undefined): string[] {
  const names: string[] = []
  // Node quotes, as JSON, a value that has a comma or another character that could mislead.
  for (const [, kind, value] of (text ?? '').matchAll(/([^:,]+):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/g)) {
    if (kind !== 'DNS' && kind !== 'URI' && kind !== 'IP Address') continue
    const bare = value!.startsWith('"') ? (JSON.parse(value!) as string) : value!
    names.push(kind === 'IP Address' ? (canonicalAddress(bare) ?? bare) : bare)
  }
  return names
}

/**
 * Whether one of these names is `expected` (a domain or an IP address).
 * RFC 5922 section 7.1: `sip` URIs without user part are the identities; only when there
 * is none do DNS names count. Section 7.2: compared without case, and "implementations
 * MUST NOT match any form of wildcard".
 */
export function matchesIdentity(names: readonly string[], expected: string): boolean {
  const wanted = canonicalAddress(expected) ?? expected.toLowerCase()
  const uris = names.filter((name) => /^sip:/i.test(name)).map((name) => name.slice(4).toLowerCase())
  const domains = uris.filter((name) => !name.includes('@'))
  const plain = names.filter((name) => !/^[a-z][a-z0-9+.-]*:/i.test(name) || canonicalAddress(name) !== undefined)
  const addresses = plain.filter((name) => canonicalAddress(name) !== undefined)
  const hosts = plain.filter((name) => canonicalAddress(name) === undefined).map((name) => name.toLowerCase())
  if (canonicalAddress(expected) !== undefined) return addresses.includes(wanted) || domains.includes(wanted)
  return (domains.length > 0 ? domains : hosts).includes(wanted)
}
