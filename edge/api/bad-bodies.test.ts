import { describe, expect, test } from 'vitest'
import { apiFixture } from './api-fixture.ts'

const acl = { type: 'acl', addresses: ['192.0.2.10'] }
const digest = { type: 'digest', username: 'pbx', password: 'se cret' }
const trunk = { name: 'PBX', auth: acl, sip_domain: 'pbx.example.com' }
const number = { number: '+12065550100', sip_domain: 'pbx.example.com', allowed_addresses: ['192.0.2.10'] }

type Row = [what: string, url: string, body: unknown, pointers: string[], status?: number]

const rows: Row[] = [
  ['an empty trunk', '/v1/trunks', {}, ['/name', '/auth', '/sip_domain']],
  ['a body that is no object', '/v1/trunks', [], ['']],
  ['an unknown field', '/v1/trunks', { ...trunk, port: 5060 }, ['/port']],
  ['two unknown fields', '/v1/trunks', { ...trunk, port: 5060, host: 'x' }, ['/port', '/host']],
  ['an id with a slash', '/v1/trunks', { ...trunk, id: 'a/b' }, ['/id']],
  ['an unknown kind of auth', '/v1/trunks', { ...trunk, auth: { type: 'none' } }, ['/auth/type']],
  ['an ACL without addresses', '/v1/trunks', { ...trunk, auth: { type: 'acl', addresses: [] } }, ['/auth/addresses']],
  ['an ACL with a name', '/v1/trunks', { ...trunk, auth: { type: 'acl', addresses: ['192.0.2.1', 'pbx'] } }, ['/auth/addresses/1']],
  ['an ACL range too wide', '/v1/trunks', { ...trunk, auth: { type: 'acl', addresses: ['192.0.2.0/33'] } }, ['/auth/addresses/0']],
  ['an IPv6 scope', '/v1/trunks', { ...trunk, auth: { type: 'acl', addresses: ['fe80::1%eth0'] } }, ['/auth/addresses/0']],
  ['digest without a password', '/v1/trunks', { ...trunk, auth: { type: 'digest', username: 'pbx' } }, ['/auth/password']],
  ['a username with a quote', '/v1/trunks', { ...trunk, auth: { ...digest, username: 'p"x' } }, ['/auth/username']],
  ['a password of two lines', '/v1/trunks', { ...trunk, auth: { ...digest, password: 'a\r\nb' } }, ['/auth/password']],
  ['an unknown algorithm', '/v1/trunks', { ...trunk, auth: { ...digest, algorithms: ['sha-1'] } }, ['/auth/algorithms/0']],
  ['an algorithm twice', '/v1/trunks', { ...trunk, auth: { ...digest, algorithms: ['md5', 'md5'] } }, ['/auth/algorithms']],
  ['register by address', '/v1/trunks', { ...trunk, registration: 'register' }, ['/registration']],
  ['an unknown registration', '/v1/trunks', { ...trunk, registration: 'maybe' }, ['/registration']],
  ['a domain with a scheme', '/v1/trunks', { ...trunk, sip_domain: 'sip:pbx.example.com' }, ['/sip_domain']],
  ['a domain with a port', '/v1/trunks', { ...trunk, sip_domain: 'pbx.example.com:5070' }, ['/sip_domain']],
  ['a domain that is no address', '/v1/trunks', { ...trunk, sip_domain: '300.1.2.3' }, ['/sip_domain']],
  ['a domain with a blank', '/v1/trunks', { ...trunk, sip_domain: 'pbx example' }, ['/sip_domain']],
  ['a domain that is a number', '/v1/trunks', { ...trunk, sip_domain: 5060 }, ['/sip_domain']],
  ['a proxy that is no URI', '/v1/trunks', { ...trunk, outbound_proxy: 'pbx.example.com' }, ['/outbound_proxy']],
  ['a proxy with a user', '/v1/trunks', { ...trunk, outbound_proxy: 'sip:me@pbx.example.com' }, ['/outbound_proxy']],
  ['a proxy over a strange transport', '/v1/trunks', { ...trunk, outbound_proxy: 'sip:pbx.example.com;transport=ws' }, ['/outbound_proxy']],
  ['a proxy with a port too high', '/v1/trunks', { ...trunk, outbound_proxy: 'sip:pbx.example.com:70000' }, ['/outbound_proxy']],
  ['no codec', '/v1/trunks', { ...trunk, codecs: [] }, ['/codecs']],
  ['an unknown codec', '/v1/trunks', { ...trunk, codecs: ['pcmu', 'g729'] }, ['/codecs/1']],
  ['a codec twice', '/v1/trunks', { ...trunk, codecs: ['pcmu', 'pcmu'] }, ['/codecs']],
  ['an unknown dtmf', '/v1/trunks', { ...trunk, dtmf: 'inband' }, ['/dtmf']],
  ['three wrong fields at once', '/v1/trunks', { ...trunk, dtmf: 'x', sip_domain: '', codecs: [] }, ['/sip_domain', '/dtmf', '/codecs']],
  ['an empty number', '/v1/numbers', {}, ['/number']],
  ['a number without plus', '/v1/numbers', { ...number, number: '12065550100' }, ['/number']],
  ['a number with blanks', '/v1/numbers', { ...number, number: '+1 206 555 0100' }, ['/number']],
  ['a number too long', '/v1/numbers', { ...number, number: '+1234567890123456' }, ['/number']],
  ['a number that begins with 0', '/v1/numbers', { ...number, number: '+02065550100' }, ['/number']],
  ['no domain', '/v1/numbers', { number: number.number, allowed_addresses: ['192.0.2.1'] }, ['/sip_domain']],
  ['no way to authenticate', '/v1/numbers', { number: number.number, sip_domain: 'a.example' }, ['/credentials']],
  ['two ways to authenticate', '/v1/numbers', { ...number, credentials: { username: 'a', password: 'b' } }, ['/allowed_addresses']],
  [
    'credentials without a password',
    '/v1/numbers',
    { number: number.number, sip_domain: 'a.example', credentials: { username: 'a' } },
    ['/credentials/password'],
  ],
  ['register without credentials', '/v1/numbers', { ...number, registration: 'register' }, ['/registration']],
  ['a trunk that does not exist', '/v1/numbers', { number: number.number, trunk: 'nowhere' }, ['/trunk']],
  ['an own trunk beside a trunk', '/v1/numbers', { ...number, trunk: 'kept', dtmf: 'info' }, ['/allowed_addresses', '/dtmf']],
  ['an agent that is no object', '/v1/numbers', { ...number, agent: 'answer' }, ['/agent']],
  ['an agent with a typing error', '/v1/numbers', { ...number, agent: { anwser: 'ring' } }, ['/agent/anwser']],
  ['a tone of one frequency', '/v1/numbers', { ...number, agent: { tone: [440] } }, ['/agent/tone']],
  ['a tone out of range', '/v1/numbers', { ...number, agent: { tone: [440, 9000] } }, ['/agent/tone/1']],
  ['a letter among digits', '/v1/numbers', { ...number, agent: { digits: { send: '12x' } } }, ['/agent/digits/send']],
  ['a status that is no refusal', '/v1/numbers', { ...number, agent: { answer: 'reject', status: 200 } }, ['/agent/status']],
  ['a delay below zero', '/v1/numbers', { ...number, agent: { answer_after_ms: -1 } }, ['/agent/answer_after_ms']],
  ['a number imported twice', '/v1/numbers', { ...number, number: '+12065550199' }, ['/number'], 409],
  ['a trunk made twice', '/v1/trunks', { ...trunk, id: 'kept' }, ['/id'], 409],
  ['a username that registers already', '/v1/trunks', { ...trunk, auth: digest, registration: 'register' }, ['/auth/username'], 409],
  [
    'a bulk with one bad number',
    '/v1/bulk',
    { trunks: [{ ...trunk, id: 'b1' }], numbers: [{ ...number, trunk: 'b1', allowed_addresses: undefined }, { number: '0' }] },
    ['/numbers/1/number', '/numbers/1/sip_domain', '/numbers/1/credentials'],
  ],
  [
    'a bulk that names no trunk of it',
    '/v1/bulk',
    { trunks: [{ ...trunk, id: 'b1' }], numbers: [{ number: '+12065550101', trunk: 'b2' }] },
    ['/numbers/0/trunk'],
  ],
  [
    'a bulk with a trunk twice',
    '/v1/bulk',
    {
      trunks: [
        { ...trunk, id: 'b1' },
        { ...trunk, id: 'b1' },
      ],
    },
    ['/trunks/1/id'],
    409,
  ],
  [
    'a bulk with a number twice',
    '/v1/bulk',
    {
      numbers: [
        { number: '+12065550101', trunk: 'kept' },
        { number: '+12065550101', trunk: 'kept' },
      ],
    },
    ['/numbers/1/number'],
    409,
  ],
  ['a bulk of a wrong shape', '/v1/bulk', { trunks: {} }, ['/trunks']],
]

