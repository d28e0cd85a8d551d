import { describe, expect, test } from 'vitest'
import { QuietMediaFactory, quietOptions } from '../../../endpoint/fixtures/quiet-media.ts'
import { axisValues } from '../../../matrix/axes.ts'
import { parseSdp } from '../../../protocol/sdp/session.ts'
import { planItem } from '../../plan-fixture.ts'
import { turnsAudioDown, withAsteriskManners } from './asterisk-manners.ts'
import { protectionOf } from './protection.ts'

const crypto = 'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj'
const fingerprint = `a=fingerprint:sha-256 ${'AB:'.repeat(31)}AB`

const offer = (profile: string, ...attributes: string[]) =>
  ['v=0', 'o=- 1 1 IN IP4 192.0.2.1', 's=-', 'c=IN IP4 192.0.2.1', 't=0 0', `m=audio 4000 ${profile} 0`, ...attributes, ''].join('\r\n')

describe('what Asterisk answers with m=audio 0', () => {
  test.each([
    ['dtls', offer('RTP/AVP'), false],
    ['dtls', offer('RTP/AVP', fingerprint), false],
    ['dtls', offer('RTP/AVP', crypto, fingerprint), true],
    ['dtls', offer('UDP/TLS/RTP/SAVP', fingerprint), false],
    ['osrtp-dtls', offer('RTP/AVP'), true],
    ['osrtp-dtls', offer('RTP/AVP', fingerprint), true],
    ['osrtp-dtls', offer('RTP/AVP', crypto, fingerprint), false],
    ['osrtp-dtls', offer('UDP/TLS/RTP/SAVP', fingerprint), false],
    ['osrtp-sdes', offer('RTP/AVP'), false],
    ['osrtp-sdes', offer('RTP/AVP', crypto, fingerprint), false],
    ['osrtp-sdes', offer('UDP/TLS/RTP/SAVP', fingerprint), true],
    ['sdes', offer('RTP/AVP', crypto, fingerprint), false],
    ['rtp', offer('RTP/AVP', crypto, fingerprint), false],
  ] as const)('%s: %s', (media, sdp, expected) => {
    expect(turnsAudioDown(media, sdp)).toBe(expected)
  })
})

test('audio that is turned down is a line with port 0, and nothing is agreed on', async () => {
  const media = await withAsteriskManners(new QuietMediaFactory(), 'osrtp-dtls').create(quietOptions)
  const accepted = media.acceptOffer(offer('RTP/AVP'))
  const answer = parseSdp(accepted.ok ? accepted.answer : '')
  expect(answer).toMatchObject({ ok: true, session: { media: [{ kind: 'audio', port: 0, profile: 'RTP/AVP' }] } })
  expect(media.negotiated).toBeUndefined()
  expect(media.acceptOffer(offer('UDP/TLS/RTP/SAVP', fingerprint))).toMatchObject({ ok: true })
  expect(media.negotiated).toBeDefined()
})

describe('how a persona protects its audio', () => {
  const of = (platform: string, media: (typeof axisValues.media)[number]) => {
    const { cell } = planItem()
    return protectionOf({ platform, axes: { ...cell.axes, media } })
  }

  test.each(axisValues.media)('%s: as its axis says', (media) => {
    const protection = of('generic', media)
    expect(protection?.offer ?? 'rtp').toBe(media.startsWith('osrtp') ? 'osrtp' : media)
    expect(protection?.required ?? false).toBe(media === 'sdes' || media === 'dtls')
    if (protection !== undefined) expect(protection.keyings).toEqual([media.endsWith('dtls') ? 'dtls' : 'sdes'])
  })

  test("Asterisk's optimistic DTLS demands it", () => {
    expect(of('asterisk', 'osrtp-dtls')).toMatchObject({ offer: 'dtls', keyings: ['dtls'], required: true })
    expect(of('asterisk', 'osrtp-sdes')).toEqual({ ...of('generic', 'osrtp-sdes'), suites: ['AES_CM_128_HMAC_SHA1_80'] })
    expect(of('asterisk', 'rtp')).toBeUndefined()
  })
})
