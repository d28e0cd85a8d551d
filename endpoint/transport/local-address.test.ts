import { expect, test } from 'vitest'
import { localAddressFor, nearest } from './local-address.ts'

test.each([
  ['the only one', ['10.0.0.1'], '8.8.8.8', '10.0.0.1'],
  ['the same subnet', ['10.0.0.1', '192.0.2.1'], '192.0.2.9', '192.0.2.1'],
  ['loopback to loopback', ['192.0.2.1', '127.0.0.2'], '127.0.0.9', '127.0.0.2'],
  ['never from loopback to elsewhere', ['127.0.0.1'], '192.0.2.1', undefined],
  ['a wildcard reaches everything', ['0.0.0.0'], '127.0.0.1', '0.0.0.0'],
  ['a fitting address before a wildcard', ['0.0.0.0', '192.0.2.1'], '192.0.2.9', '192.0.2.1'],
  ['families do not mix', ['10.0.0.1', '::'], 'fd00::1', '::'],
  ['none', [], '10.0.0.1', undefined],
])('nearest: %s', (_what, bound, remote, expected) => {
  expect(nearest(bound, remote)).toBe(expected)
})

test('a bound address is what it is; a wildcard is the interface the peer sees', () => {
  expect(localAddressFor('10.0.0.1', '127.0.0.1')).toBe('10.0.0.1')
  expect(localAddressFor('0.0.0.0', '127.0.0.1')).toBe('127.0.0.1')
})
