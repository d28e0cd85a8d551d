/** Calls to us from a peer that does everything RFC 3261 allows, and some things that just happen. */
import { describe, expect, test } from 'vitest'
import type { Transport } from '../protocol/wire.ts'
import { FakeClock } from './fake-clock.ts'
import { event, opening, RawPeer, remoteTag, sdp, TestAgent, within } from './fixtures/agents.ts'
import { type QuietMedia, quietOptions } from './fixtures/quiet-media.ts'
import type { HeaderRow } from './user-agent-types.ts'

async function stage(options: Parameters<typeof TestAgent.open>[0] = {}) {
  const bob = await TestAgent.open(options)
  const peer = await RawPeer.open()
  const to = { uri: bob.uri('bob'), port: bob.port }
  return {
    bob,
    peer,
    to,
    async call(rows: HeaderRow[] = [], body = sdp, transport: Transport = 'udp') {
      const arriving = bob.nextCall()
      // A Contact of the test's own takes the place of the usual one.
      const first = opening(peer).filter(([name]) => name !== 'Contact' || !rows.some(([other]) => other === 'Contact'))
      const invite = await peer.send('INVITE', to, [...first, ...rows], body, transport)
      return { invite, call: await arriving }
    },
    async [Symbol.asyncDispose]() {
      await bob[Symbol.asyncDispose]()
      await peer[Symbol.asyncDispose]()
    },
  }
}

test('a 2xx carries what makes a dialog, Record-Route included', async () => {
  await using s = await stage({ contactUser: 'bob' })
  const { call } = await s.call([
    ['Record-Route', '<sip:192.0.2.2;lr>, <sip:192.0.2.1;lr>'],
    ['Record-Route', '<sip:192.0.2.0;lr>'],
  ])
  void call.answer({ media: quietOptions, headers: [['X-Agent', 'echo']] })
  const ok = await s.peer.response(200)
  expect(ok.headers.rows('Record-Route')).toEqual(['<sip:192.0.2.2;lr>, <sip:192.0.2.1;lr>', '<sip:192.0.2.0;lr>'])
  expect(ok.headers.get('Contact')).toBe(`<${s.bob.uri('bob')}>`)
  expect(ok.headers.get('X-Agent')).toBe('echo')
  expect(remoteTag(ok)).toMatch(/^[0-9a-f]{16}$/)
  await s.peer.send('ACK', s.to, within(ok, 'ACK', 1))
  await event(call, 'confirmed')
})

describe('2xx', () => {
  test('is repeated until the ACK, on a stream too', async () => {
    const clock = new FakeClock()
    await using s = await stage({ clock })
    const { call } = await s.call([], sdp, 'tcp')
    const answered = call.answer({ media: quietOptions })
    const ok = await s.peer.response(200)
    clock.advance(520)
    await s.peer.response(200)
    clock.advance(1020)
    await s.peer.response(200)
    await s.peer.send('ACK', s.to, within(ok, 'ACK', 1), '', 'tcp')
    await answered
    clock.advance(40_000)
    expect(s.peer.unread).toEqual([])
    expect(call.state).toBe('confirmed')
  })

  test('that nobody acknowledges for 64*T1 is followed by BYE', async () => {
    const clock = new FakeClock()
    await using s = await stage({ clock })
    const { call } = await s.call()
    const answered = call.answer({ media: quietOptions })
    await s.peer.response(200)
    const ended = event(call, 'ended')
    clock.advance(33_000)
    await s.peer.reply(await s.peer.request('BYE'), 200)
    await expect(answered).rejects.toThrow('no ACK')
    expect((await ended)[0]).toEqual({ by: 'timeout', status: 408, reason: 'no ACK' })
  })

  test('is not sent again for a repeated INVITE: it is on its way already', async () => {
    await using s = await stage()
    const { invite, call } = await s.call()
    call.ring()
    await s.peer.response(180)
    await s.peer.repeat(invite, s.to.port)
    await s.peer.response(180)
    void call.answer({ media: quietOptions })
    const ok = await s.peer.response(200)
    await s.peer.repeat(invite, s.to.port)
    await s.peer.send('ACK', s.to, within(ok, 'ACK', 1))
    await event(call, 'confirmed')
    expect(s.peer.unread).toEqual([])
  })

  test('with our offer wants an answer in the ACK', async () => {
    await using s = await stage()
    const { call } = await s.call([], '')
    const answered = call.answer({ media: quietOptions })
    const ok = await s.peer.response(200)
    await s.peer.send('ACK', s.to, within(ok, 'ACK', 1))
    await s.peer.reply(await s.peer.request('BYE'), 200)
    await expect(answered).rejects.toThrow('the ACK brought no answer')
  })

  test('hanging up waits for the ACK (RFC 3261 15)', async () => {
    await using s = await stage()
    const { call } = await s.call()
    void call.answer({ media: quietOptions })
    const ok = await s.peer.response(200)
    const leaving = call.hangup()
    await s.peer.send('ACK', s.to, within(ok, 'ACK', 1))
    const bye = await s.peer.request('BYE')
    expect(bye.uri).toBe(s.peer.uri('raw'))
    await s.peer.reply(bye, 200)
    await leaving
    expect(call.end).toEqual({ by: 'local' })
  })
})

