import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { tonePair } from '../../protocol/audio/tone.ts'
import { RtpHeader } from '../../protocol/rtp/packet.ts'
import type { Keying, Protection, ProtectionProfile } from '../../protocol/sdp/types.ts'
import { SrtpSession } from '../../protocol/srtp/srtp-session.ts'
import { kindOfDatagram } from './dtls/datagram-kind.ts'
import { createIdentity } from './dtls/identity.ts'
import { connect, negotiate, openSide, type Side, type SideOptions, waitFor } from './testing.ts'
import type { ToneEvent } from './types.ts'

const hears =
  (pair: readonly number[]) =>
  (tone: ToneEvent): boolean =>
    tone.pair?.join() === pair.join() && tone.purity > 0.9

/** Demands protection by one keying. */
const demand = (keying: Keying, suites?: readonly ProtectionProfile[]): Protection => ({
  offer: keying,
  keyings: [keying],
  required: true,
  allowed: true,
  ...(suites === undefined ? {} : { suites }),
})

/** Offers and takes what can be had. */
const opportunistic = (...keyings: Keying[]): Protection => ({ offer: 'osrtp', keyings, required: false, allowed: true })

/** Every packet a side sent or got, without the datagrams of handshakes. */
const packetsOf = (side: Side, dir: 'in' | 'out', kind: 'rtp' | 'rtcp') =>
  side.wire.filter((wire) => wire.dir === dir && wire.kind === kind && kindOfDatagram(wire.bytes) === kind)
const wireOf = (...which: Parameters<typeof packetsOf>) => packetsOf(...which).map((wire) => wire.bytes)

/** Tones and digits go through both ways; returns with both sides' statistics. */
async function talk(caller: Side, callee: Side) {
  caller.session.play(tonePair(10))
  callee.session.play(tonePair(11))
  await Promise.all([waitFor(callee, 'tone', hears(tonePair(10))), waitFor(caller, 'tone', hears(tonePair(11)))])
  await Promise.all([caller.session.sendDigits('19#'), callee.session.sendDigits('*0')])
  await expect.poll(() => callee.digits.map(({ digit }) => digit).join('')).toBe('19#')
  await expect.poll(() => caller.digits.map(({ digit }) => digit).join('')).toBe('*0')
  return [caller.session.stats(), callee.session.stats()] as const
}

async function call(offering: SideOptions, answering: SideOptions, then: (caller: Side, callee: Side) => Promise<void>): Promise<void> {
  await using caller = await openSide(offering)
  await using callee = await openSide(answering)
  connect(caller, callee)
  await then(caller, callee)
}

const suites = [
  'AES_CM_128_HMAC_SHA1_80',
  'AES_CM_128_HMAC_SHA1_32',
  'AES_256_CM_HMAC_SHA1_80',
  'AEAD_AES_128_GCM',
  'AEAD_AES_256_GCM',
] as const satisfies readonly ProtectionProfile[]

const keyed = suites.flatMap((suite) =>
  (['sdes', 'dtls'] as const)
    .filter((keying) => keying === 'sdes' || suite !== 'AES_256_CM_HMAC_SHA1_80')
    .map((keying) => ({ keying, suite })),
)

describe.each(keyed)('a call keyed by $keying under $suite', ({ keying, suite }) => {
  test('is heard both ways, digits too, and nothing of it is plain', async () => {
    const protection = demand(keying, [suite])
    await call({ protection }, { protection }, async (caller, callee) => {
      for (const { protection: facts, received } of await talk(caller, callee)) {
        expect(facts).toMatchObject({
          profile: keying === 'sdes' ? 'RTP/SAVP' : 'UDP/TLS/RTP/SAVP',
          keying,
          suite,
          plainReceived: 0,
          authFailures: 0,
          replayed: 0,
          ...(keying === 'dtls' ? { handshake: 'done' } : {}),
        })
        expect(facts.srtpSent).toBeGreaterThan(10)
        expect(facts.srtpReceived).toBeGreaterThan(10)
        expect(received).toMatchObject({ lost: 0, malformed: 0, stray: 0, unexpectedPayloadTypes: {} })
      }
      const [ours, theirs] = [caller.keys, callee.keys]
      expect([ours.length, theirs.length]).toEqual([1, 1])
      expect(ours[0]).toMatchObject({ keying, profile: suite })
      expect(Buffer.from(ours[0]!.local.key)).toEqual(Buffer.from(theirs[0]!.remote.key))
      expect(Buffer.from(ours[0]!.remote.key)).toEqual(Buffer.from(theirs[0]!.local.key))
      // A stranger to both, with the keys alone, reads the wire.
      const judge = new SrtpSession({ profile: suite, local: theirs[0]!.local, remote: ours[0]!.local })
      const packets = wireOf(caller, 'out', 'rtp')
      for (const bytes of packets) expect(judge.unprotectRtp(bytes)).toMatchObject({ ok: true, encrypted: true })
    })
  })
})

