import { describe, expect, test } from 'vitest'
import { makeRequest, makeResponse, type SipRequest } from '../message.ts'
import { Dialog, dialogKeyOf } from './dialog.ts'

const invite = () =>
  makeRequest('INVITE', 'sip:bob@biloxi.example.com', [
    ['Via', 'SIP/2.0/TCP pc33.atlanta.example.com;branch=z9hG4bK776asdhds'],
    ['From', 'Alice <sip:alice@atlanta.example.com>;tag=1928301774'],
    ['To', 'Bob <sip:bob@biloxi.example.com>'],
    ['Call-ID', 'a84b4c76e66710'],
    ['CSeq', '314159 INVITE'],
    ['Contact', '<sip:alice@pc33.atlanta.example.com>'],
    ['Record-Route', '<sip:p1.example.com;lr>'],
  ])

const ok = (request: SipRequest, contact = '<sip:bob@192.0.2.4>') =>
  makeResponse(request, 200, {
    toTag: 'a6c85cf',
    rows: [
      ['Contact', contact],
      ['Record-Route', '<sip:p1.example.com;lr>'],
    ],
  })

test('both sides file the dialog so that the other one finds it', () => {
  const request = invite()
  const caller = Dialog.ofClient(request, ok(request))
  const callee = Dialog.ofServer(request, 'a6c85cf')
  expect(dialogKeyOf(caller.request('BYE').request)).toBe(callee.key)
  expect(dialogKeyOf(callee.request('BYE').request)).toBe(caller.key)
  expect(dialogKeyOf(request)).toBeUndefined()
})

test('a request by the caller (12.2.1.1)', () => {
  const request = invite()
  const { request: bye, nextHop } = Dialog.ofClient(request, ok(request)).request('BYE', [['Reason', 'Q.850;cause=16']])
  expect(bye.uri).toBe('sip:bob@192.0.2.4')
  expect(nextHop).toBe('sip:p1.example.com;lr')
  expect([...bye.headers.entries()]).toEqual([
    ['Max-Forwards', '70'],
    ['From', 'Alice <sip:alice@atlanta.example.com>;tag=1928301774'],
    ['To', 'Bob <sip:bob@biloxi.example.com>;tag=a6c85cf'],
    ['Call-ID', 'a84b4c76e66710'],
    ['CSeq', '314160 BYE'],
    ['Route', '<sip:p1.example.com;lr>'],
    ['Reason', 'Q.850;cause=16'],
  ])
})

test('a request by the callee goes to the caller’s Contact, its numbers are its own', () => {
  const dialog = Dialog.ofServer(invite(), 'a6c85cf')
  const { request } = dialog.request('BYE')
  expect(request.uri).toBe('sip:alice@pc33.atlanta.example.com')
  expect(request.headers.get('From')).toBe('Bob <sip:bob@biloxi.example.com>;tag=a6c85cf')
  expect(request.headers.get('CSeq')).toBe('1 BYE')
  expect(dialog.request('BYE').request.headers.get('CSeq')).toBe('2 BYE')
})

test('the ACK of a 2xx has the INVITE’s number and uses none up', () => {
  const request = invite()
  const dialog = Dialog.ofClient(request, ok(request))
  expect(dialog.ack(314159).request.headers.get('CSeq')).toBe('314159 ACK')
  expect(dialog.request('INFO').request.headers.get('CSeq')).toBe('314160 INFO')
})

describe('sequence (12.2.2)', () => {
  test.each([
    [314158, false],
    [314159, true],
    [314170, true],
  ])('%d after 314159: %s', (number, taken) => {
    const bye = makeRequest('BYE', 'sip:bob@192.0.2.4', [['CSeq', `${number} BYE`]])
    expect(Dialog.ofServer(invite(), 't').takeSequence(bye)).toBe(taken)
  })
})

describe('target refresh', () => {
  test('a new Contact is where the next request goes; without one the old stays', () => {
    const request = invite()
    const dialog = Dialog.ofClient(request, ok(request))
    dialog.refreshTarget(makeRequest('UPDATE', 'sip:x@y', [['Contact', '"Bob, mobile" <sip:bob@192.0.2.9>;expires=60']]))
    expect(dialog.request('BYE').request.uri).toBe('sip:bob@192.0.2.9')
    dialog.refreshTarget(makeRequest('UPDATE', 'sip:x@y', []))
    expect(dialog.remoteTarget).toBe('sip:bob@192.0.2.9')
  })

  test('the 2xx replaces what a 183 said, the route set too (13.2.2.4)', () => {
    const request = invite()
    const dialog = Dialog.ofClient(request, ok(request, '<sip:early@192.0.2.5>'))
    dialog.confirm(makeResponse(request, 200, { toTag: 'a6c85cf', rows: [['Contact', '<sip:bob@192.0.2.6>']] }))
    expect(dialog.request('BYE')).toMatchObject({ nextHop: 'sip:bob@192.0.2.6', request: { uri: 'sip:bob@192.0.2.6' } })
  })
})

test('a peer without Contact or tags (RFC 2543) is still answered', () => {
  const old = invite()
  old.headers.delete('Contact')
  old.headers.delete('Record-Route')
  old.headers.set('From', '<sip:alice@atlanta.example.com>')
  const dialog = Dialog.ofServer(old, 't')
  expect(dialog.remoteTarget).toBe('sip:alice@atlanta.example.com')
  expect(dialog.remoteTag).toBe('')
})
