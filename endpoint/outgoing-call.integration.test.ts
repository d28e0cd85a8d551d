/** Our calls against a peer that does everything RFC 3261 allows, and some things that just happen. */
import { describe, expect, test } from 'vitest'
import { parseAuthorization } from '../protocol/sip/digest.ts'
import { topVia } from '../protocol/sip/headers.ts'
import { FakeClock } from './fake-clock.ts'
import { event, RawPeer, remoteTag, sdp, TestAgent } from './fixtures/agents.ts'
import { type QuietMedia, quietOptions } from './fixtures/quiet-media.ts'

const from = 'sip:alice@example.com'

async function stage(options: Parameters<typeof TestAgent.open>[0] = {}) {
  const alice = await TestAgent.open(options)
  const peer = await RawPeer.open()
  return {
    alice,
    peer,
    invite: (more: Partial<Parameters<typeof alice.agent.invite>[0]> = {}) =>
      alice.agent.invite({ to: peer.uri('bob'), from, media: quietOptions, ...more }),
    async [Symbol.asyncDispose]() {
      await alice[Symbol.asyncDispose]()
      await peer[Symbol.asyncDispose]()
    },
  }
}

test('an INVITE as RFC 3261 8.1.1 wants it', async () => {
  await using s = await stage({ contactUser: 'me' })
  s.invite({
    headers: [
      ['X-Trunk', '1'],
      ['Supported', 'timer'],
    ],
    sessionExpires: 1800,
  })
  const invite = await s.peer.request('INVITE')
  expect(invite.uri).toBe(s.peer.uri('bob'))
  expect(topVia(invite)).toMatchObject({ transport: 'UDP', host: '127.0.0.1', port: s.alice.port })
  expect(topVia(invite)?.params.get('branch')).toMatch(/^z9hG4bK/)
  const { headers } = invite
  expect(headers.get('Max-Forwards')).toBe('70')
  expect(headers.get('To')).toBe(`<${s.peer.uri('bob')}>`)
  expect(headers.get('From')).toMatch(/^<sip:alice@example.com>;tag=[0-9a-f]{16}$/)
  expect(headers.get('CSeq')).toBe('1 INVITE')
  expect(headers.get('Contact')).toBe(`<sip:me@127.0.0.1:${s.alice.port}>`)
  expect(headers.get('Session-Expires')).toBe('1800')
  expect(headers.rows('Supported')).toEqual(['timer'])
  expect(headers.get('X-Trunk')).toBe('1')
  await s.peer.reply(invite, 486)
  const ack = await s.peer.request('ACK')
  expect([topVia(ack)?.params.get('branch'), ack.headers.get('CSeq')]).toEqual([topVia(invite)?.params.get('branch'), '1 ACK'])
  expect(remoteTag(ack)).toBe('raw')
})

describe('CANCEL', () => {
  test('goes the INVITE’s way once there is a provisional response, and 487 ends the call', async () => {
    await using s = await stage()
    const call = s.invite()
    const invite = await s.peer.request('INVITE')
    await s.peer.reply(invite, 180)
    await event(call, 'ringing')
    const leaving = call.hangup({ reason: 'changed my mind' })
    const cancel = await s.peer.request('CANCEL')
    expect(cancel.headers.get('Via')?.replace(/;received.*/, '')).toBe(invite.headers.get('Via')?.replace(/;received.*/, ''))
    expect(cancel.headers.get('CSeq')).toBe('1 CANCEL')
    expect(cancel.headers.get('To')).toBe(invite.headers.get('To'))
    expect(cancel.headers.get('Reason')).toContain('changed my mind')
    await s.peer.reply(cancel, 200)
    await s.peer.reply(invite, 487)
    await leaving
    await s.peer.request('ACK')
    expect(call.end).toEqual({ by: 'local', status: 487, reason: 'changed my mind' })
  })

  test('that comes too late: the 200 is acknowledged and the call hung up', async () => {
    await using s = await stage()
    const call = s.invite()
    const invite = await s.peer.request('INVITE')
    await s.peer.reply(invite, 180)
    await event(call, 'ringing')
    const leaving = call.hangup()
    const cancel = await s.peer.request('CANCEL')
    await s.peer.reply(invite, 200, { body: sdp })
    await s.peer.reply(cancel, 481)
    await s.peer.request('ACK')
    await s.peer.reply(await s.peer.request('BYE'), 200)
    await leaving
    expect(call.end).toMatchObject({ by: 'local' })
  })

  test('to which nothing answers: the call is over after 64*T1 all the same', async () => {
    const clock = new FakeClock()
    await using s = await stage({ clock })
    const call = s.invite()
    await s.peer.reply(await s.peer.request('INVITE'), 180)
    await event(call, 'ringing')
    const leaving = call.hangup()
    await s.peer.request('CANCEL')
    clock.advance(33_000)
    await leaving
    expect(call.end).toMatchObject({ by: 'local', status: 487 })
  })
})