test('opus in DTLS-SRTP', async () => {
  const side: SideOptions = { codecs: ['opus'], protection: demand('dtls') }
  await call(side, side, async (caller, callee) => {
    const [stats] = await talk(caller, callee)
    expect(stats.protection).toMatchObject({ handshake: 'done', suite: 'AEAD_AES_256_GCM' })
  })
})

describe('opportunistic SRTP (RFC 8643)', () => {
  test.each([
    // what each side can do, and what comes of it
    { offers: ['sdes', 'dtls'], answers: ['sdes', 'dtls'], keying: 'sdes' },
    { offers: ['sdes', 'dtls'], answers: ['dtls'], keying: 'dtls' },
    { offers: ['sdes'], answers: ['dtls'], keying: undefined },
    { offers: ['sdes', 'dtls'], answers: [], keying: undefined },
  ] as const)('$offers offered to $answers: $keying on RTP/AVP', async ({ offers, answers, keying }) => {
    await call({ protection: opportunistic(...offers) }, { protection: opportunistic(...answers) }, async (caller, callee) => {
      for (const { protection } of await talk(caller, callee)) {
        expect(protection).toMatchObject({ profile: 'RTP/AVP', plainReceived: 0, authFailures: 0 })
        expect(protection.keying).toBe(keying)
        if (keying === undefined) expect([protection.srtpSent, protection.srtpReceived]).toEqual([0, 0])
        else expect(Math.min(protection.srtpSent, protection.srtpReceived)).toBeGreaterThan(10)
      }
      const header = new RtpHeader()
      const audio = wireOf(callee, 'in', 'rtp').map((bytes) => {
        header.read(bytes)
        return header.payloadType === 0 ? bytes.length : 0
      })
      expect(audio.some((length) => length === 172)).toBe(keying === undefined)
    })
  })
})

test('reports are protected, and the goodbye is believed', async () => {
  for (const keying of ['sdes', 'dtls'] as const) {
    const protection = demand(keying)
    await call({ protection }, { protection }, async (caller, callee) => {
      await Promise.all([waitFor(callee, 'tone'), waitFor(caller, 'tone')])
      await caller.session.close()
      await expect.poll(() => callee.session.stats().rtcp.bye).toBe(true)
      const [bytes] = wireOf(callee, 'in', 'rtcp')
      // E flag, index, and behind them the tag of GCM before them: longer than any report in clear says it is.
      expect(bytes!.length).toBeGreaterThan(4 * ((bytes![2]! << 8) | bytes![3]!))
      const muxed = packetsOf(callee, 'in', 'rtcp')[0]!.local.port === callee.session.local.port
      expect(muxed).toBe(keying === 'dtls')
    })
  }
})

