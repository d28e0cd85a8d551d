/** Calls that change while they are up: re-INVITE, UPDATE, glare, session timers. */
import { describe, expect, test } from 'vitest'
import { FakeClock } from './fake-clock.ts'
import { event, opening, RawPeer, sdp, TestAgent, within } from './fixtures/agents.ts'
import { type QuietMedia, quietOptions } from './fixtures/quiet-media.ts'
import type { HeaderRow, IncomingCall, InviteOptions, OutgoingCall } from './user-agent-types.ts'

/** Two agents with a call up between them. */
async function pair(more: Partial<InviteOptions> = {}, clock?: FakeClock) {
  const options = clock === undefined ? {} : { clock }
  const alice = await TestAgent.open(options)
  const bob = await TestAgent.open(options)
  const arriving = bob.nextCall()
  const out: OutgoingCall = alice.agent.invite({ to: bob.uri('bob'), from: 'sip:alice@example.com', media: quietOptions, ...more })
  const confirmed = event(out, 'confirmed')
  const into: IncomingCall = await arriving
  await into.answer({ media: quietOptions })
  await confirmed
  return {
    out,
    into,
    async [Symbol.asyncDispose]() {
      await alice[Symbol.asyncDispose]()
      await bob[Symbol.asyncDispose]()
    },
  }
}

/** An agent called by a scripted peer, the call up. */
async function raw(rows: HeaderRow[] = [], clock?: FakeClock) {
  const bob = await TestAgent.open(clock === undefined ? {} : { clock })
  const peer = await RawPeer.open()
  const to = { uri: bob.uri('bob'), port: bob.port }
  const arriving = bob.nextCall()
  await peer.send('INVITE', to, [...opening(peer), ...rows], sdp)
  const call = await arriving
  const answered = call.answer({ media: quietOptions })
  const ok = await peer.response(200)
  await peer.send('ACK', to, within(ok, 'ACK', 1))
  await answered
  return {
    peer,
    to,
    call,
    ok,
    async [Symbol.asyncDispose]() {
      await bob[Symbol.asyncDispose]()
      await peer[Symbol.asyncDispose]()
    },
  }
}

const directionOf = (description: string | undefined) => /a=(sendrecv|sendonly|recvonly|inactive)/.exec(description ?? '')?.[1]

describe.each(['INVITE', 'UPDATE'] as const)('hold by %s', (method) => {
  test.each(['out', 'into'] as const)('from the side "%s"', async (side) => {
    await using s = await pair()
    const [mine, other] = side === 'out' ? [s.out, s.into] : [s.into, s.out]
    const changed = event(other, 'renegotiated')
    expect((await mine.reinvite({ direction: 'sendonly', method })).status).toBe(200)
    expect((await changed)[0]).toBe('remote')
    expect(directionOf(other.media?.remoteSdp)).toBe('sendonly')
    expect(mine.media?.remoteSdp).toBe(other.media?.localSdp)
    expect([mine.state, other.state]).toEqual(['confirmed', 'confirmed'])
  })
})

test('a refused offer leaves the call as it was', async () => {
  await using s = await pair()
  Object.assign(s.into.media as QuietMedia, { refuseNext: true })
  const response = await s.out.reinvite({ direction: 'inactive' })
  expect([response.status, response.headers.get('Warning')]).toEqual([488, '399 trunkproof "refused by the test"'])
  expect((await s.out.reinvite({ direction: 'sendrecv' })).status).toBe(200)
})

test('a re-INVITE without SDP: the other side offers', async () => {
  await using s = await pair()
  expect((await s.out.reinvite({ lateOffer: true })).status).toBe(200)
  await event(s.into, 'renegotiated')
  expect(s.into.media?.remoteSdp).toBe(s.out.media?.localSdp)
})

test('changes of ours wait for one another', async () => {
  await using s = await pair()
  const statuses = await Promise.all(
    ['sendonly', 'inactive', 'sendrecv'].map((direction) => s.out.reinvite({ direction: direction as 'sendonly' })),
  )
  expect(statuses.map(({ status }) => status)).toEqual([200, 200, 200])
  expect(directionOf(s.into.media?.remoteSdp)).toBe('sendrecv')
})

test('glare: both are told 491 and try again at different times (RFC 3261 14.1)', async () => {
  const clock = new FakeClock()
  await using s = await pair({}, clock)
  const settled: string[] = []
  const both = Promise.all([
    s.out.reinvite({ direction: 'sendonly' }).then(({ status }) => settled.push(`out ${status}`)),
    s.into.reinvite({ direction: 'recvonly' }).then(({ status }) => settled.push(`into ${status}`)),
  ])
  const done = both.then(() => true)
  // Time passes a little after each turn of the loop, as messages need turns to travel.
  while (!(await Promise.race([done, new Promise<false>((resolve) => setImmediate(resolve, false))]))) clock.advance(10)
  expect(settled).toEqual(['into 200', 'out 200'])
})

