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