describe('renegotiation', () => {
  test('of SDES without new keys goes on under the old ones', async () => {
    const protection = demand('sdes')
    await call({ protection }, { protection }, async (caller, callee) => {
      caller.session.play(tonePair(20))
      await waitFor(callee, 'tone', hears(tonePair(20)))
      const offered = caller.session.localSdp
      negotiate(caller, callee)
      expect(caller.session.localSdp).toBe(offered)
      negotiate(callee, caller, { direction: 'sendonly' })
      negotiate(callee, caller, { direction: 'sendrecv' })
      callee.tones.length = 0
      await waitFor(callee, 'tone', hears(tonePair(20)))
      expect([caller.keys.length, callee.keys.length]).toEqual([1, 1])
      expect(callee.session.stats()).toMatchObject({ received: { lost: 0 }, protection: { authFailures: 0, replayed: 0 } })
    })
  })

  test.each(['caller', 'callee'] as const)(
    'of SDES with new keys, asked by the %s, changes both directions and loses nothing',
    async (who) => {
      const protection = demand('sdes')
      await call({ protection }, { protection }, async (caller, callee) => {
        caller.session.play(tonePair(20))
        callee.session.play(tonePair(21))
        await Promise.all([waitFor(callee, 'tone', hears(tonePair(20))), waitFor(caller, 'tone', hears(tonePair(21)))])
        const [offerer, answerer] = who === 'caller' ? [caller, callee] : [callee, caller]
        negotiate(offerer, answerer, { rekey: true })
        for (const side of [caller, callee]) side.tones.length = 0
        await Promise.all([waitFor(callee, 'tone', hears(tonePair(20))), waitFor(caller, 'tone', hears(tonePair(21)))])
        for (const side of [caller, callee]) {
          expect(side.keys).toHaveLength(2)
          const [before, after] = side.keys
          expect(Buffer.from(after!.local.key)).not.toEqual(Buffer.from(before!.local.key))
          expect(Buffer.from(after!.remote.key)).not.toEqual(Buffer.from(before!.remote.key))
          expect(side.session.stats()).toMatchObject({ received: { lost: 0 }, protection: { authFailures: 0, replayed: 0 } })
        }
      })
    },
  )

  test('of new keys that is refused keeps the old ones', async () => {
    const protection = demand('sdes')
    await call({ protection }, { protection }, async (caller, callee) => {
      caller.session.createOffer({ rekey: true })
      caller.session.cancelOffer()
      caller.session.play(tonePair(20))
      await waitFor(callee, 'tone', hears(tonePair(20)))
      expect(caller.keys).toHaveLength(1)
    })
  })

  test('of DTLS without change needs no new handshake', async () => {
    const protection = demand('dtls')
    await call({ protection }, { protection }, async (caller, callee) => {
      caller.session.play(tonePair(20))
      await waitFor(callee, 'tone', hears(tonePair(20)))
      negotiate(callee, caller)
      negotiate(caller, callee, { direction: 'sendonly' })
      negotiate(caller, callee, { direction: 'sendrecv' })
      callee.tones.length = 0
      await waitFor(callee, 'tone', hears(tonePair(20)))
      expect([caller.keys.length, callee.keys.length]).toEqual([1, 1])
    })
  })

  test('that brings another certificate brings another handshake and other keys', async () => {
    const protection = demand('dtls')
    await using other = await openSide({ protection, identity: await createIdentity() })
    await call({ protection }, { protection }, async (caller, callee) => {
      caller.session.play(tonePair(20))
      await waitFor(callee, 'tone', hears(tonePair(20)))
      // As a server between the two would connect the caller to somebody else.
      negotiate(other, caller)
      other.session.start()
      await waitFor(other, 'tone', hears(tonePair(20)))
      expect(caller.keys).toHaveLength(2)
      expect(Buffer.from(caller.keys[1]!.local.key)).not.toEqual(Buffer.from(caller.keys[0]!.local.key))
    })
  })

  test('turns protected media into plain media, and back', async () => {
    await using caller = await openSide({ protection: opportunistic('sdes') })
    await using callee = await openSide({ protection: opportunistic('sdes') })
    await using plain = await openSide()
    connect(caller, callee)
    callee.session.play(tonePair(20))
    plain.session.play(tonePair(21))
    await waitFor(caller, 'tone', hears(tonePair(20)))
    negotiate(plain, caller)
    plain.session.start()
    await waitFor(caller, 'tone', hears(tonePair(21)))
    expect(caller.session.stats().protection.keying).toBeUndefined()
    negotiate(callee, caller)
    caller.tones.length = 0
    await waitFor(caller, 'tone', hears(tonePair(20)))
    expect(caller.session.stats().protection.keying).toBe('sdes')
  })
})