test.each([
  ['cannot be reached', (_port: number) => '<sip:raw@127.0.0.1:9;transport=tcp>'],
  ['wants its flow used', (port: number) => `<sip:raw@127.0.0.1:${port};transport=tcp;ob>`],
])('a Contact that %s: our BYE goes back over the stream the call came on', async (_what, contact) => {
  await using s = await stage()
  const { call } = await s.call([['Contact', contact(s.peer.port)]], sdp, 'tcp')
  void call.answer({ media: quietOptions })
  const ok = await s.peer.response(200)
  await s.peer.send('ACK', s.to, within(ok, 'ACK', 1), '', 'tcp')
  await event(call, 'confirmed')
  const leaving = call.hangup()
  const bye = await s.peer.request('BYE')
  expect(s.peer.connectionOf(bye).id).toBe(s.peer.connectionOf(ok).id)
  await s.peer.reply(bye, 200)
  await leaving
})

describe('CANCEL', () => {
  const cancelling = (peer: RawPeer, invite: { headers: { get(name: string): string | undefined } }): HeaderRow[] => [
    ['From', invite.headers.get('From')!],
    ['To', invite.headers.get('To')!],
    ['Call-ID', invite.headers.get('Call-ID')!],
    ['CSeq', '1 CANCEL'],
    ['Contact', `<${peer.uri('raw')}>`],
  ]

  test('of a ringing call: 200 to it, 487 to the INVITE, one tag', async () => {
    await using s = await stage()
    const { invite, call } = await s.call()
    call.ring()
    const ringing = await s.peer.response(180)
    const cancel = await s.peer.send('CANCEL', s.to, cancelling(s.peer, invite))
    // The CANCEL must have the INVITE's branch: sent again with it.
    expect((await s.peer.response(481, 'CANCEL')).status).toBe(481)
    cancel.headers.set('Via', invite.headers.get('Via')!)
    await s.peer.repeat(cancel, s.to.port)
    expect(remoteTag(await s.peer.response(200, 'CANCEL'))).toBe(remoteTag(ringing))
    expect(remoteTag(await s.peer.response(487, 'INVITE'))).toBe(remoteTag(ringing))
    expect(call.end).toMatchObject({ by: 'remote', status: 487 })
  })

  test('of an answered call changes nothing', async () => {
    await using s = await stage()
    const { invite, call } = await s.call()
    void call.answer({ media: quietOptions })
    const ok = await s.peer.response(200)
    const cancel = await s.peer.send('CANCEL', s.to, cancelling(s.peer, invite))
    await s.peer.response(481, 'CANCEL')
    cancel.headers.set('Via', invite.headers.get('Via')!)
    await s.peer.repeat(cancel, s.to.port)
    await s.peer.response(200, 'CANCEL')
    await s.peer.send('ACK', s.to, within(ok, 'ACK', 1))
    await event(call, 'confirmed')
  })
})

