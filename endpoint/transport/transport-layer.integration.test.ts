import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { describe, expect, test } from 'vitest'
import { topVia } from '../../protocol/sip/headers.ts'
import { makeResponse } from '../../protocol/sip/message.ts'
import { serialize } from '../../protocol/sip/serializer.ts'
import type { SipWire } from '../../protocol/wire.ts'
import { noIpv6, ok, options, TestLayer } from './test-support.ts'
import { TransportLayer } from './transport-layer.ts'

const both = [
  { transport: 'udp', host: '127.0.0.1', port: 0 },
  { transport: 'tcp', host: '127.0.0.1', port: 0 },
] as const

for (const host of ['127.0.0.1', '::1']) {
  const family = host === '::1' ? 6 : 4
  describe.skipIf(family === 6 && noIpv6)(`on ${host}${family === 6 && noIpv6 ? ` (skipped: ${noIpv6})` : ''}`, () => {
    test.each(['udp', 'tcp'] as const)('%s: a request arrives stamped, its response comes back', async (transport) => {
      const listen = [{ transport, host, port: 0 }]
      await using a = await TestLayer.open({ listen })
      await using b = await TestLayer.open({ listen })
      const to = b.at(transport, family)
      const sentBy = a.layer.localFor(transport, to.remote)
      const used = await a.layer.send(options(`SIP/2.0/${transport.toUpperCase()} ${bracket(host)}:${sentBy.port};rport`), to)
      const { message, connection } = await b.request()
      const via = topVia(message)!
      expect(via.params.get('received')).toBe(host)
      expect(via.params.get('rport')).toBe(String(used.local.port))
      expect(connection).toMatchObject({ transport, open: true, remote: used.local, local: used.remote })
      await b.layer.sendResponse(ok(message), connection)
      const answer = await a.response()
      expect(answer.message.status).toBe(200)
      expect(answer.connection.remote).toEqual(to.remote)
    })
  })
}

describe('response routing', () => {
  test('UDP behind a NAT: the answer goes to the source port when rport asks for it, else to sent-by', async () => {
    await using b = await TestLayer.open({ listen: both })
    const nat = await rawUdp()
    const sentBy = await rawUdp()
    for (const [rport, expected] of [
      [';rport', nat],
      ['', sentBy],
    ] as const) {
      const request = options(`SIP/2.0/UDP 127.0.0.1:${sentBy.port}${rport}`)
      const arrived = once(expected.socket, 'message')
      nat.socket.send(serialize(request), b.at('udp').remote.port, '127.0.0.1')
      const { message, connection } = await b.request()
      await b.layer.sendResponse(ok(message), connection)
      const [, from] = await arrived
      expect(from).toMatchObject(b.at('udp').remote)
    }
    nat.socket.close()
    sentBy.socket.close()
  })

  test('fault ignore-rport: the answer misses the source port', async () => {
    await using b = await TestLayer.open({ listen: both, faults: new Set(['ignore-rport'] as const) })
    const nat = await rawUdp()
    const sentBy = await rawUdp()
    const arrived = once(sentBy.socket, 'message')
    nat.socket.send(serialize(options(`SIP/2.0/UDP 127.0.0.1:${sentBy.port};rport`)), b.at('udp').remote.port, '127.0.0.1')
    const { message, connection } = await b.request()
    expect(topVia(message)!.params.get('rport')).toBeUndefined()
    await b.layer.sendResponse(ok(message), connection)
    expect(String((await arrived)[0])).toContain(`127.0.0.1:${sentBy.port};rport;`)
    nat.socket.close()
    sentBy.socket.close()
  })

  test("TCP: a new connection to sent-by's port when the request's has closed", async () => {
    await using a = await TestLayer.open({ listen: both })
    await using b = await TestLayer.open({ listen: both })
    const socket = connect(b.at('tcp').remote.port, '127.0.0.1')
    socket.write(serialize(options(`SIP/2.0/TCP 127.0.0.1:${a.at('tcp').remote.port};rport`)))
    const { message, connection } = await b.request()
    socket.destroy()
    expect((await b.closed.take()).connection).toBe(connection)
    expect(connection.open).toBe(false)
    await b.layer.sendResponse(ok(message), connection)
    expect((await a.response()).message.status).toBe(200)
  })

  test('TCP: nobody at sent-by either', async () => {
    await using b = await TestLayer.open({ listen: both })
    const port = await freePort()
    const socket = connect(b.at('tcp').remote.port, '127.0.0.1')
    socket.write(serialize(options(`SIP/2.0/TCP 127.0.0.1:${port}`)))
    const { message, connection } = await b.request()
    socket.destroy()
    await b.closed.take()
    await expect(b.layer.sendResponse(ok(message), connection)).rejects.toMatchObject({ code: 'refused' })
  })
})

