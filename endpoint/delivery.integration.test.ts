/** How a request gets there: other servers when one fails, TCP when it is long, challenges, aborts. */
import { describe, expect, test } from 'vitest'
import { topVia } from '../protocol/sip/headers.ts'
import { FakeClock } from './fake-clock.ts'
import { event, RawPeer, sdp, TestAgent } from './fixtures/agents.ts'
import { quietOptions } from './fixtures/quiet-media.ts'
import { type ResolvedTarget, Resolver } from './resolver.ts'

const from = 'sip:alice@example.com'

/** Finds these peers, in this order, whatever is asked. */
class FixedResolver extends Resolver {
  readonly #targets: ResolvedTarget[]

  constructor(ports: number[], transport: 'udp' | 'tcp' = 'udp') {
    super()
    this.#targets = ports.map((port) => ({ transport, host: '127.0.0.1', port }))
  }

  override async resolve(): Promise<ResolvedTarget[]> {
    return this.#targets
  }
}

describe('failover (RFC 3263 4.3)', () => {
  test('from a server that answers 503 to the next, as a new transaction, and past it for as long as it asked', async () => {
    await using one = await RawPeer.open()
    await using two = await RawPeer.open()
    await using alice = await TestAgent.open({ resolver: new FixedResolver([one.port, two.port]) })
    const call = alice.agent.invite({ to: 'sip:bob@example.com', from, media: quietOptions })
    const first = await one.request('INVITE')
    await one.reply(first, 503, { rows: [['Retry-After', '60']] })
    await one.request('ACK')
    const second = await two.request('INVITE')
    expect(topVia(second)?.params.get('branch')).not.toBe(topVia(first)?.params.get('branch'))
    expect(second.headers.get('Call-ID')).toBe(first.headers.get('Call-ID'))
    const confirmed = event(call, 'confirmed')
    await two.reply(second, 200, { body: sdp })
    await confirmed
    expect(call.remoteAddress.port).toBe(two.port)
    void alice.agent.request({ method: 'OPTIONS', to: 'sip:bob@example.com', from }).catch(() => {})
    await two.request('OPTIONS')
    expect(one.unread).toEqual([])
  })

  test('from a silent one after timer F', async () => {
    await using one = await RawPeer.open()
    await using two = await RawPeer.open()
    const clock = new FakeClock()
    await using alice = await TestAgent.open({ resolver: new FixedResolver([one.port, two.port]), clock })
    const answer = alice.agent.request({ method: 'OPTIONS', to: 'sip:bob@example.com', from })
    await one.request('OPTIONS')
    clock.advance(32_010)
    clock.advance(200)
    await two.reply(await two.request('OPTIONS'), 200)
    expect((await answer).status).toBe(200)
  })

  test('from one that cannot be reached', async () => {
    const gone = await RawPeer.open(['tcp'])
    const { port } = gone
    await gone[Symbol.asyncDispose]()
    await using two = await RawPeer.open()
    await using alice = await TestAgent.open({ resolver: new FixedResolver([port, two.port], 'tcp') })
    const answer = alice.agent.request({ method: 'OPTIONS', to: 'sip:bob@example.com', from })
    await two.reply(await two.request('OPTIONS'), 200)
    expect((await answer).status).toBe(200)
  })

  test('when all fail, the last one’s word is final', async () => {
    await using one = await RawPeer.open()
    await using alice = await TestAgent.open({ resolver: new FixedResolver([one.port, one.port]) })
    const call = alice.agent.invite({ to: 'sip:bob@example.com', from, media: quietOptions })
    const ended = event(call, 'ended')
    for (let n = 0; n < 2; n += 1) {
      await one.reply(await one.request('INVITE'), 503)
      await one.request('ACK')
    }
    expect((await ended)[0]).toMatchObject({ by: 'remote', status: 503 })
  })

  test('hanging up between two tries ends the call at once', async () => {
    await using one = await RawPeer.open()
    const clock = new FakeClock()
    await using alice = await TestAgent.open({ resolver: new FixedResolver([one.port, one.port]), clock })
    const call = alice.agent.invite({ to: 'sip:bob@example.com', from, media: quietOptions })
    await one.reply(await one.request('INVITE'), 503)
    await one.request('ACK')
    await call.hangup()
    expect(call.end).toMatchObject({ by: 'local' })
  })
})

