import { describe, expect, test } from 'vitest'
import { Negotiation, type NegotiationOptions } from './negotiation.ts'

function side(port: number, rest: Partial<NegotiationOptions> = {}): Negotiation {
  return new Negotiation({
    rtp: { address: '192.0.2.1', port },
    codecs: ['pcmu'],
    telephoneEvents: true,
    lenientAnswer: false,
    style: {},
    sessionId: String(port),
    ...rest,
  })
}

function exchange(offerer: Negotiation, answerer: Negotiation, change: Parameters<Negotiation['createOffer']>[0] = {}): void {
  const accepted = answerer.acceptOffer(offerer.createOffer(change))
  if (!accepted.ok) throw new Error(accepted.why)
  expect(offerer.acceptAnswer(accepted.answer)).toEqual({ ok: true })
}

const version = (sdp: string | undefined) => Number(/^o=\S+ \d+ (\d+)/m.exec(sdp ?? '')![1])

describe('the version in o= (RFC 3264 section 8)', () => {
  test('stays when a refresh repeats the description, on both sides', () => {
    const [a, b] = [side(4000), side(4002)]
    exchange(a, b)
    exchange(a, b)
    expect([version(a.localSdp), version(b.localSdp)]).toEqual([1, 1])
  })

  test('counts up with each change, and with each change back', () => {
    const [a, b] = [side(4000), side(4002)]
    exchange(a, b)
    exchange(a, b, { direction: 'sendonly' })
    exchange(a, b, { direction: 'sendrecv' })
    expect([version(a.localSdp), version(b.localSdp)]).toEqual([3, 3])
  })

  test('counts on over an offer that was refused: it was sent', () => {
    const [a, b] = [side(4000, { codecs: ['pcmu', 'pcma'] }), side(4002)]
    exchange(a, b)
    expect(b.acceptOffer(a.createOffer({ codecs: ['pcma'] }))).toMatchObject({ ok: false, status: 488 })
    a.cancelOffer()
    expect(version(a.createOffer({}))).toBe(3)
  })
})

describe('an offer that was refused', () => {
  test('leaves agreement, wishes and formats as they were', () => {
    const [a, b] = [side(4000, { codecs: ['pcmu', 'pcma'] }), side(4002)]
    exchange(a, b)
    const before = a.negotiated
    a.createOffer({ codecs: ['pcma'], direction: 'inactive' })
    expect(a.receiveFormats.audio).toEqual({ 0: 'pcmu', 8: 'pcma' })
    a.cancelOffer()
    expect(a.negotiated).toBe(before)
    expect(a.receiveFormats.audio).toEqual({ 0: 'pcmu' })
    expect(a.createOffer({})).toContain('RTP/AVP 0 8 101')
    expect(a.localSdp).toContain('a=sendrecv')
  })
})

test('payload type numbers keep their meaning whoever offers next (RFC 3264 section 8.3.2)', () => {
  const [a, b] = [
    side(4000, { codecs: ['opus'], style: { payloadTypes: { opus: 107, telephoneEvent48000: 102 } } }),
    side(4002, { codecs: ['opus', 'pcmu'] }),
  ]
  exchange(a, b)
  expect(b.negotiated).toMatchObject({ payloadType: { send: 107, recv: 107 }, telephoneEvent: { sendPt: 102, recvPt: 102 } })
  const offer = b.createOffer({})
  expect(offer).toContain('a=rtpmap:107 opus/48000/2')
  expect(offer).toContain('a=rtpmap:102 telephone-event/48000')
})

test('an open offer invites what it names, in every number', () => {
  const a = side(4000, { codecs: ['opus', 'pcma'] })
  expect(a.receiveFormats).toEqual({ audio: {}, events: {} })
  a.createOffer({})
  expect(a.receiveFormats).toEqual({ audio: { 111: 'opus', 8: 'pcma' }, events: { 101: 8000, 110: 48000 } })
})

