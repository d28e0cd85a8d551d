import { describe, expect, test } from 'vitest'
import { fingerprintOf, isNamed, sameFingerprints } from './fingerprint.ts'

const der = Buffer.from('a certificate')
const right = fingerprintOf(der)
const wrong = fingerprintOf(Buffer.from('another'))

test('written as SDP does', () => {
  expect(right).toEqual({
    algorithm: 'sha-256',
    value: '81:AC:D7:62:14:0F:A6:92:A1:42:82:2D:2F:BE:4D:C6:F5:4B:CA:A5:01:F6:8A:B3:7E:5A:EE:D0:BA:FE:4D:99',
  })
})

describe('a certificate is named', () => {
  test.each(['sha-1', 'sha-224', 'sha-256', 'sha-384', 'sha-512'])('by %s', (algorithm) => {
    const named = fingerprintOf(der, algorithm)
    expect(isNamed(der, [{ algorithm: algorithm.toUpperCase(), value: named.value.toLowerCase() }])).toBe(true)
    expect(isNamed(Buffer.from('another'), [named])).toBe(false)
  })

  test('by any one of the same function', () => expect(isNamed(der, [wrong, right])).toBe(true))

  test('not by a weaker function than the strongest sent', () => {
    const forged = fingerprintOf(der, 'sha-1')
    expect(isNamed(der, [wrong, forged])).toBe(false)
    expect(isNamed(der, [forged, right])).toBe(true)
  })

  test.each([[[]], [[{ algorithm: 'md5', value: 'C0:6E:7A' }]], [[{ algorithm: 'sha-256', value: '' }]]])('not by %j', (fingerprints) => {
    expect(isNamed(der, fingerprints)).toBe(false)
  })
})

test('order and case make no other set', () => {
  const spelled = { algorithm: 'SHA-256', value: right.value.toLowerCase() }
  expect(sameFingerprints([right, wrong], [wrong, spelled])).toBe(true)
  expect(sameFingerprints([right], [right, wrong])).toBe(false)
})
