import { createCipheriv } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { makePacketCipher } from './packet-cipher.ts'
import { srtpProfiles } from './profile.ts'
import { galoisPlain, galoisSalt, galoisVectors } from './vectors.ts'

const tagLength = 16

describe.each(galoisVectors)('RFC 7714, $profile', ({ profile, key, rtp, rtcp }) => {
  const keys = { encryption: key, salt: galoisSalt, authentication: Buffer.alloc(0) }
  const variants = [
    {
      what: 'section 16, encrypted',
      kind: 'rtp',
      plain: galoisPlain.rtp,
      clear: 12,
      ssrc: 0x5501a0b2,
      index: 0xf17b,
      word: 0,
      out: rtp.encrypted,
    },
    {
      what: 'section 16, tag only',
      kind: 'rtp',
      plain: galoisPlain.rtp,
      clear: Infinity,
      ssrc: 0x5501a0b2,
      index: 0xf17b,
      word: 0,
      out: rtp.tagged,
    },
    {
      what: 'section 17, encrypted',
      kind: 'rtcp',
      plain: galoisPlain.rtcp,
      clear: 8,
      ssrc: 0x4d617273,
      index: 0x5d4,
      word: 0x800005d4,
      out: rtcp.encrypted,
    },
    {
      what: 'section 17, tag only',
      kind: 'rtcp',
      plain: galoisPlain.rtcp,
      clear: Infinity,
      ssrc: 0x4d617273,
      index: 0x5d4,
      word: 0x5d4,
      out: rtcp.tagged,
    },
  ] as const

  test.each(variants)('$what', ({ kind, plain, clear, ssrc, index, word, out }) => {
    const cipher = makePacketCipher(srtpProfiles[profile], keys, kind)
    const end = plain.length
    const start = Math.min(clear, end)
    const bytes = Buffer.concat([plain, Buffer.alloc(tagLength)])
    const work = { keystream: cipher.keystream(ssrc), index, newest: true, bytes, start, end, word }
    cipher.seal(work, end)
    const protectedPart = out.subarray(0, end + tagLength)
    expect(bytes).toEqual(protectedPart)
    expect(cipher.verify(work, end)).toBe(true)
    const opened = Buffer.from(bytes.subarray(0, end))
    cipher.decrypt(work, opened)
    expect(opened).toEqual(plain)
    bytes[end]! ^= 1
    expect(cipher.verify(work, end)).toBe(false)
  })
})

test('Galois/counter mode of any lengths is what node:crypto makes', () => {
  const bytesOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
  const index = 0x1_0000_0001
  const ssrc = 0xcafebabe
  fc.assert(
    fc.property(bytesOf(16), bytesOf(12), fc.uint8Array({ maxLength: 80 }), fc.uint8Array({ maxLength: 200 }), (key, salt, clear, text) => {
      const iv = (BigInt(`0x${Buffer.from(salt).toString('hex')}`) ^ (BigInt(ssrc) << 48n) ^ BigInt(index)).toString(16)
      const reference = createCipheriv('aes-128-gcm', key, Buffer.from(iv.padStart(24, '0'), 'hex'))
      reference.setAAD(clear)
      const expected = Buffer.concat([clear, reference.update(text), reference.final(), reference.getAuthTag()])
      const keys = { encryption: Buffer.from(key), salt: Buffer.from(salt), authentication: Buffer.alloc(0) }
      const cipher = makePacketCipher(srtpProfiles.AEAD_AES_128_GCM, keys, 'rtp')
      const end = clear.length + text.length
      const bytes = Buffer.concat([clear, text, Buffer.alloc(tagLength)])
      cipher.seal({ keystream: cipher.keystream(ssrc), index, newest: true, bytes, start: clear.length, end, word: 0 }, end)
      expect(bytes.equals(expected)).toBe(true)
    }),
  )
})