describe('connections', () => {
  test('one connection carries many requests, also those sent while it comes up, and is named from our listener', async () => {
    await using a = await TestLayer.open({ listen: [{ transport: 'tcp', host: '127.0.0.5', port: 0 }] })
    await using b = await TestLayer.open({ listen: both })
    const to = b.at('tcp')
    const used = await Promise.all([1, 2, 3].map(() => a.layer.send(options('SIP/2.0/TCP 127.0.0.5'), to)))
    used.push(await a.layer.send(options('SIP/2.0/TCP 127.0.0.5'), to))
    expect(new Set(used).size).toBe(1)
    const numbers = []
    for (const _ of used) {
      const { message, connection } = await b.request()
      expect(connection.remote).toEqual(used[0]!.local)
      numbers.push(Number.parseInt(message.headers.get('CSeq')!, 10))
    }
    expect(used[0]!.local.address).toBe('127.0.0.5')
    expect(numbers).toEqual(numbers.toSorted((x, y) => x - y))
  })

  test('requests go back over an accepted connection: to its source, by alias, by flow', async () => {
    await using a = await TestLayer.open({ listen: both })
    await using b = await TestLayer.open({ listen: both })
    const alias = a.at('tcp')
    const used = await a.layer.send(options(`SIP/2.0/TCP 127.0.0.1:${alias.remote.port};alias`), b.at('tcp'))
    const { connection } = await b.request()
    for (const to of [{ transport: 'tcp', remote: connection.remote } as const, alias, { flow: connection }]) {
      expect(await b.layer.send(options('SIP/2.0/TCP 127.0.0.1'), to)).toBe(connection)
      expect((await a.request()).connection).toBe(used)
    }
  })

  test('a connection the peer has closed is replaced', async () => {
    await using a = await TestLayer.open({ listen: both })
    const server = createServer()
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as { port: number }
    const to = { transport: 'tcp', remote: { address: '127.0.0.1', port } } as const
    const [[first], one] = await Promise.all([once(server, 'connection'), a.layer.send(options('SIP/2.0/TCP 127.0.0.1'), to)])
    first.destroy()
    await a.closed.take()
    await expect(a.layer.send(options('SIP/2.0/TCP 127.0.0.1'), { flow: one })).rejects.toMatchObject({ code: 'closed' })
    const [[second], two] = await Promise.all([once(server, 'connection'), a.layer.send(options('SIP/2.0/TCP 127.0.0.1'), to)])
    expect(two).not.toBe(one)
    second.destroy()
    server.close()
  })

  test('keep-alives: ours are answered, and we answer', async () => {
    await using a = await TestLayer.open({ listen: both, keepAliveMs: 10 })
    const server = createServer()
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const remote = server.address() as { address: string; port: number }
    const [[peer]] = await Promise.all([
      once(server, 'connection'),
      a.layer.send(options('SIP/2.0/TCP 127.0.0.1'), { transport: 'tcp', remote }),
    ])
    let seen = ''
    for await (const chunk of peer) {
      seen += chunk
      if (seen.endsWith('\r\n\r\n\r\n\r\n')) break
    }
    server.close()
    const socket = connect(a.at('tcp').remote.port, '127.0.0.1')
    socket.write('\r\n\r\n')
    expect(String((await once(socket, 'data'))[0])).toBe('\r\n')
    socket.destroy()
  })

  test('too many from one address are turned away, the others stay', async () => {
    await using b = await TestLayer.open({ listen: both, limits: { connectionsPerRemote: 1 } })
    const first = connect(b.at('tcp').remote.port, '127.0.0.1')
    first.write('\r\n\r\n')
    await once(first, 'data')
    const second = connect(b.at('tcp').remote.port, '127.0.0.1')
    second.on('error', () => {})
    await once(second, 'close')
    first.write('\r\n\r\n')
    await once(first, 'data')
    first.destroy()
    await b.closed.take()
  })

  test('who says nothing, and who falls silent, is let go', async () => {
    await using b = await TestLayer.open({ listen: both, limits: { firstMessageMs: 20, idleMs: 40 } })
    const mute = connect(b.at('tcp').remote.port, '127.0.0.1')
    expect((await b.closed.take()).error).toMatchObject({ code: 'timeout', message: 'no message' })
    const silent = connect(b.at('tcp').remote.port, '127.0.0.1')
    silent.write('\r\n\r\n')
    expect((await b.closed.take()).error).toMatchObject({ code: 'timeout', message: 'idle' })
    mute.destroy()
    silent.destroy()
  })

  test('a peer that does not read is given up', async () => {
    await using a = await TestLayer.open({ listen: both, limits: { bufferedBytes: 100_000 } })
    const server = createServer({ pauseOnConnect: true })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const remote = server.address() as { address: string; port: number }
    const accepted = once(server, 'connection')
    const flow = await a.layer.send(options('SIP/2.0/TCP 127.0.0.1'), { transport: 'tcp', remote })
    const sends: Promise<unknown>[] = []
    while (flow.open) sends.push(a.layer.send(options('SIP/2.0/TCP 127.0.0.1', 'x'.repeat(50_000)), { flow }))
    const results = await Promise.allSettled(sends)
    expect(results.at(-1)).toMatchObject({ status: 'rejected', reason: { code: 'closed' } })
    expect((await a.closed.take()).error?.message).toContain('does not read')
    ;(await accepted)[0].destroy()
    server.close()
  })
})

