/** Published test vectors, hexadecimal, each with the section it stands in. */

import type { SrtpProfileName } from './profile.ts'

export function hex(...parts: readonly string[]): Buffer {
  return Buffer.from(parts.join('').replaceAll(' ', ''), 'hex')
}

/** Counter mode keystream for SSRC 0 and index 0: blocks by their number. */
export const keystreamVectors = [
  {
    section: 'RFC 3711 B.2',
    key: hex('2b7e151628aed2a6abf7158809cf4f3c'),
    salt: hex('f0f1f2f3f4f5f6f7f8f9fafbfcfd'),
    blocks: {
      0: 'e03ead0935c95e80e166b16dd92b4eb4',
      1: 'd23513162b02d0f72a43a2fe4a5f97ab',
      2: '41e95b3bb0a2e8dd477901e4fca894c0',
      65279: 'ec8cdf7398607cb0f2d21675ea9ea1e4',
      65280: '362b7c3c6773516318a077d7fc5073ae',
      65281: '6a2cc3787889374fbeb4c81b17ba6c44',
    },
  },
  {
    section: 'RFC 6188 7.1',
    key: hex('57f82fe3613fd170a85ec93c40b1f092', '2ec4cb0dc025b58272147cc438944a98'),
    salt: hex('f0f1f2f3f4f5f6f7f8f9fafbfcfd'),
    blocks: {
      0: '92bdd28a93c3f52511c677d08b5515a4',
      1: '9da71b2378a854f67050756ded165bac',
      2: '63c4868b7096d88421b563b8c94c9a31',
    },
  },
]

export const keyDerivationVectors = [
  {
    section: 'RFC 3711 B.3',
    profile: 'AES_CM_128_HMAC_SHA1_80',
    master: { key: hex('e1f97a0d3e018be0d64fa32c06de4139'), salt: hex('0ec675ad498afeebb6960b3aabe6') },
    encryption: hex('c61e7a93744f39ee10734afe3ff7a087'),
    salt: hex('30cbbc08863d8c85d49db34a9ae1'),
    authentication: hex(
      'cebe321f6ff7716b6fd4ab49af256a15',
      '6d38baa48f0a0acf3c34e2359e6cdbce',
      'e049646c43d9327ad175578ef7227098',
      '6371c10c9a369ac2f94a8c5fbcdddc25',
      '6d6e919a48b610ef17c2041e47403576',
      '6b68642c59bbfc2f34db60dbdfb2',
    ),
  },
  {
    section: 'RFC 6188 7.2',
    profile: 'AES_256_CM_HMAC_SHA1_80',
    master: {
      key: hex('f0f04914b513f2763a1b1fa130f10e29', '98f6f6e43e4309d1e622a0e332b9f1b6'),
      salt: hex('3b04803de51ee7c96423ab5b78d2'),
    },
    encryption: hex('5ba1064e30ec51613cad926c5a28ef73', '1ec7fb397f70a960653caf06554cd8c4'),
    salt: hex('fa31791685ca444a9e07c6c64e93'),
    authentication: hex('fd9c32d39ed5fbb5a9dc96b30818454d1313dc05'),
  },
] as const satisfies readonly { profile: SrtpProfileName; [field: string]: unknown }[]

/** RFC 7714 sections 16 (SRTP, index 0xf17b) and 17 (SRTCP, index 0x5d4): session keys, the packet, and what becomes of it. */
export const galoisVectors = [
  {
    profile: 'AEAD_AES_128_GCM',
    key: hex('000102030405060708090a0b0c0d0e0f'),
    rtp: {
      encrypted: hex(
        '8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f 42a5f47a 51c7d19b',
        '36de3adf 8833899d 7f27beb1 6a9152cf 765ee439 0cce',
      ),
      tagged: hex(
        '8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976 69736120 696e2070 61727465',
        '73207472 65732249 3f82d2bc e397e9d7 9e3b19aa 4216',
      ),
    },
    rtcp: {
      encrypted: hex(
        '81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d c676a5f1 730d6fda 4ce09b46',
        '86303ded 0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade 800005d4',
      ),
      tagged: hex(
        '81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 deadbeef deadbeef deadbeef',
        'deadbeef deadbeef 841dd968 3dd78ec9 2ae58790 125f62b3 000005d4',
      ),
    },
  },
  {
    profile: 'AEAD_AES_256_GCM',
    key: hex('000102030405060708090a0b0c0d0e0f', '101112131415161718191a1b1c1d1e1f'),
    rtp: {
      encrypted: hex(
        '8040f17b 8041f8d3 5501a0b2 32b1de78 a822fe12 ef9f78fa 332e33aa b1801238 9a58e2f3 b50b2a02 76ffae0f',
        '1ba63799 b87b7aa3 db36dfff d6b0f9bb 7878d7a7 6c13',
      ),
      tagged: hex(
        '8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976 69736120 696e2070 61727465',
        '73207472 6573a866 d5910f88 7463067c eefec452 15d4',
      ),
    },
    rtcp: {
      encrypted: hex(
        '81c8000d 4d617273 d50ae4d1 f5ce5d30 4ba297e4 7d470c28 2c3ece5d bffe0a50 a2eaa5c1 110555be 8415f658',
        'c61de047 6f1b6fad 1d1eb30c 4446839f 57ff6f6c b26ac3be 800005d4',
      ),
      tagged: hex(
        '81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 deadbeef deadbeef deadbeef',
        'deadbeef deadbeef 91db4afb feee5a97 8fab4393 ed2615fe 000005d4',
      ),
    },
  },
] as const satisfies readonly { profile: SrtpProfileName; [field: string]: unknown }[]

