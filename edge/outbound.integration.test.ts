import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { makeAuthority } from '../endpoint/certificates.ts'
import { tonePair } from '../protocol/audio/tone.ts'
import type { Transport } from '../protocol/wire.ts'
import type { CallView } from './api/views.ts'
import { EdgeProcess } from './edge-process.ts'
import { confirmed, digits, ended, hears, Phone } from './test-phone.ts'

const edgeTone = tonePair(5)
const phoneTone = tonePair(23)
const number = '+12065550100'
const callee = '+12065550147'

let folder: string
let tls: { cert: string; key: string; authority: string }
let edge: EdgeProcess
let phone: Phone

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'edge-outbound-'))
  const authority = await makeAuthority()
  const { certPem, keyPem } = await authority.issue({ names: ['127.0.0.1'], validHours: 1 })
  tls = { cert: certPem, key: keyPem, authority: authority.certPem }
  for (const [name, text] of Object.entries(tls)) writeFileSync(join(folder, name), text)
  const file = (name: string): string => join(folder, name)
  edge = await EdgeProcess.start(
    ...['--tls-port', '0', '--tls-cert', file('cert'), '--tls-key', file('key'), '--tls-ca', file('authority')],
    ...['--min-expires', '1'],
  )
})
afterAll(async () => {
  await edge?.[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})
beforeEach(async () => {
  phone = await Phone.start({ tls })
  for (const trunk of (await edge.ask<{ trunks: { id: string }[] }>('GET', '/v1/trunks')).trunks) {
    await edge.ask('DELETE', `/v1/trunks/${trunk.id}?cascade=true`)
  }
  return () => phone[Symbol.asyncDispose]()
})

const acl = { type: 'acl', addresses: ['127.0.0.1'] }
const digest = { type: 'digest', username: 'pbx1', password: 'correct horse' }

async function importNumber(trunk: { id?: string; [field: string]: unknown }): Promise<void> {
  await edge.ask('POST', '/v1/bulk', {
    trunks: [{ id: 't1', name: 'T', auth: acl, sip_domain: 'pbx.example.com', ...trunk }],
    numbers: [{ number, trunk: trunk.id ?? 't1' }],
  })
}

const place = (more: object = {}): Promise<CallView> =>
  edge.ask<CallView>('POST', '/v1/calls', { number, to: callee, agent: { tone: edgeTone }, ...more })

const edgeUri = (transport: Transport): string => `sip:127.0.0.1:${edge.port(transport)};transport=${transport}`

describe.each(['udp', 'tcp', 'tls'] as const)('over %s', (transport) => {
  test('a static trunk is called by its outbound proxy; both sides hear each other', async () => {
    await importNumber({ outbound_proxy: `sip:127.0.0.1:${phone.port(transport)};transport=${transport}` })
    const taking = phone.takes()
    const { id } = await place({ headers: { 'X-Ref': 'seven' } })
    const call = await taking
    expect(call.transport).toBe(transport)
    expect(call.invite.uri).toBe(`sip:${callee}@pbx.example.com`)
    expect(call.remoteUri).toBe(`sip:${number}@pbx.example.com`)
    expect(call.invite.headers.get('X-Ref')).toBe('seven')
    await phone.answer(call)
    call.media?.play(phoneTone)
    await hears(call, edgeTone)
    await edge.event('call.tone', (data) => data.id === id && String(data.pair) === String(phoneTone))
    const heard = digits(call, 4)
    await edge.ask('POST', `/v1/calls/${id}/actions`, { action: 'digits', digits: '12#D' })
    expect(await heard).toEqual({ text: '12#D', methods: ['rfc4733'] })
    await edge.ask('POST', `/v1/calls/${id}/actions`, { action: 'hangup' })
    await ended(call)
    expect(await edge.call(id)).toMatchObject({
      direction: 'outbound',
      state: 'ended',
      ended: { by: 'local' },
      transport: { protocol: transport, remote: { port: phone.port(transport) } },
    })
  })

  test('a registered trunk is called back the way it registered', async () => {
    await importNumber({ auth: digest, registration: 'register' })
    const contact = `sip:line@10.99.99.99:5060;transport=${transport};line=xyz`
    const registered = await phone.register({ edge: edgeUri(transport), username: 'pbx1', password: 'correct horse', contact })
    expect(registered.status).toBe(200)
    const { contacts } = (await edge.event('registration.changed', (data) => JSON.stringify(data).includes(contact))) as {
      contacts: unknown[]
    }
    expect(contacts).toMatchObject([{ uri: contact, transport, connected: true }])
    const taking = phone.takes()
    const { id } = await place()
    const call = await taking
    // The contact cannot be reached: only the flow it registered by can have brought this.
    expect(call.invite.uri).toBe(`sip:${callee}@10.99.99.99:5060;transport=${transport};line=xyz`)
    expect(call.transport).toBe(transport)
    await phone.answer(call)
    await hears(call, edgeTone)
    await call.hangup()
    expect(await edge.event('call.ended', (data) => data.id === id)).toMatchObject({ ended: { by: 'remote' } })
  })
})

test('a SIP URI is called as it stands', async () => {
  await importNumber({})
  const taking = phone.takes()
  const to = phone.uri('bob', 'tcp')
  await place({ to })
  const call = await taking
  expect(call.invite.uri).toBe(to)
  expect(call.transport).toBe('tcp')
  call.reject(486)
})

test('a challenge is answered with the trunk’s outbound credentials', async () => {
  await importNumber({
    outbound_proxy: phone.uri('x').replace('x@', ''),
    outbound_credentials: { username: 'edge', password: 'outgoing' },
  })
  const first = phone.takes()
  await place()
  const challenged = await first
  const second = phone.takes()
  challenged.challenge(['Digest realm="pbx", nonce="abc", algorithm=SHA-256, qop="auth"'])
  const call = await second
  expect(call.invite.headers.get('Authorization')).toContain('username="edge"')
  expect(call.callId).toBe(challenged.callId)
  call.reject(603)
})

test.each([486, 404, 488])('a refusal by %i is told', async (status) => {
  await importNumber({ outbound_proxy: phone.uri('x').replace('x@', '') })
  const taking = phone.takes()
  const { id } = await place()
  ;(await taking).reject(status)
  expect(await edge.event('call.ended', (data) => data.id === id)).toMatchObject({ ended: { by: 'remote', status } })
})

test('nobody there is told too', async () => {
  const gone = await Phone.start()
  const port = gone.port('tcp')
  await gone[Symbol.asyncDispose]()
  await importNumber({ outbound_proxy: `sip:127.0.0.1:${port};transport=tcp` })
  const { id } = await place()
  expect(await edge.event('call.ended', (data) => data.id === id)).toMatchObject({ ended: { by: 'error' } })
  expect((await edge.call(id)).state).toBe('ended')
})

test('the trunk’s codecs and digits method make the offer', async () => {
  await importNumber({ outbound_proxy: phone.uri('x').replace('x@', ''), codecs: ['pcma'], dtmf: 'info' })
  const taking = phone.takes()
  await place()
  const call = await taking
  const sdp = Buffer.from(call.invite.body).toString()
  expect(sdp).toMatch(/m=audio \d+ RTP\/AVP 8\r\n/)
  expect(sdp).not.toContain('telephone-event')
  call.reject(486)
})

describe('what cannot be called is refused before anything is sent', () => {
  test('a number that is not ours', async () => {
    expect(await edge.try('POST', '/v1/calls', { number: '+12065559999', to: callee })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/number' }] },
    })
  })

  test('a trunk that is not registered', async () => {
    await importNumber({ auth: digest, registration: 'register' })
    expect(await edge.try('POST', '/v1/calls', { number, to: callee })).toMatchObject({
      status: 409,
      body: { type: 'urn:trunkproof:problem:call-refused' },
    })
    expect(await edge.ask('GET', '/v1/calls?state=active')).toEqual({ calls: [] })
  })
})

