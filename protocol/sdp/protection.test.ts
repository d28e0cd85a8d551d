import { describe, expect, test } from 'vitest'
import { applyAnswer, createAnswer, createOffer } from './offer-answer.ts'
import { parseSdp, type SdpSession } from './session.ts'
import type { LocalMedia, LocalProtection, MasterKey, Negotiated, Protection, ProtectionProfile } from './types.ts'

function read(text: string): SdpSession {
  const parsed = parseSdp(text)
  if (!parsed.ok) throw new Error(`${parsed.error.rule}: ${parsed.error.detail}`)
  return parsed.session
}

const lengths: Readonly<Record<ProtectionProfile, readonly [key: number, salt: number]>> = {
  AES_CM_128_HMAC_SHA1_80: [16, 14],
  AES_CM_128_HMAC_SHA1_32: [16, 14],
  AES_256_CM_HMAC_SHA1_80: [32, 14],
  AEAD_AES_128_GCM: [16, 12],
  AEAD_AES_256_GCM: [32, 12],
}

/** Keys that tell whose they are and for which suite. */
function key(host: number, suite: ProtectionProfile): MasterKey {
  const [keyLength, saltLength] = lengths[suite]
  const fill = 16 * host + Object.keys(lengths).indexOf(suite)
  return { key: new Uint8Array(keyLength).fill(fill), salt: new Uint8Array(saltLength).fill(fill) }
}

const fingerprintOf = (host: number) => ({ algorithm: 'sha-256', value: Array(32).fill(`0${host}`).join(':') })

function side(host: number, protection?: Protection, rest: Partial<LocalProtection> = {}): LocalMedia {
  return {
    rtp: { address: `192.0.2.${host}`, port: 4000 + 100 * host },
    rtcpPort: 4001 + 100 * host,
    codecs: ['pcmu'],
    telephoneEvents: true,
    direction: 'sendrecv',
    sessionId: '77',
    sessionVersion: 1,
    protection: protection && { ...protection, fingerprint: fingerprintOf(host), masterKey: (suite) => key(host, suite), ...rest },
  }
}

/** The six ways to want protection; each as offerer and as answerer. */
const ways = {
  'rtp only': { offer: 'rtp', keyings: [] },
  'osrtp sdes': { offer: 'osrtp', keyings: ['sdes'] },
  'osrtp dtls': { offer: 'osrtp', keyings: ['dtls'] },
  'osrtp both': { offer: 'osrtp', keyings: ['sdes', 'dtls'] },
  sdes: { offer: 'sdes', keyings: ['sdes'] },
  dtls: { offer: 'dtls', keyings: ['dtls'] },
} as const satisfies Record<string, Pick<Protection, 'offer' | 'keyings'>>
type Way = keyof typeof ways

const profiles: Readonly<Record<Way, string>> = {
  'rtp only': 'RTP/AVP',
  'osrtp sdes': 'RTP/AVP',
  'osrtp dtls': 'RTP/AVP',
  'osrtp both': 'RTP/AVP',
  sdes: 'RTP/SAVP',
  dtls: 'UDP/TLS/RTP/SAVP',
}

