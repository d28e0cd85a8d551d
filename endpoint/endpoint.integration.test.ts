/** The whole endpoint, nothing replaced: calls with audio and digits, over each transport and address family. */
import { expect, test } from 'vitest'
import { tonePair } from '../protocol/audio/tone.ts'
import type { Transport } from '../protocol/wire.ts'
import { makeAuthority } from './certificates.ts'
import { MediaEngine } from './media/engine.ts'
import type { MediaOptions, MediaSession } from './media/types.ts'
import { TransportLayer } from './transport/transport-layer.ts'
import { UserAgent } from './user-agent.ts'
import type { IncomingCall } from './user-agent-types.ts'

const authority = await makeAuthority()
const identity = await authority.issue({ names: ['127.0.0.1', '::1'] })

async function open(transport: Transport, host: string) {
  const tls = { cert: identity.certPem, key: identity.keyPem }
  const transports = await TransportLayer.open({
    listen: [{ transport, host, port: 0, ...(transport === 'tls' ? { tls } : {}) }],
    tlsClient: { ca: [authority.certPem] },
  })
  const media = new MediaEngine({})
  const agent = new UserAgent({ name: 'whole', transports, media })
  const { port } = transports.listeners[0]!
  return {
    agent,
    uri: `sip:agent@${host.includes(':') ? `[${host}]` : host}:${port};transport=${transport}`,
    async [Symbol.asyncDispose]() {
      await agent.close()
      await transports.close()
      await media.close()
    },
  }
}

/** Resolves when this pair is what is heard. */
const hears = (media: MediaSession, pair: readonly [number, number]) =>
  new Promise<void>((resolve) => media.on('tone', (tone) => tone.pair?.join() === pair.join() && resolve()))

const digits = (media: MediaSession, count: number) =>
  new Promise<string>((resolve) => {
    let heard = ''
    media.on('digit', ({ digit, method }) => {
      heard += digit
      if (heard.length === count) resolve(`${method} ${heard}`)
    })
  })

test.each<[Transport, string, 'rfc4733' | 'info']>([
  ['udp', '127.0.0.1', 'rfc4733'],
  ['tcp', '::1', 'info'],
  ['tls', '::1', 'rfc4733'],
  ['tls', '127.0.0.1', 'info'],
])('%s on %s, digits by %s: tones and digits both ways, hung up by the callee', async (transport, host, dtmf) => {
  await using alice = await open(transport, host)
  await using bob = await open(transport, host)
  const media: MediaOptions = { codecs: ['pcmu'], dtmf, host }
  const arriving = new Promise<IncomingCall>((resolve) => {
    bob.agent.onInvite = resolve
  })
  const call = alice.agent.invite({ to: bob.uri, from: 'sip:alice@example.com', media })
  const incoming = await arriving
  await incoming.answer({ media })
  expect([call.transport, incoming.transport]).toEqual([transport, transport])
  expect(call.tls?.version).toBe(transport === 'tls' ? 'TLSv1.3' : undefined)
  const [mine, theirs] = [call.media!, incoming.media!]
  const heard = Promise.all([hears(mine, tonePair(2)), hears(theirs, tonePair(1))])
  mine.play(tonePair(1))
  theirs.play(tonePair(2))
  await heard
  const got = Promise.all([digits(mine, 2), digits(theirs, 3)])
  await Promise.all([mine.sendDigits('159', { durationMs: 60 }), theirs.sendDigits('0#', { durationMs: 60 })])
  expect(await got).toEqual([`${dtmf} 0#`, `${dtmf} 159`])
  const ended = new Promise((resolve) => call.once('ended', resolve))
  await incoming.hangup()
  expect(await ended).toEqual({ by: 'remote' })
})