describe('against a scripted peer', () => {
  test('the peer begins while we do: 491', async () => {
    await using s = await raw()
    const ours = s.call.reinvite({ direction: 'sendonly' })
    const invite = await s.peer.request('INVITE')
    await s.peer.send('INVITE', s.to, within(s.ok, 'INVITE', 2), sdp)
    await s.peer.response(491)
    await s.peer.reply(invite, 200, { body: sdp })
    expect((await ours).status).toBe(200)
  })

  test('our ACK is sent again for each repeated 2xx', async () => {
    await using s = await raw()
    const ours = s.call.reinvite({})
    const invite = await s.peer.request('INVITE')
    await s.peer.reply(invite, 200, { body: sdp })
    await s.peer.request('ACK')
    await ours
    await s.peer.reply(invite, 200, { body: sdp })
    const ack = await s.peer.request('ACK')
    expect(ack.headers.get('CSeq')).toBe(invite.headers.get('CSeq')?.replace('INVITE', 'ACK'))
  })

  test('our 2xx is repeated until the ACK, without which the call is over', async () => {
    const clock = new FakeClock()
    await using s = await raw([], clock)
    await s.peer.send('INVITE', s.to, within(s.ok, 'INVITE', 2), sdp)
    await s.peer.response(200)
    clock.advance(510)
    await s.peer.response(200)
    const ended = event(s.call, 'ended')
    clock.advance(33_000)
    await s.peer.reply(await s.peer.request('BYE'), 200)
    expect((await ended)[0]).toMatchObject({ by: 'error', status: 408 })
  })

  test('a new Contact is where our next request goes (RFC 3261 12.2.2)', async () => {
    await using s = await raw()
    await s.peer.send('UPDATE', s.to, [...within(s.ok, 'UPDATE', 2), ['Contact', `<${s.peer.uri('elsewhere')}>`]])
    await s.peer.response(200, 'UPDATE')
    void s.call.hangup()
    expect((await s.peer.request('BYE')).uri).toBe(s.peer.uri('elsewhere'))
  })

  test.each([
    [481, 'error'],
    [408, 'error'],
  ])('%d to a re-INVITE ends the call', async (status, by) => {
    await using s = await raw()
    const ended = event(s.call, 'ended')
    const ours = s.call.reinvite({})
    await s.peer.reply(await s.peer.request('INVITE'), status)
    expect((await ours).status).toBe(status)
    await s.peer.reply(await s.peer.request('BYE'), 200)
    expect((await ended)[0]).toMatchObject({ by, status })
  })
})

describe('session timers (RFC 4028)', () => {
  const timed: HeaderRow[] = [
    ['Supported', 'timer'],
    ['Allow', 'INVITE, ACK, BYE, UPDATE'],
  ]

  test('we refresh by UPDATE at half the interval when that is our part', async () => {
    const clock = new FakeClock()
    await using s = await raw([...timed, ['Session-Expires', '100;refresher=uas']], clock)
    expect(s.ok.headers.get('Session-Expires')).toBe('100;refresher=uas')
    clock.advance(50_010)
    const update = await s.peer.request('UPDATE')
    expect([update.headers.get('Session-Expires'), update.body.length]).toEqual(['100;refresher=uac', 0])
    await s.peer.reply(update, 200, { rows: [['Session-Expires', '100;refresher=uac']] })
    // What comes after the answer is answered after it has been read.
    await s.peer.send('OPTIONS', s.to, within(s.ok, 'OPTIONS', 2))
    await s.peer.response(200, 'OPTIONS')
    clock.advance(50_010)
    await s.peer.request('UPDATE')
  })

  test('by re-INVITE where the peer takes no UPDATE', async () => {
    const clock = new FakeClock()
    await using s = await raw(
      [
        ['Supported', 'timer'],
        ['Session-Expires', '100;refresher=uas'],
      ],
      clock,
    )
    clock.advance(50_010)
    const invite = await s.peer.request('INVITE')
    expect(invite.headers.get('Session-Expires')).toBe('100;refresher=uac')
    expect(invite.headers.get('Content-Type')).toBe('application/sdp')
  })

  test('a peer that does not refresh is hung up on before the interval is over', async () => {
    const clock = new FakeClock()
    await using s = await raw([...timed, ['Session-Expires', '90;refresher=uac']], clock)
    expect(s.ok.headers.get('Require')).toBe('timer')
    const ended = event(s.call, 'ended')
    clock.advance(59_000)
    expect(s.call.state).toBe('confirmed')
    clock.advance(1_010)
    await s.peer.reply(await s.peer.request('BYE'), 200)
    expect((await ended)[0]).toMatchObject({ by: 'timeout', reason: 'the session was not refreshed' })
  })

  test('one that does keeps it', async () => {
    const clock = new FakeClock()
    await using s = await raw([...timed, ['Session-Expires', '99;refresher=uac']], clock)
    clock.advance(60_000)
    await s.peer.send('UPDATE', s.to, [...within(s.ok, 'UPDATE', 2), ...timed, ['Session-Expires', '99;refresher=uac']])
    expect((await s.peer.response(200, 'UPDATE')).headers.get('Session-Expires')).toBe('99;refresher=uac')
    clock.advance(60_000)
    expect(s.call.state).toBe('confirmed')
  })

  test('between two agents: the caller refreshes, for hours', async () => {
    const clock = new FakeClock()
    await using s = await pair({ sessionExpires: 1800 }, clock)
    expect(s.out.response?.headers.get('Session-Expires')).toBe('1800;refresher=uac')
    for (let half = 0; half < 10; half += 1) {
      clock.advance(900_010)
      // By the end of the first the refresh has left; the second is answered after it.
      for (const digit of '12') await s.out.sendInfo('application/dtmf-relay', `Signal=${digit}`)
    }
    expect([s.out.state, s.into.state]).toEqual(['confirmed', 'confirmed'])
  })
})
