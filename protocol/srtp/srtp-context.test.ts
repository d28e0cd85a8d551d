import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type SrtpMasterKey, type SrtpProfileName, srtpProfileNames, srtpProfiles } from './profile.ts'
import { replayWindowSize } from './replay-window.ts'
import { mostSources } from './sources.ts'
import { SrtpContext } from './srtp-context.ts'
import { testKey, testRtp } from './testing.ts'
import { referencePackets } from './vectors.ts'

const profile = 'AES_CM_128_HMAC_SHA1_80'

function contextOf(name: SrtpProfileName = profile, master: SrtpMasterKey = testKey(name)): SrtpContext {
  return new SrtpContext(srtpProfiles[name], master)
}

/** A copy of `packet`, protected. */
function protectedBy(context: SrtpContext, packet: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(packet.length + context.overhead)
  bytes.set(packet)
  expect(context.protect(bytes, packet.length)).toBe(bytes.length)
  return bytes
}

function opened(context: SrtpContext, bytes: Uint8Array): Uint8Array | string {
  const result = context.unprotect(bytes)
  return result.ok ? Uint8Array.from(result.packet) : result.error.why
}

describe.each(referencePackets)('libsrtp $name', ({ profile, master, rtp, srtp }) => {
  test('is what we make', () => {
    expect(Buffer.from(protectedBy(contextOf(profile, master), rtp))).toEqual(srtp)
  })

  test('is opened', () => {
    expect(contextOf(profile, master).unprotect(srtp)).toEqual({ ok: true, packet: rtp, encrypted: true })
  })
})

describe.each(srtpProfileNames)('%s', (name) => {
  test('packets of any form come back as they were', () => {
    const sender = contextOf(name)
    const receiver = contextOf(name)
    let sequenceNumber = 0
    const words = (most: number) => fc.array(fc.uint8Array({ minLength: 4, maxLength: 4 }), { maxLength: most })
    const extensions = fc.option(words(5), { nil: undefined })
    fc.assert(
      fc.property(words(15), extensions, fc.uint8Array({ maxLength: 1400 }), (sources, extension, payload) => {
        const packet = Buffer.concat([
          testRtp(sequenceNumber++, new Uint8Array(0)),
          ...sources,
          ...(extension === undefined ? [] : [Uint8Array.of(0xbe, 0xde, 0, extension.length), ...extension]),
          payload,
        ])
        packet[0] = 0x80 | (extension === undefined ? 0 : 0x10) | sources.length
        const secret = protectedBy(sender, packet)
        const clear = packet.length - payload.length
        expect(Buffer.from(secret.subarray(0, clear)).equals(packet.subarray(0, clear))).toBe(true)
        if (payload.length > 8) {
          expect(Buffer.from(secret.subarray(clear, packet.length)).equals(payload)).toBe(false)
        }
        const before = secret.slice()
        const result = receiver.unprotect(secret)
        expect(result.ok && Buffer.from(result.packet).equals(packet)).toBe(true)
        expect(secret).toEqual(before)
      }),
    )
  })

  test('no byte can be changed', () => {
    const secret = protectedBy(contextOf(name), testRtp(1, new Uint8Array(20)))
    const receiver = contextOf(name)
    for (let at = 0; at < secret.length; at++) {
      const forged = secret.slice()
      forged[at]! ^= 0x04
      expect(opened(receiver, forged)).toMatch(/authentication|malformed/)
    }
    expect(receiver.unprotect(secret).ok).toBe(true)
  })

  test('nothing can be cut off or added', () => {
    const secret = protectedBy(contextOf(name), testRtp(1, new Uint8Array(20)))
    const receiver = contextOf(name)
    for (let length = 0; length < secret.length; length++)
      expect(opened(receiver, secret.subarray(0, length))).toMatch(/short|authentication/)
    expect(opened(receiver, Buffer.concat([secret, Buffer.alloc(1)]))).toBe('authentication')
  })

  test('another key or salt does not fit', () => {
    const secret = protectedBy(contextOf(name), testRtp(1))
    const { key, salt } = testKey(name)
    const other = testKey(name, 2)
    expect(opened(contextOf(name, { key: other.key, salt }), secret)).toBe('authentication')
    expect(opened(contextOf(name, { key, salt: other.salt }), secret)).toBe('authentication')
  })
})

