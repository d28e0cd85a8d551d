import { describe, expect, test } from 'vitest'
import { createLog } from '../log.ts'
import { apiFixture, someCall, token } from './api-fixture.ts'
import { bulkViewSchema, callViewSchema, infoViewSchema, numberViewSchema, trunkViewSchema } from './views.ts'

const acl = { type: 'acl', addresses: ['192.0.2.10', '2001:db8::/64'] }
const digest = { type: 'digest', username: 'pbx', password: 'p1-secret' }
const trunk = {
  id: 't1',
  name: 'PBX',
  auth: digest,
  registration: 'register',
  sip_domain: 'PBX.example.com',
  outbound_proxy: 'sip:pbx.example.com:5070;transport=tcp',
  outbound_credentials: { username: 'edge', password: 'p2-secret' },
  dtmf: 'info',
  codecs: ['opus', 'pcma'],
}

describe('trunks', () => {
  test('are made, listed, read and removed', async () => {
    await using api = await apiFixture()
    const made = await api.ask('POST', '/v1/trunks', trunk)
    expect(made.status).toBe(201)
    expect(made.body).toMatchObject({ id: 't1', sip_domain: 'pbx.example.com', auth: { username: 'pbx', algorithms: ['sha-256', 'md5'] } })
    expect((await api.ask('GET', '/v1/trunks')).body).toEqual({ trunks: [made.body] })
    expect((await api.ask('GET', '/v1/trunks/t1')).body).toEqual(made.body)
    expect((await api.ask('DELETE', '/v1/trunks/t1')).status).toBe(204)
    expect((await api.ask('GET', '/v1/trunks/t1')).status).toBe(404)
    expect((await api.ask('DELETE', '/v1/trunks/t1')).status).toBe(404)
    expect(api.kept()).toEqual({ trunks: [], numbers: [] })
  })

  test('keep their passwords in the store and to themselves', async () => {
    await using api = await apiFixture()
    const answers = [await api.ask('POST', '/v1/trunks', trunk), await api.ask('GET', '/v1/trunks'), await api.ask('GET', '/v1/trunks/t1')]
    expect(JSON.stringify(answers)).not.toContain('secret')
    expect(trunkViewSchema.safeParse(answers[0]?.body).success).toBe(true)
    expect(api.kept().trunks[0]).toMatchObject({ auth: { password: 'p1-secret' }, outbound_credentials: { password: 'p2-secret' } })
  })

  test('get an id of their own when none is chosen', async () => {
    await using api = await apiFixture()
    const { id: _, ...rest } = trunk
    const { body } = await api.ask('POST', '/v1/trunks', rest)
    expect((body as { id: string }).id).toMatch(/^[0-9a-f-]{36}$/)
  })

  test('with numbers go only when that is asked for', async () => {
    await using api = await apiFixture()
    await api.ask('POST', '/v1/trunks', trunk)
    await api.ask('POST', '/v1/numbers', { number: '+12065550100', trunk: 't1' })
    expect((await api.ask('GET', '/v1/trunks/t1')).body).toMatchObject({ numbers: ['+12065550100'] })
    const refused = await api.ask('DELETE', '/v1/trunks/t1')
    expect(refused).toMatchObject({ status: 409, body: { type: 'urn:trunkproof:problem:conflict' } })
    expect(api.kept().numbers).toHaveLength(1)
    expect((await api.ask('DELETE', '/v1/trunks/t1?cascade=yes')).status).toBe(422)
    expect((await api.ask('DELETE', '/v1/trunks/t1?cascade=true')).status).toBe(204)
    expect(api.kept()).toEqual({ trunks: [], numbers: [] })
  })

  test('may register one name in two domains, and give it back', async () => {
    await using api = await apiFixture()
    await api.ask('POST', '/v1/trunks', trunk)
    expect((await api.ask('POST', '/v1/trunks', { ...trunk, id: 't2', sip_domain: 'b.example.com' })).status).toBe(201)
    expect(api.directory.registering('pbx').map((one) => one.id)).toEqual(['t1', 't2'])
    await api.ask('DELETE', '/v1/trunks/t1')
    await api.ask('DELETE', '/v1/trunks/t2')
    expect(api.directory.registering('pbx')).toEqual([])
    expect((await api.ask('POST', '/v1/trunks', trunk)).status).toBe(201)
  })

  test('take every form of host and proxy', async () => {
    await using api = await apiFixture()
    for (const [index, domain] of ['pbx', '192.0.2.1', '2001:db8::1', '[2001:db8::2]', 'a.b.'].entries()) {
      const answer = await api.ask('POST', '/v1/trunks', { name: 'x', id: `h${index}`, auth: acl, sip_domain: domain })
      expect(answer.status, domain).toBe(201)
    }
    expect(api.directory.trunk('h2')?.sip_domain).toBe('[2001:db8::1]')
    for (const [index, proxy] of [
      'sip:pbx',
      'sips:pbx.example.com:5061',
      'sip:[2001:db8::1]:5070;transport=TLS',
      'sip:10.0.0.1;lr',
    ].entries()) {
      const answer = await api.ask('POST', '/v1/trunks', { name: 'x', id: `p${index}`, auth: acl, sip_domain: 'a', outbound_proxy: proxy })
      expect(answer.status, proxy).toBe(201)
    }
  })
})

