/** Which audio is encrypted, between the edge as a process and a phone on loopback. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { makeAuthority } from '../endpoint/certificates.ts'
import type { SrtpKeys } from '../endpoint/media/types.ts'
import type { Call, IncomingCall } from '../endpoint/user-agent-types.ts'
import { tonePair } from '../protocol/audio/tone.ts'
import { parseSdp, writeSdp } from '../protocol/sdp/session.ts'
import type { Protection } from '../protocol/sdp/types.ts'
import type { Transport } from '../protocol/wire.ts'
import type { CallView, TraceView } from './api/views.ts'
import { EdgeProcess } from './edge-process.ts'
import { confirmed, digits, ended, hears, Phone, type PhoneOptions } from './test-phone.ts'

const number = '+12065550100'
const callee = '+12065550147'
const edgeTone = tonePair(5)
const phoneTone = tonePair(23)

let folder: string
let tls: { cert: string; key: string; authority: string }
let edge: EdgeProcess

const file = (name: string): string => join(folder, name)
const startEdge = (...args: string[]): Promise<EdgeProcess> =>
  EdgeProcess.start(
    ...['--tls-port', '0', '--tls-cert', file('cert'), '--tls-key', file('key'), '--tls-ca', file('authority')],
    ...['--log-level', 'debug', ...args],
  )

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'edge-secure-'))
  const authority = await makeAuthority()
  const { certPem, keyPem } = await authority.issue({ names: ['127.0.0.1'], validHours: 1 })
  tls = { cert: certPem, key: keyPem, authority: authority.certPem }
  for (const [name, text] of Object.entries(tls)) writeFileSync(file(name), text)
  edge = await startEdge()
})
afterAll(async () => {
  await edge?.[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})
beforeEach(() => clear(edge))

async function clear(on: EdgeProcess): Promise<void> {
  for (const { id } of (await on.ask<{ trunks: { id: string }[] }>('GET', '/v1/trunks')).trunks) {
    await on.ask('DELETE', `/v1/trunks/${id}?cascade=true`)
  }
}

const start = (options: PhoneOptions = {}): Promise<Phone> => Phone.start({ tls, ...options })

const demands = (keying: 'sdes' | 'dtls'): Protection => ({ offer: keying, keyings: [keying], required: true, allowed: true })
const optional = (keying: 'sdes' | 'dtls'): Protection => ({ offer: 'osrtp', keyings: [keying], required: false, allowed: true })

interface Import {
  readonly media?: object
  readonly agent?: object
  readonly on?: EdgeProcess
}

async function importNumber(outboundProxy: string, { media, agent, on = edge }: Import = {}): Promise<void> {
  const trunk = { id: 't1', name: 'T', auth: { type: 'acl', addresses: ['127.0.0.1'] }, sip_domain: 'pbx.example.com' }
  await on.ask('POST', '/v1/bulk', {
    trunks: [{ ...trunk, outbound_proxy: outboundProxy, ...(media !== undefined && { media }) }],
    numbers: [{ number, trunk: 't1', agent: { tone: edgeTone, ...agent } }],
  })
}

const proxy = (phone: Phone, transport: Transport = 'tls'): string => phone.uri('x', transport).replace('x@', '')
const place = (agent: object = {}, on = edge): Promise<CallView> =>
  on.ask<CallView>('POST', '/v1/calls', { number, to: callee, agent: { tone: edgeTone, ...agent } })
const edgeUri = (transport: Transport, on = edge): string => `sip:${number}@127.0.0.1:${on.port(transport)};transport=${transport}`

const viewOf = (call: Call, on = edge): Promise<CallView> =>
  on.ask<{ calls: CallView[] }>('GET', `/v1/calls?call_id=${encodeURIComponent(call.callId)}`).then(({ calls }) => calls[0]!)

/** What an offer asks for: its profile, and which keyings it brings. */
function asked(call: IncomingCall): string {
  const text = Buffer.from(call.invite.body).toString()
  const profile = /^m=audio \d+ (\S+)/m.exec(text)?.[1]
  const keyings = [...(/^a=crypto:/m.test(text) ? ['crypto'] : []), ...(/^a=fingerprint:/m.test(text) ? ['fingerprint'] : [])]
  return [profile, ...keyings].join(' ')
}

