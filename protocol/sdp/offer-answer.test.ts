import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { applyAnswer, createAnswer, createOffer } from './offer-answer.ts'
import { parseSdp, type SdpSession } from './session.ts'
import type { CodecName, Direction, LocalMedia, Negotiated } from './types.ts'

function read(text: string): SdpSession {
  const parsed = parseSdp(text)
  if (!parsed.ok) throw new Error(`${parsed.error.rule}: ${parsed.error.detail}`)
  return parsed.session
}

function side(host: number, rest: Partial<LocalMedia> = {}): LocalMedia {
  return {
    rtp: { address: `192.0.2.${host}`, port: 4000 + 100 * host },
    rtcpPort: 4001 + 100 * host,
    codecs: ['pcmu', 'pcma'],
    telephoneEvents: true,
    direction: 'sendrecv',
    sessionId: '77',
    sessionVersion: 1,
    ...rest,
  }
}

/** A remote description around one or more m= sections. */
function remote(...sections: string[]): SdpSession {
  return read(['v=0', 'o=- 1 1 IN IP4 203.0.113.5', 's=-', 'c=IN IP4 203.0.113.5', 't=0 0', ...sections, ''].join('\r\n'))
}

function answered(offer: SdpSession, local: LocalMedia): { negotiated: Negotiated; answer: SdpSession } {
  const result = createAnswer(offer, local)
  if (!result.ok) throw new Error(result.why)
  return { negotiated: result.negotiated, answer: read(result.answer) }
}

function applied(offer: SdpSession, answer: SdpSession, options?: Parameters<typeof applyAnswer>[2]): Negotiated {
  const result = applyAnswer(offer, answer, options)
  if (!result.ok) throw new Error(result.why)
  return result.negotiated
}

describe('two sides of ours', () => {
  test('agree on codec, numbers, addresses and telephone events', () => {
    const offer = read(createOffer(side(1)))
    const { negotiated: callee, answer } = answered(offer, side(2))
    const caller = applied(offer, answer)
    expect(caller).toEqual({
      codec: 'pcmu',
      payloadType: { send: 0, recv: 0 },
      receivable: { 0: 'pcmu' },
      clockRate: 8000,
      telephoneEvent: { sendPt: 101, recvPt: 101, clockRate: 8000 },
      remote: { address: '192.0.2.2', port: 4200 },
      remoteRtcp: { address: '192.0.2.2', port: 4201 },
      ptimeMs: 20,
      direction: 'sendrecv',
      remoteHold: false,
      profile: 'RTP/AVP',
      departures: [],
    })
    expect(callee).toEqual({ ...caller, remote: { address: '192.0.2.1', port: 4100 }, remoteRtcp: { address: '192.0.2.1', port: 4101 } })
  })

  const codecs = fc.uniqueArray(fc.constantFrom<CodecName>('pcmu', 'pcma', 'opus'), { minLength: 1 })
  const directions = fc.constantFrom<Direction>('sendrecv', 'sendonly', 'recvonly', 'inactive')

  test('always come to the same agreement, whatever they bring', () => {
    fc.assert(
      fc.property(codecs, codecs, fc.boolean(), fc.boolean(), directions, directions, (a, b, eventsA, eventsB, directionA, directionB) => {
        const offer = read(
          createOffer(side(1, { codecs: a, telephoneEvents: eventsA, direction: directionA, style: { payloadTypes: { opus: 96 } } })),
        )
        const result = createAnswer(offer, side(2, { codecs: b, telephoneEvents: eventsB, direction: directionB }))
        const common = a.find((codec) => b.includes(codec))
        expect(result.ok).toBe(common !== undefined)
        if (!result.ok) return
        const caller = applied(offer, read(result.answer))
        const callee = result.negotiated
        expect(caller.codec).toBe(common)
        expect(callee.codec).toBe(common)
        expect(caller.departures).toEqual([])
        expect(caller.payloadType.send).toBe(callee.payloadType.recv)
        expect(caller.payloadType.recv).toBe(callee.payloadType.send)
        expect(caller.telephoneEvent).toEqual(callee.telephoneEvent)
        expect(caller.telephoneEvent !== undefined).toBe(eventsA && eventsB)
        if (caller.telephoneEvent) expect(caller.telephoneEvent.clockRate).toBe(caller.clockRate)
        const sends = (negotiated: Negotiated) => negotiated.direction === 'sendrecv' || negotiated.direction === 'sendonly'
        const hears = (negotiated: Negotiated) => negotiated.direction === 'sendrecv' || negotiated.direction === 'recvonly'
        expect(sends(caller)).toBe(hears(callee))
        expect(sends(callee)).toBe(hears(caller))
      }),
    )
  })
})

