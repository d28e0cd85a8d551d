import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { dtlsProfiles } from './profile.ts'
import { type HandshakeFragment, readFragments, readRecords, writeRecord } from './record.ts'
import { datagramsPerSide, expectNoKeys, expectSameKeys, makePair, otherSide, run, type Side } from './testing.ts'

const bothSides = ['active', 'passive'] as const

test('both sides get the same keys, each its own to send with, and no timer goes on', async () => {
  const pair = await run()
  expectSameKeys(pair)
  const [{ profile, local, remote }] = pair.active.keys as [(typeof pair.active.keys)[0]]
  expect([profile, local.key.length, local.salt.length]).toEqual(['AEAD_AES_256_GCM', 32, 12])
  expect(remote).not.toEqual(local)
  expect([pair.active.sent, pair.passive.sent, pair.clock.pending]).toEqual([datagramsPerSide, datagramsPerSide, 0])
})

describe('profiles', () => {
  test.each(dtlsProfiles)('%s', async (profile) => {
    const pair = await run({ active: { profiles: [profile] } })
    expectSameKeys(pair)
    expect(pair.active.keys[0]).toMatchObject({ profile })
  })

  test('the passive side chooses what it prefers', async () => {
    const pair = await run({
      active: { profiles: ['AEAD_AES_128_GCM', 'AES_CM_128_HMAC_SHA1_80', 'AES_CM_128_HMAC_SHA1_32'] },
      passive: { profiles: ['AEAD_AES_256_GCM', 'AES_CM_128_HMAC_SHA1_32', 'AES_CM_128_HMAC_SHA1_80'] },
    })
    expectSameKeys(pair)
    expect(pair.active.keys[0]?.profile).toBe('AES_CM_128_HMAC_SHA1_32')
  })

  test('with none in common there are no keys', async () => {
    const pair = await run({ active: { profiles: ['AEAD_AES_128_GCM'] }, passive: { profiles: ['AES_CM_128_HMAC_SHA1_80'] } })
    expectNoKeys(pair)
    expect(pair.passive.ends).toEqual([{ code: 'nothing-in-common', detail: 'the client offers no SRTP profile we accept' }])
    expect(pair.active.ends).toEqual([{ code: 'refused', detail: 'alert 40' }])
  })

  test('one that has no number for DTLS cannot be offered', async () => {
    await expect(makePair({ active: { profiles: ['AES_256_CM_HMAC_SHA1_80'] } })).rejects.toThrow(RangeError)
  })
})

describe('whom signalling did not name gets no keys', () => {
  const fingerprint = { algorithm: 'sha-256', value: Array(32).fill('00').join(':') }

  test.each(bothSides)('the %s side expects somebody else', async (side) => {
    const pair = await makePair()
    pair.start({ [side]: { remoteFingerprints: [fingerprint] } })
    await pair.settled()
    expectNoKeys(pair)
    expect(pair[side].ends).toMatchObject([{ code: 'wrong-fingerprint' }])
    expect(pair[otherSide(side)].ends).toEqual([{ code: 'refused', detail: 'alert 42' }])
  })

  test.each(bothSides)('the %s side shows a certificate whose key it does not hold', async (side) => {
    const [victim, thief] = await Promise.all([makePair(), makePair()])
    const identity = { ...victim.active.identity, keyPem: thief.active.identity.keyPem }
    const pair = await run({ [side]: { identity } })
    expectNoKeys(pair)
    expect(pair[otherSide(side)].ends).toMatchObject([{ code: 'unproven' }])
    expect(pair[side].ends).toEqual([{ code: 'refused', detail: 'alert 51' }])
  })

  test('no fingerprint at all is a mistake of ours', async () => {
    const pair = await makePair()
    expect(() => pair.start({ passive: { remoteFingerprints: [] } })).toThrow(RangeError)
  })

  test('a Finished that is not encrypted proves nothing', async () => {
    const pair = await makePair({
      network: (datagram, from, index) => {
        if (from === 'passive' || index < 2) return [datagram]
        const clear = readRecords(datagram).filter(({ epoch }) => epoch === 0)
        const finished = Buffer.from(`14${'00000c'}${'0005'}${'000000'}${'00000c'}${'00'.repeat(12)}`, 'hex')
        return [Buffer.concat([...clear, { type: 22, epoch: 0, sequence: 99, fragment: finished }].map(writeRecord))]
      },
    })
    pair.start()
    await pair.settled()
    expectNoKeys(pair)
    expect(pair.passive.ends).toMatchObject([{ code: 'timeout' }])
  })
})

