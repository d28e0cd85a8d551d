/** New SRTP keys in the middle of a call, against the edge and a real Asterisk: both echo, before and after. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CallServers } from '../benchmarks/call-servers.ts'
import { SecureCaller } from '../benchmarks/secure-caller.ts'
import type { MediaSession, SrtpKeys } from '../endpoint/media/types.ts'
import { tonePair } from '../protocol/audio/tone.ts'

let servers: CallServers
let caller: SecureCaller
beforeAll(async () => {
  servers = await CallServers.start(['edge-with-media', 'asterisk'], 'Echo()')
  caller = await SecureCaller.open(servers.caller)
})
afterAll(async () => {
  await caller?.[Symbol.asyncDispose]()
  await servers?.[Symbol.asyncDispose]()
})

/** Resolves when this pair comes back. */
function echoes(media: MediaSession, pair: readonly [number, number]): Promise<void> {
  media.play(pair)
  return new Promise((resolve) => {
    media.on('tone', (tone) => {
      if (String(tone.pair) === String(pair)) resolve()
    })
  })
}

test.each(['edge-with-media', 'asterisk'] as const)('%s takes new keys of a re-INVITE and goes on under them', async (name) => {
  const keys: SrtpKeys[] = []
  const call = caller.invite(servers.secureUri(name), 'sdes', 'sipp', (one) => keys.push(one))
  await new Promise<void>((resolve, reject) => {
    call.once('confirmed', resolve)
    call.once('ended', (end) => reject(new Error(`the call ended: ${JSON.stringify(end)}`)))
  })
  const media = call.media!
  media.listen(true)
  await echoes(media, tonePair(4))
  expect(keys).toHaveLength(1)

  expect(await call.reinvite({ rekey: true })).toMatchObject({ status: 200 })
  await echoes(media, tonePair(9))
  const [before, after] = keys
  expect(Buffer.from(after!.local.key)).not.toEqual(Buffer.from(before!.local.key))
  // Whoever sends the answer is free to keep the key it sends with; what it sends under has to be what it said.
  expect(media.stats()).toMatchObject({ protection: { authFailures: 0 } })
  await call.hangup()
})
