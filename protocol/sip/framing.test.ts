import { describe, expect, test } from 'vitest'
import { type Frame, StreamFramer } from './framing.ts'
import { maxMessageBytes } from './parser.ts'
import { sampleBye, sampleBytes, sampleInvite } from './samples.ts'

const invite = sampleBytes(sampleInvite())
const bye = sampleBytes(sampleBye())
const ping = Buffer.from('\r\n\r\n')
const pong = Buffer.from('\r\n')

/** Frames as short words: a message by its method. */
function words(frames: readonly Frame[]): string[] {
  return frames.map((frame) => (frame.kind === 'message' ? Buffer.from(frame.bytes).toString().split(' ')[0]! : frame.kind))
}

function head(...rows: string[]): Buffer {
  return Buffer.from(['OPTIONS sip:a@b SIP/2.0', ...rows, '', ''].join('\r\n'))
}

test('messages and keep-alives in one chunk', () => {
  const framer = new StreamFramer()
  const frames = framer.push(Buffer.concat([ping, invite, ping, bye, bye, pong]))
  expect(words(frames)).toEqual(['ping', 'INVITE', 'ping', 'BYE', 'BYE', 'pong'])
  expect(framer.pending).toBe(0)
})

test('the same stream, cut at every byte and at every pair of places', () => {
  const stream = Buffer.concat([invite, ping, bye, head('l: 3'), Buffer.from('abc'), bye])
  const whole = ['INVITE', 'ping', 'BYE', 'OPTIONS', 'BYE']
  const byteByByte = new StreamFramer()
  // A ping cut in its middle reads as two pongs: see the note at betweenMessages.
  expect(words([...stream].flatMap((byte) => byteByByte.push(Uint8Array.of(byte)))).filter((word) => word !== 'pong')).toEqual(
    whole.filter((word) => word !== 'ping'),
  )
  const middleOfPing = invite.length + 2
  for (let cut = 1; cut < stream.length; cut += 1) {
    if (cut === middleOfPing) continue
    const framer = new StreamFramer()
    const first = framer.push(stream.subarray(0, cut))
    expect([...words(first), ...words(framer.push(stream.subarray(cut)))]).toEqual(whole)
  }
})

test('a message that came in pieces is a copy, and is right', () => {
  const framer = new StreamFramer()
  framer.push(invite.subarray(0, 100))
  const [frame] = framer.push(Buffer.concat([invite.subarray(100), bye.subarray(0, 50)]))
  framer.push(bye.subarray(50))
  expect(frame?.kind === 'message' && Buffer.from(frame.bytes).equals(invite)).toBe(true)
})

test('Content-Length in its odd forms', () => {
  for (const row of ['l:3', 'L : 3', 'content-length:\r\n 3', 'CONTENT-LENGTH:\t3 ']) {
    const frames = new StreamFramer().push(Buffer.concat([head('Call-ID: x', row), Buffer.from('abc'), bye]))
    expect(words(frames)).toEqual(['OPTIONS', 'BYE'])
  }
})

test('bare line feeds', () => {
  const frames = new StreamFramer().push(Buffer.from('\nOPTIONS sip:a@b SIP/2.0\nl: 2\n\nhi\n\nBYE sip:a@b SIP/2.0\nl: 0\n\n'))
  expect(words(frames)).toEqual(['OPTIONS', 'BYE'])
})

test('a stray CR, and a line end that is half there', () => {
  const framer = new StreamFramer()
  expect(framer.push(Buffer.from('\r'))).toEqual([])
  expect(words(framer.push(Buffer.from('\n\r')))).toEqual([])
  expect(words(framer.push(Buffer.concat([Buffer.from('\n'), bye])))).toEqual(['ping', 'BYE'])
  expect(words(framer.push(Buffer.concat([Buffer.from('\rX'), bye.subarray(1)])))).toEqual(['XYE'])
})

describe('a stream that cannot be cut', () => {
  const lost: [string, Buffer, string][] = [
    ['no Content-Length', head('Call-ID: x'), 'rfc3261/18.3'],
    ['a negative one', head('Content-Length: -5'), 'rfc3261/20.14'],
    ['no number', head('Content-Length: five'), 'rfc3261/20.14'],
    ['one too large', head('Content-Length: 70000'), 'rfc3261/20.14'],
    ['not SIP at all', Buffer.from('\u0016\u0003\u0001', 'latin1'), 'rfc3261/7.1'],
    ['a web browser', Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n'), 'rfc3261/7.1'],
  ]
  for (const [what, bytes, rule] of lost) {
    test(what, () => {
      const framer = new StreamFramer()
      const frames = framer.push(Buffer.concat([bye, bytes, bye]))
      expect(words(frames)).toEqual(['BYE', 'malformed'])
      const error = frames[1]?.kind === 'malformed' ? frames[1].error : undefined
      expect([rule, 'rfc3261/8.1.1']).toContain(error?.rule)
      expect(framer.push(bye)).toEqual([])
      expect(framer.pending).toBe(0)
    })
  }

  test('two Content-Lengths, also equal ones', () => {
    expect(words(new StreamFramer().push(head('l: 0', 'Content-Length: 0')))).toEqual(['malformed'])
  })

  test('head and body together too long', () => {
    const frames = new StreamFramer().push(sampleWithLength(maxMessageBytes))
    expect(frames[0]).toMatchObject({ kind: 'malformed', error: { status: 513, message: { method: 'BYE' } } })
  })

  test('a head without end is given up at the limit, and nothing more is held', () => {
    const framer = new StreamFramer()
    const piece = Buffer.alloc(1000, 'X: yyyyyyy\r\n')
    framer.push(Buffer.from('OPTIONS sip:a@b SIP/2.0\r\n'))
    let frames: Frame[] = []
    for (let pushed = 0; pushed < 70 && frames.length === 0; pushed += 1) frames = framer.push(piece)
    expect(frames[0]).toMatchObject({ kind: 'malformed', error: { rule: 'limit/bytes' } })
    expect(framer.pending).toBe(0)
  })
})

function sampleWithLength(length: number): Buffer {
  return Buffer.from(bye.toString().replace('Content-Length: 0', `Content-Length: ${length}`))
}