describe('answering', () => {
  test("takes the offerer's first codec that we know, under the offerer's number", () => {
    const offer = remote('m=audio 5000 RTP/AVP 9 107 0 101', 'a=rtpmap:107 opus/48000/2', 'a=rtpmap:101 telephone-event/8000')
    const { negotiated, answer } = answered(offer, side(2, { codecs: ['pcmu', 'opus'] }))
    expect(negotiated).toMatchObject({
      codec: 'opus',
      payloadType: { send: 107, recv: 107 },
      clockRate: 48000,
      telephoneEvent: { sendPt: 101, clockRate: 8000 },
    })
    expect(answer.media[0]!.formats.map((format) => format.payloadType)).toEqual([107, 101])
  })

  test('picks telephone-event at the clock rate of the codec when there is one', () => {
    const offer = remote(
      'm=audio 5000 RTP/AVP 107 0 101 102',
      'a=rtpmap:107 opus/48000/2',
      'a=rtpmap:101 telephone-event/48000',
      'a=rtpmap:102 telephone-event/8000',
    )
    expect(answered(offer, side(2, { codecs: ['opus'] })).negotiated.telephoneEvent).toEqual({ sendPt: 101, recvPt: 101, clockRate: 48000 })
    expect(answered(offer, side(2)).negotiated.telephoneEvent).toEqual({ sendPt: 102, recvPt: 102, clockRate: 8000 })
  })

  test('leaves telephone-event out for a call with digits by INFO', () => {
    const { negotiated, answer } = answered(
      remote('m=audio 5000 RTP/AVP 0 101', 'a=rtpmap:101 telephone-event/8000'),
      side(2, { telephoneEvents: false }),
    )
    expect(negotiated.telephoneEvent).toBeUndefined()
    expect(answer.media[0]!.formats.map((format) => format.name)).toEqual(['pcmu'])
  })

  test('refuses every other line with port 0, in place', () => {
    const offer = remote('m=image 5002 udptl t38', 'm=audio 5004 RTP/SAVP 0', 'm=audio 5000 RTP/AVP 8', 'm=video 5008 RTP/AVP 34')
    const { negotiated, answer } = answered(offer, side(2))
    expect(negotiated).toMatchObject({ codec: 'pcma', remote: { port: 5000 } })
    expect(answer.media.map((media) => [media.kind, media.port, media.profile, media.formatList])).toEqual([
      ['image', 0, 'udptl', 't38'],
      ['audio', 0, 'RTP/SAVP', '0'],
      ['audio', 4200, 'RTP/AVP', '8'],
      ['video', 0, 'RTP/AVP', '34'],
    ])
  })

  test.each([
    ['no common codec', 'm=audio 5000 RTP/AVP 9 18', 'g722/8000, g729/8000'],
    ['another profile', 'm=audio 5000 RTP/SAVP 0', 'RTP/SAVP'],
    ['no audio', 'm=video 5000 RTP/AVP 34', 'no audio'],
    ['audio that is refused already', 'm=audio 0 RTP/AVP 0', 'no audio'],
    ['a host name as address', 'm=audio 5000 RTP/AVP 0\r\nc=IN IP4 pbx.example.com', 'pbx.example.com'],
  ])('%s is 488', (_, section, why) => {
    const result = createAnswer(remote(section), side(2))
    expect(result).toMatchObject({ ok: false, status: 488, why: expect.stringContaining(why) })
  })

  test('an offer without any c= line is 488', () => {
    expect(createAnswer(read('v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\nm=audio 5000 RTP/AVP 0\r\n'), side(2))).toMatchObject({
      ok: false,
      status: 488,
    })
  })
})

describe('hold and resume (RFC 3264 section 8.4)', () => {
  test.each([
    // what they offer, what we answer while we want to talk, whether they hold us
    ['a=sendrecv', 'sendrecv', false],
    ['a=x-none', 'sendrecv', false],
    ['a=sendonly', 'recvonly', true],
    ['a=recvonly', 'sendonly', false],
    ['a=inactive', 'inactive', true],
    ['c=IN IP4 0.0.0.0', 'recvonly', true],
    ['c=IN IP4 0.0.0.0\r\na=inactive', 'inactive', true],
  ] as const)('%s is answered %s', (line, direction, remoteHold) => {
    const { negotiated, answer } = answered(remote('m=audio 5000 RTP/AVP 0', line), side(2))
    expect(negotiated).toMatchObject({ direction, remoteHold })
    expect(answer.media[0]!.direction).toBe(direction)
  })

  test('both hold', () => {
    const offer = remote('m=audio 5000 RTP/AVP 0', 'a=sendonly')
    expect(answered(offer, side(2, { direction: 'sendonly' })).negotiated.direction).toBe('inactive')
  })
})

