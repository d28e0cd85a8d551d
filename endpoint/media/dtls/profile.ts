/** The use_srtp extension's numbers and key lengths (RFC 5764 section 4.1.2, RFC 7714 section 14.2). */

import type { ProtectionProfile } from '../../../protocol/sdp/types.ts'

/** Lengths in bytes. */
interface UseSrtpProfile {
  readonly id: number
  readonly keyLength: number
  readonly saltLength: number
}

/** Strongest first. AES-256 in counter mode has no number: only SDES can agree on it. */
const table = new Map<ProtectionProfile, UseSrtpProfile>([
  ['AEAD_AES_256_GCM', { id: 0x0008, keyLength: 32, saltLength: 12 }],
  ['AEAD_AES_128_GCM', { id: 0x0007, keyLength: 16, saltLength: 12 }],
  ['AES_CM_128_HMAC_SHA1_80', { id: 0x0001, keyLength: 16, saltLength: 14 }],
  ['AES_CM_128_HMAC_SHA1_32', { id: 0x0002, keyLength: 16, saltLength: 14 }],
])

/** What a handshake can agree on, in our order of preference. */
export const dtlsProfiles: readonly ProtectionProfile[] = [...table.keys()]

/** Undefined for a profile that has no number in use_srtp. */
export function useSrtpProfile(profile: ProtectionProfile): UseSrtpProfile | undefined {
  return table.get(profile)
}

/** Undefined for a number we do not speak. */
export function profileOfId(id: number): ProtectionProfile | undefined {
  for (const [profile, row] of table) if (row.id === id) return profile
  return undefined
}