describe('challenges', () => {
  test.each([
    [401, 'WWW-Authenticate', 'Authorization'],
    [407, 'Proxy-Authenticate', 'Proxy-Authorization'],
  ] as const)('%d is answered with a new CSeq, in the ACK and in the BYE too', async (status, asks, answers) => {
    await using s = await stage()
    const call = s.invite({ credentials: { username: 'alice', password: 'secret' } })
    const first = await s.peer.request('INVITE')
    await s.peer.reply(first, status, {
      rows: [
        [asks, 'Digest realm="pbx", nonce="n1", algorithm=SHA-256, qop="auth"'],
        [asks, 'Digest realm="pbx", nonce="n1", qop="auth"'],
      ],
    })
    await s.peer.request('ACK')
    const second = await s.peer.request('INVITE')
    expect(second.headers.get('CSeq')).toBe('2 INVITE')
    expect(second.headers.get('Call-ID')).toBe(first.headers.get('Call-ID'))
    expect(second.headers.get('From')).toBe(first.headers.get('From'))
    expect(topVia(second)?.params.get('branch')).not.toBe(topVia(first)?.params.get('branch'))
    expect(parseAuthorization(second.headers.get(answers) ?? '')).toMatchObject({
      username: 'alice',
      realm: 'pbx',
      nonce: 'n1',
      uri: second.uri,
      algorithm: 'SHA-256',
      nc: '00000001',
    })
    const confirmed = event(call, 'confirmed')
    await s.peer.reply(second, 200, { body: sdp })
    const ack = await s.peer.request('ACK')
    expect(ack.headers.get(answers)).toBe(second.headers.get(answers))
    await confirmed
    const leaving = call.hangup()
    const bye = await s.peer.request('BYE')
    expect(parseAuthorization(bye.headers.get(answers) ?? '')).toMatchObject({ nonce: 'n1', nc: '00000002' })
    await s.peer.reply(bye, 200)
    await leaving
  })

  test('a second refusal is final, a stale nonce is not', async () => {
    await using s = await stage()
    const call = s.invite({ credentials: { username: 'alice', password: 'wrong' } })
    const ended = event(call, 'ended')
    for (const challenge of ['nonce="1"', 'nonce="2", stale=true', 'nonce="3"']) {
      await s.peer.reply(await s.peer.request('INVITE'), 401, { rows: [['WWW-Authenticate', `Digest realm="pbx", ${challenge}`]] })
      await s.peer.request('ACK')
    }
    expect((await ended)[0]).toMatchObject({ by: 'remote', status: 401 })
  })

  test('of a realm we have no password for, or in a scheme we do not know', async () => {
    await using s = await stage()
    const call = s.invite({ credentials: { username: 'alice', password: 'x', realm: 'pbx' } })
    const ended = event(call, 'ended')
    await s.peer.reply(await s.peer.request('INVITE'), 401, {
      rows: [
        ['WWW-Authenticate', 'Digest realm="evil", nonce="1"'],
        ['WWW-Authenticate', 'Bearer realm="pbx"'],
      ],
    })
    expect((await ended)[0]).toMatchObject({ status: 401 })
  })
})