/** What must result by RFC 8643 (OSRTP), RFC 4568 (SDES) and RFC 5763 (DTLS-SRTP); columns are the offers, in the order of `ways`. */
const squares: Readonly<Record<string, Readonly<Record<Way, string>>>> = {
  'allowed, not required': {
    'rtp only': '  plain plain plain plain 488   488',
    'osrtp sdes': 'plain sdes  plain sdes  sdes  488',
    'osrtp dtls': 'plain plain dtls  dtls  488   dtls',
    'osrtp both': 'plain sdes  dtls  sdes  sdes  dtls',
    sdes: '        plain sdes  plain sdes  sdes  488',
    dtls: '        plain plain dtls  dtls  488   dtls',
  },
  'allowed, required': {
    'rtp only': '  488   488   488   488   488   488',
    'osrtp sdes': '488   sdes  488   sdes  sdes  488',
    'osrtp dtls': '488   488   dtls  dtls  488   dtls',
    'osrtp both': '488   sdes  dtls  sdes  sdes  dtls',
    sdes: '        488   sdes  488   sdes  sdes  488',
    dtls: '        488   488   dtls  dtls  488   dtls',
  },
  'not allowed, not required': {
    'rtp only': '  plain plain plain plain 488   488',
    'osrtp sdes': 'plain plain plain plain 488   488',
    'osrtp dtls': 'plain plain plain plain 488   488',
    'osrtp both': 'plain plain plain plain 488   488',
    sdes: '        plain plain plain plain 488   488',
    dtls: '        plain plain plain plain 488   488',
  },
  'not allowed, required': {
    'rtp only': '  488   488   488   488   488   488',
    'osrtp sdes': '488   488   488   488   488   488',
    'osrtp dtls': '488   488   488   488   488   488',
    'osrtp both': '488   488   488   488   488   488',
    sdes: '        488   488   488   488   488   488',
    dtls: '        488   488   488   488   488   488',
  },
}

const rows = Object.entries(squares).flatMap(([policy, square]) =>
  Object.entries(square).flatMap(([answerer, results]) =>
    results
      .trim()
      .split(/ +/)
      .map((result, index) => ({ policy, answerer: answerer as Way, offerer: Object.keys(ways)[index] as Way, result })),
  ),
)

describe('the square of offers and answers', () => {
  test.each(rows)('$offerer offered to $answerer, $policy: $result', ({ policy, answerer, offerer, result }) => {
    const offering: Protection = { ...ways[offerer], required: offerer === 'sdes' || offerer === 'dtls', allowed: true }
    const offer = read(createOffer(side(1, offering)))
    expect(offer.media[0]!.profile).toBe(profiles[offerer])
    const protection = { ...ways[answerer], required: policy.endsWith(', required'), allowed: !policy.startsWith('not allowed') }
    const answered = createAnswer(offer, side(2, protection))
    if (result === '488') {
      expect(answered).toMatchObject({ ok: false, status: 488 })
      return
    }
    if (!answered.ok) throw new Error(answered.why)
    const callee = answered.negotiated
    const answer = read(answered.answer)
    const applied = applyAnswer(offer, answer, { protection: offering })
    if (!applied.ok) throw new Error(applied.why)
    const caller = applied.negotiated
    const [line] = answer.media
    expect(line!.profile).toBe(profiles[offerer])
    for (const negotiated of [caller, callee]) {
      expect(negotiated).toMatchObject({ profile: profiles[offerer], departures: [] })
      expect(negotiated.keying ?? 'plain').toBe(result)
    }
    expect(line!.keying.cryptos).toHaveLength(result === 'sdes' ? 1 : 0)
    expect(line!.keying.fingerprints).toHaveLength(result === 'dtls' ? 1 : 0)
    if (result === 'sdes') mirrored(caller, callee)
    else expect([caller.srtp, callee.srtp]).toEqual([undefined, undefined])
    if (result === 'dtls') {
      expect(caller.dtls).toEqual({ setup: 'passive', remoteFingerprints: [fingerprintOf(2)] })
      expect(callee.dtls).toEqual({ setup: 'active', remoteFingerprints: [fingerprintOf(1)] })
      expect([caller.rtcpMux, callee.rtcpMux]).toEqual([true, true])
      expect(caller.remoteRtcp).toEqual(caller.remote)
    } else expect([caller.dtls, callee.dtls]).toEqual([undefined, undefined])
  })
})

function mirrored(caller: Negotiated, callee: Negotiated): void {
  expect(caller.srtp!.profile).toBe(callee.srtp!.profile)
  for (const [ours, theirs] of [
    [caller.srtp!.local, callee.srtp!.remote],
    [callee.srtp!.local, caller.srtp!.remote],
  ] as const) {
    expect([...ours.key]).toEqual([...theirs.key])
    expect([...ours.salt]).toEqual([...theirs.salt])
  }
  expect([...caller.srtp!.local.key]).not.toEqual([...caller.srtp!.remote.key])
}