describe('loss', () => {
  const lost = bothSides.flatMap((side) => Array.from({ length: datagramsPerSide }, (_, index) => ({ side, index })))

  test.each(lost)('of datagram $index of the $side side is made good', async ({ side, index }) => {
    const pair = await run({ network: (datagram, from, n) => (from === side && n === index ? [] : [datagram]) })
    expectSameKeys(pair)
    expect(pair.clock.pending).toBe(0)
  })

  test.each(bothSides)('of all that the %s side sends ends it, with few repetitions', async (side) => {
    const pair = await run({ network: (datagram, from) => (from === side ? [] : [datagram]) })
    expectNoKeys(pair)
    for (const { ends } of [pair.active, pair.passive]) expect(ends).toEqual([{ code: 'timeout', detail: 'no handshake within 30000 ms' }])
    // At 0, 0.4, 1.2, 2.8, 6, 12.4 and 25.2 s.
    expect(pair.active.sent).toBe(7)
  })

  test('of every other datagram, both ways; and a repetition has record numbers of its own', async () => {
    const seen = new Set<string>()
    const pair = await run({
      network: (datagram, from, n) => {
        for (const { epoch, sequence } of readRecords(datagram)) {
          expect(seen).not.toContain(`${from} ${epoch} ${sequence}`)
          seen.add(`${from} ${epoch} ${sequence}`)
        }
        return n % 2 === 0 ? [] : [datagram]
      },
    })
    expectSameKeys(pair)
  })
})

describe('the network may', () => {
  /** The datagram's records apart, and clear handshake messages in parts of at most `size` bytes. */
  const apart = (datagram: Buffer, size: number): Buffer[] =>
    readRecords(datagram).flatMap((record) => {
      if (record.type !== 22 || record.epoch > 0) return [writeRecord(record)]
      return (readFragments(record.fragment) ?? []).flatMap((fragment) =>
        parts(fragment, size).map((bytes, index) => writeRecord({ ...record, sequence: 100 * record.sequence + index, fragment: bytes })),
      )
    })

  const parts = ({ type, sequence, length, body }: HandshakeFragment, size: number): Buffer[] =>
    Array.from({ length: Math.max(1, Math.ceil(length / size)) }, (_, index) => {
      const slice = body.subarray(index * size, (index + 1) * size)
      const header = Buffer.alloc(12)
      header.writeUInt8(type)
      header.writeUIntBE(length, 1, 3)
      header.writeUInt16BE(sequence, 4)
      header.writeUIntBE(index * size, 6, 3)
      header.writeUIntBE(slice.length, 9, 3)
      return Buffer.concat([header, slice])
    })

  test.each([
    ['send records one by one', (datagram: Buffer) => apart(datagram, 10_000)],
    ['turn a flight around', (datagram: Buffer) => apart(datagram, 10_000).reverse()],
    ['cut messages up and turn the parts around', (datagram: Buffer) => apart(datagram, 60).reverse()],
    ['deliver everything twice', (datagram: Buffer) => [datagram, datagram]],
    [
      'mix junk in',
      (datagram: Buffer, from: Side, n: number) => {
        const noise = createHash('sha512').update(`${from} ${n}`).digest()
        const cut = datagram.subarray(0, Math.floor(datagram.length / 2))
        const typed = Buffer.concat([Buffer.from([22, 254, 253]), noise])
        const sealed = writeRecord({ type: 22, epoch: 1, sequence: 0, fragment: noise })
        const app = writeRecord({ type: 23, epoch: 1, sequence: 0, fragment: noise })
        const other = writeRecord({ type: 22, epoch: 7, sequence: 0, fragment: noise })
        const unreadable = writeRecord({ type: 22, epoch: 0, sequence: 2 ** 47, fragment: noise })
        const huge = Buffer.alloc(65_507, 22)
        return [Buffer.alloc(0), noise, typed, cut, sealed, app, other, unreadable, huge, datagram, noise]
      },
    ],
  ])('%s', async (_, network) => expectSameKeys(await run({ network })))
})

describe('closing', () => {
  const moments = bothSides.flatMap((side) => Array.from({ length: datagramsPerSide }, (_, index) => ({ side, index })))

  test.each(moments)('the $side side after its datagram $index leaves nothing behind', async ({ side, index }) => {
    let sentAtClose: number | undefined
    const pair = await makePair({
      network: (datagram, from, n) => {
        if (from === side && n === index) {
          queueMicrotask(() => {
            pair[side].association.close()
            sentAtClose = pair[side].sent
          })
        }
        return [datagram]
      },
    })
    pair.start()
    await pair.until(() => pair[otherSide(side)].ends.length > 0)
    expect(pair[side].association.state).toBe('closed')
    expect([pair[side].ends, pair[side].association.keys]).toEqual([[], undefined])
    expect(pair[otherSide(side)].association.keys).toBeUndefined()
    expect(pair.clock.pending).toBe(0)
    expect(pair[side].sent).toBe(sentAtClose)
  })

  test.each(bothSides)('by the %s side ends the other', async (side) => {
    const pair = await run()
    pair[side].association.close()
    const other = pair[otherSide(side)]
    await pair.until(() => other.ends.length > 0)
    expect(other.ends).toEqual([{ code: 'closed-by-peer', detail: 'alert 0' }])
    expect(other.association.keys).toBeUndefined()
    expect(pair[side].ends).toEqual([])
  })

  test('before anything began says nothing, and nothing begins after it', async () => {
    const pair = await makePair()
    pair.active.association.close()
    pair.start()
    pair.passive.association.close()
    expect([pair.active.sent, pair.passive.sent, pair.clock.pending]).toEqual([0, 0, 0])
  })
})
