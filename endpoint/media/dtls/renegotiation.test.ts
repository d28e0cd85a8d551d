import { describe, expect, test } from 'vitest'
import { datagramsPerSide, expectNoKeys, expectSameKeys, makePair, mirrored, otherSide, run } from './testing.ts'

describe('renegotiation', () => {
  test('that changes nothing changes nothing', async () => {
    const pair = await run()
    const { sent } = pair.active
    pair.start()
    expect([pair.active.association.state, pair.active.sent, pair.clock.pending]).toEqual(['connected', sent, 0])
    expectSameKeys(pair)
  })

  test('may ask for new keys all the same', async () => {
    const pair = await run()
    const [before] = pair.active.keys
    for (const side of ['passive', 'active'] as const) {
      const { fingerprint } = pair[otherSide(side)].identity
      pair[side].association.start({ setup: side, remoteFingerprints: [fingerprint] }, { anew: true })
      expect(pair[side].association.keys).toBeUndefined()
    }
    await pair.settled()
    expectSameKeys(pair, 2)
    expect(pair.active.keys[1]).not.toEqual(before)
  })

  test('may turn the roles around, while the network still repeats the first hello', async () => {
    let hello: Buffer = Buffer.alloc(0)
    const pair = await run({
      network: (datagram, from, index) => {
        if (from === 'active' && index === 0) hello = datagram
        return [datagram]
      },
    })
    pair.passive.association.receive(hello)
    pair.start({ active: { setup: 'passive' }, passive: { setup: 'active' } })
    pair.passive.association.receive(hello)
    await pair.settled()
    expectSameKeys(pair, 2)
  })

  test('may name somebody else', async () => {
    const pair = await run()
    pair.start({ passive: { remoteFingerprints: [pair.passive.identity.fingerprint] } })
    await pair.until(() => pair.passive.association.state === 'connecting')
    pair.active.association.start({ setup: 'active', remoteFingerprints: [pair.passive.identity.fingerprint] }, { anew: true })
    await pair.settled()
    expect(pair.passive.ends).toMatchObject([{ code: 'wrong-fingerprint' }])
    expect(pair.passive.association.keys).toBeUndefined()
  })

  test('may follow a failure', async () => {
    const pair = await makePair()
    pair.start({ active: { remoteFingerprints: [pair.active.identity.fingerprint] } })
    await pair.settled()
    expectNoKeys(pair)
    pair.start()
    await pair.settled()
    expect(pair.passive.keys.map(mirrored)).toEqual(pair.active.keys)
    expect(pair.active.keys).toHaveLength(1)
  })
})

describe('who begins', () => {
  test('may do so before signalling has told the other', async () => {
    const pair = await makePair()
    pair.active.association.start({ setup: 'active', remoteFingerprints: [pair.passive.identity.fingerprint] })
    await pair.until(() => pair.active.sent > 0)
    expect(pair.passive.association.state).toBe('new')
    const { sent } = pair.active
    pair.start()
    await pair.settled()
    expectSameKeys(pair)
    // Nothing had to be repeated.
    expect(pair.active.sent - sent).toBe(datagramsPerSide - 1)
  })

  test('another may, as long as nobody has shown where it is', async () => {
    const stranger = await makePair()
    stranger.active.association.start({ setup: 'active', remoteFingerprints: [stranger.passive.identity.fingerprint] })
    const pair = await makePair()
    pair.passive.association.start({ setup: 'passive', remoteFingerprints: [pair.active.identity.fingerprint] })
    stranger.passive.association.receive = (datagram) => pair.passive.association.receive(datagram)
    await stranger.until(() => pair.passive.sent > 0)
    stranger.active.association.close()
    pair.start()
    await pair.settled()
    expectSameKeys(pair)
  })

  test('cannot be both', async () => {
    const pair = await makePair()
    pair.start({ passive: { setup: 'active' } })
    await pair.settled()
    expectNoKeys(pair)
    for (const { ends } of [pair.active, pair.passive]) {
      expect(ends).toEqual([{ code: 'timeout', detail: 'no handshake within 30000 ms: both sides are active' }])
    }
  })

  test('cannot be neither', async () => {
    const pair = await makePair()
    pair.start({ active: { setup: 'passive' } })
    await pair.settled()
    expectNoKeys(pair)
    expect(pair.active.ends).toMatchObject([{ code: 'timeout' }])
  })
})
