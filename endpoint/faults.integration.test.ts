/** The saboteurs of signalling do what the catalogue says, and nothing else. */
import { describe, expect, test } from 'vitest'
import { parseFaults } from './faults.ts'
import { event, opening, RawPeer, sdp, TestAgent, within } from './fixtures/agents.ts'
import { quietOptions } from './fixtures/quiet-media.ts'

async function answered(fault: string, transport: 'udp' | 'tcp') {
  const bob = await TestAgent.open({ faults: parseFaults([fault]) })
  const peer = await RawPeer.open(['udp', 'tcp'])
  const to = { uri: bob.uri('bob'), port: bob.port }
  const arriving = bob.nextCall()
  await peer.send('INVITE', to, opening(peer), sdp, transport)
  const call = await arriving
  call.ring()
  void call.answer({ media: quietOptions }).catch(() => {})
  const ringing = await peer.response(180)
  const ok = await peer.response(200)
  await peer.send('ACK', to, within(ok, 'ACK', 1), '', transport)
  await event(call, 'confirmed')
  return {
    bob,
    peer,
    to,
    call,
    ringing,
    ok,
    async [Symbol.asyncDispose]() {
      await bob[Symbol.asyncDispose]()
      await peer[Symbol.asyncDispose]()
    },
  }
}

describe('answer-other-transport', () => {
  test.each([
    ['udp', 'tcp'],
    ['tcp', 'udp'],
  ] as const)('an INVITE by %s is answered by %s, everything else stays', async (asked, told) => {
    await using s = await answered('answer-other-transport', asked)
    expect([s.peer.connectionOf(s.ringing).transport, s.peer.connectionOf(s.ok).transport]).toEqual([told, told])
    await s.peer.send('BYE', s.to, within(s.ok, 'BYE', 2), '', asked)
    expect(s.peer.connectionOf(await s.peer.response(200, 'BYE')).transport).toBe(asked)
  })

  test('where the other cannot be had the answer comes all the same', async () => {
    await using bob = await TestAgent.open({ faults: parseFaults(['answer-other-transport']) })
    await using peer = await RawPeer.open(['udp'])
    bob.agent.onInvite = (call) => call.reject(486)
    await peer.send('INVITE', { uri: bob.uri('bob'), port: bob.port }, opening(peer), sdp)
    await peer.response(486)
  })
})

test('never-bye: the call is dropped without BYE', async () => {
  await using s = await answered('never-bye', 'udp')
  await s.call.hangup()
  expect(s.call.end).toEqual({ by: 'local' })
  await s.peer.send('OPTIONS', s.to, opening(s.peer, 'OPTIONS'))
  await s.peer.response(200, 'OPTIONS')
  expect(s.peer.unread).toEqual([])
})

test('wrong-contact: Contact names the discard port', async () => {
  await using s = await answered('wrong-contact', 'udp')
  expect(s.ok.headers.get('Contact')).toBe('<sip:127.0.0.1:9>')
})