describe('registration', () => {
  const register = (more: object = {}) =>
    phone.register({ edge: edgeUri('udp'), username: 'pbx1', password: 'correct horse', contact: phone.uri('pbx1'), ...more })

  test('is listed, refreshed and removed', async () => {
    await importNumber({ auth: digest, registration: 'register' })
    expect((await register()).status).toBe(200)
    const listed = await edge.ask<{ registrations: { aor: string; contacts: unknown[] }[] }>('GET', '/v1/registrations')
    expect(listed.registrations).toMatchObject([{ trunk: 't1', aor: 'sip:pbx1@pbx.example.com', contacts: [{ uri: phone.uri('pbx1') }] }])
    expect((await register({ expires: 0 })).status).toBe(200)
    expect(await edge.ask('GET', '/v1/registrations')).toEqual({ registrations: [] })
  })

  test('runs out by itself', async () => {
    await importNumber({ auth: digest, registration: 'register', id: 'short-lived' })
    expect((await register({ expires: 1 })).status).toBe(200)
    await edge.event('registration.changed', (data) => data.trunk === 'short-lived' && (data.contacts as unknown[]).length === 0)
  })

  test.each([
    ['a wrong password', { password: 'wrong' }, 403],
    ['an unknown name', { username: 'nobody' }, 403],
    ['no password', { password: undefined }, 401],
  ])('with %s is refused', async (_, more, status) => {
    await importNumber({ auth: digest, registration: 'register' })
    expect((await register(more)).status).toBe(status)
    expect(await edge.ask('GET', '/v1/registrations')).toEqual({ registrations: [] })
  })

  test('goes with its trunk', async () => {
    await importNumber({ auth: digest, registration: 'register' })
    await register()
    await edge.ask('DELETE', '/v1/trunks/t1?cascade=true')
    expect(await edge.ask('GET', '/v1/registrations')).toEqual({ registrations: [] })
  })
})

test('a call that is up outlives the number it was for', async () => {
  await importNumber({ outbound_proxy: phone.uri('x').replace('x@', '') })
  const taking = phone.takes()
  await place()
  const call = await taking
  await phone.answer(call)
  await confirmed(call)
  await edge.ask('DELETE', '/v1/trunks/t1?cascade=true')
  await hears(call, edgeTone)
  await call.hangup()
})
