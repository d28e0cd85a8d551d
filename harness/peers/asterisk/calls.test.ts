import { describe, expect, test } from 'vitest'
import { makeRequest, makeResponse, type SipMessage, type SipRequest } from '../../../protocol/sip/message.ts'
import type { SipWire } from '../../../protocol/wire.ts'
import { eventTypes, finalStatus, hasOpenRequest, infoDigits, localPorts } from './calls.ts'
import type { IndexedCall } from './wire-index.ts'

const address = { address: '10.1.2.20', port: 5060 }

function request(method: string, cseq: number, extra: [string, string][] = [], body = ''): SipRequest {
  const rows: [string, string][] = [
    ['Via', 'SIP/2.0/UDP 10.1.2.20;branch=z9hG4bK1'],
    ['From', '<sip:a@b>;tag=1'],
    ['To', '<sip:c@d>'],
    ['Call-ID', 'x'],
    ['CSeq', `${cseq} ${method}`],
    ...extra,
  ]
  return makeRequest(method, 'sip:c@d', rows, body)
}

function call(...said: [dir: SipWire['dir'], message: SipMessage][]): IndexedCall {
  const wires = said.map(([dir], at): SipWire => ({ at, dir, transport: 'udp', local: address, remote: address, bytes: new Uint8Array() }))
  return { callId: 'x', users: new Set(), wires, messages: said.map(([, message]) => message), path: undefined }
}

describe('the final status', () => {
  test('is that of the method asked for, provisional ones left out', () => {
    const invite = request('INVITE', 1)
    const bye = request('BYE', 2)
    const calls = [
      call(['out', invite], ['in', makeResponse(invite, 180)], ['in', makeResponse(invite, 486)], ['in', makeResponse(bye, 200)]),
    ]
    expect(finalStatus(calls, 'INVITE')).toBe(486)
    expect(finalStatus(calls, 'REGISTER')).toBe(0)
  })

  test('is that of the second attempt where the first was challenged', () => {
    const [first, second] = [request('REGISTER', 1), request('REGISTER', 2)]
    expect(
      finalStatus([call(['out', first], ['in', makeResponse(first, 401)], ['out', second], ['in', makeResponse(second, 200)])], 'REGISTER'),
    ).toBe(200)
  })
})

describe('a request', () => {
  const bye = request('BYE', 2)

  test('is open until its final response', () => {
    expect(hasOpenRequest([call(['out', bye])])).toBe(true)
    expect(hasOpenRequest([call(['out', bye], ['in', makeResponse(bye, 100)])])).toBe(true)
    expect(hasOpenRequest([call(['out', bye], ['in', makeResponse(bye, 200)])])).toBe(false)
  })

  test('that is an ACK is never answered', () => {
    expect(hasOpenRequest([call(['out', request('ACK', 1)])])).toBe(false)
  })
})

test("Asterisk's ports are those of its own descriptions", () => {
  const sdp = (port: number) => `v=0\r\no=- 1 1 IN IP4 10.1.2.20\r\ns=-\r\nc=IN IP4 10.1.2.20\r\nt=0 0\r\nm=audio ${port} RTP/AVP 0\r\n`
  const invite = request('INVITE', 1, [['Content-Type', 'application/sdp']], sdp(10_010))
  const answer = makeResponse(invite, 200, { rows: [['Content-Type', 'application/sdp']], body: sdp(20_020) })
  expect([...localPorts([call(['out', invite], ['in', answer])])]).toEqual([10_010])
})

test('events travel by the payload types that were described, and by 101', () => {
  const sdp =
    'v=0\r\no=- 1 1 IN IP4 10.1.2.20\r\ns=-\r\nc=IN IP4 10.1.2.20\r\nt=0 0\r\nm=audio 9 RTP/AVP 0 96\r\na=rtpmap:96 telephone-event/8000\r\n'
  const invite = request('INVITE', 1, [['Content-Type', 'application/sdp']], sdp)
  expect([...eventTypes([call(['in', invite])])].toSorted()).toEqual([101, 96])
  expect([...eventTypes([])]).toEqual([101])
})

test('INFO digits are those that came in', () => {
  const info = (digit: string) => request('INFO', 3, [['Content-Type', 'application/dtmf-relay']], `Signal=${digit}\r\nDuration=100\r\n`)
  expect(infoDigits([call(['in', info('5')], ['out', info('6')])])).toEqual([{ digit: '5', at: 0 }])
})
