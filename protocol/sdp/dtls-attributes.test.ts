import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatFingerprint, parseFingerprint } from './dtls-attributes.ts'

const digits = (bytes: number) => Array.from({ length: bytes }, (_, at) => (0xa0 + at).toString(16).toUpperCase()).join(':')

test.each([
  ['sha-1', 20],
  ['sha-224', 28],
  ['sha-256', 32],
  ['sha-384', 48],
  ['sha-512', 64],
])('%s of %i bytes is read and written', (algorithm, bytes) => {
  const fingerprint = { algorithm, value: digits(bytes) }
  const written = `${algorithm} ${digits(bytes)}`
  expect(parseFingerprint(written)).toEqual(fingerprint)
  expect(parseFingerprint(`  ${algorithm.toUpperCase()}\t${digits(bytes).toLowerCase()} `)).toEqual(fingerprint)
  expect(formatFingerprint(fingerprint)).toBe(written)
})

test.each([
  ['', 'nothing'],
  [`md5 ${digits(16)}`, 'a hash that must not be used'],
  [`sha-3 ${digits(32)}`, 'a hash nobody knows'],
  [`toString ${digits(32)}`, 'a name every object has'],
  [`sha-256 ${digits(31)}`, 'too short'],
  [`sha-256 ${digits(33)}`, 'too long'],
  [`sha-256 ${digits(32).replaceAll(':', '')}`, 'no colons'],
  [`sha-256 ${digits(31)}:G0`, 'no hexadecimal'],
  [digits(32), 'no hash function'],
])('"%s" is none: %s', (value) => {
  expect(parseFingerprint(value)).toBeUndefined()
})

const anyText = fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes).toString('latin1'))

test('hostile text never throws', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      expect(parseFingerprint(text)).toBeUndefined()
      expect(parseFingerprint(`sha-256 ${text}`)).toBeUndefined()
    }),
  )
})
