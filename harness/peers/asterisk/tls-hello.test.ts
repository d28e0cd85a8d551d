import { expect, test } from 'vitest'
import { looksLikeTls, readServerHello } from './tls-hello.ts'

/** A handshake record with one ServerHello. */
function serverHello(suite: number, extensions: readonly number[], sessionId: readonly number[] = []): Uint8Array {
  const body = [
    ...[3, 3], // legacy version
    ...new Array(32).fill(7), // random
    sessionId.length,
    ...sessionId,
    ...[suite >> 8, suite & 255],
    0, // compression
    ...[extensions.length >> 8, extensions.length & 255],
    ...extensions,
  ]
  const message = [2, 0, body.length >> 8, body.length & 255, ...body]
  return Uint8Array.from([22, 3, 3, message.length >> 8, message.length & 255, ...message])
}

const tls13 = [0, 43, 0, 2, 3, 4]
const keyShare = [0, 51, 0, 2, 9, 9]

test('TLS 1.3 says its version in an extension only', () => {
  expect(readServerHello(serverHello(0x1302, [...keyShare, ...tls13], [1, 2, 3]))).toEqual({
    version: 'TLSv1.3',
    cipher: 'TLS_AES_256_GCM_SHA384',
  })
})

test('without the extension the version is the old field', () => {
  expect(readServerHello(serverHello(0xc02f, []))).toEqual({ version: 'TLSv1.2', cipher: '0xc02f' })
})

test('nothing is read from less than the whole message, or from a client', () => {
  const whole = serverHello(0x1301, tls13)
  for (let length = 0; length < whole.length - 1; length++) expect(readServerHello(whole.subarray(0, length))).toBeUndefined()
  const client = Uint8Array.from(whole)
  client[5] = 1
  expect(readServerHello(client)).toBeUndefined()
  expect(looksLikeTls(client)).toBe(true)
  expect(looksLikeTls(new TextEncoder().encode('INVITE'))).toBe(false)
})
