/**
 * What a protection profile (RFC 5764) or, in SDES, a crypto suite (RFC 4568) fixes of SRTP:
 * cipher, key and salt lengths, tag lengths. Lengths are in bytes.
 */

export const srtpProfileNames = [
  'AES_CM_128_HMAC_SHA1_80',
  'AES_CM_128_HMAC_SHA1_32',
  'AES_256_CM_HMAC_SHA1_80',
  'AEAD_AES_128_GCM',
  'AEAD_AES_256_GCM',
] as const

/** The names of the IANA registry of SRTP crypto suites. */
export type SrtpProfileName = (typeof srtpProfileNames)[number]

export interface SrtpProfile {
  readonly name: SrtpProfileName
  /** Counter mode with HMAC-SHA1 beside it, or Galois/counter mode. */
  readonly cipher: 'aes-cm' | 'aes-gcm'
  /** Of the master key, and of the cipher's session key. */
  readonly keyLength: 16 | 32
  /** Of the master salt, and of the session salt. */
  readonly saltLength: 12 | 14
  readonly rtpTagLength: number
  readonly rtcpTagLength: number
}

export const srtpProfiles: Readonly<Record<SrtpProfileName, SrtpProfile>> = {
  AES_CM_128_HMAC_SHA1_80: {
    name: 'AES_CM_128_HMAC_SHA1_80',
    cipher: 'aes-cm',
    keyLength: 16,
    saltLength: 14,
    rtpTagLength: 10,
    rtcpTagLength: 10,
  },
  // Only RTP's tag is short: SRTCP keeps 80 bits (RFC 4568 section 6.2.2, RFC 5764 section 4.1.2).
  AES_CM_128_HMAC_SHA1_32: {
    name: 'AES_CM_128_HMAC_SHA1_32',
    cipher: 'aes-cm',
    keyLength: 16,
    saltLength: 14,
    rtpTagLength: 4,
    rtcpTagLength: 10,
  },
  AES_256_CM_HMAC_SHA1_80: {
    name: 'AES_256_CM_HMAC_SHA1_80',
    cipher: 'aes-cm',
    keyLength: 32,
    saltLength: 14,
    rtpTagLength: 10,
    rtcpTagLength: 10,
  },
  AEAD_AES_128_GCM: {
    name: 'AEAD_AES_128_GCM',
    cipher: 'aes-gcm',
    keyLength: 16,
    saltLength: 12,
    rtpTagLength: 16,
    rtcpTagLength: 16,
  },
  AEAD_AES_256_GCM: {
    name: 'AEAD_AES_256_GCM',
    cipher: 'aes-gcm',
    keyLength: 32,
    saltLength: 12,
    rtpTagLength: 16,
    rtcpTagLength: 16,
  },
}

/** What protects one direction. Never to be printed. */
export interface SrtpMasterKey {
  /** `keyLength` bytes. */
  readonly key: Uint8Array
  /** `saltLength` bytes. */
  readonly salt: Uint8Array
  /** Carried in every packet when agreed on (RFC 3711 section 3.1). One master key a direction is all there is here. */
  readonly mki?: Uint8Array
  /** Most RTP, and most RTCP packets; at most, and by default, 2^48 and 2^31 (RFC 3711 section 9.2). */
  readonly lifetime?: number
}
