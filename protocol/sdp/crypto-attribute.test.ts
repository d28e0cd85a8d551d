import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { srtpProfileNames, srtpProfiles } from '../srtp/profile.ts'
import { formatCryptoAttribute, parseCryptoAttribute } from './crypto-attribute.ts'

/** Of RFC 4568 section 9.1's example. */
const key128 = 'd0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj'
const base64Of = (bytes: number) => Buffer.alloc(bytes, 0xa5).toString('base64')

describe('a line that can be used', () => {
  test('tag, suite, key and salt', () => {
    expect(parseCryptoAttribute(`1 AES_CM_128_HMAC_SHA1_80 inline:${key128}`)).toEqual({
      ok: true,
      crypto: {
        tag: 1,
        suite: 'AES_CM_128_HMAC_SHA1_80',
        key: Uint8Array.from(Buffer.from('wDfvg&T+)xG7@fb5')),
        salt: Uint8Array.from(Buffer.from('jU,RaA}\\|p0%*#')),
      },
    })
  })

  test.each([
    // what follows the key, lifetime, MKI
    ['', undefined, undefined],
    ['|2^20', 2 ** 20, undefined],
    ['|2^48', 2 ** 48, undefined],
    ['|1000', 1000, undefined],
    ['|2^20|1:4', 2 ** 20, [0, 0, 0, 1]],
    ['|1:32', undefined, [...new Array(31).fill(0), 1]],
    ['|66051:3', undefined, [1, 2, 3]],
    ['|2^31|255:1', 2 ** 31, [255]],
  ])('key%s', (rest, lifetime, mki) => {
    const parsed = parseCryptoAttribute(`1 AES_CM_128_HMAC_SHA1_32 inline:${key128}${rest}`)
    expect(parsed).toMatchObject({ ok: true, crypto: { ...(lifetime && { lifetime }), ...(mki && { mki: Uint8Array.from(mki) }) } })
    expect(parsed.ok && [parsed.crypto.lifetime, parsed.crypto.mki?.length]).toEqual([lifetime, mki?.length])
  })

  test.each(srtpProfileNames)('%s has key and salt of its lengths', (suite) => {
    const { keyLength, saltLength } = srtpProfiles[suite]
    const padded = base64Of(keyLength + saltLength)
    for (const base64 of [padded, padded.replaceAll('=', '')]) {
      const parsed = parseCryptoAttribute(`7 ${suite} inline:${base64}`)
      expect(parsed.ok && [parsed.crypto.key.length, parsed.crypto.salt.length]).toEqual([keyLength, saltLength])
    }
  })

  test.each([
    ['AES_CM_256_HMAC_SHA1_80', 'AES_256_CM_HMAC_SHA1_80', 46],
    ['aes_cm_128_hmac_sha1_80', 'AES_CM_128_HMAC_SHA1_80', 30],
  ] as const)('%s is %s, and written as it came', (spelling, suite, length) => {
    const value = `2 ${spelling} inline:${base64Of(length)}`
    const parsed = parseCryptoAttribute(value)
    expect(parsed).toMatchObject({ ok: true, crypto: { suite, spelling } })
    expect(parsed.ok && formatCryptoAttribute(parsed.crypto)).toBe(value)
  })

  test.each(['WSH=64', 'KDR=0', '-SOMETHING=new', 'WSH=128 -X'])('with session parameter %s', (parameters) => {
    expect(parseCryptoAttribute(`1 AES_CM_128_HMAC_SHA1_80 inline:${key128} ${parameters}`).ok).toBe(true)
  })

  test('blanks may be more', () => {
    expect(parseCryptoAttribute(` 1\t AES_CM_128_HMAC_SHA1_80  INLINE:${key128} `).ok).toBe(true)
  })
})