describe('failures have a code', () => {
  test('tcp refused', async () => {
    await using a = await TestLayer.open({ listen: both })
    const remote = { address: '127.0.0.1', port: await freePort() }
    await expect(a.layer.send(options('SIP/2.0/TCP 127.0.0.1'), { transport: 'tcp', remote })).rejects.toMatchObject({ code: 'refused' })
  })

  test('unreachable: no listener of that family, and an address with no route', async () => {
    await using a = await TestLayer.open({ listen: both })
    const v6 = { transport: 'udp', remote: { address: '::1', port: 5060 } } as const
    await expect(a.layer.send(options('SIP/2.0/UDP 127.0.0.1'), v6)).rejects.toMatchObject({ code: 'unreachable' })
    // A socket bound to loopback cannot leave it.
    const far = { transport: 'udp', remote: { address: '192.0.2.77', port: 5060 } } as const
    await expect(a.layer.send(options('SIP/2.0/UDP 127.0.0.1'), far)).rejects.toMatchObject({ code: 'unreachable' })
  })

  test('too large for a datagram', async () => {
    await using a = await TestLayer.open({ listen: both })
    const request = options('SIP/2.0/UDP 127.0.0.1', 'x'.repeat(66_000))
    expect(a.layer.wouldExceedUdp(request)).toBe(true)
    expect(a.layer.wouldExceedUdp(options('SIP/2.0/UDP 127.0.0.1'))).toBe(false)
    await expect(a.layer.send(request, { transport: 'udp', remote: { address: '127.0.0.1', port: 9 } })).rejects.toMatchObject({
      code: 'too-large',
    })
  })

  test('a port that is taken is named', async () => {
    await using a = await TestLayer.open({ listen: both })
    const { port } = a.at('tcp').remote
    await expect(TransportLayer.open({ listen: [{ transport: 'tcp', host: '127.0.0.1', port }] })).rejects.toThrow(
      `cannot listen on tcp 127.0.0.1:${port}: listen EADDRINUSE`,
    )
  })

  test('closed under way: everything that waits is told', async () => {
    const a = await TestLayer.open({ listen: both })
    const server = createServer()
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const remote = server.address() as { address: string; port: number }
    const sending = a.layer.send(options('SIP/2.0/TCP 127.0.0.1'), { transport: 'tcp', remote })
    const closing = a.layer.close()
    await expect(sending).rejects.toMatchObject({ code: 'closed' })
    await closing
    const to = { transport: 'udp', remote } as const
    await expect(a.layer.send(options('SIP/2.0/UDP 127.0.0.1'), to)).rejects.toMatchObject({ code: 'closed' })
    server.close()
  })
})