describe('forks', () => {
  test('the first 2xx wins; each further one is acknowledged and hung up', async () => {
    await using s = await stage()
    const call = s.invite()
    const invite = await s.peer.request('INVITE')
    await s.peer.reply(invite, 180, { tag: 'one', user: 'one' })
    await s.peer.reply(invite, 183, { tag: 'two', user: 'two', body: sdp })
    const confirmed = event(call, 'confirmed')
    await s.peer.reply(invite, 200, { tag: 'two', user: 'two', body: sdp })
    const ack = await s.peer.request('ACK')
    expect([remoteTag(ack), ack.uri]).toEqual(['two', s.peer.uri('two')])
    await confirmed

    await s.peer.reply(invite, 200, { tag: 'one', user: 'one', body: sdp })
    const late = await s.peer.request('ACK')
    expect([remoteTag(late), late.uri]).toEqual(['one', s.peer.uri('one')])
    const bye = await s.peer.request('BYE')
    expect(remoteTag(bye)).toBe('one')
    await s.peer.reply(bye, 200)

    // Not acknowledged twice by two means: a repeat gets its own ACK again, and no second BYE.
    await s.peer.reply(invite, 200, { tag: 'one', user: 'one', body: sdp })
    expect(remoteTag(await s.peer.request('ACK'))).toBe('one')
    await s.peer.reply(invite, 200, { tag: 'two', user: 'two', body: sdp })
    expect(remoteTag(await s.peer.request('ACK'))).toBe('two')
    expect(s.peer.unread).toEqual([])
    expect(call.state).toBe('confirmed')
  })

  test('early media of a 183 starts before the answer', async () => {
    await using s = await stage()
    const call = s.invite()
    const invite = await s.peer.request('INVITE')
    const ringing = event(call, 'ringing')
    await s.peer.reply(invite, 183, { body: sdp })
    await ringing
    expect((call.media as QuietMedia).started).toBe(true)
    const confirmed = event(call, 'confirmed')
    await s.peer.reply(invite, 200)
    await confirmed
  })
})

describe('reliable provisionals (RFC 3262)', () => {
  test('each is PRACKed once and in order', async () => {
    await using s = await stage()
    s.invite()
    const invite = await s.peer.request('INVITE')
    expect(invite.headers.list('Supported')).toContain('100rel')
    const rows = (rseq: number): [string, string][] => [
      ['Require', '100rel'],
      ['RSeq', String(rseq)],
    ]
    await s.peer.reply(invite, 183, { rows: rows(77), body: sdp })
    const prack = await s.peer.request('PRACK')
    expect([prack.headers.get('RAck'), prack.headers.get('CSeq'), remoteTag(prack)]).toEqual(['77 1 INVITE', '2 PRACK', 'raw'])
    await s.peer.reply(prack, 200)
    await s.peer.reply(invite, 183, { rows: rows(77), body: sdp })
    await s.peer.reply(invite, 180, { rows: rows(79) })
    await s.peer.reply(invite, 180, { rows: rows(78) })
    expect((await s.peer.request('PRACK')).headers.get('RAck')).toBe('78 1 INVITE')
    expect(s.peer.unread).toEqual([])
  })

  test('an offer in one is answered in its PRACK', async () => {
    await using s = await stage()
    const call = s.invite({ lateOffer: true, reliable: 'required' })
    const invite = await s.peer.request('INVITE')
    expect(invite.headers.get('Require')).toBe('100rel')
    await s.peer.reply(invite, 183, {
      rows: [
        ['Require', '100rel'],
        ['RSeq', '1'],
      ],
      body: sdp,
    })
    const prack = await s.peer.request('PRACK')
    expect(prack.headers.get('Content-Type')).toBe('application/sdp')
    await s.peer.reply(prack, 200)
    const confirmed = event(call, 'confirmed')
    await s.peer.reply(invite, 200)
    expect((await s.peer.request('ACK')).body.length).toBe(0)
    await confirmed
  })

  test('none is offered when they are not wanted', async () => {
    await using s = await stage()
    s.invite({ reliable: 'none' })
    expect((await s.peer.request('INVITE')).headers.list('Supported')).toEqual(['timer'])
  })
})

