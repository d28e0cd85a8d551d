import { expect, test } from 'vitest'
import { makeRequest, makeResponse } from './message.ts'
import { sampleInvite } from './samples.ts'
import { serialize } from './serializer.ts'

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('utf8')

test('a request, exactly', () => {
  const request = makeRequest('OPTIONS', 'sip:b@example.com', [
    ['v', 'SIP/2.0/UDP 192.0.2.1'],
    ['X-Own-Name', 'kept'],
  ])
  expect(text(serialize(request))).toBe(
    'OPTIONS sip:b@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1\r\nX-Own-Name: kept\r\nContent-Length: 0\r\n\r\n',
  )
})

test('Content-Length counts bytes, whatever a row said', () => {
  const request = makeRequest('MESSAGE', 'sip:b@example.com', [['l', '99']], 'Größe')
  expect(text(serialize(request))).toBe('MESSAGE sip:b@example.com SIP/2.0\r\nContent-Length: 7\r\n\r\nGröße')
})

test('a response of the request: Via rows, From, To with a tag, Call-ID, CSeq (RFC 3261 section 8.2.6)', () => {
  const request = sampleInvite()
  request.headers.append('Via', 'SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKx')
  request.headers.append('Timestamp', '54')
  const response = makeResponse(request, 180, { toTag: 'abc', rows: [['Contact', '<sip:agent@127.0.0.1>']] })
  expect(text(serialize(response))).toBe(
    [
      'SIP/2.0 180 Ringing',
      'Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK-7-1-0;rport',
      'Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKx',
      'From: "Front Desk" <sip:100@127.0.0.1>;tag=8a7d',
      'To: <sip:+15551234567@127.0.0.1>;tag=abc',
      'Call-ID: 6f2c8c9e-1@127.0.0.1',
      'CSeq: 1 INVITE',
      'Contact: <sip:agent@127.0.0.1>',
      'Content-Length: 0',
      '',
      '',
    ].join('\r\n'),
  )
  expect(makeResponse(request, 100).headers.get('Timestamp')).toBe('54')
})

test('a To that has a tag keeps it', () => {
  const request = sampleInvite()
  request.headers.set('To', '<sip:b@example.com>;tag=first')
  expect(makeResponse(request, 200, { toTag: 'second' }).headers.get('To')).toBe('<sip:b@example.com>;tag=first')
})

test('an unknown status takes the phrase of its class', () => {
  const request = sampleInvite()
  expect(makeResponse(request, 499).reason).toBe('Bad Request')
  expect(makeResponse(request, 486).reason).toBe('Busy Here')
  expect(makeResponse(request, 486, { reason: 'Later' }).reason).toBe('Later')
})

test('a line break in a value throws: it would be read as another header', () => {
  for (const bad of ['a\r\nVia: b', 'a\nb', 'a\rb']) {
    expect(() => serialize(makeRequest('OPTIONS', 'sip:b@example.com', [['Subject', bad]]))).toThrow('line break')
    expect(() => serialize(makeRequest('OPTIONS', bad, []))).toThrow('line break')
    expect(() => serialize(makeRequest('OPTIONS', 'sip:b@example.com', [[bad, 'x']]))).toThrow('line break')
  }
})
