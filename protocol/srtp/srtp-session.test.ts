import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { srtpProfileNames, srtpProfiles } from './profile.ts'
import { replayWindowSize } from './replay-window.ts'
import { type SrtpKeying, SrtpSession } from './srtp-session.ts'
import { testKey, testRtcp, testRtp } from './testing.ts'

const profile = 'AES_CM_128_HMAC_SHA1_80'

/** The two ends of a call. */
function pair(name: SrtpKeying['profile'] = profile): [SrtpSession, SrtpSession] {
  const [ours, theirs] = [testKey(name, 1), testKey(name, 2)]
  return [new SrtpSession({ profile: name, local: ours, remote: theirs }), new SrtpSession({ profile: name, local: theirs, remote: ours })]
}

function sent(session: SrtpSession, packet: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(packet.length + session.rtpOverhead)
  bytes.set(packet)
  return bytes.subarray(0, session.protectRtp(bytes, packet.length))
}

function taken(session: SrtpSession, bytes: Uint8Array): string {
  const result = session.unprotectRtp(bytes)
  return result.ok ? 'ok' : result.error.why
}

describe.each(srtpProfileNames)('%s', (name) => {
  test('both directions, RTP and RTCP, each with its own key', () => {
    const [a, b] = pair(name)
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      const rtp = sent(from, testRtp(1))
      const rtcp = from.protectRtcp(testRtcp())!
      expect(rtp.length).toBe(172 + srtpProfiles[name].rtpTagLength)
      expect(taken(from, rtp)).not.toBe('ok')
      expect(to.unprotectRtp(rtp)).toEqual({ ok: true, packet: Buffer.from(testRtp(1)), encrypted: true })
      expect(to.unprotectRtcp(rtcp)).toEqual({ ok: true, packet: Buffer.from(testRtcp()), encrypted: true })
    }
  })
})

describe('rekey', () => {
  const newKey = testKey(profile, 3)

  test('the new key is used at once; packets under way are opened with the old one', () => {
    const [a, b] = pair()
    expect(taken(b, sent(a, testRtp(65_535)))).toBe('ok')
    const underWay = [sent(a, testRtp(0)), sent(a, testRtp(1))]
    const reportUnderWay = a.protectRtcp(testRtcp())!
    a.rekey({ local: newKey })
    b.rekey({ remote: newKey })
    expect(taken(b, sent(a, testRtp(2)))).toBe('ok')
    expect(taken(b, underWay[0]!)).toBe('ok')
    expect(taken(b, underWay[0]!)).not.toBe('ok')
    expect(b.unprotectRtcp(reportUnderWay).ok).toBe(true)
    for (let sequenceNumber = 3; sequenceNumber < 2 + replayWindowSize; sequenceNumber++) {
      expect(taken(b, sent(a, testRtp(sequenceNumber)))).toBe('ok')
    }
    expect(taken(b, underWay[1]!)).not.toBe('ok')
  })

  test('a direction that is not named keeps its key and its replay list', () => {
    const [a, b] = pair()
    const before = sent(b, testRtp(1))
    expect(taken(a, before)).toBe('ok')
    a.rekey({ local: newKey })
    b.rekey({ remote: newKey })
    expect(taken(a, before)).toBe('replayed')
    expect(taken(a, sent(b, testRtp(2)))).toBe('ok')
  })

  test('another profile can come with it', () => {
    const [a, b] = pair()
    const keying = { profile: 'AEAD_AES_256_GCM', local: testKey('AEAD_AES_256_GCM', 4), remote: testKey('AEAD_AES_256_GCM', 5) } as const
    a.rekey(keying)
    b.rekey({ ...keying, local: keying.remote, remote: keying.local })
    expect([a.profile, a.rtpOverhead]).toEqual(['AEAD_AES_256_GCM', 16])
    expect(taken(b, sent(a, testRtp(1)))).toBe('ok')
    expect(taken(a, sent(b, testRtp(1)))).toBe('ok')
  })
})

test('keys show neither in errors nor when a session is printed', () => {
  const secret = Buffer.from('a-key-nobody-may-see')
  const local = { key: secret.subarray(0, 16), salt: secret.subarray(0, 14) }
  const session = new SrtpSession({ profile, local, remote: local })
  const result = session.unprotectRtp(testRtp(1))
  let thrown: unknown
  try {
    new SrtpSession({ profile, local: { ...local, key: secret }, remote: local })
  } catch (error) {
    thrown = error
  }
  expect(thrown).toBeInstanceOf(RangeError)
  const printed = inspect([session, result, thrown], { depth: 9, showHidden: true }) + JSON.stringify(session)
  for (const form of [secret.toString('hex', 0, 8), secret.toString('base64', 0, 9), 'a-key', [...secret.subarray(0, 5)].join(', ')]) {
    expect(printed).not.toContain(form)
  }
})