describe('packet length', () => {
  test.each([
    ['pcmu', '', 20],
    ['pcmu', 'a=ptime:30', 30],
    ['pcmu', 'a=ptime:25', 20],
    ['pcmu', 'a=ptime:60\r\na=maxptime:40', 40],
    ['pcmu', 'a=maxptime:10', 10],
    ['opus', 'a=ptime:30', 20],
    ['opus', 'a=ptime:60', 60],
  ] as const)('%s with %s sends %i ms', (codec, line, ptimeMs) => {
    const offer = remote('m=audio 5000 RTP/AVP 0 96', 'a=rtpmap:96 opus/48000/2', line || 'a=x-none')
    expect(answered(offer, side(2, { codecs: [codec] })).negotiated.ptimeMs).toBe(ptimeMs)
  })
})

describe('an answer', () => {
  const offer = read(createOffer(side(1, { codecs: ['opus', 'pcmu'] })))

  test('may number its payload types as it likes: each side sends by the other side’s numbers', () => {
    const answer = remote('m=audio 5000 RTP/AVP 96 97', 'a=rtpmap:96 opus/48000/2', 'a=rtpmap:97 telephone-event/48000')
    expect(applied(offer, answer)).toMatchObject({
      payloadType: { send: 96, recv: 111 },
      telephoneEvent: { sendPt: 97, recvPt: 110, clockRate: 48000 },
      departures: [],
    })
  })

  test('with several codecs settles on its first and lets us receive all', () => {
    expect(applied(offer, remote('m=audio 5000 RTP/AVP 0 96', 'a=rtpmap:96 opus/48000/2'))).toMatchObject({
      codec: 'pcmu',
      receivable: { 0: 'pcmu', 111: 'opus' },
    })
  })

  test('that knows telephone-event at 8 kHz only is taken at its word, Opus or not', () => {
    const answer = remote('m=audio 5000 RTP/AVP 111 101', 'a=rtpmap:111 opus/48000/2', 'a=rtpmap:101 telephone-event/8000')
    expect(applied(offer, answer)).toMatchObject({ codec: 'opus', telephoneEvent: { sendPt: 101, recvPt: 101, clockRate: 8000 } })
  })

  test('without telephone-event settles none', () => {
    expect(applied(offer, remote('m=audio 5000 RTP/AVP 0')).telephoneEvent).toBeUndefined()
  })

  test('at another RTCP address is believed', () => {
    expect(applied(offer, remote('m=audio 5000 RTP/AVP 0', 'a=rtcp:6001 IN IP4 203.0.113.9')).remoteRtcp).toEqual({
      address: '203.0.113.9',
      port: 6001,
    })
  })

  test.each([
    ['refusing the stream', 'm=audio 0 RTP/AVP 0', 'refuses'],
    ['with another profile', 'm=audio 5000 RTP/SAVP 0', 'RTP/SAVP'],
    ['with another kind of media', 'm=video 5000 RTP/AVP 34', 'no audio line'],
    ['with a codec that was not offered', 'm=audio 5000 RTP/AVP 8', 'pcma/8000'],
  ])('%s fails', (_, section, why) => {
    expect(applyAnswer(offer, remote(section))).toMatchObject({ ok: false, why: expect.stringContaining(why) })
  })

  test('with a codec that was not offered is a departure for a lenient offerer', () => {
    const negotiated = applied(offer, remote('m=audio 5000 RTP/AVP 8 101', 'a=rtpmap:101 telephone-event/8000'), { lenient: true })
    expect(negotiated).toMatchObject({ codec: 'opus', payloadType: { send: 111, recv: 111 }, telephoneEvent: { sendPt: 101 } })
    expect(negotiated.departures).toEqual(['the answer names pcma/8000, which was not offered (RFC 3264 section 6.1)'])
  })

  test('of odd form is lived with and listed', () => {
    const answer = remote('m=audio 5000 RTP/AVP 111', 'a=rtpmap:111 opus/48000', 'm=video 0 RTP/AVP 34')
    expect(applied(offer, answer).departures).toHaveLength(2)
  })
})

describe('a later offer', () => {
  test('keeps number and order of the m= lines', () => {
    const result = createAnswer(remote('m=image 5002 udptl t38', 'm=audio 5000 RTP/AVP 0'), side(2))
    if (!result.ok) throw new Error(result.why)
    const again = read(createOffer(side(2, { direction: 'sendonly', sessionVersion: 2 }), result.layout))
    expect(again.media.map((media) => [media.kind, media.port, media.direction])).toEqual([
      ['image', 0, 'sendrecv'],
      ['audio', 4200, 'sendonly'],
    ])
    const answer = remote('m=image 0 udptl t38', 'm=audio 5000 RTP/AVP 0', 'a=recvonly')
    expect(applied(again, answer, { layout: result.layout })).toMatchObject({ direction: 'sendonly', codec: 'pcmu' })
  })
})
