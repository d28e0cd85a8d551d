import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { serialize } from '../../protocol/sip/serializer.ts'
import { makeAuthority } from '../certificates.ts'
import { ok, options, TestLayer } from './test-support.ts'

/** Random bytes, and a real request with bytes cut, doubled, or written over. */
const junk = fc.oneof(
  fc.uint8Array({ maxLength: 1_500 }),
  fc.tuple(fc.nat({ max: 400 }), fc.nat({ max: 40 }), fc.uint8Array({ maxLength: 40 })).map(([at, removed, added]) => {
    const bytes = Buffer.from(serialize(options('SIP/2.0/TCP 127.0.0.1:1;rport')))
    return Buffer.concat([bytes.subarray(0, at), added, bytes.subarray(at + removed)])
  }),
)
const samples = fc.sample(junk, { numRuns: 300, seed: 20_261_123 })

async function victim() {
  const { certPem: cert, keyPem: key } = await (await makeAuthority()).issue({ names: ['127.0.0.1'] })
  const host = '127.0.0.1'
  const b = await TestLayer.open({
    listen: [
      { transport: 'udp', host, port: 0 },
      { transport: 'tcp', host, port: 0 },
      { transport: 'tls', host, port: 0, tls: { cert, key } },
    ],
  })
  // A user agent answers what it gets: the junk must survive the way back too.
  const { onMessage, onMalformed } = b.layer
  const reply = (message: Parameters<NonNullable<typeof onMessage>>[0], flow: Parameters<NonNullable<typeof onMessage>>[1]) => {
    if (message.type === 'request') b.layer.sendResponse(ok(message), flow).catch(() => {})
  }
  b.layer.onMessage = (message, flow, bytes) => {
    reply(message, flow)
    onMessage?.(message, flow, bytes)
  }
  b.layer.onMalformed = (error, flow) => {
    if (error.message !== undefined) reply(error.message, flow)
    onMalformed?.(error, flow)
  }
  return b
}

describe('whatever bytes arrive, the layer stays up and answers the next good request', () => {
  test('udp', async () => {
    await using b = await victim()
    const socket = createSocket('udp4')
    const { port, address } = b.at('udp').remote
    // One after the other: a burst would overflow the system's buffer before this process reads it.
    for (const bytes of samples) await new Promise((resolve) => socket.send(bytes, port, address, resolve))
    const last = options('SIP/2.0/UDP 127.0.0.1;rport')
    socket.send(serialize(last), port, address)
    await arrival(b, last.headers.get('Call-ID')!)
    socket.close()
  })

  test.each(['tcp', 'tls'] as const)('%s port, each on its own connection', async (transport) => {
    await using b = await victim()
    const { port, address } = b.at(transport).remote
    for (const bytes of samples) {
      const socket = connect(port, address)
      socket.on('error', () => {})
      socket.resume()
      socket.end(bytes)
      await once(socket, 'close')
    }
    await using a = await TestLayer.open({ listen: [], tlsClient: { verify: false } })
    const last = options(`SIP/2.0/${transport.toUpperCase()} 127.0.0.1;rport`)
    await a.layer.send(last, b.at(transport))
    await arrival(b, last.headers.get('Call-ID')!)
    expect((await a.response()).message.status).toBe(200)
  })
})

async function arrival(layer: TestLayer, callId: string): Promise<void> {
  for (;;) if ((await layer.request()).message.headers.get('Call-ID') === callId) return
}
