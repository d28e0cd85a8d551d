import { describe, expect, test } from 'vitest'
import { event, TestAgent } from './fixtures/agents.ts'
import { type QuietMedia, quietOptions } from './fixtures/quiet-media.ts'

const from = '"Alice" <sip:alice@example.com>'

describe.each(['udp', 'tcp'] as const)('two agents over %s', (transport) => {
  test('a call: ringing, answered, confirmed, digits by INFO, hung up by the callee', async () => {
    await using alice = await TestAgent.open()
    await using bob = await TestAgent.open({ contactUser: 'bob' })
    const arriving = bob.nextCall()
    const call = alice.agent.invite({ to: bob.uri('bob', transport), from, media: quietOptions })
    const ringing = event(call, 'ringing')
    const confirmed = event(call, 'confirmed')
    const incoming = await arriving
    expect(incoming).toMatchObject({ direction: 'in', state: 'setup', transport, remoteUri: 'sip:alice@example.com' })
    incoming.ring()
    await ringing
    expect(call.state).toBe('early')
    await incoming.answer({ media: quietOptions })
    await confirmed
    expect([call.state, incoming.state]).toEqual(['confirmed', 'confirmed'])
    expect(call).toMatchObject({ transport, remoteAddress: { address: '127.0.0.1', port: bob.port } })
    expect(call.response?.headers.get('Contact')).toBe(`<${bob.uri('bob', transport)}>`)
    expect((call.media as QuietMedia).started).toBe(true)

    await call.media?.sendDigits('42')
    expect((incoming.media as QuietMedia).infoDigits).toEqual(['4', '2'])

    const ended = event(call, 'ended')
    await incoming.hangup({ reason: 'enough' })
    expect((await ended)[0]).toEqual({ by: 'remote', reason: 'SIP;cause=200;text="enough"' })
    expect(incoming.end).toEqual({ by: 'local', reason: 'enough' })
    expect([alice.agent.calls, bob.agent.calls]).toEqual([0, 0])
    expect([...alice.media.sessions, ...bob.media.sessions].every((media) => media.closed)).toBe(true)
  })

  test('rejected', async () => {
    await using alice = await TestAgent.open()
    await using bob = await TestAgent.open()
    bob.agent.onInvite = (incoming) => incoming.reject(486, { headers: [['X-Why', 'test']] })
    const call = alice.agent.invite({ to: bob.uri('bob', transport), from, media: quietOptions })
    const [end] = await event(call, 'ended')
    expect(end).toEqual({ by: 'remote', status: 486, reason: 'Busy Here' })
    expect(call.response?.headers.get('X-Why')).toBe('test')
  })

  test('cancelled while it rings', async () => {
    await using alice = await TestAgent.open()
    await using bob = await TestAgent.open()
    const arriving = bob.nextCall()
    const call = alice.agent.invite({ to: bob.uri('bob', transport), from, media: quietOptions })
    const ringing = event(call, 'ringing')
    const incoming = await arriving
    const gone = event(incoming, 'ended')
    incoming.ring()
    await ringing
    await call.hangup()
    expect(call.end).toEqual({ by: 'local', status: 487 })
    expect((await gone)[0]).toEqual({ by: 'remote', status: 487, reason: 'cancelled' })
    await expect(incoming.answer({ media: quietOptions })).rejects.toThrow('ended before it was up')
  })

  test('hung up before there was a response: the CANCEL waits for one', async () => {
    await using alice = await TestAgent.open()
    await using bob = await TestAgent.open()
    const arriving = bob.nextCall()
    const call = alice.agent.invite({ to: bob.uri('bob', transport), from, media: quietOptions })
    const incoming = await arriving
    const leaving = call.hangup()
    incoming.ring()
    await leaving
    expect(incoming.end).toMatchObject({ by: 'remote', status: 487 })
  })

  test('an INVITE without SDP: the callee offers, the ACK answers', async () => {
    await using alice = await TestAgent.open()
    await using bob = await TestAgent.open()
    const arriving = bob.nextCall()
    const call = alice.agent.invite({ to: bob.uri('bob', transport), from, media: quietOptions, lateOffer: true })
    const incoming = await arriving
    expect(incoming.invite.body.length).toBe(0)
    await incoming.answer({ media: quietOptions })
    expect((incoming.media as QuietMedia).remoteSdp).toBe((call.media as QuietMedia).localSdp)
  })

  test('the caller cannot use the answer: ACK, then BYE', async () => {
    await using alice = await TestAgent.open()
    await using bob = await TestAgent.open()
    bob.agent.onInvite = (incoming) => {
      alice.media.sessions[0]!.refuseNext = true
      incoming.answer({ media: quietOptions }).catch(() => {})
    }
    const call = alice.agent.invite({ to: bob.uri('bob', transport), from, media: quietOptions })
    expect((await event(call, 'ended'))[0]).toEqual({ by: 'error', status: 488, reason: 'refused by the test' })
  })

  test('the callee cannot use the offer: 488', async () => {
    await using alice = await TestAgent.open()
    await using bob = await TestAgent.open()
    const refusing = bob.media.create.bind(bob.media)
    bob.media.create = async () => Object.assign(await refusing(), { refuseNext: true })
    const arriving = bob.nextCall()
    const call = alice.agent.invite({ to: bob.uri('bob', transport), from, media: quietOptions })
    const ended = event(call, 'ended')
    await expect((await arriving).answer({ media: quietOptions })).rejects.toThrow('ended before it was up')
    expect((await ended)[0]).toMatchObject({ status: 488 })
    expect(call.response?.headers.get('Warning')).toContain('refused by the test')
  })

  test('nobody answers in time: CANCEL', async () => {
    await using alice = await TestAgent.open()
    await using bob = await TestAgent.open()
    const arriving = bob.nextCall()
    const call = alice.agent.invite({ to: bob.uri('bob', transport), from, media: quietOptions, timeoutMs: 50 })
    const ended = event(call, 'ended')
    const incoming = await arriving
    const gone = event(incoming, 'ended')
    incoming.ring()
    expect((await ended)[0]).toMatchObject({ by: 'timeout', status: 408 })
    expect((await gone)[0]).toMatchObject({ by: 'remote', status: 487 })
  })
})

test('OPTIONS is answered by itself, anything else by the owner', async () => {
  await using alice = await TestAgent.open()
  await using bob = await TestAgent.open()
  const ask = (method: string) => alice.agent.request({ method, to: bob.uri(''.padEnd(3, 'b')), from })
  const options = await ask('OPTIONS')
  expect(options.status).toBe(200)
  expect(options.headers.get('Allow')).toContain('UPDATE')
  expect((await ask('MESSAGE')).status).toBe(405)
  bob.agent.onRequest = (request) => request.reply(202, { headers: [['X-Method', request.request.method]] })
  expect((await ask('MESSAGE')).headers.get('X-Method')).toBe('MESSAGE')
})

test('closing hangs up what is still up', async () => {
  await using alice = await TestAgent.open()
  await using bob = await TestAgent.open()
  const arriving = bob.nextCall()
  const call = alice.agent.invite({ to: bob.uri('bob'), from, media: quietOptions })
  await (await arriving).answer({ media: quietOptions })
  const ended = event(call, 'ended')
  await bob.agent.close()
  expect((await ended)[0]).toMatchObject({ by: 'remote' })
})