const opportunistic = 'RTP/AVP crypto fingerprint'

/** Answers an offer with its audio turned down. */
function turnedDown(offer: string) {
  const parsed = parseSdp(offer)
  if (!parsed.ok) throw new Error('the offer cannot be read')
  const media = parsed.session.media.map(({ kind, profile, formatList }) => ({ refused: { kind, profile, formatList } }))
  const answer = writeSdp({ originUser: '-', sessionName: '-', sessionId: '1', sessionVersion: 1, address: '127.0.0.1', media })
  return { ok: true, answer } as const
}

async function talk(call: Call): Promise<void> {
  call.media?.play(phoneTone)
  const heard = digits(call, 2)
  await hears(call, edgeTone)
  const { id } = await viewOf(call)
  await edge.event('call.tone', (data) => data.id === id && String(data.pair) === String(phoneTone))
  await edge.ask('POST', `/v1/calls/${id}/actions`, { action: 'digits', digits: '7#' })
  expect(await heard).toEqual({ text: '7#', methods: ['rfc4733'] })
}

describe.each([
  ['sdes, demanded', demands('sdes'), { profile: 'RTP/SAVP', keying: 'sdes' }],
  ['dtls, demanded', demands('dtls'), { profile: 'UDP/TLS/RTP/SAVP', keying: 'dtls' }],
  ['sdes by opportunity', optional('sdes'), { profile: 'RTP/AVP', keying: 'sdes' }],
  ['dtls by opportunity', optional('dtls'), { profile: 'RTP/AVP', keying: 'dtls' }],
] as const)('%s', (_, protection, agreed) => {
  test('of a call to the edge: both sides hear each other, encrypted', async () => {
    await using phone = await start({ media: { protection } })
    await importNumber(proxy(phone), { agent: { trace: true } })
    const call = phone.dial(edgeUri('tls'))
    await confirmed(call)
    await talk(call)
    const view = await viewOf(call)
    expect(view.negotiated).toMatchObject(agreed)
    expect(view.media?.protection).toMatchObject({ ...agreed, plain_received: 0, auth_failures: 0 })
    await call.hangup()
  })

  test('of a call by the edge: its one offer is enough', async () => {
    await using phone = await start({ media: { protection } })
    await importNumber(proxy(phone))
    const { id } = await place()
    const call = await phone.takes()
    expect(asked(call)).toBe(opportunistic)
    await phone.answer(call)
    await talk(call)
    expect(await edge.call(id)).toMatchObject({
      negotiated: { profile: 'RTP/AVP', keying: agreed.keying },
      attempts: [{ offer: 'osrtp' }],
    })
    await call.hangup()
  })
})

describe('a phone that wants plain RTP', () => {
  test('is called with keys that it leaves out of its answer', async () => {
    await using phone = await start()
    await importNumber(proxy(phone))
    await place()
    const call = await phone.takes()
    await phone.answer(call)
    await talk(call)
    expect((await viewOf(call)).negotiated).not.toHaveProperty('keying')
    await call.hangup()
  })

  test('is answered so, unless the trunk requires more', async () => {
    await using phone = await start()
    await importNumber(proxy(phone))
    const call = phone.dial(edgeUri('tls'))
    await confirmed(call)
    await call.hangup()
    await clear(edge)
    await importNumber(proxy(phone), { media: { policy: 'required' } })
    expect(await ended(phone.dial(edgeUri('tls')))).toMatchObject({ by: 'remote', status: 488 })
  })
})