describe('in the dialog', () => {
  test('requests follow the route set to the peer’s Contact', async () => {
    await using s = await stage()
    await using proxy = await RawPeer.open()
    const call = s.invite({ outboundProxy: `sip:127.0.0.1:${proxy.port}`, routeThroughProxy: true })
    const invite = await proxy.request('INVITE')
    expect(invite.headers.get('Route')).toBe(`<sip:127.0.0.1:${proxy.port};lr>`)
    expect(invite.uri).toBe(s.peer.uri('bob'))
    const confirmed = event(call, 'confirmed')
    const routes: [string, string][] = [
      ['Record-Route', '<sip:192.0.2.1;lr>'],
      ['Record-Route', `<sip:127.0.0.1:${proxy.port};lr>`],
    ]
    await proxy.reply(invite, 200, { rows: [...routes, ['Contact', '<sip:bob@192.0.2.7>']], body: sdp })
    await confirmed
    const ack = await proxy.request('ACK')
    expect(ack.uri).toBe('sip:bob@192.0.2.7')
    expect(ack.headers.list('Route')).toEqual([`<sip:127.0.0.1:${proxy.port};lr>`, '<sip:192.0.2.1;lr>'])
    const info = call.sendInfo('application/dtmf', '1')
    await proxy.reply(await proxy.request('INFO'), 200)
    expect((await info).status).toBe(200)
  })

  test('481 to anything ends the call', async () => {
    await using s = await stage()
    const call = s.invite()
    const confirmed = event(call, 'confirmed')
    await s.peer.reply(await s.peer.request('INVITE'), 200, { body: sdp })
    await confirmed
    const ended = event(call, 'ended')
    const info = call.sendInfo('application/dtmf', '1')
    await s.peer.reply(await s.peer.request('INFO'), 481)
    expect((await info).status).toBe(481)
    await s.peer.reply(await s.peer.request('BYE'), 481)
    expect((await ended)[0]).toMatchObject({ by: 'error', status: 481 })
  })

  test('a BYE nobody answers ends the call too', async () => {
    const clock = new FakeClock()
    await using s = await stage({ clock })
    const call = s.invite()
    const confirmed = event(call, 'confirmed')
    await s.peer.reply(await s.peer.request('INVITE'), 200, { body: sdp })
    await confirmed
    const leaving = call.hangup()
    await s.peer.request('BYE')
    clock.advance(40_000)
    await leaving
    expect(call.end).toEqual({ by: 'local' })
  })

  test('a request of the peer out of order is refused with 500, one outside with 481', async () => {
    await using s = await stage()
    const call = s.invite()
    const confirmed = event(call, 'confirmed')
    const invite = await s.peer.request('INVITE')
    await s.peer.reply(invite, 200, { body: sdp })
    await confirmed
    const mine = (method: string, number: number): [string, string][] => [
      ['From', `${invite.headers.get('To')};tag=raw`],
      ['To', invite.headers.get('From')!],
      ['Call-ID', call.callId],
      ['CSeq', `${number} ${method}`],
    ]
    const to = { uri: s.alice.uri('alice'), port: s.alice.port }
    await s.peer.send('OPTIONS', to, mine('OPTIONS', 10))
    await s.peer.response(200, 'OPTIONS')
    await s.peer.send('OPTIONS', to, mine('OPTIONS', 9))
    await s.peer.response(500, 'OPTIONS')
    await s.peer.send(
      'BYE',
      to,
      mine('BYE', 11).map(([name, value]) => [name, value.replace('tag=raw', 'tag=other')]),
    )
    await s.peer.response(481, 'BYE')
    await s.peer.send('BYE', to, mine('BYE', 12))
    await s.peer.response(200, 'BYE')
    expect(call.end).toEqual({ by: 'remote' })
  })
})

test('422: asked again for a longer session', async () => {
  await using s = await stage()
  s.invite({ sessionExpires: 120 })
  await s.peer.reply(await s.peer.request('INVITE'), 422, { rows: [['Min-SE', '600']] })
  const again = await s.peer.request('INVITE')
  expect([again.headers.get('Session-Expires'), again.headers.get('Min-SE'), again.headers.get('CSeq')]).toEqual(['600', '600', '2 INVITE'])
})

test('no response at all: retransmitted, then given up after timer B', async () => {
  const clock = new FakeClock()
  await using s = await stage({ clock })
  const call = s.invite()
  const ended = event(call, 'ended')
  await s.peer.request('INVITE')
  clock.advance(520)
  await s.peer.request('INVITE')
  clock.advance(33_000)
  expect((await ended)[0]).toMatchObject({ by: 'timeout', status: 408 })
})