/** A remote description around one m= section. */
function remote(...lines: string[]): SdpSession {
  return read(['v=0', 'o=- 1 1 IN IP4 203.0.113.5', 's=-', 'c=IN IP4 203.0.113.5', 't=0 0', ...lines, ''].join('\r\n'))
}

const both: Protection = { offer: 'osrtp', keyings: ['sdes', 'dtls'], required: false, allowed: true }
const inline80 = 'inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj'
const hash = Array(32).fill('AB').join(':')
const dtlsLines = [`a=fingerprint:sha-256 ${hash}`, 'a=setup:actpass']

function answered(offer: SdpSession, local: LocalMedia): { negotiated: Negotiated; answer: SdpSession } {
  const result = createAnswer(offer, local)
  if (!result.ok) throw new Error(result.why)
  return { negotiated: result.negotiated, answer: read(result.answer) }
}

describe('SDES (RFC 4568)', () => {
  test('an offer names every suite, strongest first, each with a key of its own', () => {
    const [media] = read(createOffer(side(1, { offer: 'sdes', keyings: ['sdes'], required: true, allowed: true }))).media
    expect(media!.keying.cryptos.map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
      '1 AEAD_AES_256_GCM',
      '2 AEAD_AES_128_GCM',
      '3 AES_256_CM_HMAC_SHA1_80',
      '4 AES_CM_128_HMAC_SHA1_80',
      '5 AES_CM_128_HMAC_SHA1_32',
    ])
    expect(new Set(media!.keying.cryptos.map((line) => line.split(' ')[2])).size).toBe(5)
    expect(media).toMatchObject({ profile: 'RTP/SAVP', rtcpMux: false })
  })

  test("the answer takes the offer's first line it can use, under its tag", () => {
    const offer = remote(
      'm=audio 5000 RTP/SAVP 0',
      `a=crypto:3 F8_128_HMAC_SHA1_80 ${inline80}`,
      `a=crypto:7 AES_CM_128_HMAC_SHA1_80 ${inline80}`,
    )
    const { negotiated, answer } = answered(offer, side(2, both))
    expect(negotiated.srtp!.profile).toBe('AES_CM_128_HMAC_SHA1_80')
    expect(answer.media[0]!.keying.cryptos).toEqual([expect.stringMatching(/^7 AES_CM_128_HMAC_SHA1_80 inline:/)])
  })

  test.each([
    ['a suite nobody knows', `a=crypto:1 F8_128_HMAC_SHA1_80 ${inline80}`],
    ['a key of the wrong length', 'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAA'],
    ['a session parameter that must be understood', `a=crypto:1 AES_CM_128_HMAC_SHA1_80 ${inline80} UNENCRYPTED_SRTP`],
    ['no line at all', 'a=x-none'],
  ])('RTP/SAVP with %s is 488, RTP/AVP with it is plain', (_, line) => {
    expect(createAnswer(remote('m=audio 5000 RTP/SAVP 0', line), side(2, both))).toMatchObject({ ok: false, status: 488 })
    const { negotiated, answer } = answered(remote('m=audio 5000 RTP/AVP 0', line), side(2, both))
    expect(negotiated.keying).toBeUndefined()
    expect(answer.media[0]!.keying.cryptos).toEqual([])
  })

  test.each([
    ['under a tag that was not offered', `a=crypto:9 AES_CM_128_HMAC_SHA1_80 ${inline80}`, 'number 9'],
    ['with another suite under the tag', `a=crypto:1 AES_CM_128_HMAC_SHA1_80 ${inline80}`, 'under the tag'],
    ['that cannot be read', 'a=crypto:1 AEAD_AES_256_GCM inline:AAAA', 'cannot be used'],
    ['that is missing', 'a=x-none', 'no keys'],
  ])('an answer %s fails', (_, line, why) => {
    const protection: Protection = { offer: 'sdes', keyings: ['sdes'], required: true, allowed: true }
    const offer = read(createOffer(side(1, protection)))
    expect(applyAnswer(offer, remote('m=audio 5000 RTP/SAVP 0', line), { protection, lenient: true })).toMatchObject({
      ok: false,
      why: expect.stringContaining(why),
    })
  })
})