describe('reliable provisionals (RFC 3262)', () => {
  test('are repeated until PRACKed, one after the other, and the 2xx waits', async () => {
    const clock = new FakeClock()
    await using s = await stage({ clock })
    const { call } = await s.call([['Require', '100rel']])
    await call.progress({ media: quietOptions })
    call.ring()
    const answered = call.answer({ media: quietOptions })
    const first = await s.peer.response(183)
    expect(first.headers.get('Require')).toBe('100rel')
    clock.advance(520)
    await s.peer.response(183)
    expect(s.peer.unread).toEqual([])
    const rseq = Number(first.headers.get('RSeq'))
    await s.peer.send('PRACK', s.to, [...within(first, 'PRACK', 2), ['RAck', `${rseq + 5} 1 INVITE`]])
    await s.peer.response(481, 'PRACK')
    await s.peer.send('PRACK', s.to, [...within(first, 'PRACK', 3), ['RAck', `${rseq} 1 INVITE`]])
    await s.peer.response(200, 'PRACK')
    const second = await s.peer.response(180)
    expect(second.headers.get('RSeq')).toBe(String(rseq + 1))
    await s.peer.send('PRACK', s.to, [...within(first, 'PRACK', 4), ['RAck', `${rseq + 1} 1 INVITE`]])
    await s.peer.response(200, 'PRACK')
    const ok = await s.peer.response(200, 'INVITE')
    expect(ok.body.length, 'the answer was given in the 183').toBe(0)
    await s.peer.send('ACK', s.to, within(ok, 'ACK', 1))
    await answered
  })

  test('without PRACK the call is refused', async () => {
    const clock = new FakeClock()
    await using s = await stage({ clock })
    const { call } = await s.call([['Supported', '100rel']])
    call.ring({ reliable: true })
    await s.peer.response(180)
    const ended = event(call, 'ended')
    clock.advance(33_000)
    expect((await ended)[0]).toMatchObject({ by: 'local', status: 504 })
  })

  test('an offer in one is answered by the PRACK', async () => {
    await using s = await stage()
    const { call } = await s.call([['Require', '100rel']], '')
    await call.progress({ media: quietOptions })
    const early = await s.peer.response(183)
    expect(early.headers.get('Content-Type')).toBe('application/sdp')
    await s.peer.send('PRACK', s.to, [...within(early, 'PRACK', 2), ['RAck', `${early.headers.get('RSeq')} 1 INVITE`]], sdp)
    await s.peer.response(200, 'PRACK')
    expect((call.media as QuietMedia).remoteSdp).toBe(sdp)
    expect((call.media as QuietMedia).started).toBe(true)
  })

  test('are not used where the caller knows nothing of them', async () => {
    await using s = await stage()
    const { call } = await s.call()
    call.ring({ reliable: true })
    const ringing = await s.peer.response(180)
    expect([ringing.headers.has('RSeq'), ringing.headers.has('Require')]).toEqual([false, false])
  })
})

describe('refused before anyone hears of it (RFC 3261 8.2)', () => {
  test.each<[number, string, HeaderRow[], string, HeaderRow | undefined]>([
    [420, 'an extension we do not have', [['Require', 'timer, replaces']], sdp, ['Unsupported', 'replaces']],
    [
      422,
      'a session too short',
      [
        ['Supported', 'timer'],
        ['Session-Expires', '30'],
      ],
      sdp,
      ['Min-SE', '90'],
    ],
    [483, 'a loop', Array.from({ length: 70 }, (_, n) => ['Via', `SIP/2.0/UDP p${n};branch=z9hG4bK${n}`] as HeaderRow), sdp, undefined],
  ])('%d: %s', async (status, _what, rows, body, expected) => {
    await using s = await stage()
    s.bob.agent.onInvite = () => expect.unreachable()
    await s.peer.send('INVITE', s.to, [...opening(s.peer), ...rows], body)
    const response = await s.peer.response(status)
    if (expected !== undefined) expect(response.headers.get(expected[0])).toBe(expected[1])
  })

  test('415: a body we cannot read; one that may be ignored is', async () => {
    await using s = await stage()
    const odd = await s.peer.send('INVITE', s.to, [...opening(s.peer), ['Content-Type', 'text/plain'], ['Content-Length', '2']])
    odd.body = Buffer.from('hi')
    odd.headers.set('CSeq', '2 INVITE')
    odd.headers.set('Via', `${odd.headers.get('Via')}2`)
    await s.peer.response(480)
    await s.peer.repeat(odd, s.to.port)
    expect((await s.peer.response(415)).headers.get('Accept')).toBe('application/sdp')
    const arriving = s.bob.nextCall()
    odd.headers.set('Via', `${odd.headers.get('Via')}3`)
    odd.headers.set('Content-Disposition', 'render;handling=optional')
    await s.peer.repeat(odd, s.to.port)
    await arriving
  })

  test('416: a scheme we do not speak', async () => {
    await using s = await stage()
    await s.peer.send('INVITE', { ...s.to, uri: 'http://example.com/' }, opening(s.peer))
    await s.peer.response(416)
  })

  test('482: the same INVITE by another path', async () => {
    await using s = await stage()
    const { invite, call } = await s.call()
    call.ring()
    await s.peer.response(180)
    invite.headers.set('Via', `${invite.headers.get('Via')}2`)
    await s.peer.repeat(invite, s.to.port)
    await s.peer.response(482)
  })

  test('503 when there are too many calls, with a time to come back', async () => {
    await using s = await stage({ limits: { dialogs: 1 } })
    await s.call()
    await s.peer.send('INVITE', s.to, opening(s.peer), sdp)
    expect(Number((await s.peer.response(503)).headers.get('Retry-After'))).toBeGreaterThan(0)
  })

  test('503 when there are too many transactions', async () => {
    await using s = await stage({ limits: { serverTransactions: 1 } })
    await s.call()
    await s.peer.send('OPTIONS', s.to, opening(s.peer, 'OPTIONS'))
    await s.peer.response(503, 'OPTIONS')
  })

  test('503 when timers run late', async () => {
    const clock = new FakeClock()
    const slow = { now: () => clock.now(), setTimer: (ms: number, fn: () => void) => clock.setTimer(ms + 900, fn) }
    await using s = await stage({ clock: slow, limits: { lateMs: 100 } })
    const { call } = await s.call()
    clock.advance(2000)
    await s.peer.send('INVITE', s.to, opening(s.peer), sdp)
    await s.peer.response(503)
    call.reject(404)
    await s.peer.response(404)
  })

  test('481: a dialog nobody knows', async () => {
    await using s = await stage()
    await s.peer.send('BYE', s.to, [...opening(s.peer, 'BYE').filter(([name]) => name !== 'To'), ['To', '<sip:bob@example.com>;tag=gone']])
    await s.peer.response(481, 'BYE')
  })
})

