/** a=fingerprint: which certificate the other side of a DTLS handshake will show (RFC 8122 section 5). */

import type { Fingerprint } from './types.ts'

/** Bytes of each hash. MD2 and MD5 must not be used, and are not here. */
const hashLengths: Readonly<Record<string, number>> = { 'sha-1': 20, 'sha-224': 28, 'sha-256': 32, 'sha-384': 48, 'sha-512': 64 }

/** Reads what stands behind `a=fingerprint:`; undefined for a hash we do not use or whose length is wrong. Never throws. */
export function parseFingerprint(value: string): Fingerprint | undefined {
  // The function's case is free (RFC 8122 section 5); of the digits some products send small ones.
  const [, name, digits] = /^([\w-]+)[ \t]+([\da-f]{2}(?::[\da-f]{2})*)$/i.exec(value.trim()) ?? []
  if (name === undefined || digits === undefined) return undefined
  const algorithm = name.toLowerCase()
  const length = Object.hasOwn(hashLengths, algorithm) ? hashLengths[algorithm] : undefined
  // A shorter one that fits a certificate's beginning would prove little.
  return digits.length === 3 * (length ?? 0) - 1 ? { algorithm, value: digits.toUpperCase() } : undefined
}

/** Writes what stands behind `a=fingerprint:`. */
export function formatFingerprint({ algorithm, value }: Fingerprint): string {
  return `${algorithm} ${value}`
}