export const galoisSalt = hex('517569642070726f2071756f')

/** The packets of `galoisVectors` before they are protected: clear are 12 bytes of RTP and 8 of RTCP. */
export const galoisPlain = {
  rtp: hex('8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976 69736120 696e2070 61727465 73207472 6573'),
  rtcp: hex('81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 deadbeef deadbeef deadbeef', 'deadbeef deadbeef'),
}

const libsrtpRtp = hex('800f1234 decafbad cafebabe abababab abababab abababab abababab')
const libsrtpRtcp = hex('81c8000b cafebabe abababab abababab abababab abababab')
const libsrtpKey = { key: hex('e1f97a0d3e018be0d64fa32c06de4139'), salt: hex('0ec675ad498afeebb6960b3aabe6') }

/**
 * Whole packets, master key to tag, as libsrtp's test/srtp_driver.c validates itself with; and one
 * that libre's test/srtp.c has from libsrtp. Their SRTCP index is 1.
 */
export const referencePackets = [
  {
    name: 'srtp_validate',
    profile: 'AES_CM_128_HMAC_SHA1_80',
    master: libsrtpKey,
    rtp: libsrtpRtp,
    srtp: hex('800f1234 decafbad cafebabe 4e55dc4c e79978d8 8ca4d215 949d2402 b78d6acc 99ea179b 8dbb'),
    rtcp: libsrtpRtcp,
    srtcp: hex('81c8000b cafebabe 7128035b e487b9bd bef89041 f977a5a8 80000001 993e08cd 54d6c123 0798'),
  },
  {
    name: 'srtp_validate_mki',
    profile: 'AES_CM_128_HMAC_SHA1_80',
    master: { ...libsrtpKey, mki: hex('e1f97a0d') },
    rtp: libsrtpRtp,
    srtp: hex('800f1234 decafbad cafebabe 4e55dc4c e79978d8 8ca4d215 949d2402 e1f97a0d b78d6acc 99ea179b 8dbb'),
    rtcp: libsrtpRtcp,
    srtcp: hex('81c8000b cafebabe 7128035b e487b9bd bef89041 f977a5a8 80000001 e1f97a0d 993e08cd 54d6c123 0798'),
  },
  {
    name: 'srtp_validate_gcm',
    profile: 'AEAD_AES_128_GCM',
    master: { key: hex('000102030405060708090a0b0c0d0e0f'), salt: hex('a0a1a2a3a4a5a6a7a8a9aaab') },
    rtp: libsrtpRtp,
    srtp: hex('800f1234 decafbad cafebabe c5002ede 04cfdd2e b91159e0 880aa06e d2976826 f796b201 df3131a1 27e8a392'),
    rtcp: libsrtpRtcp,
    srtcp: hex('81c8000b cafebabe c98b8b5d f0392a55 852b6c21 ac8e7025 c52c6fbe a2b3b446 ea31123b a88ce61e 80000001'),
  },
  {
    name: 'srtp_validate_aes_256',
    profile: 'AES_256_CM_HMAC_SHA1_80',
    master: keyDerivationVectors[1].master,
    rtp: libsrtpRtp,
    srtp: hex('800f1234 decafbad cafebabe f1d9de17 ff251ff1 aa007774 b0b4b40d a08d9d9a 5b3a55d8 873b'),
  },
  {
    name: 'srtp_libsrtp',
    profile: 'AES_CM_128_HMAC_SHA1_80',
    master: { key: Buffer.alloc(16, 0x22), salt: Buffer.alloc(14, 0x44) },
    rtp: hex('80000001 00000000 01020304', 'a5'.repeat(20)),
    srtp: hex('80000001 00000000 01020304 f5b44b7e 3ad4eb05 7bc6480c 45df6547 bb70bcc2 7b136e1f 3d3a6282 1b15'),
  },
] as const satisfies readonly { profile: SrtpProfileName; [field: string]: unknown }[]
