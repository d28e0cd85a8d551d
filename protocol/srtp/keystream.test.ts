import { createCipheriv } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { applyKeystream, blockLength, Keystream, KeystreamOfSource } from './keystream.ts'
import { keystreamVectors } from './vectors.ts'

test.each(keystreamVectors)('$section', ({ key, salt, blocks }) => {
  const count = Math.max(...Object.keys(blocks).map(Number)) + 1
  const keystream = new Keystream('aes-cm', key, salt).make(0, 0, count)
  for (const [nth, block] of Object.entries(blocks)) {
    const at = Number(nth) * blockLength
    expect(keystream.toString('hex', at, at + blockLength)).toBe(block)
  }
})

const bytesOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const ssrcs = fc.integer({ min: 0, max: 2 ** 32 - 1 })
const indices = fc.oneof(fc.integer({ min: 0, max: 2 ** 48 - 100 }), fc.integer({ min: 65_500, max: 65_600 }))

test('counter mode begins with the IV of RFC 3711 section 4.1.1', () => {
  fc.assert(
    fc.property(bytesOf(16), bytesOf(14), ssrcs, indices, (key, salt, ssrc, index) => {
      const iv = ((BigInt(`0x${Buffer.from(salt).toString('hex')}`) << 16n) ^ (BigInt(ssrc) << 64n) ^ (BigInt(index) << 16n)).toString(16)
      const cipher = createCipheriv('aes-128-ctr', key, Buffer.from(iv.padStart(32, '0'), 'hex'))
      expect(new Keystream('aes-cm', key, salt).make(ssrc, index, 3)).toEqual(cipher.update(Buffer.alloc(48)))
    }),
  )
})

test('Galois/counter mode begins with the IV of RFC 7714 section 8.1', () => {
  fc.assert(
    fc.property(bytesOf(32), bytesOf(12), ssrcs, indices, (key, salt, ssrc, index) => {
      const iv = (BigInt(`0x${Buffer.from(salt).toString('hex')}`) ^ (BigInt(ssrc) << 48n) ^ BigInt(index)).toString(16)
      const cipher = createCipheriv('aes-256-ctr', key, Buffer.from(`${iv.padStart(24, '0')}00000001`, 'hex'))
      expect(new Keystream('aes-gcm', key, salt).make(ssrc, index, 3)).toEqual(cipher.update(Buffer.alloc(48)))
    }),
  )
})

test('made ahead or not, in any order and of any length, it is the same keystream', () => {
  const keystream = new Keystream('aes-cm', Buffer.alloc(16, 7), Buffer.alloc(14, 9))
  const packets = fc.array(fc.tuple(fc.integer({ min: 65_500, max: 65_560 }), fc.integer({ min: 1, max: 100 }), fc.boolean()), {
    maxLength: 40,
  })
  fc.assert(
    fc.property(packets, (list) => {
      const source = new KeystreamOfSource(keystream, 0xcafebabe)
      for (const [index, blocks, newest] of list) {
        const at = source.locate(index, blocks, newest)
        const got = Buffer.from(source.bytes.subarray(at, at + blocks * blockLength))
        expect(got.equals(keystream.make(0xcafebabe, index, blocks))).toBe(true)
      }
    }),
  )
})

test('what is old or not proved leaves the keystream made ahead as it is', () => {
  const source = new KeystreamOfSource(new Keystream('aes-cm', Buffer.alloc(16), Buffer.alloc(14)), 1)
  source.locate(100, 10, true)
  const ahead = source.bytes
  source.locate(60_000, 10, false)
  expect(source.bytes).not.toBe(ahead)
  expect(source.locate(101, 10, true)).toBe(10 * blockLength)
  expect(source.bytes).toBe(ahead)
})

test('applying it twice gives back what was there, and touches nothing else', () => {
  const plain = Uint8Array.of(1, 2, 3, 4, 5, 6)
  const key = Uint8Array.of(0, 0xff, 0x0f, 0xf0)
  const secret = plain.slice()
  applyKeystream(plain, 2, 5, key, 1, secret)
  expect(secret).toEqual(Uint8Array.of(1, 2, 3 ^ 0xff, 4 ^ 0x0f, 5 ^ 0xf0, 6))
  applyKeystream(secret, 2, 5, key, 1, secret)
  expect(secret).toEqual(plain)
})