describe('numbers', () => {
  test('are imported with what the guide asks for: number, domain, credentials, outbound proxy', async () => {
    await using api = await apiFixture()
    const made = await api.ask('POST', '/v1/numbers', {
      number: '+12065550100',
      sip_domain: 'pbx.example.com',
      credentials: { username: 'u1', password: 'p3-secret' },
      outbound_proxy: 'sip:pbx.example.com:5070',
    })
    expect(made.status).toBe(201)
    expect(numberViewSchema.safeParse(made.body).success).toBe(true)
    expect(JSON.stringify(made)).not.toContain('secret')
    const { trunks, numbers } = api.kept()
    expect(numbers[0]).toMatchObject({ number: '+12065550100', trunk: trunks[0]?.id })
    expect(trunks[0]).toMatchObject({
      auth: { type: 'digest', username: 'u1', password: 'p3-secret' },
      outbound_credentials: { username: 'u1' },
      outbound_proxy: 'sip:pbx.example.com:5070',
      registration: 'static',
      created_for: '+12065550100',
    })
  })

  test('take the trunk that was made for them along', async () => {
    await using api = await apiFixture()
    await api.ask('POST', '/v1/numbers', {
      number: '+12065550100',
      sip_domain: 'a.example',
      allowed_addresses: ['192.0.2.1'],
      dtmf: 'info',
    })
    expect(api.kept().trunks[0]).toMatchObject({ auth: { type: 'acl', addresses: ['192.0.2.1'] }, dtmf: 'info' })
    expect((await api.ask('GET', '/v1/numbers/+12065550100')).status).toBe(200)
    expect((await api.ask('DELETE', '/v1/numbers/%2B12065550100')).status).toBe(204)
    expect(api.kept()).toEqual({ trunks: [], numbers: [] })
    expect((await api.ask('GET', '/v1/numbers/+12065550100')).status).toBe(404)
    expect((await api.ask('DELETE', '/v1/numbers/+12065550100')).status).toBe(404)
  })

  test('leave a trunk that others use', async () => {
    await using api = await apiFixture()
    await api.ask('POST', '/v1/numbers', { number: '+12065550100', sip_domain: 'a.example', allowed_addresses: ['192.0.2.1'] })
    const id = api.kept().trunks[0]!.id
    await api.ask('POST', '/v1/numbers', { number: '+12065550101', trunk: id })
    expect((await api.ask('DELETE', '/v1/numbers/+12065550100')).status).toBe(204)
    expect(api.kept().trunks).toHaveLength(1)
    expect(api.kept().numbers.map((number) => number.number)).toEqual(['+12065550101'])
  })

  test('get another agent', async () => {
    await using api = await apiFixture()
    await api.ask('POST', '/v1/trunks', trunk)
    await api.ask('POST', '/v1/numbers', { number: '+12065550100', trunk: 't1' })
    const answer = await api.ask('PATCH', '/v1/numbers/+12065550100', { agent: { tone: [500, 900], trace: true } })
    expect(answer.status).toBe(200)
    expect(answer.body).toMatchObject({ agent: { answer: 'answer', tone: [500, 900], trace: true } })
    expect(api.directory.tracing).toBe(1)
    expect(api.kept().numbers[0]?.agent.tone).toEqual([500, 900])
    await api.ask('PATCH', '/v1/numbers/+12065550100', { agent: {} })
    expect(api.directory.tracing).toBe(0)
    expect((await api.ask('PATCH', '/v1/numbers/+12065550109', { agent: {} })).status).toBe(404)
  })
})