describe('a bad body is answered with the fields that are wrong, and changes nothing', () => {
  test.each(rows)('%s', async (_, url, body, pointers, status = 422) => {
    await using api = await apiFixture()
    await api.ask('POST', '/v1/trunks', { ...trunk, id: 'kept' })
    await api.ask('POST', '/v1/trunks', { ...trunk, id: 'registering', auth: digest, registration: 'register' })
    await api.ask('POST', '/v1/numbers', { number: '+12065550199', trunk: 'kept' })
    const before = api.kept()
    expect(before.trunks.map((row) => row.id)).toEqual(['kept', 'registering'])

    const answer = await api.ask('POST', url, body)

    expect(answer.type).toBe('application/problem+json')
    expect(answer.status).toBe(status)
    const problem = answer.body as { type: string; status: number; errors: { pointer: string; field: string; detail: string }[] }
    expect(problem.status).toBe(status)
    expect(problem.errors.map((error) => error.pointer)).toEqual(pointers)
    for (const error of problem.errors) expect(error.detail.length).toBeGreaterThan(5)
    expect(api.kept()).toEqual(before)
    expect([...api.directory.trunks()]).toEqual(before.trunks)
    expect([...api.directory.numbers()]).toEqual(before.numbers)
  })

  const callRows: [what: string, url: string, body: unknown, pointers: string[]][] = [
    ['a call without anything', '/v1/calls', {}, ['/number', '/to']],
    ['a call to nobody', '/v1/calls', { number: '+12065550100', to: 'bob' }, ['/to']],
    ['a header that is not its own', '/v1/calls', { number: '+12065550100', to: '+12065550101', headers: { Via: 'x' } }, ['/headers/Via']],
    [
      'a header of two lines',
      '/v1/calls',
      { number: '+12065550100', to: '+12065550101', headers: { 'X-A': 'a\r\nVia: b' } },
      ['/headers/X-A'],
    ],
    ['an unknown action', '/v1/calls/c1/actions', { action: 'dance' }, ['/action']],
    ['a tone action without a tone', '/v1/calls/c1/actions', { action: 'tone' }, ['/tone']],
    ['digits that are none', '/v1/calls/c1/actions', { action: 'digits', digits: 'hello' }, ['/digits']],
  ]
  test.each(callRows)('%s', async (_, url, body, pointers) => {
    await using api = await apiFixture()
    const answer = await api.ask('POST', url, body)
    expect(answer.status).toBe(422)
    expect((answer.body as { errors: { pointer: string }[] }).errors.map((error) => error.pointer)).toEqual(pointers)
    expect(api.desk.placed).toEqual([])
    expect(api.desk.actions).toEqual([])
  })

  test('fields are also named as people write them', async () => {
    await using api = await apiFixture()
    const { body } = await api.ask('POST', '/v1/bulk', { numbers: [{ ...number, agent: { tone: [1, 2] } }] })
    expect((body as { errors: { field: string }[] }).errors[0]?.field).toBe('numbers[0].agent.tone[0]')
    expect((body as { detail: string }).detail).toContain('numbers[0].agent.tone[0]: ')
  })

  const raw: [what: string, headers: Record<string, string>, payload: string, status: number, kind: string][] = [
    ['no JSON', { 'content-type': 'application/json' }, '{"name": ', 400, 'unreadable-body'],
    ['no body', { 'content-type': 'application/json' }, '', 400, 'unreadable-body'],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 'name=x', 415, 'unsupported-media-type'],
    ['a poisoned prototype', { 'content-type': 'application/json' }, '{"__proto__": {"a": 1}}', 400, 'unreadable-body'],
  ]
  test.each(raw)('%s is told apart', async (_, headers, payload, status, kind) => {
    await using api = await apiFixture()
    const answer = await api.app.inject({
      method: 'POST',
      url: '/v1/trunks',
      headers: { ...headers, authorization: 'Bearer a-token-for-tests' },
      payload,
    })
    expect(answer.statusCode).toBe(status)
    expect(answer.json()).toMatchObject({ type: `urn:trunkproof:problem:${kind}`, status })
    expect(api.kept()).toEqual({ trunks: [], numbers: [] })
  })
})
