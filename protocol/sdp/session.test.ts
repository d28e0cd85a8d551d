import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseSdp, type SdpSession, writeSdp } from './session.ts'

function read(text: string): SdpSession {
  const parsed = parseSdp(text)
  if (!parsed.ok) throw new Error(`${parsed.error.rule}: ${parsed.error.detail}`)
  return parsed.session
}

const lines = (...rows: string[]) => `${rows.join('\r\n')}\r\n`

describe('reading', () => {
  test('the example of RFC 8866 section 5: session-level values reach the media', () => {
    const session = read(
      lines(
        'v=0',
        'o=jdoe 3724394400 3724394405 IN IP4 198.51.100.1',
        's=Call to John Smith',
        'c=IN IP4 198.51.100.1',
        't=0 0',
        'a=recvonly',
        'm=audio 49170 RTP/AVP 0',
        'm=audio 49180 RTP/AVP 0',
        'm=video 51372 RTP/AVP 99',
        'c=IN IP6 2001:db8::2',
        'a=rtpmap:99 h263-1998/90000',
      ),
    )
    expect(session.origin).toEqual({ username: 'jdoe', sessionId: '3724394400', version: '3724394405', address: '198.51.100.1' })
    expect(session.media.map(({ kind, port, connection, direction }) => [kind, port, connection, direction])).toEqual([
      ['audio', 49170, '198.51.100.1', 'recvonly'],
      ['audio', 49180, '198.51.100.1', 'recvonly'],
      ['video', 51372, '2001:db8::2', 'recvonly'],
    ])
  })

  test('static payload types need no rtpmap; unknown dynamic ones are left out', () => {
    const [media] = read(lines('v=0', 'o=- 1 1 IN IP4 192.0.2.1', 'c=IN IP4 192.0.2.1', 'm=audio 4000 RTP/AVP 0 8 9 18 97')).media
    expect(media!.formats.map((format) => `${format.payloadType} ${format.name}/${format.clockRate}`)).toEqual([
      '0 pcmu/8000',
      '8 pcma/8000',
      '9 g722/8000',
      '18 g729/8000',
    ])
    expect(media!.formatList).toBe('0 8 9 18 97')
  })

  test('names in any case, fmtp, ptime, rtcp', () => {
    const [media] = read(
      lines(
        'v=0',
        'o=- 1 1 IN IP4 192.0.2.1',
        'm=audio 4000 RTP/AVP 107 101',
        'c=IN IP4 192.0.2.1',
        'a=rtpmap:107 OPUS/48000/2',
        'a=fmtp:107 useinbandfec=1',
        'a=rtpmap:101 Telephone-Event/48000',
        'a=fmtp:101 0-16',
        'a=ptime:30',
        'a=maxptime:60',
        'a=rtcp:4100 IN IP4 192.0.2.9',
      ),
    ).media
    expect(media).toMatchObject({
      formats: [
        { payloadType: 107, name: 'opus', clockRate: 48000, channels: 2, fmtp: 'useinbandfec=1' },
        { payloadType: 101, name: 'telephone-event', clockRate: 48000, channels: 1, fmtp: '0-16' },
      ],
      ptimeMs: 30,
      maxPtimeMs: 60,
      rtcp: { port: 4100, address: '192.0.2.9' },
    })
  })

  test('bare LF, blank payload runs and unknown lines are lived with', () => {
    const session = read('v=0\no=- 1 1 IN IP4 192.0.2.1\ny=what\nc=IN IP4 192.0.2.1\nm=audio 4000 RTP/AVP 0  8\n')
    expect(session.media[0]!.formats).toHaveLength(2)
  })

  test.each([
    ['nothing', '', 'RFC 8866 5.1'],
    ['no version', 'o=- 1 1 IN IP4 192.0.2.1\r\n', 'RFC 8866 5.1'],
    ['no origin', 'v=0\r\nm=audio 4000 RTP/AVP 0\r\n', 'RFC 8866 5.2'],
    ['a broken m= line', 'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\nm=audio\r\n', 'RFC 8866 5.14'],
    ['an impossible port', 'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\nm=audio 70000 RTP/AVP 0\r\n', 'RFC 8866 5.14'],
    ['too many m= lines', `v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\n${'m=audio 4000 RTP/AVP 0\r\n'.repeat(33)}`, 'bound'],
    ['too much text', `v=0\r\n${'a=x\r\n'.repeat(20_000)}`, 'bound'],
  ])('%s is refused', (_, text, rule) => {
    expect(parseSdp(text)).toMatchObject({ ok: false, error: { rule } })
  })

  test('hostile text never throws', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'v=0',
        'o=- 1 1 IN IP4 1.2.3.4',
        'c=IN IP4 0.0.0.0',
        'm=audio 9 RTP/AVP 0',
        'm=',
        'a=rtpmap:',
        'a=rtpmap:0 __proto__/8000',
        'a=fmtp:0 ',
        'a=rtcp:99999',
        'a=ptime:-1',
        'a=',
      ),
      fc.string({ unit: 'binary' }),
    )
    fc.assert(fc.property(fc.array(piece), fc.constantFrom('\r\n', '\n', '\r'), (rows, end) => void parseSdp(rows.join(end))))
  })
})

describe('writing', () => {
  test('one audio line among refused ones, exactly', () => {
    const text = writeSdp({
      originUser: '-',
      sessionName: '-',
      sessionId: '12345678901234567890',
      sessionVersion: 3,
      address: '192.0.2.7',
      media: [
        { refused: { kind: 'image', profile: 'udptl', formatList: 't38' } },
        {
          port: 4000,
          profile: 'RTP/AVP',
          formats: [
            { payloadType: 111, name: 'opus', clockRate: 48000, channels: 2 },
            { payloadType: 0, name: 'pcmu', clockRate: 8000, channels: 1 },
            { payloadType: 101, name: 'telephone-event', clockRate: 8000, channels: 1, fmtp: '0-16' },
          ],
          direction: 'sendrecv',
          ptimeMs: 20,
          maxPtimeMs: 60,
          rtcpPort: 4005,
        },
      ],
    })
    expect(text.split('\r\n')).toEqual([
      'v=0',
      'o=- 12345678901234567890 3 IN IP4 192.0.2.7',
      's=-',
      'c=IN IP4 192.0.2.7',
      't=0 0',
      'm=image 0 udptl t38',
      'm=audio 4000 RTP/AVP 111 0 101',
      'a=rtpmap:111 opus/48000/2',
      'a=rtpmap:0 PCMU/8000',
      'a=rtpmap:101 telephone-event/8000',
      'a=fmtp:101 0-16',
      'a=rtcp:4005',
      'a=ptime:20',
      'a=maxptime:60',
      'a=sendrecv',
      '',
    ])
  })

  test('IPv6 says so', () => {
    const text = writeSdp({ originUser: '-', sessionName: '-', sessionId: '1', sessionVersion: 1, address: '::1', media: [] })
    expect(text).toContain('o=- 1 1 IN IP6 ::1')
    expect(text).toContain('c=IN IP6 ::1')
  })
})
