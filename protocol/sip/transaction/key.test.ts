import { describe, expect, test } from 'vitest'
import { makeRequest, makeResponse, type SipRequest } from '../message.ts'
import { cancelledKey, clientKey, responseKey, serverKey } from './key.ts'

const request = (method: string, via = 'SIP/2.0/UDP pc.example.com:5070;branch=z9hG4bKabc', more: [string, string][] = []): SipRequest =>
  makeRequest(method, 'sip:bob@example.com', [
    ['Via', via],
    ['From', '<sip:alice@example.com>;tag=1'],
    ['To', '<sip:bob@example.com>'],
    ['Call-ID', 'c1'],
    ['CSeq', `7 ${method}`],
    ...more,
  ])

describe('RFC 3261 17.2.3', () => {
  test('an ACK and a CANCEL lead to their INVITE', () => {
    expect(serverKey(request('ACK'))).toBe(serverKey(request('INVITE')))
    expect(cancelledKey(request('CANCEL'))).toBe(serverKey(request('INVITE')))
    expect(serverKey(request('CANCEL'))).not.toBe(serverKey(request('INVITE')))
  })
  test.each([
    'SIP/2.0/UDP pc.example.com:5070;branch=z9hG4bKother',
    'SIP/2.0/UDP pc.example.com:5071;branch=z9hG4bKabc',
    'SIP/2.0/UDP laptop.example.com:5070;branch=z9hG4bKabc',
  ])('branch and sent-by both count: %s', (via) => expect(serverKey(request('INVITE', via))).not.toBe(serverKey(request('INVITE'))))
  test('only the top Via counts', () =>
    expect(serverKey(request('INVITE', 'SIP/2.0/UDP pc.example.com:5070;branch=z9hG4bKabc, SIP/2.0/UDP x;branch=z9hG4bKx'))).toBe(
      serverKey(request('INVITE')),
    ))
})

describe('RFC 2543 peers', () => {
  const old = 'SIP/2.0/UDP pc.example.com:5070'
  test('the ACK is found although its To has a tag by now', () => {
    const ack = request('ACK', old)
    ack.headers.set('To', '<sip:bob@example.com>;tag=9')
    expect(serverKey(ack)).toBe(serverKey(request('INVITE', old)))
  })
  test('another CSeq is another transaction', () => {
    const later = request('INVITE', old)
    later.headers.set('CSeq', '8 INVITE')
    expect(serverKey(later)).not.toBe(serverKey(request('INVITE', old)))
  })
})

test('a response finds its request by branch and CSeq method (17.1.3)', () => {
  expect(responseKey(makeResponse(request('INVITE'), 180))).toBe(clientKey('z9hG4bKabc', 'INVITE'))
  expect(responseKey(makeResponse(request('CANCEL'), 200))).toBe(clientKey('z9hG4bKabc', 'CANCEL'))
  expect(responseKey(makeResponse(request('INVITE', 'SIP/2.0/UDP x'), 180))).toBeUndefined()
})