describe('a line that cannot be used', () => {
  test.each([
    ['', 'RFC 4568 9.1', /tag/],
    [`x AES_CM_128_HMAC_SHA1_80 inline:${key128}`, 'RFC 4568 9.1', /tag/],
    [`1234567890 AES_CM_128_HMAC_SHA1_80 inline:${key128}`, 'RFC 4568 9.1', /tag/],
    [`1 F8_128_HMAC_SHA1_80 inline:${key128}`, 'RFC 4568 6.2', /suite F8_128_HMAC_SHA1_80 is/],
    ['1 toString inline:abc', 'RFC 4568 6.2', /suite \(unreadable\)/],
    ['1 AES_CM_128_HMAC_SHA1_80', 'RFC 4568 6.1', /inline/],
    [`1 AES_CM_128_HMAC_SHA1_80 outline:${key128}`, 'RFC 4568 6.1', /inline/],
    [`1 AES_CM_128_HMAC_SHA1_80 inline:${key128.slice(4)}`, 'RFC 4568 6.1', /27 bytes, and 30/],
    [`1 AEAD_AES_128_GCM inline:${key128}`, 'RFC 4568 6.1', /30 bytes, and 28/],
    [`1 AES_CM_128_HMAC_SHA1_80 inline:${key128.slice(1)}!`, 'RFC 4568 6.1', /not base64/],
    [`1 AES_CM_128_HMAC_SHA1_80 inline:${key128}|1:4;inline:${key128}|2:4`, 'RFC 4568 6.1', /several master keys/],
    [`1 AES_CM_128_HMAC_SHA1_80 inline:${key128}|2^49`, 'RFC 4568 6.1', /lifetime/],
    [`1 AES_CM_128_HMAC_SHA1_80 inline:${key128}|0`, 'RFC 4568 6.1', /lifetime/],
    [`1 AES_CM_128_HMAC_SHA1_80 inline:${key128}|soon`, 'RFC 4568 6.1', /lifetime/],
    [`1 AES_CM_128_HMAC_SHA1_80 inline:${key128}|1:129`, 'RFC 4568 6.1', /MKI/],
    [`1 AES_CM_128_HMAC_SHA1_80 inline:${key128}|1:0`, 'RFC 4568 6.1', /MKI/],
    [`1 AES_CM_128_HMAC_SHA1_80 inline:${key128}|256:1`, 'RFC 4568 6.1', /MKI does not fit/],
    [`1 AES_CM_128_HMAC_SHA1_80 inline:${key128}|2^20|1:4|x`, 'RFC 4568 9.2', /more than/],
    [`1 AES_CM_128_HMAC_SHA1_80 inline:${key128} UNENCRYPTED_SRTP`, 'RFC 4568 6.3', /UNENCRYPTED_SRTP is/],
    [`1 AES_CM_128_HMAC_SHA1_80 inline:${key128} UNENCRYPTED_SRTCP`, 'RFC 4568 6.3', /UNENCRYPTED_SRTCP is/],
    [`1 AES_CM_128_HMAC_SHA1_80 inline:${key128} UNAUTHENTICATED_SRTP`, 'RFC 4568 6.3', /UNAUTHENTICATED_SRTP is/],
    [`1 AES_CM_128_HMAC_SHA1_80 inline:${key128} WSH=64 KDR=4`, 'RFC 4568 6.3', /parameter KDR is/],
    [`1 AES_CM_128_HMAC_SHA1_80 inline:${key128} FEC_ORDER=FEC_SRTP`, 'RFC 4568 6.3', /parameter FEC_ORDER is/],
    [`1 AES_CM_128_HMAC_SHA1_80 inline:${key128} SOMETHING`, 'RFC 4568 6.3', /parameter SOMETHING is/],
  ] as const)('%s', (value, rule, detail) => {
    expect(parseCryptoAttribute(value)).toMatchObject({ ok: false, error: { rule, detail: expect.stringMatching(detail) } })
  })

  test.each([
    `1 AES_CM_128_HMAC_SHA1_80 inline:${key128} FEC_KEY=inline:${key128}`,
    `1 AES_CM_128_HMAC_SHA1_80 inline:${key128} ${key128}`,
    `1 AES_CM_128_HMAC_SHA1_80 ${key128}`,
    `1 AES_CM_128_HMAC_SHA1_80 inline:${key128}x`,
    `1 ${key128}`,
    key128,
  ])('%s: its error shows no key', (value) => {
    const parsed = parseCryptoAttribute(value)
    expect(parsed.ok).toBe(false)
    expect(JSON.stringify(parsed)).not.toContain(key128.slice(0, 8))
  })
})

test('what is written is read again', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...srtpProfileNames),
      fc.integer({ min: 0, max: 999_999_999 }),
      fc.uint8Array({ minLength: 46, maxLength: 46 }),
      fc.option(fc.oneof(fc.integer({ min: 1, max: 2 ** 48 }), fc.constantFrom(2 ** 20, 2 ** 31, 2 ** 48)), { nil: undefined }),
      fc.option(fc.uint8Array({ minLength: 1, maxLength: 128 }), { nil: undefined }),
      (suite, tag, bytes, lifetime, mki) => {
        const { keyLength, saltLength } = srtpProfiles[suite]
        const crypto = {
          tag,
          suite,
          key: bytes.slice(0, keyLength),
          salt: bytes.slice(keyLength, keyLength + saltLength),
          ...(lifetime === undefined ? {} : { lifetime }),
          ...(mki === undefined ? {} : { mki }),
        }
        expect(parseCryptoAttribute(formatCryptoAttribute(crypto))).toEqual({ ok: true, crypto })
      },
    ),
  )
})

const anyText = fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes).toString('latin1'))

test('hostile text never throws, and never shows in an error beyond a short token', () => {
  const almost = anyText.map((text) => `1 AES_CM_128_HMAC_SHA1_80 inline:${text}`)
  fc.assert(
    fc.property(fc.oneof(anyText, almost), (value) => {
      const parsed = parseCryptoAttribute(value)
      expect(parsed.ok || /^[\x20-\x7e]{1,120}$/.test(parsed.error.detail)).toBe(true)
    }),
  )
})