describe('DTLS-SRTP (RFC 5763)', () => {
  test.each([
    // what the offer says, what we answer
    ['actpass', 'active'],
    ['active', 'passive'],
    ['passive', 'active'],
  ] as const)('setup:%s is answered %s', (offered, setup) => {
    const offer = remote('m=audio 5000 UDP/TLS/RTP/SAVP 0', `a=fingerprint:SHA-256 ${hash.toLowerCase()}`, `a=setup:${offered}`)
    const { negotiated, answer } = answered(offer, side(2, both))
    expect(negotiated).toMatchObject({
      keying: 'dtls',
      departures: [],
      dtls: { setup, remoteFingerprints: [{ algorithm: 'sha-256', value: hash }] },
    })
    expect(answer.media[0]!.keying.setup).toBe(setup)
  })

  test('an offer without setup is active (RFC 4145 section 4), which is a departure', () => {
    const { negotiated } = answered(remote('m=audio 5000 UDP/TLS/RTP/SAVP 0', dtlsLines[0]!), side(2, both))
    expect(negotiated).toMatchObject({ dtls: { setup: 'passive' }, departures: [expect.stringContaining('a=setup')] })
  })

  test('the part in an association that goes on stays (RFC 8842 section 5.3)', () => {
    const offer = remote('m=audio 5000 UDP/TLS/RTP/SAVP 0', ...dtlsLines)
    expect(answered(offer, side(2, both, { setup: 'passive' })).negotiated.dtls!.setup).toBe('passive')
  })

  test('fingerprint and setup of the session stand in for those of the media', () => {
    const { negotiated } = answered(remote(...dtlsLines, 'm=audio 5000 UDP/TLS/RTP/SAVP 0'), side(2, both))
    expect(negotiated).toMatchObject({ keying: 'dtls', departures: [] })
  })

  test.each([
    ['no fingerprint', ['a=setup:actpass']],
    ['a held association', [dtlsLines[0]!, 'a=setup:holdconn']],
    ['a fingerprint that cannot be read', ['a=fingerprint:sha-256 nonsense', 'a=setup:actpass']],
  ])('an offer with %s is 488', (_, lines) => {
    expect(createAnswer(remote('m=audio 5000 UDP/TLS/RTP/SAVP 0', ...lines), side(2, both))).toMatchObject({ ok: false, status: 488 })
  })

  test.each([
    ['active', 'passive', 0],
    ['passive', 'active', 0],
    ['actpass', 'active', 1],
    [undefined, 'active', 1],
  ] as const)('an answer with setup:%s makes us %s', (theirs, setup, departures) => {
    const protection: Protection = { offer: 'dtls', keyings: ['dtls'], required: true, allowed: true }
    const offer = read(createOffer(side(1, protection)))
    const answer = remote('m=audio 5000 UDP/TLS/RTP/SAVP 0', dtlsLines[0]!, theirs === undefined ? 'a=x-none' : `a=setup:${theirs}`)
    const applied = applyAnswer(offer, answer, { protection })
    if (!applied.ok) throw new Error(applied.why)
    expect(applied.negotiated.dtls!.setup).toBe(setup)
    expect(applied.negotiated.departures).toHaveLength(departures)
    expect(applied.negotiated.rtcpMux).toBeUndefined()
  })
})