describe('over signalling that is not encrypted', () => {
  test.each(['udp', 'tcp'] as const)('%s: keys are neither offered nor answered', async (transport) => {
    await using phone = await start({ media: { protection: optional('sdes') } })
    await importNumber(proxy(phone, transport))
    const call = phone.dial(edgeUri(transport))
    await confirmed(call)
    expect(call.media?.remoteSdp).not.toMatch(/a=(crypto|fingerprint)/)
    await call.hangup()
    await place()
    const called = await phone.takes()
    expect(asked(called)).toBe('RTP/AVP')
    called.reject(486)
  })

  test.each(['sdes', 'dtls'] as const)('who demands %s is refused', async (keying) => {
    await using phone = await start({ media: { protection: demands(keying) } })
    await importNumber(proxy(phone, 'udp'))
    expect(await ended(phone.dial(edgeUri('udp')))).toMatchObject({ by: 'remote', status: 488 })
  })

  test('a trunk that requires SRTP neither calls nor is called', async () => {
    await using phone = await start()
    await importNumber(proxy(phone, 'udp'), { media: { policy: 'required' } })
    expect(await ended(phone.dial(edgeUri('udp')))).toMatchObject({ by: 'remote', status: 488 })
    expect(await edge.try('POST', '/v1/calls', { number, to: callee })).toMatchObject({
      status: 409,
      body: { type: 'urn:trunkproof:problem:call-refused', detail: expect.stringContaining('TLS') },
    })
  })
})

describe('a description that is refused', () => {
  const all = [opportunistic, 'RTP/SAVP crypto', 'UDP/TLS/RTP/SAVP fingerprint', 'RTP/AVP']

  test.each([
    ['best-effort', all],
    ['required', all.slice(0, -1)],
  ])('with 488 is followed by the next: %s', async (policy, offers) => {
    await using phone = await start()
    await importNumber(proxy(phone), { media: { policy } })
    const { id } = await place()
    const seen: string[] = []
    const callIds = new Set<string>()
    for (const _ of offers) {
      const call = await phone.takes()
      seen.push(asked(call))
      callIds.add(call.callId)
      call.reject(488)
    }
    expect(seen).toEqual(offers)
    expect(await edge.event('call.ended', (data) => data.id === id)).toMatchObject({ ended: { by: 'remote', status: 488 } })
    const view = await edge.call(id)
    expect(view.attempts?.map(({ call_id: callId }) => callId)).toEqual([...callIds])
    expect(view.attempts?.map(({ offer, ended }) => [offer, ended?.status])).toEqual(
      ['osrtp', 'sdes', 'dtls', 'rtp'].slice(0, offers.length).map((offer) => [offer, 488]),
    )
    expect(edge.events.filter(({ type, data }) => type === 'call.ended' && data.id === id)).toHaveLength(1)
  })

  test('by turning its audio down is followed by the next, and only the one that is taken is told as answered', async () => {
    const answers: PhoneOptions['answers'] = (offer, accept) => (/ RTP\/AVP /.test(offer) ? turnedDown(offer) : accept(offer))
    await using phone = await start({ media: { protection: demands('dtls') }, answers })
    await importNumber(proxy(phone))
    const { id } = await place()
    const first = await phone.takes()
    await phone.answer(first)
    expect(await ended(first)).toMatchObject({ by: 'remote' })
    const second = await phone.takes()
    expect(asked(second)).toBe('RTP/SAVP crypto')
    await phone.answer(second).catch(() => {})
    const third = await phone.takes()
    expect(asked(third)).toBe('UDP/TLS/RTP/SAVP fingerprint')
    await phone.answer(third)
    await talk(third)
    const view = await edge.call(id)
    expect(view).toMatchObject({ call_id: third.callId, state: 'confirmed', negotiated: { keying: 'dtls' } })
    expect(view.attempts).toMatchObject([
      { offer: 'osrtp', ended: { by: 'error', status: 488 } },
      { offer: 'sdes', ended: { by: 'remote', status: 488 } },
      { offer: 'dtls' },
    ])
    for (const type of ['call.answered', 'call.confirmed'])
      expect(edge.events.filter((event) => event.type === type && event.data.id === id)).toHaveLength(1)
    const trace = await edge.ask<TraceView>('GET', `/v1/calls/${id}/trace`)
    expect(trace.sip.filter(({ bytes }) => Buffer.from(bytes, 'base64').toString().startsWith('INVITE '))).toHaveLength(3)
    await third.hangup()
  })

  test('an answer without keys is no answer where the trunk requires them', async () => {
    await using phone = await start()
    await importNumber(proxy(phone), { media: { policy: 'required', keyings: ['sdes'] } })
    const { id } = await place()
    const first = await phone.takes()
    await phone.answer(first)
    expect(await ended(first)).toMatchObject({ by: 'remote' })
    const second = await phone.takes()
    expect(asked(second)).toBe('RTP/SAVP crypto')
    await phone.answer(second).catch(() => {})
    expect(await edge.event('call.ended', (data) => data.id === id)).toMatchObject({ ended: { status: 488 } })
    expect((await edge.call(id)).answered_at).toBeUndefined()
  })

  test('another refusal stands', async () => {
    await using phone = await start()
    await importNumber(proxy(phone))
    const { id } = await place()
    ;(await phone.takes()).reject(486)
    expect(await edge.event('call.ended', (data) => data.id === id)).toMatchObject({ ended: { by: 'remote', status: 486 } })
    expect((await edge.call(id)).attempts).toHaveLength(1)
  })
})