test('a packet of another profile does not fit, the short tag against the long one neither', () => {
  for (const one of srtpProfileNames) {
    for (const other of srtpProfileNames) {
      if (one === other) continue
      expect(opened(contextOf(other), protectedBy(contextOf(one), testRtp(1)))).toBe('authentication')
    }
  }
})

test('a plain packet is not taken for a protected one', () => {
  expect(opened(contextOf(), testRtp(1))).toBe('authentication')
})

describe('replay', () => {
  test('the same packet is taken once', () => {
    const secret = protectedBy(contextOf(), testRtp(7))
    const receiver = contextOf()
    expect(receiver.unprotect(secret).ok).toBe(true)
    expect(opened(receiver, secret)).toBe('replayed')
  })

  test('late packets are taken as far as the window reaches', () => {
    const sender = contextOf()
    const receiver = contextOf()
    const secrets = Array.from({ length: replayWindowSize + 1 }, (_, nth) => protectedBy(sender, testRtp(nth)))
    expect(receiver.unprotect(secrets.at(-1)!).ok).toBe(true)
    expect(opened(receiver, secrets[0]!)).toBe('old')
    for (const secret of secrets.slice(1, -1)) expect(receiver.unprotect(secret).ok).toBe(true)
    for (const secret of secrets.slice(1)) expect(opened(receiver, secret)).toBe('replayed')
  })

  test('a forged packet moves nothing', () => {
    const sender = contextOf()
    const receiver = contextOf()
    const secret = protectedBy(sender, testRtp(7))
    for (const sequenceNumber of [7, 8, 30_000, 40_000, 65_535]) {
      const forged = secret.slice()
      forged[2] = sequenceNumber >> 8
      forged[3] = sequenceNumber
      forged[20]! ^= 1
      expect(opened(receiver, forged)).toBe('authentication')
    }
    expect(receiver.unprotect(secret).ok).toBe(true)
    expect(receiver.unprotect(protectedBy(sender, testRtp(8))).ok).toBe(true)
  })
})

describe.each(['AES_CM_128_HMAC_SHA1_80', 'AEAD_AES_128_GCM'] as const)('rollover, %s', (name) => {
  const around = [65_533, 65_534, 65_535, 0, 1, 2]

  test.each([
    ['in order', [0, 1, 2, 3, 4, 5]],
    ['crossed at the wrap', [0, 1, 3, 2, 5, 4]],
    ['the last of the old cycle comes late', [0, 1, 3, 4, 5, 2]],
    ['with a gap over the wrap', [0, 5]],
  ])('%s', (_, order) => {
    const sender = contextOf(name)
    const receiver = contextOf(name)
    const packets = around.map((sequenceNumber) => testRtp(sequenceNumber))
    const secrets = packets.map((packet) => protectedBy(sender, packet))
    for (const nth of order) expect(opened(receiver, secrets[nth]!)).toEqual(packets[nth])
    for (const nth of order) expect(opened(receiver, secrets[nth]!)).toBe('replayed')
  })

  test('the same sequence number a cycle later is another packet', () => {
    const sender = contextOf(name)
    const receiver = contextOf(name)
    const steps = [100, 30_000, 60_000, 20_000, 50_000, 10_000, 100 + 32_000]
    const secrets = steps.map((sequenceNumber) => protectedBy(sender, testRtp(sequenceNumber)))
    for (const secret of secrets) expect(receiver.unprotect(secret).ok).toBe(true)
    const again = protectedBy(sender, testRtp(60_000))
    expect(Buffer.from(again).equals(secrets[2]!)).toBe(false)
    expect(opened(receiver, secrets[2]!)).toBe('authentication')
    expect(receiver.unprotect(again).ok).toBe(true)
  })

  test('a receiver that begins behind the wrap cannot know of it', () => {
    const sender = contextOf(name)
    const secrets = [65_535, 0].map((sequenceNumber) => protectedBy(sender, testRtp(sequenceNumber)))
    expect(opened(contextOf(name), secrets[1]!)).toBe('authentication')
  })
})

test('a packet from before the first cycle is old', () => {
  const sender = contextOf()
  const receiver = contextOf()
  expect(receiver.unprotect(protectedBy(sender, testRtp(3))).ok).toBe(true)
  expect(opened(receiver, protectedBy(contextOf(), testRtp(65_000)))).toBe('old')
})

