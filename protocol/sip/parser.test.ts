import { describe, expect, test } from 'vitest'
import { maxMessageBytes, parseMessage } from './parser.ts'
import { sampleBytes, sampleInvite } from './samples.ts'
import { serialize } from './serializer.ts'

const required = [
  'Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1',
  'From: <sip:a@example.com>;tag=1',
  'To: <sip:b@example.com>',
  'Call-ID: c',
  'CSeq: 1 OPTIONS',
]

function options(rows: readonly string[] = [], { lineEnd = '\r\n', start = 'OPTIONS sip:b@example.com SIP/2.0', body = '' } = {}): Buffer {
  return Buffer.from([start, ...required, ...rows, '', body].join(lineEnd))
}

function refusal(bytes: Uint8Array, parseOptions = {}) {
  const parsed = parseMessage(bytes, parseOptions)
  if (parsed.ok) throw new Error('was accepted')
  return parsed.error
}

function accepted(bytes: Uint8Array, parseOptions = {}) {
  const parsed = parseMessage(bytes, parseOptions)
  if (!parsed.ok) throw new Error(parsed.error.detail)
  return parsed.message
}

describe('what is tolerated', () => {
  test('bare LF line ends', () => {
    const { headers, body } = accepted(options(['Subject: x'], { lineEnd: '\n', body: 'text' }))
    expect(headers.get('Subject')).toBe('x')
    expect(Buffer.from(body).toString()).toBe('text')
  })

  test('line ends before the start line (RFC 3261 section 7.5)', () => {
    expect(accepted(Buffer.concat([Buffer.from('\r\n\r\n'), options()]))).toMatchObject({ method: 'OPTIONS' })
  })

  test('folded lines, also with an empty first line and a tab', () => {
    const { headers } = accepted(options(['Subject:', ' one', '\ttwo  ', '   three']))
    expect(headers.get('Subject')).toBe('one two three')
  })

  test('a version in lower case', () => {
    expect(accepted(options([], { start: 'OPTIONS sip:b@example.com sip/2.0' }))).toMatchObject({ method: 'OPTIONS' })
  })

  test('bytes that are not UTF-8 are read one to one', () => {
    const bytes = Buffer.concat([
      Buffer.from(`OPTIONS sip:b@example.com SIP/2.0\r\n${required.join('\r\n')}\r\nSubject: caf`),
      Buffer.from([0xe9]),
      Buffer.from('\r\n\r\n'),
    ])
    expect(accepted(bytes).headers.get('Subject')).toBe('café')
  })

  test('UTF-8 in headers beside a binary body', () => {
    const bytes = Buffer.concat([options(['Subject: Größe', 'Content-Length: 2']), Buffer.from([0xff, 0x00])])
    const { headers, body } = accepted(bytes)
    expect(headers.get('Subject')).toBe('Größe')
    expect([...body]).toEqual([0xff, 0x00])
  })

  test('a Contact of *, and a To URI of any scheme', () => {
    expect(accepted(options(['Contact: *'])).headers.get('Contact')).toBe('*')
  })
})

describe('the body', () => {
  test('is cut at Content-Length, and is a view into the datagram', () => {
    const bytes = options(['Content-Length: 3'], { body: 'abcdef' })
    const { body } = accepted(bytes)
    expect(Buffer.from(body).toString()).toBe('abc')
    expect(body.buffer).toBe(bytes.buffer)
  })

  test('on a stream, needs Content-Length', () => {
    expect(refusal(options(), { stream: true })).toMatchObject({ rule: 'rfc3261/18.3', status: 400 })
    expect(accepted(options(['l: 0']), { stream: true })).toMatchObject({ method: 'OPTIONS' })
  })

  for (const value of ['-1', 'five', '1e3', '+5', '', '99999999999999999999', '0x10']) {
    test(`Content-Length: ${value || '(empty)'} is no number`, () => {
      expect(refusal(options([`Content-Length: ${value}`]))).toMatchObject({ rule: 'rfc3261/20.14', status: 400 })
    })
  }
})