describe('long requests (RFC 3261 18.1.1)', () => {
  const long = { headers: [['X-Long', 'x'.repeat(1400)] as [string, string]] }

  test('go by TCP', async () => {
    await using peer = await RawPeer.open(['udp', 'tcp'])
    await using alice = await TestAgent.open()
    const answer = alice.agent.request({ method: 'OPTIONS', to: peer.uri('bob'), from, ...long })
    const request = await peer.request('OPTIONS')
    expect([peer.connectionOf(request).transport, topVia(request)?.transport]).toEqual(['tcp', 'TCP'])
    await peer.reply(request, 200)
    expect((await answer).status).toBe(200)
  })

  test('go by UDP after all where nobody listens on TCP', async () => {
    await using peer = await RawPeer.open(['udp'])
    await using alice = await TestAgent.open()
    const call = alice.agent.invite({ to: peer.uri('bob'), from, media: quietOptions, ...long })
    const invite = await peer.request('INVITE')
    expect([peer.connectionOf(invite).transport, topVia(invite)?.transport]).toEqual(['udp', 'UDP'])
    await peer.reply(invite, 486)
    await event(call, 'ended')
  })
})

describe('no response', () => {
  test('a URI that names no place', async () => {
    await using alice = await TestAgent.open()
    await expect(alice.agent.request({ method: 'OPTIONS', to: 'tel:+4930123', from })).rejects.toMatchObject({ code: 'unresolvable' })
    const call = alice.agent.invite({ to: 'tel:+4930123', from, media: quietOptions })
    expect((await event(call, 'ended'))[0]).toMatchObject({ by: 'error', status: 503 })
  })

  test.each(['udp', 'tcp'])('a header that cannot be written, over %s', async (transport) => {
    await using peer = await RawPeer.open()
    await using alice = await TestAgent.open()
    const to = `${peer.uri('bob')};transport=${transport}`
    const call = alice.agent.invite({ to, from, media: quietOptions, headers: [['X-Name', 'a\r\nb']] })
    expect((await event(call, 'ended'))[0]).toMatchObject({ by: 'error', status: 503, reason: expect.stringContaining('line break') })
    expect(peer.unread).toEqual([])
  })

  test('aborted', async () => {
    await using peer = await RawPeer.open()
    await using alice = await TestAgent.open()
    const abort = new AbortController()
    const answer = alice.agent.request({ method: 'OPTIONS', to: peer.uri('bob'), from }, { signal: abort.signal })
    await peer.request('OPTIONS')
    abort.abort()
    await expect(answer).rejects.toMatchObject({ code: 'aborted' })
  })

  test('the stream broke before anything came back', async () => {
    const peer = await RawPeer.open(['tcp'])
    await using alice = await TestAgent.open()
    const answer = alice.agent.request({ method: 'OPTIONS', to: `${peer.uri('bob')};transport=tcp`, from })
    await peer.request('OPTIONS')
    const refused = expect(answer).rejects.toMatchObject({ code: 'transport' })
    await peer[Symbol.asyncDispose]()
    await refused
  })
})

test('a malformed request is answered where it can be, and keeps nothing', async () => {
  await using peer = await RawPeer.open()
  await using alice = await TestAgent.open()
  const request = await peer.send('OPTIONS', { uri: alice.uri('alice'), port: alice.port }, [
    ['From', '<sip:raw@example.com>;tag=1'],
    ['To', '<sip:alice@example.com>'],
    ['Call-ID', 'c'],
    ['CSeq', '1 OPTIONS'],
    ['Max-Forwards', '69'],
  ])
  const response = await peer.response(400)
  expect(response.headers.get('Call-ID')).toBe(request.headers.get('Call-ID'))
  expect(response.headers.get('Warning')).toContain('Max-Forwards')
})

test('closing leaves nothing on the clock', async () => {
  const clock = new FakeClock()
  await using peer = await RawPeer.open()
  await using alice = await TestAgent.open({ clock })
  const call = alice.agent.invite({ to: peer.uri('bob'), from, media: quietOptions, timeoutMs: 60_000, sessionExpires: 600 })
  const confirmed = event(call, 'confirmed')
  await peer.reply(await peer.request('INVITE'), 200, { body: sdp, rows: [['Session-Expires', '600;refresher=uac']] })
  await confirmed
  await peer.send('OPTIONS', { uri: alice.uri('alice'), port: alice.port }, [
    ['From', '<sip:raw@example.com>;tag=1'],
    ['To', '<sip:alice@example.com>'],
    ['Call-ID', 'c'],
    ['CSeq', '1 OPTIONS'],
  ])
  await peer.response(200, 'OPTIONS')
  expect(clock.pending).toBeGreaterThan(0)
  await alice.agent.close(0)
  expect(clock.pending).toBe(0)
})
