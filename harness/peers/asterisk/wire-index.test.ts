import { describe, expect, test } from 'vitest'
import { linkType } from '../../../protocol/capture/frame.ts'
import { tcpFrame, udpFrame } from '../../../protocol/capture/frame-builder.ts'
import type { Address } from '../../../protocol/wire.ts'
import { WireIndex } from './wire-index.ts'

const asterisk = '10.1.2.20'
const edge: Address = { address: '10.1.2.10', port: 32681 }
const sipPort: Address = { address: asterisk, port: 5060 }

function invite(callId: string, from = 'user1', to = '+99910001'): Uint8Array {
  const rows = [
    `INVITE sip:${to}@10.1.2.10 SIP/2.0`,
    'Via: SIP/2.0/UDP 10.1.2.20:5060;branch=z9hG4bK1',
    'Max-Forwards: 70',
    `From: <sip:${from}@10.1.2.20>;tag=1`,
    `To: <sip:${to}@10.1.2.10>`,
    `Call-ID: ${callId}`,
    'CSeq: 1 INVITE',
    'Contact: <sip:asterisk@10.1.2.20:5060>',
    'Content-Length: 0',
  ]
  return new TextEncoder().encode(`${rows.join('\r\n')}\r\n\r\n`)
}

function index() {
  const subject = new WireIndex({ address: asterisk, sipPort: 5060, rtpPorts: { first: 10000, last: 11999 }, secretsOf: () => undefined })
  let number = 0
  const take = (bytes: Uint8Array, at = ++number) => subject.take({ number, at, linkType: linkType.ethernet, bytes, length: bytes.length })
  return { subject, take }
}

const users = (...names: string[]) => new Set(names)

describe('SIP', () => {
  test('is found by the numbers in it, and belongs to a call', () => {
    const { subject, take } = index()
    take(udpFrame(sipPort, edge, invite('a')))
    take(udpFrame(sipPort, edge, invite('b', 'user2', '+99910002')))
    const calls = subject.callsOf(users('+99910001', 'nobody'), 0)
    expect(calls.map((call) => call.callId)).toEqual(['a'])
    expect(calls[0]?.wires[0]).toMatchObject({ dir: 'out', transport: 'udp', local: sipPort, remote: edge })
  })

  test('of earlier sessions with the same number is left out', () => {
    const { subject, take } = index()
    take(udpFrame(sipPort, edge, invite('a')), 100)
    take(udpFrame(sipPort, edge, invite('b')), 200)
    expect(subject.callsOf(users('user1'), 150).map((call) => call.callId)).toEqual(['b'])
  })

  test('over TCP is cut by its length', () => {
    const { subject, take } = index()
    const bytes = invite('a')
    const from = { address: asterisk, port: 40000 }
    take(tcpFrame(from, edge, { sequence: 1, acknowledgment: 1 }, bytes.subarray(0, 50)))
    expect(subject.callsOf(users('user1'), 0)).toEqual([])
    take(tcpFrame(from, edge, { sequence: 51, acknowledgment: 1 }, bytes.subarray(50)))
    expect(subject.callsOf(users('user1'), 0)[0]?.wires[0]).toMatchObject({ transport: 'tcp', dir: 'out' })
  })

  test('is forgotten when its session has taken it', () => {
    const { subject, take } = index()
    take(udpFrame(sipPort, edge, invite('a')))
    subject.forget(['a'], [], 10)
    expect(subject.callsOf(users('user1'), 0)).toEqual([])
  })
})

test('media is kept by port, RTCP with its stream', () => {
  const { subject, take } = index()
  const rtp = { address: asterisk, port: 10000 }
  const rtcp = { address: asterisk, port: 10001 }
  take(udpFrame(edge, rtp, new Uint8Array(172)))
  take(udpFrame(rtcp, edge, new Uint8Array(28)))
  expect(subject.mediaAt(10000).map(({ kind, dir }) => `${kind} ${dir}`)).toEqual(['rtp in', 'rtcp out'])
  expect(subject.mediaAt(10002)).toEqual([])
})

test('media of a call that took over a port is not forgotten with the call before', () => {
  const { subject, take } = index()
  const rtp = { address: asterisk, port: 10000 }
  take(udpFrame(edge, rtp, new Uint8Array(172)), 100)
  take(udpFrame(edge, rtp, new Uint8Array(172)), 200)
  take(udpFrame(edge, rtp, new Uint8Array(172)), 300)
  subject.forget([], [10000], 200)
  expect(subject.mediaAt(10000).map(({ at }) => at)).toEqual([300])
  subject.forget([], [10000], 300)
  expect(subject.mediaAt(10000)).toEqual([])
})
