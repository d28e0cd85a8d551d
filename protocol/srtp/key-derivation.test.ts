import { expect, test } from 'vitest'
import { deriveKey, deriveSessionKeys } from './key-derivation.ts'
import { srtpProfiles } from './profile.ts'
import { hex, keyDerivationVectors } from './vectors.ts'

test.each(keyDerivationVectors)('$section', ({ profile, master, encryption, salt, authentication }) => {
  const keys = deriveSessionKeys(srtpProfiles[profile], master, 'rtp')
  expect(keys.encryption).toEqual(encryption)
  expect(keys.salt).toEqual(salt)
  expect(keys.authentication).toEqual(authentication.subarray(0, 20))
  // The appendix derives more than HMAC-SHA1 takes, over several blocks.
  expect(deriveKey(master, 1, authentication.length)).toEqual(authentication)
})

test('SRTCP has keys of its own', () => {
  const { profile, master } = keyDerivationVectors[0]
  const keys = deriveSessionKeys(srtpProfiles[profile], master, 'rtcp')
  expect(keys.encryption).toEqual(hex('4c1aa45a81f73d61c800bbb00fbb1eaa'))
  expect(keys.authentication).toEqual(hex('8d54534feb49ae8e7993a6bd0b844fc323a93dfd'))
  expect(keys.salt).toEqual(hex('9581c7ad87b3e530bf3e4454a8b3'))
})

test('a salt of 12 bytes is filled up on its right (RFC 7714 erratum 4938)', () => {
  const key = hex('e1f97a0d3e018be0d64fa32c06de4139')
  const salt = hex('0ec675ad498afeebb6960b3a')
  const keys = deriveSessionKeys(srtpProfiles.AEAD_AES_128_GCM, { key, salt }, 'rtp')
  const widened = { key, salt: Buffer.concat([salt, Buffer.alloc(2)]) }
  expect(keys.encryption).toEqual(deriveKey(widened, 0, 16))
  expect(keys.salt).toEqual(deriveKey(widened, 2, 12))
  expect(keys.authentication).toHaveLength(0)
})

test('a key or salt of the wrong length throws without being shown', () => {
  const key = Buffer.alloc(15, 0xab)
  const salt = Buffer.alloc(14, 0xcd)
  expect(() => deriveSessionKeys(srtpProfiles.AES_CM_128_HMAC_SHA1_80, { key, salt }, 'rtp')).toThrow(
    new RangeError('AES_CM_128_HMAC_SHA1_80 has a master key of 16 bytes, not 15'),
  )
  expect(() => deriveSessionKeys(srtpProfiles.AEAD_AES_256_GCM, { key: Buffer.alloc(32), salt }, 'rtp')).toThrow(
    new RangeError('AEAD_AES_256_GCM has a master salt of 12 bytes, not 14'),
  )
})