describe('what is refused says where and why', () => {
  test('offset and line of a row', () => {
    const bytes = options(['Max-Forwards: many'])
    const error = refusal(bytes)
    expect(error).toMatchObject({ rule: 'rfc3261/20.22', line: 7, offset: bytes.indexOf('Max-Forwards') })
  })

  test('the offset counts bytes, not characters', () => {
    const bytes = options(['Subject: Größe', 'no colon here'])
    expect(refusal(bytes)).toMatchObject({ rule: 'rfc3261/7.3.1', line: 8, offset: bytes.indexOf('colon') })
  })

  test('a row below a folded one is found', () => {
    const bytes = options(['Subject: a', ' Route: not a row', 'Route: <nothing>'])
    expect(refusal(bytes)).toMatchObject({ rule: 'rfc3261/20.10', offset: bytes.indexOf('Route: <nothing>') })
  })

  test('what was understood comes along, to be answered', () => {
    const { message } = refusal(options(['Content-Length: x']))
    expect(message).toMatchObject({ type: 'request', method: 'OPTIONS' })
    expect(message?.headers.get('Call-ID')).toBe('c')
  })

  test('an ACK is never answered (RFC 3261 section 17.1.1.3)', () => {
    const error = refusal(options(['Content-Length: x'], { start: 'ACK sip:b@example.com SIP/2.0' }))
    expect(error).toMatchObject({ message: { method: 'ACK' } })
    expect(error.status).toBeUndefined()
  })

  test('a response is never answered', () => {
    expect(refusal(options(['Content-Length: x'], { start: 'SIP/2.0 200 OK' })).status).toBeUndefined()
  })

  const starts: [string, string][] = [
    ['OPTIONS', 'rfc3261/7.1'],
    ['OPTIONS sip:b@example.com', 'rfc3261/7.1'],
    ['OPTIONS SIP/2.0', 'rfc3261/7.1'],
    ['GET / HTTP/1.1', 'rfc3261/7.1'],
    ['OPT(IONS sip:b@example.com SIP/2.0', 'rfc3261/7.1'],
    ['SIP/2.0', 'rfc3261/7.2'],
    ['SIP/2.0 20 OK', 'rfc3261/7.2'],
    ['SIP/2.0 700 OK', 'rfc3261/7.2'],
    ['SIP/2.0 2000 OK', 'rfc3261/7.2'],
    ['SIP/2.0 -20 OK', 'rfc3261/7.2'],
    ['SIP/3.0 200 OK', 'rfc3261/7.1'],
  ]
  for (const [start, rule] of starts) {
    test(`start line ${JSON.stringify(start)}`, () => {
      expect(refusal(Buffer.from([start, ...required, '', ''].join('\r\n'))).rule).toBe(rule)
    })
  }

  for (const row of ['To: <sip:c@example.com>', 'i: d', 'CSeq: 1 OPTIONS', 'f: <sip:c@example.com>']) {
    test(`a second ${row}`, () => expect(refusal(options([row])).rule).toBe('rfc3261/7.3.1'))
  }

  test('a header is missing', () => {
    for (const absent of required) {
      const rows = required.filter((row) => row !== absent)
      expect(refusal(Buffer.from(['OPTIONS sip:b@example.com SIP/2.0', ...rows, '', ''].join('\r\n')))).toMatchObject({
        rule: 'rfc3261/8.1.1',
      })
    }
  })

  test('no empty line ends the headers', () => {
    expect(refusal(options().subarray(0, -2))).toMatchObject({ rule: 'rfc3261/7', status: 400 })
  })

  test('CR inside a row: two elements could see two messages', () => {
    expect(refusal(options(['Subject: a\rVia: b']))).toMatchObject({ rule: 'rfc3261/25.1' })
  })
})

describe('bounds', () => {
  test('more rows than any message has', () => {
    expect(refusal(options(Array.from({ length: 300 }, () => 'X: y')))).toMatchObject({ rule: 'limit/rows', status: 513 })
  })

  test('more bytes than a datagram has', () => {
    expect(refusal(Buffer.alloc(maxMessageBytes + 1, 'a')).rule).toBe('limit/bytes')
  })

  const size = maxMessageBytes - 400
  const hostile: [string, string][] = [
    ['one long line of folds', `Subject: ${'\r\n '.repeat(size / 3)}`],
    ['colons', `Subject${':'.repeat(size)}`],
    ['a name without end', 'a'.repeat(size)],
    ['open quotes', `Contact: ${'"<sip:a@b>,'.repeat(size / 11)}`],
    ['backslashes', `Contact: "${'\\'.repeat(size)}`],
    ['open brackets', `Contact: ${'<'.repeat(size)}`],
    ['commas', `Contact: ${','.repeat(size)}`],
    ['semicolons', `Contact: <sip:a@b>${';a'.repeat(size / 2)}`],
    ['spaces', `Contact:${' '.repeat(size)}x`],
    ['percent signs', `Contact: <sip:${'%'.repeat(size)}@b>`],
    ['digits', `Max-Forwards: ${'9'.repeat(size)}`],
  ]
  for (const [what, row] of hostile) {
    test(`${what}: read to the end, without an exception`, () => {
      expect(parseMessage(options([row]))).toHaveProperty('ok')
    })
  }

  test('nothing but line ends', () => {
    expect(refusal(Buffer.alloc(maxMessageBytes, '\r\n'))).toMatchObject({ rule: 'rfc3261/7' })
    expect(refusal(Buffer.alloc(0))).toMatchObject({ rule: 'rfc3261/7', offset: 0, line: 1 })
  })
})

test('an ordinary INVITE comes out as it went in, byte by byte', () => {
  const bytes = sampleBytes(sampleInvite())
  expect(Buffer.from(serialize(accepted(bytes))).toString()).toBe(bytes.toString())
})
