import { expect, test } from 'vitest'
import { SipTraces } from './sip-traces.ts'

const message = (startLine: string, callId: string, header = 'Call-ID'): Uint8Array =>
  Buffer.from(`${startLine}\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n${header}: ${callId}\r\n\r\n`)

const event = (dir: 'in' | 'out', bytes: Uint8Array) => ({
  at: 1,
  dir,
  transport: 'udp' as const,
  local: { address: '192.0.2.1', port: 5060 },
  remote: { address: '192.0.2.2', port: 5060 },
  bytes,
})

test('a call to a number that wants traces is kept from its first message on', () => {
  const traces = new SipTraces({ anyWanted: () => true, wants: (user) => user === '+12065550100' })
  traces.sip(event('in', message('INVITE sip:%2B12065550100@edge SIP/2.0', 'a@b')))
  traces.sip(event('out', message('SIP/2.0 200 OK', 'a@b', 'i')))
  traces.sip(event('in', message('INVITE sip:+12065550199@edge SIP/2.0', 'c@d')))
  expect(traces.get('a@b')?.messages.map((one) => one.dir)).toEqual(['in', 'out'])
  expect(traces.get('c@d')).toBeUndefined()
  traces.finish(['a@b'])
  traces.sip(event('in', message('BYE sip:edge SIP/2.0', 'a@b')))
  expect(traces.get('a@b')?.messages).toHaveLength(2)
})

test('what is kept is a copy', () => {
  const traces = new SipTraces({ anyWanted: () => false, wants: () => false })
  traces.start('a@b')
  const bytes = message('BYE sip:edge SIP/2.0', 'a@b')
  traces.sip(event('in', bytes))
  bytes.fill(0)
  expect(Buffer.from(traces.get('a@b')!.messages[0]!.bytes).toString()).toMatch(/^BYE /)
})

test('one trace and all traces are bounded', () => {
  const traces = new SipTraces({ anyWanted: () => false, wants: () => false })
  traces.start('long')
  for (let index = 0; index < 600; index += 1) traces.sip(event('in', message('INFO sip:edge SIP/2.0', 'long')))
  expect(traces.get('long')?.messages).toHaveLength(500)
  expect(traces.get('long')?.truncated).toBe(true)
  for (let index = 0; index < 500; index += 1) traces.start(`call-${index}`)
  expect(traces.get('long')).toBeUndefined()
  expect(traces.get('call-499')).toBeDefined()
})

test('junk is not looked at twice', () => {
  const traces = new SipTraces({ anyWanted: () => true, wants: () => true })
  traces.sip(event('in', Buffer.from([0, 1, 2, 3, 255])))
  traces.sip(event('in', message('INVITE sip:%zz@edge SIP/2.0', 'bad-escape')))
  expect(traces.get('bad-escape')?.messages).toHaveLength(1)
})
