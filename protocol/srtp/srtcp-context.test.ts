import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { deriveSessionKeys } from './key-derivation.ts'
import { makePacketCipher } from './packet-cipher.ts'
import { type SrtpMasterKey, type SrtpProfileName, srtpProfileNames, srtpProfiles } from './profile.ts'
import { replayWindowSize } from './replay-window.ts'
import { mostSources } from './sources.ts'
import { SrtcpContext } from './srtcp-context.ts'
import { testKey, testRtcp, testSsrc } from './testing.ts'
import { referencePackets } from './vectors.ts'

const profile = 'AES_CM_128_HMAC_SHA1_80'

function contextOf(name: SrtpProfileName = profile, master: SrtpMasterKey = testKey(name)): SrtcpContext {
  return new SrtcpContext(srtpProfiles[name], master)
}

function opened(context: SrtcpContext, bytes: Uint8Array): string {
  const result = context.unprotect(bytes)
  return result.ok ? 'ok' : result.error.why
}

describe.each(referencePackets.filter((each) => 'srtcp' in each))('libsrtp $name', ({ profile, master, rtcp, srtcp }) => {
  test('is what our second packet is: its index is 1', () => {
    const sender = contextOf(profile, master)
    sender.protect(rtcp)
    expect(sender.protect(rtcp)).toEqual(srtcp)
  })

  test('is opened', () => {
    expect(contextOf(profile, master).unprotect(srtcp)).toEqual({ ok: true, packet: rtcp, encrypted: true })
  })
})

describe.each(srtpProfileNames)('%s', (name) => {
  test('compound packets of any length come back as they were', () => {
    const sender = contextOf(name)
    const receiver = contextOf(name)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (rest) => {
        const packet = Buffer.concat([testRtcp().subarray(0, 8), rest])
        const secret = sender.protect(packet)!
        const before = Buffer.from(secret)
        expect(secret.length).toBe(packet.length + 4 + srtpProfiles[name].rtcpTagLength)
        expect(Buffer.from(secret.subarray(0, 8)).equals(packet.subarray(0, 8))).toBe(true)
        expect(receiver.unprotect(secret)).toEqual({ ok: true, packet, encrypted: true })
        expect(secret).toEqual(before)
      }),
    )
  })

  test('no byte can be changed, the E flag neither', () => {
    const secret = contextOf(name).protect(testRtcp())!
    const receiver = contextOf(name)
    for (let at = 0; at < secret.length; at++) {
      const forged = Buffer.from(secret)
      forged[at]! ^= 0x80
      expect(opened(receiver, forged)).toMatch(/authentication|malformed/)
    }
    expect(opened(receiver, secret)).toBe('ok')
  })

  test('nothing can be cut off', () => {
    const secret = contextOf(name).protect(testRtcp())!
    for (let length = 0; length < secret.length; length++) expect(opened(contextOf(name), secret.subarray(0, length))).not.toBe('ok')
  })

  test('another key does not fit', () => {
    expect(opened(contextOf(name, testKey(name, 2)), contextOf(name).protect(testRtcp())!)).toBe('authentication')
  })
})

test('the tag has 80 bits even where RTP has 32', () => {
  expect(contextOf('AES_CM_128_HMAC_SHA1_32').protect(testRtcp())).toHaveLength(testRtcp().length + 4 + 10)
})

test('the first index is 0, each source counts for itself', () => {
  const sender = contextOf()
  const wordOf = (ssrc: number) => Buffer.from(sender.protect(testRtcp(ssrc))!).readUInt32BE(testRtcp().length)
  expect([wordOf(1), wordOf(1), wordOf(2), wordOf(1)]).toEqual([0x8000_0000, 0x8000_0001, 0x8000_0000, 0x8000_0002])
})

test('replay: each packet once, late ones as far as the window reaches', () => {
  const sender = contextOf()
  const receiver = contextOf()
  const secrets = Array.from({ length: replayWindowSize + 1 }, () => sender.protect(testRtcp())!)
  expect(opened(receiver, secrets.at(-1)!)).toBe('ok')
  expect(opened(receiver, secrets[0]!)).toBe('old')
  for (const secret of secrets.slice(1, -1)) expect(opened(receiver, secret)).toBe('ok')
  for (const secret of secrets.slice(1)) expect(opened(receiver, secret)).toBe('replayed')
})

