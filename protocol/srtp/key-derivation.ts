/**
 * Session keys from a master key (RFC 3711 section 4.3, with AES-256: RFC 6188 section 3). The
 * key derivation rate is 0: keys are derived once.
 */

import { createCipheriv } from 'node:crypto'
import type { SrtpMasterKey, SrtpProfile } from './profile.ts'

/** Section 4.3.1 and 4.3.2: SRTP's three labels, SRTCP's are 3 more. */
const labels = { encryption: 0, authentication: 1, salt: 2 } as const
const rtcpLabelOffset = 3

const authenticationKeyLength = 20

export interface SessionKeys {
  readonly encryption: Buffer
  readonly salt: Buffer
  /** Empty where the cipher authenticates. */
  readonly authentication: Buffer
}

/** Throws RangeError when key or salt has another length than the profile's; the error does not show them. */
export function deriveSessionKeys(profile: SrtpProfile, master: SrtpMasterKey, kind: 'rtp' | 'rtcp'): SessionKeys {
  const { name, cipher, keyLength, saltLength } = profile
  if (master.key.length !== keyLength) throw new RangeError(`${name} has a master key of ${keyLength} bytes, not ${master.key.length}`)
  if (master.salt.length !== saltLength) throw new RangeError(`${name} has a master salt of ${saltLength} bytes, not ${master.salt.length}`)
  const offset = kind === 'rtp' ? 0 : rtcpLabelOffset
  return {
    encryption: deriveKey(master, labels.encryption + offset, keyLength),
    salt: deriveKey(master, labels.salt + offset, saltLength),
    authentication: deriveKey(master, labels.authentication + offset, cipher === 'aes-cm' ? authenticationKeyLength : 0),
  }
}

/**
 * AES-CM as the pseudo-random function (section 4.3.3). The label meets the salt's eighth byte,
 * and two zero bytes follow 14 of salt; a salt of 12 is filled up on its right (RFC 7714
 * erratum 4938).
 */
export function deriveKey({ key, salt }: Pick<SrtpMasterKey, 'key' | 'salt'>, label: number, length: number): Buffer {
  const iv = Buffer.alloc(16)
  iv.set(salt)
  iv[7]! ^= label
  return createCipheriv(`aes-${key.length * 8}-ctr`, key, iv).update(Buffer.alloc(length))
}