test('a stream that lost its framing is answered, then closed', async () => {
  await using b = await TestLayer.open({ listen: both })
  const queue = b.layer.onMalformed!
  b.layer.onMalformed = (error, connection) => {
    if (error.message?.type === 'request') void b.layer.sendResponse(makeResponse(error.message, error.status!), connection)
    queue(error, connection)
  }
  const socket = connect(b.at('tcp').remote.port, '127.0.0.1')
  socket.write(
    Buffer.from(serialize(options('SIP/2.0/TCP 10.0.0.1;rport')))
      .toString()
      .replace(/Content-Length: 0/, 'Content-Length: x'),
  )
  let text = ''
  for await (const chunk of socket) text += chunk
  expect(text).toMatch(/^SIP\/2.0 400 .*;received=127\.0\.0\.1/s)
  const { connection } = await b.malformed.take()
  expect(await b.closed.take()).toMatchObject({ connection, error: { message: expect.stringContaining('framing lost') } })
})

test('unreadable messages are reported one by one; too many end the connection', async () => {
  await using b = await TestLayer.open({ listen: both })
  const socket = connect(b.at('tcp').remote.port, '127.0.0.1')
  socket.write('OPTIONS sip:x SIP/2.0\r\nContent-Length: 0\r\n\r\n'.repeat(11))
  expect((await b.closed.take()).error?.message).toBe('10 unreadable messages')
  expect(b.malformed.waiting).toBe(10)
  socket.destroy()
})

test('the tap sees every message once, both ways, keep-alives never', async () => {
  const seen: SipWire[] = []
  await using a = await TestLayer.open({ listen: both, tap: { sip: (event) => seen.push(event) } })
  await using b = await TestLayer.open({ listen: both })
  for (const transport of ['udp', 'tcp'] as const) {
    const flow = await a.layer.send(options(`SIP/2.0/${transport.toUpperCase()} 127.0.0.1;rport`), b.at(transport))
    const { message, connection } = await b.request()
    await b.layer.ping(connection)
    await b.layer.sendResponse(ok(message), connection)
    await a.response()
    expect(seen.splice(0)).toMatchObject([
      { dir: 'out', transport, local: flow.local, remote: flow.remote },
      { dir: 'in', transport, local: flow.local, remote: flow.remote },
    ])
  }
})

test('wildcard listeners name the interface the peer sees', async () => {
  await using a = await TestLayer.open({
    listen: [
      { transport: 'udp', host: '0.0.0.0', port: 0 },
      { transport: 'tcp', host: '0.0.0.0', port: 0 },
    ],
  })
  const { port } = a.layer.listeners[0]!
  expect(a.layer.localFor('udp', { address: '127.0.0.1', port: 5060 })).toEqual({ address: '127.0.0.1', port })
  expect(a.layer.localFor('tls', { address: '127.0.0.1', port: 5061 })).toEqual({ address: '127.0.0.1', port: 5061 })
})

function bracket(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

async function rawUdp() {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return { socket, port: socket.address().port }
}

/** A port that was free a moment ago, and whose number the system will not hand out again soon. */
async function freePort(): Promise<number> {
  const server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}
