/** Certificates by their hashes, as signalling names them (RFC 8122 section 5). */

import { createHash } from 'node:crypto'
import type { Fingerprint } from '../../../protocol/sdp/types.ts'

/** Strongest first. MD2 and MD5 must not be used (RFC 8122 section 5). */
const functions = ['sha-512', 'sha-384', 'sha-256', 'sha-224', 'sha-1']

/** @param der the certificate. @param algorithm one of RFC 8122, in lower case. */
export function fingerprintOf(der: Uint8Array, algorithm = 'sha-256'): Fingerprint {
  const hex = createHash(algorithm.replace('-', '')).update(der).digest('hex').toUpperCase()
  return { algorithm, value: hex.replace(/..(?!$)/g, '$&:') }
}

/** Names every certificate: for a fault, by identity, so that no description can say it. */
export const anyCertificate: readonly Fingerprint[] = [{ algorithm: 'any', value: '' }]

/** Whether a certificate is one of those named. */
export function isNamed(der: Uint8Array, fingerprints: readonly Fingerprint[]): boolean {
  if (fingerprints === anyCertificate) return true
  // The strongest that was sent decides alone: a forger has to break that one.
  for (const algorithm of functions) {
    const named = fingerprints.filter((fingerprint) => fingerprint.algorithm.toLowerCase() === algorithm)
    if (named.length === 0) continue
    const { value } = fingerprintOf(der, algorithm)
    return named.some((fingerprint) => fingerprint.value.toUpperCase() === value)
  }
  return false
}

/** The same set of names, in whatever order. */
export function sameFingerprints(some: readonly Fingerprint[], others: readonly Fingerprint[]): boolean {
  const key = (fingerprints: readonly Fingerprint[]) =>
    fingerprints
      .map(({ algorithm, value }) => `${algorithm} ${value}`.toUpperCase())
      .sort()
      .join()
  return key(some) === key(others)
}
