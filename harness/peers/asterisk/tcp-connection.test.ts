import { expect, test } from 'vitest'
import type { StreamChunk } from '../../../protocol/capture/tcp-streams.ts'
import type { Address } from '../../../protocol/wire.ts'
import { TcpConnection } from './tcp-connection.ts'

const asterisk: Address = { address: '10.1.2.20', port: 40000 }
const edge: Address = { address: '10.1.2.10', port: 32682 }
const chunk = (bytes: Uint8Array, source: Address, at: number): StreamChunk => ({
  at,
  frame: at,
  source,
  destination: source === asterisk ? edge : asterisk,
  bytes,
  gap: false,
  start: true,
})
const [out, back] = [
  { dir: 'out', local: asterisk, remote: edge },
  { dir: 'in', local: asterisk, remote: edge },
] as const

/** A ClientHello as far as its random, which names the secrets (RFC 8446 section 4.1.2). */
function clientHello(random: Uint8Array): Uint8Array {
  const message = [1, 0, 0, 34, 3, 3, ...random]
  return Uint8Array.of(22, 3, 1, 0, message.length, ...message)
}

test('a TLS connection is kept as it was on the path, with the secrets that open it', () => {
  const random = new Uint8Array(32).fill(7)
  const hello = clientHello(random)
  const secrets = new Map([['CLIENT_TRAFFIC_SECRET_0', Buffer.alloc(32, 9)]])
  const hex = Buffer.from(random).toString('hex')
  const connection = new TcpConnection(chunk(hello, asterisk, 1), (wanted) => (wanted === hex ? secrets : undefined))
  const buffer = hello.slice()
  expect(connection.take(chunk(buffer, asterisk, 1), out)).toEqual([])
  buffer.fill(0)
  const answer = Uint8Array.of(21, 3, 3, 0, 2, 2, 40)
  expect(connection.take(chunk(answer, edge, 2), back)).toEqual([])
  const { path } = connection
  expect(path!.wires).toEqual([
    { at: 1, ...out, bytes: hello },
    { at: 2, ...back, bytes: answer },
  ])
  expect(path!.keys()).toEqual([`CLIENT_TRAFFIC_SECRET_0 ${hex} ${'09'.repeat(32)}`])
  expect(connection.path).toBe(path)
})

test('a connection in clear has no such path', () => {
  const bytes = new TextEncoder().encode('OPTIONS sip:a@b SIP/2.0\r\nContent-Length: 0\r\n\r\n')
  const connection = new TcpConnection(chunk(bytes, asterisk, 1), () => undefined)
  expect(connection.take(chunk(bytes, asterisk, 1), out)).toHaveLength(1)
  expect(connection.path).toBeUndefined()
})
