import { describe, expect, test } from 'vitest'
import { matchesIdentity, subjectAltNames } from './peer-identity.ts'

describe('subjectAltNames', () => {
  test.each([
    [undefined, []],
    ['DNS:a.example, URI:sip:a.example, IP Address:127.0.0.1', ['a.example', 'sip:a.example', '127.0.0.1']],
    ['IP Address:0:0:0:0:0:0:0:1', ['::1']],
    ['email:a@example.com, DNS:a.example', ['a.example']],
    // Node quotes what could pass for two names (CVE-2021-44532).
    ['DNS:"evil.example, DNS:good.example"', ['evil.example, DNS:good.example']],
  ])('%s', (text, names) => {
    expect(subjectAltNames(text)).toEqual(names)
  })
})

describe('matchesIdentity (RFC 5922 section 7)', () => {
  test.each([
    ['DNS name, whatever its case', ['Edge.Example'], 'edge.EXAMPLE', true],
    ['sip URI', ['sip:edge.example'], 'edge.example', true],
    ['sip URIs win over DNS names', ['sip:other.example', 'edge.example'], 'edge.example', false],
    ['a sip URI with a user is no domain', ['sip:a@edge.example', 'edge.example'], 'edge.example', true],
    ['sips is not accepted', ['sips:edge.example'], 'edge.example', false],
    ['no wildcards', ['*.example'], 'edge.example', false],
    ['no subdomains', ['example'], 'edge.example', false],
    ['an address', ['127.0.0.1'], '127.0.0.1', true],
    ['an address beside sip URIs', ['sip:edge.example', '127.0.0.1'], '127.0.0.1', true],
    ['IPv6, any spelling', ['::1'], '0:0:0:0:0:0:0:1', true],
    ['an address is not a DNS name', ['127.0.0.1.example'], '127.0.0.1', false],
    ['nothing', [], 'edge.example', false],
  ])('%s', (_what, names, expected, matches) => {
    expect(matchesIdentity(names, expected)).toBe(matches)
  })
})