describe('what does not authenticate', () => {
  test.each([
    { fault: 'srtp-send-plain', counted: 'plainReceived' },
    { fault: 'srtp-wrong-tag-length', counted: 'authFailures' },
  ] as const)('$fault: nothing is heard, and it is counted', async ({ fault, counted }) => {
    for (const suite of suites) {
      for (const codec of ['pcmu', 'opus'] as const) {
        const protection = demand('sdes', [suite])
        await call({ protection, codecs: [codec] }, { protection, codecs: [codec], faults: [fault] }, async (caller, callee) => {
          callee.session.play(tonePair(20))
          await expect.poll(() => caller.session.stats().protection[counted]).toBeGreaterThan(10)
          const { received, protection: facts } = caller.session.stats()
          expect(received.packets).toBe(0)
          // Of Opus the first packet alone does not tell.
          expect(facts.plainReceived + facts.authFailures - facts[counted]).toBeLessThanOrEqual(1)
          expect(caller.tones).toEqual([])
        })
      }
    }
  })

  test('srtp-reuse-key: both directions are under the key of the offer', async () => {
    const protection = demand('sdes')
    await call({ protection }, { protection, faults: ['srtp-reuse-key'] }, async (caller, callee) => {
      await talk(caller, callee)
      expect(Buffer.from(caller.keys[0]!.local.key)).toEqual(Buffer.from(caller.keys[0]!.remote.key))
    })
  })

  test('comes from nowhere: strangers cannot steer protected media, nor can replayed packets', async () => {
    const protection = demand('sdes')
    await call({ protection }, { protection }, async (caller, callee) => {
      await waitFor(caller, 'tone')
      const stranger = createSocket('udp4').bind(0, '127.0.0.1')
      await once(stranger, 'listening')
      const { port } = caller.session.local
      const seen = wireOf(caller, 'in', 'rtp')[0]!
      stranger.send(seen, port, '127.0.0.1')
      stranger.send(
        Uint8Array.from(seen, (byte, index) => (index === 20 ? byte ^ 1 : byte)),
        port,
        '127.0.0.1',
      )
      const forged = Uint8Array.from(seen)
      forged[3]! ^= 0x7f
      stranger.send(forged, port, '127.0.0.1')
      await expect.poll(() => caller.session.stats().protection.replayed).toBeGreaterThanOrEqual(1)
      await expect.poll(() => caller.session.stats().protection.authFailures).toBe(1)
      stranger.close()
      expect(caller.session.stats()).toMatchObject({ latched: false, remote: callee.session.local, received: { lost: 0, duplicates: 0 } })
    })
  })
})

test('a source that moves is followed as soon as one packet proves it', async () => {
  const protection = demand('sdes')
  await call({ protection }, { protection }, async (caller, callee) => {
    await waitFor(callee, 'tone')
    // The caller's next packet comes by way of another port, as after a NAT lost its mapping.
    const relay = createSocket('udp4').bind(0, '127.0.0.1')
    await once(relay, 'listening')
    const { profile, local, remote } = caller.keys[0]!
    const double = new SrtpSession({ profile, local, remote })
    const packet = Buffer.alloc(172 + double.rtpOverhead, 0xff)
    packet.set(wireOf(caller, 'out', 'rtp').at(-1)!.subarray(0, 12))
    packet.writeUInt16BE((packet.readUInt16BE(2) + 100) & 0xffff, 2)
    const length = double.protectRtp(packet, 172)!
    relay.send(packet.subarray(0, length), callee.session.local.port, '127.0.0.1')
    const [moved] = (await once(relay, 'message')) as [Buffer]
    expect(moved.length).toBeGreaterThan(12)
    expect(callee.session.stats()).toMatchObject({ latched: true, remote: { port: relay.address().port } })
    relay.close()
  })
})