describe('several sources under one key', () => {
  test('each has its own index and replay list', () => {
    const sender = contextOf()
    const receiver = contextOf()
    const packets = [1, 2, 3].flatMap((ssrc) => [65_535, 0].map((sequenceNumber) => testRtp(sequenceNumber, undefined, ssrc)))
    const interleaved = [0, 2, 4, 1, 3, 5].map((nth) => packets[nth]!)
    for (const packet of interleaved) expect(opened(receiver, protectedBy(sender, packet))).toEqual(packet)
  })

  test('there is room for so many, and a stranger takes none of it', () => {
    const sender = contextOf()
    const receiver = contextOf()
    for (let ssrc = 1000; ssrc < 1000 + 2 * mostSources; ssrc++) {
      const stranger = protectedBy(contextOf(profile, testKey(profile, 2)), testRtp(1, undefined, ssrc))
      expect(opened(receiver, stranger)).toBe('authentication')
    }
    for (let ssrc = 0; ssrc < mostSources; ssrc++)
      expect(receiver.unprotect(protectedBy(sender, testRtp(1, undefined, ssrc))).ok).toBe(true)
    expect(opened(receiver, protectedBy(contextOf(), testRtp(1, undefined, mostSources)))).toBe('too-many-sources')
    expect(receiver.unprotect(protectedBy(sender, testRtp(2, undefined, 0))).ok).toBe(true)
    expect(() => protectedBy(sender, testRtp(1, undefined, mostSources))).toThrow('more sources')
  })
})

describe('master key identifier', () => {
  test.each(['AES_CM_128_HMAC_SHA1_80', 'AEAD_AES_256_GCM'] as const)('%s: it is in every packet, and another one is not ours', (name) => {
    const master = { ...testKey(name), mki: Uint8Array.of(0, 0, 0, 1) }
    const secret = protectedBy(contextOf(name, master), testRtp(1))
    expect(secret.length).toBe(protectedBy(contextOf(name), testRtp(1)).length + 4)
    expect(contextOf(name, master).unprotect(secret).ok).toBe(true)
    expect(opened(contextOf(name, { ...master, mki: Uint8Array.of(0, 0, 0, 2) }), secret)).toBe('other-mki')
    expect(opened(contextOf(name), secret)).toBe('authentication')
  })
})

test('a key protects and opens no more packets than its lifetime', () => {
  const sender = contextOf(profile, { ...testKey(profile), lifetime: 2 })
  const receiver = contextOf(profile, { ...testKey(profile), lifetime: 2 })
  const unlimited = contextOf()
  for (const sequenceNumber of [1, 2]) expect(receiver.unprotect(protectedBy(sender, testRtp(sequenceNumber))).ok).toBe(true)
  const bytes = new Uint8Array(200)
  bytes.set(testRtp(3))
  expect(sender.protect(bytes, 172)).toBeUndefined()
  expect(bytes.subarray(0, 172)).toEqual(testRtp(3))
  expect(opened(receiver, protectedBy(unlimited, testRtp(3)))).toBe('lifetime')
})

describe('what the caller must not do throws', () => {
  test.each([
    ['a sequence number sent before', 5, /5 of source 3405691582 was sent/],
    ['one that is older than anything remembered', 65_000, /65000 of source/],
  ])('%s', (_, sequenceNumber, message) => {
    const sender = contextOf()
    protectedBy(sender, testRtp(5))
    expect(() => protectedBy(sender, testRtp(sequenceNumber))).toThrow(message)
  })

  test('bytes that are no RTP packet, and no room for the tag', () => {
    expect(() => contextOf().protect(new Uint8Array(100), 50)).toThrow(RangeError)
    expect(() => contextOf().protect(testRtp(1), 11)).toThrow(RangeError)
    expect(() => contextOf().protect(testRtp(1), 172)).toThrow('no room for 10 bytes behind 172')
  })
})

test('hostile bytes never throw and are never taken', () => {
  const header = testRtp(1, new Uint8Array(0))
  const rtpLike = fc.tuple(fc.integer({ min: 0x80, max: 0xbf }), fc.uint8Array({ maxLength: 120 })).map(([first, rest]) => {
    return Uint8Array.of(first, ...header.subarray(1), ...rest)
  })
  for (const name of srtpProfileNames) {
    const receiver = contextOf(name)
    fc.assert(
      fc.property(fc.oneof(rtpLike, fc.uint8Array({ maxLength: 120 })), (bytes) => {
        expect(receiver.unprotect(bytes).ok).toBe(false)
      }),
    )
  }
})