test('a certificate that is not the one announced ends the call', async () => {
  const answers: PhoneOptions['answers'] = (offer, accept) => {
    const accepted = accept(offer)
    const another = (_: string, start: string, digit: string): string => start + (digit === '0' ? '1' : '0')
    return accepted.ok ? { ok: true, answer: accepted.answer.replace(/^(a=fingerprint:\S+ )(.)/m, another) } : accepted
  }
  await using phone = await start({ media: { protection: demands('dtls') }, answers })
  await importNumber(proxy(phone))
  const { id } = await place()
  const call = await phone.takes()
  await phone.answer(call)
  expect(await ended(call)).toMatchObject({ by: 'remote' })
  const view = await edge.call(id)
  expect(view).toMatchObject({ state: 'ended', ended: { by: 'local', reason: expect.stringMatching(/certificate|fingerprint/i) } })
  expect(view.media).toMatchObject({ received: { packets: 0 }, protection: { handshake: 'failed', srtp_sent: 0 } })
})

describe('keys', () => {
  const keysOf = ({ local, remote }: SrtpKeys): string[] =>
    [local, remote].flatMap(({ key, salt }) => [Buffer.from(key).toString('base64'), Buffer.concat([key, salt]).toString('base64')])

  async function keyedCall(keying: 'sdes' | 'dtls', trace: boolean, ...faults: string[]) {
    const keys: SrtpKeys[] = []
    await using own = await startEdge(...faults.flatMap((fault) => ['--fault', fault]))
    await using phone = await start({ media: { protection: demands(keying), srtpKeyTap: (one) => keys.push(one) } })
    await importNumber(proxy(phone), { on: own, agent: { trace } })
    const call = phone.dial(edgeUri('tls', own))
    await confirmed(call)
    await hears(call, edgeTone)
    const view = await viewOf(call, own)
    const shown = await own.try('GET', `/v1/calls/${view.id}/trace`)
    await call.hangup()
    await own[Symbol.asyncDispose]()
    return { keys, view, shown, log: (await own.finished).stderr }
  }

  test.each(['sdes', 'dtls'] as const)('%s: are shown to who asked for a trace, and to nobody else', async (keying) => {
    const { keys, view, shown, log } = await keyedCall(keying, true)
    const secrets = keys.flatMap(keysOf)
    expect(secrets.length).toBeGreaterThan(0)
    const [theirs] = (shown.body as TraceView).srtp_keys ?? []
    const base64 = ({ key, salt }: SrtpKeys['local']) => ({
      key: Buffer.from(key).toString('base64'),
      salt: Buffer.from(salt).toString('base64'),
    })
    expect(theirs).toMatchObject({ keying, local: base64(keys[0]!.remote), remote: base64(keys[0]!.local) })
    for (const secret of secrets) {
      expect(JSON.stringify(view)).not.toContain(secret)
      expect(log).not.toContain(secret)
    }
  })

  test('are not kept for who did not', async () => {
    expect((await keyedCall('sdes', false)).shown.status).toBe(404)
  })

  test('are in the log of an edge that leaks them on purpose', async () => {
    const { keys, log } = await keyedCall('sdes', false, 'leak-key')
    expect(keysOf(keys[0]!).some((key) => log.includes(key))).toBe(true)
  })
})