describe('answers', () => {
  test('to no offer are refused', () => {
    expect(side(4000).acceptAnswer('v=0\r\n')).toMatchObject({ ok: false })
  })

  test('to an offer of theirs that came after ours are refused', () => {
    const [a, b] = [side(4000), side(4002)]
    exchange(a, b)
    const answer = b.localSdp!
    exchange(b, a)
    expect(a.acceptAnswer(answer.replace('m=audio', 'm=audio'))).toMatchObject({ ok: false })
  })

  test('that cannot be read leave the offer open', () => {
    const [a, b] = [side(4000), side(4002)]
    const accepted = b.acceptOffer(a.createOffer({}))
    expect(a.acceptAnswer('x')).toMatchObject({ ok: false })
    expect(accepted.ok && a.acceptAnswer(accepted.answer)).toEqual({ ok: true })
  })

  test('keep every departure once', () => {
    const [a, b] = [side(4000, { codecs: ['opus'] }), side(4002, { codecs: ['opus'] })]
    for (let round = 0; round < 2; round++) {
      const accepted = b.acceptOffer(a.createOffer({}))
      if (!accepted.ok) throw new Error(accepted.why)
      expect(a.acceptAnswer(accepted.answer.replace('opus/48000/2', 'opus/48000'))).toEqual({ ok: true })
    }
    expect(a.departures).toHaveLength(1)
  })
})

describe('keys', () => {
  const protection = { offer: 'osrtp', keyings: ['sdes', 'dtls'], required: false, allowed: true } as const
  const fingerprint = { algorithm: 'sha-256', value: Array(32).fill('AB').join(':') }
  const keyed = (port: number, rest: Partial<NegotiationOptions> = {}) => side(port, { protection, fingerprint, ...rest })
  const keysOf = (negotiation: Negotiation) => {
    const { local, remote } = negotiation.negotiated!.srtp!
    return [local, remote].map(({ key }) => Buffer.from(key).toString('hex'))
  }

  test('stay over refreshes, holds and offers of either side, and so does the version', () => {
    const [a, b] = [keyed(4000), keyed(4002)]
    exchange(a, b)
    const before = keysOf(a)
    exchange(a, b)
    exchange(a, b, { direction: 'sendonly' })
    exchange(b, a)
    expect(keysOf(a)).toEqual(before)
    expect(keysOf(b)).toEqual([...before].reverse())
    // What was agreed is all that is offered from then on: once, to drop the other keying, and for the hold.
    expect(version(a.localSdp)).toBeLessThanOrEqual(4)
    exchange(b, a)
    const versions = [version(a.localSdp), version(b.localSdp)]
    exchange(b, a)
    expect([version(a.localSdp), version(b.localSdp)]).toEqual(versions)
  })

  test('a later offer names the keying that was agreed, on the profile that was agreed', () => {
    const [a, b] = [keyed(4000, { protection: { ...protection, offer: 'dtls' } }), keyed(4002)]
    exchange(a, b)
    const offer = b.createOffer({})
    expect(offer).toContain('UDP/TLS/RTP/SAVP')
    expect(offer).toContain('a=setup:actpass')
    expect(offer).not.toContain('a=crypto')
    const accepted = a.acceptOffer(offer)
    // The association goes on: whoever was passive in it stays so.
    expect(a.negotiated!.dtls!.setup).toBe('passive')
    expect(accepted.ok && b.acceptAnswer(accepted.answer)).toEqual({ ok: true })
    expect(b.negotiated!.dtls!.setup).toBe('active')
  })

  test('change in both directions when one side asks for it', () => {
    const [a, b] = [keyed(4000), keyed(4002)]
    exchange(a, b)
    const before = keysOf(a)
    exchange(b, a, { rekey: true })
    for (const key of keysOf(a)) expect(before).not.toContain(key)
    expect(keysOf(b)).toEqual([...keysOf(a)].reverse())
  })

  test('stay when the offer of new ones is refused', () => {
    const [a, b] = [keyed(4000), keyed(4002)]
    exchange(a, b)
    const before = keysOf(a)
    a.createOffer({ rekey: true })
    a.cancelOffer()
    exchange(a, b)
    expect(keysOf(a)).toEqual(before)
  })

  test('are the other side’s when a fault says so', () => {
    const [a, b] = [keyed(4000), keyed(4002)]
    const accepted = b.acceptOffer(a.createOffer({}), { reuseKey: true })
    expect(accepted.ok && a.acceptAnswer(accepted.answer)).toEqual({ ok: true })
    expect(new Set([...keysOf(a), ...keysOf(b)]).size).toBe(1)
  })
})