describe('lost packets', () => {
  test('are missed and no more', async () => {
    const protection = demand('sdes')
    await call({ protection }, { protection, faults: ['drop-packets'] }, async (caller, callee) => {
      callee.session.play(tonePair(20))
      await waitFor(caller, 'tone', hears(tonePair(20)))
      await expect.poll(() => caller.session.stats().received.lost, { timeout: 10_000 }).toBe(2)
      expect(caller.session.stats().protection).toMatchObject({ authFailures: 0, replayed: 0 })
    })
  })
})

describe('DTLS handshakes', () => {
  test('with another certificate than signalled end media on both sides', async () => {
    await using caller = await openSide({ protection: demand('dtls') })
    await using callee = await openSide({ protection: demand('dtls') })
    const accepted = callee.session.acceptOffer(caller.session.createOffer())
    if (!accepted.ok) throw new Error(accepted.why)
    const failed = Promise.all([waitFor(caller, 'protection'), waitFor(callee, 'protection', ({ state }) => state === 'failed')])
    const forged = accepted.answer.replace(/^(a=fingerprint:sha-256 )../m, `$1${/sha-256 00/.test(accepted.answer) ? '01' : '00'}`)
    expect(caller.session.acceptAnswer(forged)).toEqual({ ok: true })
    for (const side of [caller, callee]) {
      side.session.start()
      side.session.play(tonePair(20))
    }
    expect((await failed)[0]).toMatchObject({ state: 'failed' })
    for (const side of [caller, callee]) await expect(side.session.sendDigits('1')).rejects.toMatchObject({ code: 'not-keyed' })
    expect(caller.session.stats()).toMatchObject({ sent: { packets: 0 }, protection: { handshake: 'failed', srtpSent: 0 } })
    expect(caller.keys).toEqual([])
  })

  test('dtls-accept-any-fingerprint: with another certificate they go on', async () => {
    await using caller = await openSide({ protection: demand('dtls'), faults: ['dtls-accept-any-fingerprint'] })
    await using callee = await openSide({ protection: demand('dtls') })
    const accepted = callee.session.acceptOffer(caller.session.createOffer())
    if (!accepted.ok) throw new Error(accepted.why)
    const forged = accepted.answer.replace(/^(a=fingerprint:sha-256 )../m, `$1${/sha-256 00/.test(accepted.answer) ? '01' : '00'}`)
    expect(caller.session.acceptAnswer(forged)).toEqual({ ok: true })
    caller.session.start()
    callee.session.start()
    await talk(caller, callee)
  })

  test('nothing is sent, and digits wait, until they are done', async () => {
    await using caller = await openSide({ protection: demand('dtls') })
    await using callee = await openSide({ protection: demand('dtls') })
    const accepted = callee.session.acceptOffer(caller.session.createOffer())
    if (!accepted.ok) throw new Error(accepted.why)
    callee.session.start()
    callee.session.play(tonePair(20))
    const sent = callee.session.sendDigits('7')
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(callee.session.stats()).toMatchObject({ sent: { packets: 0 }, protection: { handshake: 'pending', srtpSent: 0 } })
    expect(wireOf(callee, 'out', 'rtp')).toEqual([])
    caller.session.acceptAnswer(accepted.answer)
    caller.session.start()
    await sent
    await expect.poll(() => caller.digits).toMatchObject([{ digit: '7' }])
  })

  test('on both ports, where the other side keeps RTCP on its own', async () => {
    await using caller = await openSide({ protection: demand('dtls') })
    await using callee = await openSide({ protection: demand('dtls') })
    const offer = caller.session.createOffer().replace('a=rtcp-mux\r\n', '')
    const accepted = callee.session.acceptOffer(offer)
    if (!accepted.ok) throw new Error(accepted.why)
    expect(accepted.answer).not.toContain('rtcp-mux')
    expect(caller.session.acceptAnswer(accepted.answer)).toEqual({ ok: true })
    caller.session.start()
    callee.session.start()
    await talk(caller, callee)
    await caller.session.close()
    await expect.poll(() => callee.session.stats().rtcp.bye).toBe(true)
    expect(packetsOf(callee, 'in', 'rtcp')[0]!.local.port).toBe(callee.session.local.port + 1)
  })
})