test('a bulk import takes trunks and the numbers on them at once', async () => {
  await using api = await apiFixture()
  const answer = await api.ask('POST', '/v1/bulk', {
    trunks: [trunk, { ...trunk, id: 't2', auth: acl, registration: 'static' }],
    numbers: [
      { number: '+12065550100', trunk: 't1' },
      { number: '+12065550101', trunk: 't2' },
    ],
  })
  expect(answer.status).toBe(201)
  expect(bulkViewSchema.safeParse(answer.body).success).toBe(true)
  expect(JSON.stringify(answer.body)).not.toContain('secret')
  expect(api.kept().numbers.map((number) => number.trunk)).toEqual(['t1', 't2'])
})

describe('calls', () => {
  test('are placed, listed, read, acted on and traced', async () => {
    await using api = await apiFixture()
    const placed = await api.ask('POST', '/v1/calls', { number: '+12065550100', to: '+12065550147', headers: { 'X-Ref': '7' } })
    expect(placed).toMatchObject({ status: 201, body: someCall })
    expect(api.desk.placed[0]).toMatchObject({ agent: { answer: 'answer', tone: null, echo: false }, headers: { 'X-Ref': '7' } })
    expect((await api.ask('GET', '/v1/calls?number=%2B12065550100&state=active')).body).toEqual({ calls: [someCall] })
    expect(callViewSchema.safeParse((await api.ask('GET', '/v1/calls/c1')).body).success).toBe(true)
    expect((await api.ask('POST', '/v1/calls/c1/actions', { action: 'digits', digits: '12ab#' })).status).toBe(200)
    expect(api.desk.actions).toEqual([{ action: 'digits', digits: '12AB#' }])
    expect((await api.ask('GET', '/v1/calls/c1/trace')).body).toMatchObject({ sip: [], truncated: false })
  })

  test('that are not there are said to be so', async () => {
    await using api = await apiFixture()
    for (const url of ['/v1/calls/c2', '/v1/calls/c2/trace']) {
      expect(await api.ask('GET', url)).toMatchObject({ status: 404, type: 'application/problem+json' })
    }
    expect((await api.ask('POST', '/v1/calls/c2/actions', { action: 'hangup' })).status).toBe(404)
  })
})

describe('the token', () => {
  test.each([
    ['none', {}],
    ['a wrong one', { authorization: 'Bearer wrong' }],
    ['another scheme', { authorization: `Basic ${token}` }],
    ['an empty one', { authorization: 'Bearer ' }],
    ['a longer one', { authorization: `Bearer ${token}x` }],
  ])('%s is refused everywhere but at /health', async (_, headers: Record<string, string>) => {
    await using api = await apiFixture()
    for (const url of ['/v1/info', '/v1/trunks', '/v1/events', '/metrics', '/openapi.json', '/no/such/route']) {
      const answer = await api.app.inject({ url, headers })
      expect(answer.statusCode, url).toBe(401)
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer/)
    }
    const posted = await api.app.inject({ method: 'POST', url: '/v1/trunks', headers, payload: trunk })
    expect(posted.statusCode).toBe(401)
    expect(api.kept().trunks).toEqual([])
    expect((await api.app.inject({ url: '/health', headers })).json()).toEqual({ status: 'ok' })
  })

  test('an unknown route is told with the token alone', async () => {
    await using api = await apiFixture()
    expect(await api.ask('GET', '/v1/nothing')).toMatchObject({ status: 404, body: { type: 'urn:trunkproof:problem:not-found' } })
    expect((await api.ask('DELETE', '/v1/info')).status).toBe(404)
  })
})

test('health says when the edge is draining', async () => {
  await using api = await apiFixture({ draining: true })
  expect(await api.ask('GET', '/health')).toMatchObject({ status: 503, body: { status: 'draining' } })
})

test('info and metrics say what they should', async () => {
  await using api = await apiFixture()
  expect(infoViewSchema.safeParse((await api.ask('GET', '/v1/info')).body).success).toBe(true)
  await api.app.inject({ url: '/v1/info' })
  const { body, type } = await api.ask('GET', '/metrics')
  expect(type).toContain('text/plain')
  expect(body).toContain('trunkproof_edge_calls_active 0')
  expect(body).toContain('trunkproof_edge_api_total{what="unauthorized"} 1')
})

test('a defect is answered without its reason, which goes to the log', async () => {
  const lines: string[] = []
  await using api = await apiFixture({ log: createLog((line) => lines.push(line)) })
  api.desk.get = () => {
    throw new Error('an inside matter')
  }
  const answer = await api.ask('GET', '/v1/calls/c1')
  expect(answer).toMatchObject({ status: 500, body: { type: 'urn:trunkproof:problem:internal' } })
  expect(JSON.stringify(answer)).not.toContain('inside matter')
  expect(lines[0]).toContain('an inside matter')
})
