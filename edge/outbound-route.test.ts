import { describe, expect, test } from 'vitest'
import { parseUri, type SipUri } from '../protocol/sip/uri.ts'
import { agentSchema, type NumberRecord, type Trunk } from './api/schemas.ts'
import type { Binding } from './bindings.ts'
import { routeOutbound } from './outbound-route.ts'
import { aclTrunk, flow, registeringTrunk } from './test-support.ts'

const number: NumberRecord = { number: '+12065550100', trunk: 'acl', agent: agentSchema.parse({}), created_at: 0 }
const acl: Trunk = { ...aclTrunk, id: 'acl', created_at: 0 }
const registering: Trunk = { ...registeringTrunk, id: 'registering', created_at: 0 }

function binding(contact: string, via = flow()): Binding {
  return { contact, uri: parseUri(contact) as SipUri, callId: 'a', cseq: 1, expiresAt: 1, flow: via }
}

const routeOf = (...args: Parameters<typeof routeOutbound>) => {
  const routing = routeOutbound(...args)
  if (!routing.ok) throw new Error(routing.why)
  return routing.route
}

test('without anything else a number is called in the SIP domain', () => {
  expect(routeOf(number, acl, '+12065550147', [])).toEqual({
    requestUri: 'sip:+12065550147@pbx.example.com',
    to: 'sip:+12065550147@pbx.example.com',
    from: 'sip:+12065550100@pbx.example.com',
  })
})

test('the outbound proxy comes first, the number’s own before the trunk’s', () => {
  const proxied = { ...acl, outbound_proxy: 'sip:proxy.example.com:5070;transport=tcp' }
  expect(routeOf(number, proxied, '+12065550147', [])).toMatchObject({
    requestUri: 'sip:+12065550147@pbx.example.com',
    outboundProxy: 'sip:proxy.example.com:5070;transport=tcp',
  })
  const own = { ...number, outbound_proxy: 'sip:own.example.com' }
  expect(routeOf(own, proxied, '+12065550147', [])).toMatchObject({ outboundProxy: 'sip:own.example.com' })
  expect(routeOf(own, registering, '+12065550147', [binding('sip:pbx1@192.0.2.10')])).toMatchObject({
    outboundProxy: 'sip:own.example.com',
  })
})

test('the number’s domain and credentials win over the trunk’s', () => {
  const own = { ...number, sip_domain: 'own.example.com', credentials: { username: 'n', password: 'p' } }
  const trunk = { ...acl, outbound_credentials: { username: 't', password: 'q' } }
  expect(routeOf(own, trunk, '+12065550147', [])).toMatchObject({
    requestUri: 'sip:+12065550147@own.example.com',
    from: 'sip:+12065550100@own.example.com',
    credentials: { username: 'n', password: 'p' },
  })
  expect(routeOf(number, trunk, '+12065550147', []).credentials).toEqual({ username: 't', password: 'q' })
})

test('a SIP URI is called as it stands', () => {
  expect(routeOf(number, acl, 'sip:bob@192.0.2.20:5080;transport=tcp', [])).toMatchObject({
    requestUri: 'sip:bob@192.0.2.20:5080;transport=tcp',
    to: 'sip:bob@192.0.2.20:5080;transport=tcp',
  })
})

describe('a trunk that registers', () => {
  test('is reached where its REGISTER came from, with the called number in the Request-URI', () => {
    const behindNat = flow({ remote: { address: '198.51.100.9', port: 40001 } })
    const route = routeOf(number, registering, '+12065550147', [binding('sip:pbx1@10.0.0.5:5060;line=abc', behindNat)])
    expect(route.requestUri).toBe('sip:+12065550147@10.0.0.5:5060;line=abc')
    expect(route.to).toBe('sip:+12065550147@pbx.example.com')
    expect(route.target).toEqual({ transport: 'udp', host: '198.51.100.9', port: 40001, flow: behindNat })
  })

  test('is reached over the very connection it registered by', () => {
    const connection = flow({ id: 'tls-1', transport: 'tls', remote: { address: '198.51.100.9', port: 51000 } })
    const route = routeOf(number, registering, '+12065550147', [binding('sip:pbx1@10.0.0.5:5061;transport=tls', connection)])
    expect(route.target?.flow).toBe(connection)
  })

  test('is connected to anew by its contact when that connection is gone', () => {
    const gone = flow({ transport: 'tcp', open: false })
    const route = routeOf(number, registering, '+12065550147', [binding('sip:pbx1@192.0.2.10:5070;transport=tcp', gone)])
    expect(route.target).toEqual({ transport: 'tcp', host: '192.0.2.10', port: 5070 })
  })

  test('that is not registered cannot be called', () => {
    expect(routeOutbound(number, registering, '+12065550147', [])).toEqual({ ok: false, why: 'trunk registering is not registered' })
  })

  test('also takes a URI in its domain, and leaves one elsewhere alone', () => {
    const bindings = [binding('sip:pbx1@192.0.2.10')]
    expect(routeOf(number, registering, 'sip:bob@pbx.example.com', bindings).requestUri).toBe('sip:bob@192.0.2.10')
    expect(routeOf(number, registering, 'sip:bob@elsewhere.example.com', bindings).target).toBeUndefined()
  })
})
