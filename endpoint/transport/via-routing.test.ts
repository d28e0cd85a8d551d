import { describe, expect, test } from 'vitest'
import { makeRequest, makeResponse, type SipRequest } from '../../protocol/sip/message.ts'
import type { Connection } from './connection.ts'
import { aliasOf, responseHops, stampVia } from './via-routing.ts'

const source = { address: '192.0.2.1', port: 4444 }

describe('stampVia (RFC 3261 18.2.1, RFC 3581 4)', () => {
  test.each([
    ['sent-by is the source: nothing to add', 'UDP 192.0.2.1:5060;branch=x', 'UDP 192.0.2.1:5060;branch=x'],
    ['another address', 'UDP 10.0.0.1:5060;branch=x', 'UDP 10.0.0.1:5060;branch=x;received=192.0.2.1'],
    ['a host name', 'UDP pbx.example;branch=x', 'UDP pbx.example;branch=x;received=192.0.2.1'],
    ['rport: received even when equal', 'UDP 192.0.2.1;rport;branch=x', 'UDP 192.0.2.1;rport=4444;branch=x;received=192.0.2.1'],
    ['rport on a stream', 'TCP 10.0.0.1;branch=x;rport', 'TCP 10.0.0.1;branch=x;rport=4444;received=192.0.2.1'],
    ['rport already filled in by the sender', 'UDP 192.0.2.1;rport=9', 'UDP 192.0.2.1;rport=4444;received=192.0.2.1'],
    ['received forged by the sender', 'UDP 192.0.2.1;received=203.0.113.9', 'UDP 192.0.2.1'],
  ])('%s', (_what, before, after) => {
    const request = withVia(`SIP/2.0/${before}`)
    stampVia(request, source, true)
    expect(request.headers.rows('Via')).toEqual([`SIP/2.0/${after}`])
  })

  test('only the topmost value changes, though it shares its row', () => {
    const request = withVia('SIP/2.0/UDP a.example;rport, SIP/2.0/UDP b.example;rport', 'SIP/2.0/UDP c.example')
    stampVia(request, source, true)
    expect(request.headers.rows('Via')).toEqual([
      'SIP/2.0/UDP a.example;rport=4444;received=192.0.2.1',
      'SIP/2.0/UDP b.example;rport',
      'SIP/2.0/UDP c.example',
    ])
  })

  test('IPv6 is compared as an address, not as text', () => {
    const request = withVia('SIP/2.0/UDP [2001:DB8:0:0::1]:5060;branch=x')
    stampVia(request, { address: '2001:db8::1', port: 5060 }, true)
    expect(request.headers.get('Via')).toBe('SIP/2.0/UDP [2001:DB8:0:0::1]:5060;branch=x')
  })

  test('a server without RFC 3581 leaves rport empty', () => {
    const request = withVia('SIP/2.0/UDP 10.0.0.1;rport;branch=x')
    stampVia(request, source, false)
    expect(request.headers.get('Via')).toBe('SIP/2.0/UDP 10.0.0.1;rport;branch=x;received=192.0.2.1')
  })

  test('what is no Via stays as it is', () => {
    const request = withVia('nonsense')
    stampVia(request, source, true)
    expect(request.headers.get('Via')).toBe('nonsense')
  })
})

describe('responseHops (RFC 3261 18.2.2, RFC 3581 4)', () => {
  test.each([
    ['rport and received', 'udp', '10.0.0.1:5070;rport=4444;received=192.0.2.1', [{ host: '192.0.2.1', port: 4444 }]],
    ['received alone: port of sent-by', 'udp', '10.0.0.1:5070;received=192.0.2.1', [{ host: '192.0.2.1', port: 5070 }]],
    ['rport left empty', 'udp', '10.0.0.1:5070;rport;received=192.0.2.1', [{ host: '192.0.2.1', port: 5070 }]],
    ['no port: 5060', 'udp', '10.0.0.1;received=192.0.2.1', [{ host: '192.0.2.1', port: 5060 }]],
    ['sent-by', 'udp', '10.0.0.1:5070', [{ host: '10.0.0.1', port: 5070 }]],
    ['sent-by name without port: its records decide', 'udp', 'pbx.example', [{ host: 'pbx.example', port: undefined }]],
    ['maddr before received', 'udp', '10.0.0.1:5070;maddr=10.0.0.9;rport=1;received=192.0.2.1', [{ host: '10.0.0.9', port: 5070 }]],
    [
      'stream: never rport, then sent-by itself',
      'tcp',
      '10.0.0.1:5070;rport=4444;received=192.0.2.1',
      [
        { host: '192.0.2.1', port: 5070 },
        { host: '10.0.0.1', port: 5070 },
      ],
    ],
    [
      'TLS without port: 5061',
      'tls',
      'pbx.example;received=192.0.2.1',
      [
        { host: '192.0.2.1', port: 5061 },
        { host: 'pbx.example', port: undefined },
      ],
    ],
    ['received as bracketed IPv6', 'udp', '[::1]:5070;received=[2001:db8::1]', [{ host: '2001:db8::1', port: 5070 }]],
    ['a port nobody can have', 'udp', '10.0.0.1:5070;rport=70000;received=192.0.2.1', [{ host: '192.0.2.1', port: 5070 }]],
  ] as const)('%s', (_what, transport, via, hops) => {
    const request = withVia(`SIP/2.0/${transport.toUpperCase()} ${via}`)
    expect(responseHops(makeResponse(request, 200), transport)).toEqual(hops)
  })

  test('no Via, no way', () => {
    expect(responseHops(makeResponse(makeRequest('OPTIONS', 'sip:x', []), 200), 'udp')).toEqual([])
  })
})

describe('aliasOf (RFC 5923)', () => {
  const tcp: Connection = { id: 'tcp-1', transport: 'tcp', local: source, remote: source, open: true }
  const tls = (authorized: boolean): Connection => ({
    ...tcp,
    transport: 'tls',
    tls: { version: 'TLSv1.3', cipher: 'x', authorized, peerNames: [] },
  })

  test.each([
    ['the address it came from', tcp, 'TCP 192.0.2.1:5070;alias', { address: '192.0.2.1', port: 5070 }],
    ['not asked for', tcp, 'TCP 192.0.2.1:5070', undefined],
    ["another's address", tcp, 'TCP 192.0.2.2:5070;alias', undefined],
    ['TLS without a trusted certificate', tls(false), 'TLS 192.0.2.1;alias', undefined],
    ['TLS with one', tls(true), 'TLS 192.0.2.1;alias', { address: '192.0.2.1', port: 5061 }],
  ])('%s', (_what, connection, via, alias) => {
    expect(aliasOf(withVia(`SIP/2.0/${via}`), connection)).toEqual(alias)
  })
})

function withVia(...rows: string[]): SipRequest {
  return makeRequest(
    'OPTIONS',
    'sip:b@example.com',
    rows.map((row) => ['Via', row]),
  )
}