test('100 Trying when the owner takes its time', async () => {
  const clock = new FakeClock()
  await using s = await stage({ clock })
  const { call } = await s.call()
  clock.advance(210)
  const trying = await s.peer.response(100)
  expect(remoteTag(trying)).toBeUndefined()
  call.reject(404)
  await s.peer.response(404)
})

test('a long ringing is renewed every minute; an INVITE that expires is over', async () => {
  const clock = new FakeClock()
  await using s = await stage({ clock })
  const { call } = await s.call([['Expires', '90']])
  call.ring()
  await s.peer.response(180)
  clock.advance(60_010)
  await s.peer.response(180)
  const ended = event(call, 'ended')
  clock.advance(30_010)
  await s.peer.response(487)
  expect((await ended)[0]).toMatchObject({ by: 'remote', status: 487 })
})

test('BYE in a ringing call: 200 to it, 487 to the INVITE (RFC 3261 15.1.2)', async () => {
  await using s = await stage()
  const { call } = await s.call()
  call.ring()
  const ringing = await s.peer.response(180)
  await s.peer.send('BYE', s.to, within(ringing, 'BYE', 2))
  await s.peer.response(487, 'INVITE')
  await s.peer.response(200, 'BYE')
  expect(call.end).toMatchObject({ by: 'remote' })
})

test('challenged: 401 with a row for each value', async () => {
  await using s = await stage()
  const { call } = await s.call()
  call.challenge(['Digest realm="a", nonce="1"', 'Digest realm="a", nonce="1", algorithm=SHA-256'])
  expect((await s.peer.response(401)).headers.rows('WWW-Authenticate')).toHaveLength(2)
})

describe('INFO', () => {
  async function up() {
    const s = await stage()
    const { call } = await s.call()
    void call.answer({ media: quietOptions })
    const ok = await s.peer.response(200)
    await s.peer.send('ACK', s.to, within(ok, 'ACK', 1))
    await event(call, 'confirmed')
    return Object.assign(s, { call, ok })
  }

  test.each([
    [200, 'application/dtmf-relay', 'Signal=7\r\nDuration=160\r\n'],
    [400, 'application/dtmf-relay', 'Signal'],
    [415, 'text/plain', 'hello'],
  ])('%d: %s %j', async (status, type, body) => {
    await using s = await up()
    const request = await s.peer.send('INFO', s.to, within(s.ok, 'INFO', 2), '')
    await s.peer.response(200, 'INFO')
    request.headers.set('CSeq', '3 INFO')
    request.headers.set('Via', `${request.headers.get('Via')}b`)
    request.headers.set('Content-Type', type)
    request.body = Buffer.from(body)
    await s.peer.repeat(request, s.to.port)
    await s.peer.response(status, 'INFO')
    expect((s.call.media as QuietMedia).infoDigits).toEqual(status === 200 ? ['7'] : [])
  })
})