describe('OSRTP (RFC 8643)', () => {
  test('the answerer picks by its own preference', () => {
    const offer = read(createOffer(side(1, both)))
    expect(answered(offer, side(2, { ...both, keyings: ['dtls', 'sdes'] })).negotiated.keying).toBe('dtls')
    expect(answered(offer, side(2, both)).negotiated.keying).toBe('sdes')
  })

  test('without a certificate DTLS is neither offered nor answered', () => {
    const [media] = read(createOffer(side(1, both, { fingerprint: undefined }))).media
    expect(media).toMatchObject({ rtcpMux: false, keying: { fingerprints: [] } })
    expect(media!.keying.setup).toBeUndefined()
    const offer = read(createOffer(side(1, { ...both, keyings: ['dtls'] })))
    expect(answered(offer, side(2, both, { fingerprint: undefined })).negotiated.keying).toBeUndefined()
  })

  test('keying that was not offered fails, or is a departure and plain for a lenient offerer', () => {
    const protection: Protection = { ...both, keyings: ['sdes'] }
    const offer = read(createOffer(side(1, protection)))
    const answer = remote('m=audio 5000 RTP/AVP 0', `a=fingerprint:sha-256 ${hash}`, 'a=setup:active')
    expect(applyAnswer(offer, answer, { protection })).toMatchObject({ ok: false, why: expect.stringContaining('not offered') })
    const lived = applyAnswer(offer, answer, { protection, lenient: true })
    expect(lived).toMatchObject({ ok: true, negotiated: { departures: [expect.stringContaining('not offered')] } })
    expect(lived.ok && lived.negotiated.keying).toBeUndefined()
    expect(applyAnswer(offer, answer, { protection: { ...protection, required: true }, lenient: true })).toMatchObject({ ok: false })
  })

  test('both keyings in one answer are a departure; our preference decides', () => {
    const offer = read(createOffer(side(1, { ...both, suites: ['AES_CM_128_HMAC_SHA1_80'] })))
    const answer = remote('m=audio 5000 RTP/AVP 0', `a=crypto:1 AES_CM_128_HMAC_SHA1_80 ${inline80}`, dtlsLines[0]!, 'a=setup:active')
    expect(applyAnswer(offer, answer, { protection: both })).toMatchObject({
      ok: true,
      negotiated: { keying: 'sdes', departures: [expect.stringContaining('both')] },
    })
  })

  test('a plain answer fails where protection is required', () => {
    const protection = { ...both, required: true }
    const offer = read(createOffer(side(1, protection)))
    expect(applyAnswer(offer, remote('m=audio 5000 RTP/AVP 0'), { protection })).toMatchObject({
      ok: false,
      why: expect.stringContaining('required'),
    })
  })

  test('an answer of RTP/SAVP fails, or is a departure and keyed for a lenient offerer', () => {
    const suites = ['AES_CM_128_HMAC_SHA1_80'] as const
    const protection: Protection = { ...both, suites }
    const offer = read(createOffer(side(1, protection)))
    const answer = remote('m=audio 5000 RTP/SAVP 0', `a=crypto:1 AES_CM_128_HMAC_SHA1_80 ${inline80}`)
    expect(applyAnswer(offer, answer, { protection })).toMatchObject({ ok: false })
    expect(applyAnswer(offer, answer, { protection, lenient: true })).toMatchObject({
      ok: true,
      negotiated: { keying: 'sdes', profile: 'RTP/AVP', departures: [expect.stringContaining('RTP/SAVP')] },
    })
  })
})

test('protection that is required where it is not allowed cannot be offered', () => {
  expect(() => createOffer(side(1, { ...both, required: true, allowed: false }))).toThrow('required')
})

test('feedback profiles are refused', () => {
  expect(createAnswer(remote('m=audio 5000 RTP/SAVPF 0', `a=crypto:1 AES_CM_128_HMAC_SHA1_80 ${inline80}`), side(2, both))).toMatchObject({
    ok: false,
    why: expect.stringContaining('RTP/SAVPF'),
  })
})

test('RTCP on the RTP port is accepted where it is offered, plain media or not (RFC 5761)', () => {
  const { negotiated, answer } = answered(remote('m=audio 5000 RTP/AVP 0', 'a=rtcp-mux'), side(2))
  expect(negotiated).toMatchObject({ rtcpMux: true, remoteRtcp: negotiated.remote })
  expect(answer.media[0]!.rtcpMux).toBe(true)
  expect(answered(remote('m=audio 5000 RTP/AVP 0'), side(2)).answer.media[0]!.rtcpMux).toBe(false)
})
