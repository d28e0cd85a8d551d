import { expect, test } from 'vitest'
import type { SipWire } from '../protocol/wire.ts'
import { buildLadder } from './ladder.ts'
import { ladderSchema } from './schema/evidence.ts'

const local = { address: '127.0.0.2', port: 5060 }
const remote = { address: '::1', port: 32681 }
const parties = [
  { id: 'peer', label: 'Asterisk' },
  { id: 'edge', label: 'edge' },
] as const

function wire(at: number, dir: SipWire['dir'], lines: string[], body = ''): SipWire {
  return { at, dir, transport: 'udp', local, remote, bytes: Buffer.from([...lines, '', body].join('\r\n')) }
}
const build = (...wires: SipWire[]) => buildLadder({ parties: [...parties], here: 'peer', there: 'edge', wires })
const messages = (...wires: SipWire[]) => build(...wires).events.filter((event) => event.kind === 'message')

test('messages run in order of time, with offsets, ends and labels', () => {
  const sdp = 'v=0\r\nm=audio 4000 RTP/SAVP 0\r\n'
  const ladder = build(
    wire(1002.5, 'in', ['SIP/2.0 200 OK', 'CSeq: 1 INVITE', 'i: call-1', 'c: application/sdp'], sdp),
    wire(1000, 'out', ['INVITE sip:b@edge SIP/2.0', 'To: <sip:b@edge>', 'Call-ID: call-1', 'Content-Type: application/sdp'], sdp),
  )
  expect(ladder.events).toMatchObject([
    {
      number: 1,
      t_ms: 0,
      from: 'peer',
      to: 'edge',
      label: 'INVITE',
      note: 'SDP RTP/SAVP',
      source: '127.0.0.2:5060',
      destination: '[::1]:32681',
      call: 0,
    },
    { number: 2, t_ms: 2.5, from: 'edge', to: 'peer', label: '200 OK', note: 'INVITE · SDP RTP/SAVP', call: 0 },
  ])
  expect(ladderSchema.parse(ladder)).toEqual(ladder)
})

test.each([
  [['INVITE sip:b@edge SIP/2.0', 'To: <sip:b@edge>;tag=1'], '', 're-INVITE', undefined],
  [['INFO sip:b@edge SIP/2.0', 'Content-Type: application/dtmf-relay'], 'Signal=5\r\nDuration=100\r\n', 'INFO', 'digit 5'],
  [['INFO sip:b@edge SIP/2.0', 'Content-Type: application/dtmf'], '#', 'INFO', 'digit #'],
  [['SIP/2.0 486 Busy Here', 'CSeq:', ' 7 INVITE'], '', '486 Busy Here', 'INVITE'],
  [['SIP/2.0 200 '], '', '200', undefined],
])('%j', (lines, body, label, note) => {
  const [message] = messages(wire(0, 'out', lines, body))
  expect(message).toMatchObject({ label })
  expect(message?.note).toBe(note)
})

test('garbage is an arrow of its own kind', () => {
  expect(messages(wire(0, 'in', ['\u0000\u0001nonsense']))).toMatchObject([{ label: 'unreadable', malformed: true }])
})

test('the same bytes the same way again are a retransmission', () => {
  const again = ['OPTIONS sip:b@edge SIP/2.0', 'Via: x;branch=1']
  const list = messages(wire(0, 'out', again), wire(500, 'out', again), wire(600, 'in', again))
  expect(list.map((message) => message.retransmission ?? false)).toEqual([false, true, false])
})

test('credentials are masked and the text keeps its length', () => {
  const sent = wire(0, 'out', ['REGISTER sip:edge SIP/2.0', 'Authorization: Digest username="a", response="abcdef"'])
  const [message] = messages(sent)
  expect(message!.text).toContain('response="******"')
  expect(message!.text).toHaveLength(sent.bytes.length)
})

test('media, digits and notes stand between messages', () => {
  const ladder = buildLadder({
    parties: [...parties],
    here: 'peer',
    there: 'edge',
    wires: [wire(100, 'out', ['BYE sip:b SIP/2.0'])],
    media: [{ at: 10, until: 90, from: 'peer', to: 'edge', label: 'PCMU' }],
    dtmf: [{ at: 50, from: 'edge', to: 'peer', digit: '5', method: 'rfc4733' }],
    notes: [{ at: 0, text: 'started' }],
  })
  expect(ladder.events.map((event) => [event.kind, event.t_ms])).toEqual([
    ['note', 0],
    ['media', 10],
    ['dtmf', 50],
    ['message', 100],
  ])
  expect(ladder.events[1]).toMatchObject({ until_ms: 90 })
})

test('a cell in which nothing happened has an empty ladder', () => {
  expect(build().events).toEqual([])
})
