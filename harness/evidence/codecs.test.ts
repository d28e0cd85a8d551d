import { expect, test } from 'vitest'
import { parseSdp, type SdpSession } from '../../protocol/sdp/session.ts'
import { codecsOf, payloadTypesOf } from './codecs.ts'

/** A description with these m= and a= lines. */
function session(...lines: string[]): SdpSession {
  const parsed = parseSdp(['v=0', 'o=- 1 1 IN IP4 192.0.2.1', 's=-', 'c=IN IP4 192.0.2.1', 't=0 0', ...lines, ''].join('\r\n'))
  if (!parsed.ok) throw new Error(parsed.error.detail)
  return parsed.session
}

test('codecs are named as the axes name them, in order of preference, without what carries no audio', () => {
  const offer = session(
    'm=audio 4000 RTP/AVP 96 8 0 13 101 9',
    'a=rtpmap:96 opus/48000/2',
    'a=rtpmap:101 telephone-event/8000',
    'a=rtpmap:0 PCMU/8000',
  )
  expect(codecsOf(offer)).toEqual(['opus', 'pcma', 'pcmu', 'g722'])
})

test('a refused stream has none', () => {
  expect(codecsOf(session('m=audio 0 RTP/AVP 0'))).toEqual([])
  expect(codecsOf(session())).toEqual([])
  expect(codecsOf(session('m=video 4000 RTP/AVP 99', 'a=rtpmap:99 H264/90000'))).toEqual([])
})

test('the first audio stream counts', () => {
  expect(codecsOf(session('m=video 4000 RTP/AVP 99', 'm=audio 4002 RTP/AVP 8', 'm=audio 4004 RTP/AVP 0'))).toEqual(['pcma'])
})

test('payload types mean what the description says, static ones what RFC 3551 says', () => {
  const formats = payloadTypesOf(
    session('m=audio 4000 RTP/AVP 0 110 111 112', 'a=rtpmap:110 telephone-event/48000', 'a=rtpmap:111 OPUS/48000/2'),
  )
  expect([...formats].map(([payloadType, { name, clockRate }]) => [payloadType, name, clockRate])).toEqual([
    [0, 'pcmu', 8000],
    [110, 'telephone-event', 48_000],
    [111, 'opus', 48_000],
  ])
  expect(payloadTypesOf(session()).size).toBe(0)
})
