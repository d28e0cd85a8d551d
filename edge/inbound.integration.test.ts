import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeAuthority } from '../endpoint/certificates.ts'
import { tonePair } from '../protocol/audio/tone.ts'
import type { Transport } from '../protocol/wire.ts'
import { EdgeProcess } from './edge-process.ts'
import { confirmed, digits, ended, hears, Phone } from './test-phone.ts'

const edgeTone = tonePair(3)
const phoneTone = tonePair(17)
const credentials = { username: 'pbx1', password: 'correct horse' }

let folder: string
let tls: { cert: string; key: string; authority: string }
let edge: EdgeProcess
let phone: Phone

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'edge-inbound-'))
  const authority = await makeAuthority()
  const { certPem, keyPem } = await authority.issue({ names: ['127.0.0.1'], validHours: 1 })
  tls = { cert: certPem, key: keyPem, authority: authority.certPem }
  for (const [name, text] of Object.entries(tls)) writeFileSync(join(folder, name), text)
  const file = (name: string): string => join(folder, name)
  edge = await EdgeProcess.start(
    ...['--tls-port', '0', '--tls-cert', file('cert'), '--tls-key', file('key'), '--tls-ca', file('authority')],
    ...['--open-number', 'service', '--log-level', 'debug'],
  )
  phone = await Phone.start({ tls })
  const acl = { auth: { type: 'acl', addresses: ['127.0.0.1'] }, sip_domain: 'pbx.example.com' }
  const digest = { auth: { type: 'digest', ...credentials }, sip_domain: 'pbx.example.com' }
  await edge.ask('POST', '/v1/bulk', {
    trunks: [
      { id: 'acl', name: 'a', ...acl },
      { id: 'elsewhere', name: 'b', ...acl, auth: { type: 'acl', addresses: ['192.0.2.0/24', '::1'] } },
      { id: 'digest', name: 'c', ...digest },
      { id: 'info', name: 'd', ...acl, dtmf: 'info' },
      { id: 'opus', name: 'e', ...acl, codecs: ['opus'] },
    ],
    numbers: [
      { number: '+12065550100', trunk: 'acl', agent: { tone: edgeTone, trace: true } },
      { number: '+12065550101', trunk: 'elsewhere' },
      { number: '+12065550102', trunk: 'digest', agent: { tone: edgeTone } },
      { number: '+12065550103', trunk: 'info', agent: { digits: { send: '59#', after_ms: 0 } } },
      { number: '+12065550104', trunk: 'acl', agent: { echo: true } },
      { number: '+12065550105', trunk: 'acl', agent: { answer: 'reject', status: 603 } },
      { number: '+12065550106', trunk: 'acl', agent: { answer: 'ring' } },
      { number: '+12065550107', trunk: 'acl', agent: { hangup_after_ms: 100 } },
      { number: '+12065550108', trunk: 'opus', agent: { tone: edgeTone } },
      { number: '+12065550109', trunk: 'acl', agent: { answer_after_ms: 50 } },
    ],
  })
})
afterAll(async () => {
  await phone?.[Symbol.asyncDispose]()
  await edge?.[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

const uri = (user: string, transport: Transport = 'udp'): string => `sip:${user}@127.0.0.1:${edge.port(transport)};transport=${transport}`
const callOf = async (callId: string) => edge.call((await edge.event('call.started', (data) => data.call_id === callId)).id)

describe.each(['udp', 'tcp', 'tls'] as const)('over %s', (transport) => {
  test('a call is answered, both sides hear each other, and hanging up ends it', async () => {
    const call = phone.dial(uri('+12065550100', transport))
    await confirmed(call)
    call.media?.play(phoneTone)
    const heard = await hears(call, edgeTone)
    expect(heard.levelDbm0).toBeGreaterThan(-20)
    const told = await edge.event('call.tone', (data) => data.call_id === call.callId && String(data.pair) === String(phoneTone))
    await call.hangup()
    await edge.event('call.ended', (data) => data.id === told.id)
    const seen = await edge.call(told.id)
    expect(seen).toMatchObject({
      call_id: call.callId,
      direction: 'inbound',
      number: '+12065550100',
      trunk: 'acl',
      state: 'ended',
      ended: { by: 'remote' },
      transport: { protocol: transport, remote: { address: '127.0.0.1' } },
      negotiated: { codec: 'pcmu' },
      media: { received: { lost: 0 } },
    })
    expect(seen.tones.map((tone) => String(tone.pair))).toContain(String(phoneTone))
    if (transport === 'tls') expect(seen.transport.tls).toMatchObject({ version: 'TLSv1.3' })
    else expect(seen.transport.tls).toBeNull()
    expect([seen.started_at, seen.answered_at, seen.confirmed_at, seen.ended_at]).toEqual(
      [seen.started_at, seen.answered_at, seen.confirmed_at, seen.ended_at].toSorted(),
    )
  })
})

test('with the right password a digest trunk lets a call in', async () => {
  const call = phone.dial(uri('+12065550102'), credentials)
  await confirmed(call)
  await hears(call, edgeTone)
  await call.hangup()
})

test.each([
  ['a wrong password', '+12065550102', { ...credentials, password: 'wrong' }, 403],
  ['no password', '+12065550102', undefined, 401],
  ['an unknown number', '+12065559999', undefined, 404],
  ['a number closed to everybody', 'service2', undefined, 404],
  ['a source that is not on the list', '+12065550101', undefined, 403],
  ['an agent that refuses', '+12065550105', undefined, 603],
])('%s is refused', async (_, user, password, status) => {
  expect(await ended(phone.dial(uri(user), password))).toMatchObject({ by: 'remote', status })
})

test('an open number is answered without a trunk', async () => {
  const call = phone.dial(uri('service'))
  await confirmed(call)
  expect(await callOf(call.callId)).toMatchObject({ number: 'service', trunk: null })
  await call.hangup()
})

describe('digits', () => {
  test('by RTP events, both ways', async () => {
    const call = phone.dial(uri('+12065550100'))
    await confirmed(call)
    await call.media?.sendDigits('1234*#')
    await edge.event('call.digit', (data) => data.call_id === call.callId && data.digit === '#')
    const { id, digits: got } = await callOf(call.callId)
    expect(got.map(({ digit, method }) => `${digit} ${method}`)).toEqual(['1', '2', '3', '4', '*', '#'].map((digit) => `${digit} rfc4733`))
    const heard = digits(call, 3)
    await edge.ask('POST', `/v1/calls/${id}/actions`, { action: 'digits', digits: '987', duration_ms: 60, gap_ms: 50 })
    expect(await heard).toEqual({ text: '987', methods: ['rfc4733'] })
    await call.hangup()
  })

  test('by SIP INFO, both ways', async () => {
    const call = phone.dial(uri('+12065550103'), undefined, { dtmf: 'info' })
    call.once('answered', () => void 0)
    const heard = new Promise((resolve) => call.once('answered', () => digits(call, 3).then(resolve)))
    await confirmed(call)
    expect(await heard).toEqual({ text: '59#', methods: ['info'] })
    await call.media?.sendDigits('42')
    await edge.event('call.digit', (data) => data.call_id === call.callId && data.digit === '2')
    expect((await callOf(call.callId)).digits.map(({ digit, method }) => `${digit} ${method}`)).toEqual(['4 info', '2 info'])
    await call.hangup()
  })
})

test('the codec is one the trunk has', async () => {
  const call = phone.dial(uri('+12065550108'))
  await confirmed(call)
  await hears(call, edgeTone)
  expect(call.media?.negotiated?.codec).toBe('opus')
  await call.hangup()
  expect(await ended(phone.dial(uri('+12065550108'), undefined, { codecs: ['pcma'] }))).toMatchObject({ status: 488 })
})

test('an echo gives back what it hears', async () => {
  const call = phone.dial(uri('+12065550104'))
  await confirmed(call)
  call.media?.play(phoneTone)
  await hears(call, phoneTone)
  await call.hangup()
})

test('another tone, silence, and the end can be ordered', async () => {
  const call = phone.dial(uri('+12065550100'))
  await confirmed(call)
  const { id } = await callOf(call.callId)
  await edge.ask('POST', `/v1/calls/${id}/actions`, { action: 'tone', tone: tonePair(40), level_dbm0: -25 })
  expect((await hears(call, tonePair(40))).levelDbm0).toBeLessThan(-20)
  await edge.ask('POST', `/v1/calls/${id}/actions`, { action: 'hangup' })
  expect(await ended(call)).toMatchObject({ by: 'remote' })
  expect((await edge.call(id)).ended).toMatchObject({ by: 'local' })
  expect(await edge.try('POST', `/v1/calls/${id}/actions`, { action: 'tone', tone: null })).toMatchObject({ status: 409 })
})

test('a ringing call can be given up', async () => {
  const call = phone.dial(uri('+12065550106'))
  const started = await edge.event('call.ringing', (data) => data.call_id === call.callId)
  expect(await edge.try('POST', `/v1/calls/${started.id}/actions`, { action: 'digits', digits: '1' })).toMatchObject({ status: 409 })
  await call.hangup()
  expect(await edge.event('call.ended', (data) => data.id === started.id)).toMatchObject({ ended: { by: 'remote' } })
})

test('a call rings before it is answered late, and the agent hangs up by itself', async () => {
  const late = phone.dial(uri('+12065550109'))
  const rang = new Promise((resolve) => late.once('ringing', resolve))
  await rang
  await confirmed(late)
  await late.hangup()
  const short = phone.dial(uri('+12065550107'))
  expect(await ended(short)).toMatchObject({ by: 'remote' })
})

test('a trace has every message, and only where it was asked for', async () => {
  const call = phone.dial(uri('+12065550100'))
  await confirmed(call)
  await call.hangup()
  const { id } = await callOf(call.callId)
  await edge.event('call.ended', (data) => data.id === id)
  const { sip, rtp_summary: rtp } = await edge.ask<{ sip: { dir: string; bytes: string }[]; rtp_summary: unknown }>(
    'GET',
    `/v1/calls/${id}/trace`,
  )
  const lines = sip.map(({ dir, bytes }) => `${dir} ${Buffer.from(bytes, 'base64').toString().split('\r\n')[0]}`)
  expect(lines[0]).toMatch(/^in INVITE sip:\+12065550100@/)
  expect(lines.filter((line) => line.startsWith('out SIP/2.0 200'))).toHaveLength(2)
  expect(lines.some((line) => line.startsWith('in ACK'))).toBe(true)
  expect(rtp).toMatchObject({ sent: {}, received: {} })
  const other = phone.dial(uri('+12065550104'))
  await confirmed(other)
  await other.hangup()
  expect(await edge.try('GET', `/v1/calls/${(await callOf(other.callId)).id}/trace`)).toMatchObject({ status: 404 })
})

test('OPTIONS is answered to anybody, other methods are not', async () => {
  const ask = (method: string) => phone.agent.request({ method, to: uri('anybody'), from: 'sip:x@example.com' })
  const options = await ask('OPTIONS')
  expect(options.status).toBe(200)
  expect(options.headers.list('Allow')).toContain('INVITE')
  expect((await ask('SUBSCRIBE')).status).toBe(405)
})

test('nothing secret was logged', async () => {
  edge.signal('SIGTERM')
  const { stderr } = await edge.finished
  expect(stderr.length).toBeGreaterThan(1000)
  for (const secret of ['correct horse', 'integration-test-token']) expect(stderr).not.toContain(secret)
  for (const line of stderr.trim().split('\n')) expect(() => JSON.parse(line)).not.toThrow()
})