/** What a peer sends that authenticates its reports but does not encrypt them. */
function withoutEncryption(name: SrtpProfileName, packet: Uint8Array, index: number): Buffer {
  const chosen = srtpProfiles[name]
  const cipher = makePacketCipher(chosen, deriveSessionKeys(chosen, testKey(name), 'rtcp'), 'rtcp')
  const end = packet.length
  const bytes = Buffer.concat([packet, Buffer.alloc(4 + chosen.rtcpTagLength)])
  const [wordAt, tagAt] = chosen.cipher === 'aes-gcm' ? [end + chosen.rtcpTagLength, end] : [end, end + 4]
  bytes.writeUInt32BE(index, wordAt)
  cipher.seal({ keystream: cipher.keystream(testSsrc), index, newest: false, bytes, start: end, end, word: index }, tagAt)
  return bytes
}

test.each(srtpProfileNames)('%s: a packet without the E flag is authenticated, and told apart', (name) => {
  const packet = Buffer.from(testRtcp())
  const secret = withoutEncryption(name, packet, 5)
  expect(secret.subarray(0, packet.length)).toEqual(packet)
  expect(contextOf(name).unprotect(secret)).toEqual({ ok: true, packet, encrypted: false })
  secret[10]! ^= 1
  expect(opened(contextOf(name), secret)).toBe('authentication')
})

test('there is room for so many sources, and a stranger takes none of it', () => {
  const receiver = contextOf()
  for (let ssrc = 0; ssrc < 2 * mostSources; ssrc++) {
    expect(opened(receiver, contextOf(profile, testKey(profile, 2)).protect(testRtcp(ssrc))!)).toBe('authentication')
  }
  const sender = contextOf()
  for (let ssrc = 0; ssrc < mostSources; ssrc++) expect(opened(receiver, sender.protect(testRtcp(ssrc))!)).toBe('ok')
  expect(opened(receiver, contextOf().protect(testRtcp(mostSources))!)).toBe('too-many-sources')
  expect(() => sender.protect(testRtcp(mostSources))).toThrow('more sources')
})

test.each(['AES_256_CM_HMAC_SHA1_80', 'AEAD_AES_256_GCM'] as const)('%s: the master key identifier is in every packet', (name) => {
  const master = { ...testKey(name), mki: Uint8Array.of(9) }
  const secret = contextOf(name, master).protect(testRtcp())!
  expect(opened(contextOf(name, master), secret)).toBe('ok')
  expect(opened(contextOf(name, { ...master, mki: Uint8Array.of(8) }), secret)).toBe('other-mki')
})

test('a key protects and opens no more packets than its lifetime', () => {
  const sender = contextOf(profile, { ...testKey(profile), lifetime: 1 })
  const receiver = contextOf(profile, { ...testKey(profile), lifetime: 1 })
  const unlimited = contextOf()
  expect(opened(receiver, sender.protect(testRtcp())!)).toBe('ok')
  expect(sender.protect(testRtcp())).toBeUndefined()
  unlimited.protect(testRtcp())
  expect(opened(receiver, unlimited.protect(testRtcp())!)).toBe('lifetime')
})

test('what is no RTCP packet throws', () => {
  expect(() => contextOf().protect(new Uint8Array(7))).toThrow(RangeError)
  expect(() => contextOf().protect(new Uint8Array(8))).toThrow(RangeError)
})

test('hostile bytes never throw and are never taken', () => {
  for (const name of srtpProfileNames) {
    const receiver = contextOf(name)
    const rtcpLike = fc.uint8Array({ maxLength: 80 }).map((rest) => Uint8Array.of(0x80, 200, ...rest))
    fc.assert(
      fc.property(fc.oneof(rtcpLike, fc.uint8Array({ maxLength: 80 })), (bytes) => {
        expect(receiver.unprotect(bytes).ok).toBe(false)
      }),
    )
  }
})
