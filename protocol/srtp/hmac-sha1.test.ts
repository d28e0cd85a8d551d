import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { HmacSha1, sha1Length } from './hmac-sha1.ts'
import { hex } from './vectors.ts'

test('RFC 2202 section 3, case 2', () => {
  const target = new Uint8Array(sha1Length)
  // The last four bytes of the text are the word.
  const text = Buffer.from('what do ya want for nothing?')
  new HmacSha1(Buffer.from('Jefe')).write(text, text.length - 4, text.readUInt32BE(text.length - 4), target, 0, sha1Length)
  expect(Buffer.from(target)).toEqual(hex('effcdf6ae5eb2fa2d27416d5f184df9c259a7c79'))
})

test('it is what node:crypto makes', () => {
  const word = fc.integer({ min: 0, max: 2 ** 32 - 1 })
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.uint8Array({ maxLength: 400 }), word, (key, message, word) => {
      const suffix = Buffer.alloc(4)
      suffix.writeUInt32BE(word)
      const expected = createHmac('sha1', key).update(message).update(suffix).digest()
      const target = new Uint8Array(12)
      // More bytes may follow in the packet's buffer: they do not count.
      new HmacSha1(key).write(Buffer.concat([message, Buffer.from('rest')]), message.length, word, target, 1, 10)
      expect(Buffer.from(target)).toEqual(Buffer.concat([Buffer.alloc(1), expected.subarray(0, 10), Buffer.alloc(1)]))
    }),
  )
})

test('a key longer than a block throws', () => {
  expect(() => new HmacSha1(new Uint8Array(65))).toThrow(RangeError)
})
