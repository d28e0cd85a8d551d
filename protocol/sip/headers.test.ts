import { describe, expect, test } from 'vitest'
import { HeaderMap } from './header-map.ts'
import {
  formatNameAddr,
  formatVia,
  parseCSeq,
  parseNameAddr,
  parseRAck,
  parseRetryAfter,
  parseSessionExpires,
  parseVia,
  tagOf,
  topVia,
} from './headers.ts'

const params = (...pairs: [string, string | undefined][]) => new Map(pairs)

describe('Via', () => {
  test('with port, received and an empty rport (RFC 3581)', () => {
    const via = parseVia('SIP/2.0/udp pbx.example.com:5066;branch=z9hG4bKa;rport;received=192.0.2.1')
    expect(via).toEqual({
      transport: 'UDP',
      host: 'pbx.example.com',
      port: 5066,
      params: params(['branch', 'z9hG4bKa'], ['rport', undefined], ['received', '192.0.2.1']),
    })
    expect(formatVia(via!)).toBe('SIP/2.0/UDP pbx.example.com:5066;branch=z9hG4bKa;rport;received=192.0.2.1')
  })

  test('IPv6 without its brackets, and with them again', () => {
    const via = parseVia('SIP/2.0/TLS [2001:db8::9]:5061;branch=z9hG4bKb;received=2001:db8::1')
    expect(via).toMatchObject({ host: '2001:db8::9', port: 5061 })
    expect(via?.params.get('received')).toBe('2001:db8::1')
    expect(formatVia(via!)).toBe('SIP/2.0/TLS [2001:db8::9]:5061;branch=z9hG4bKb;received=2001:db8::1')
  })

  test('white space wherever RFC 3261 allows it', () => {
    expect(parseVia('SIP / 2.0 / UDP first.example.com: 4000;ttl=16 ;maddr=224.2.0.1 ; branch = z9hG4bKa7c6a8dlze.1')).toEqual({
      transport: 'UDP',
      host: 'first.example.com',
      port: 4000,
      params: params(['ttl', '16'], ['maddr', '224.2.0.1'], ['branch', 'z9hG4bKa7c6a8dlze.1']),
    })
  })

  test('the top one of several', () => {
    expect(topVia({ headers: new HeaderMap([['Via', 'SIP/2.0/TCP a , SIP/2.0/UDP b']]) })).toMatchObject({ host: 'a' })
    expect(topVia({ headers: new HeaderMap() })).toBeUndefined()
    expect(topVia({ headers: new HeaderMap([['Via', ',']]) })).toBeUndefined()
  })

  const bad = [
    '',
    'UDP a',
    'SIP/2.0 a',
    'SIP/2.0/UDP',
    'SIP/2.0/UDP ',
    'HTTP/2.0/UDP a',
    'SIP/2.0/UDP a;',
    'SIP/2.0/UDP a;;b',
    'SIP/2.0/UDP a:x',
  ]
  for (const value of [...bad, 'SIP/2.0/UDP a:99999', 'SIP/2.0/UDP [::1', 'SIP/2.0/UDP a b', 'SIP/2.0/UDP a;x="y', 'SIP/2.0/UDP a;=b']) {
    test(`refused: ${value}`, () => expect(parseVia(value)).toBeUndefined())
  }
})

describe('From, To, Contact, Route', () => {
  const good: [string, ReturnType<typeof parseNameAddr>][] = [
    ['sip:a@b', { uri: 'sip:a@b', params: params() }],
    ['sip:a@b;tag=1', { uri: 'sip:a@b', params: params(['tag', '1']) }],
    ['<sip:a@b;lr>;x', { uri: 'sip:a@b;lr', params: params(['x', undefined]) }],
    [
      'Anonymous <sip:c8oqz84zk7z@privacy.org>;tag=hyh8',
      { displayName: 'Anonymous', uri: 'sip:c8oqz84zk7z@privacy.org', params: params(['tag', 'hyh8']) },
    ],
    [
      '"A. G. Bell" <sip:agb@bell-telephone.com> ;tag=a48s',
      { displayName: 'A. G. Bell', uri: 'sip:agb@bell-telephone.com', params: params(['tag', 'a48s']) },
    ],
    ['"say \\"hi\\" \\\\" <sip:a@b>', { displayName: 'say "hi" \\', uri: 'sip:a@b', params: params() }],
    ['"" <sip:a@b>', { uri: 'sip:a@b', params: params() }],
    ['<tel:+15551234567>', { uri: 'tel:+15551234567', params: params() }],
    ['<sip:a@b>;+sip.instance="<urn:uuid:1;2>"', { uri: 'sip:a@b', params: params(['+sip.instance', '"<urn:uuid:1;2>"']) }],
    ['sip:a@b;p="<x>"', { uri: 'sip:a@b', params: params(['p', '"<x>"']) }],
    ['<sip:a@b>;Q=0.5;q=1', { uri: 'sip:a@b', params: params(['q', '0.5']) }],
  ]
  for (const [value, expected] of good) {
    test(value, () => {
      expect(parseNameAddr(value)).toEqual(expected)
      expect(parseNameAddr(formatNameAddr(expected!))).toEqual(expected)
    })
  }

  const bad = ['', '*', 'a', '<>', '<sip:a@b', 'sip:a@b>', '"open <sip:a@b>', '"a" sip:a@b', 'x"y" <sip:a@b>', '<sip:a b@c>', '<sip:a@b>;;']
  for (const value of [...bad, '<sip:a@b>;', '<sip:a@b>x', '<sip:a@b>;tag=', '<sip:a@b>;a=b"c', 'sip:a@b?x=y', 'sip:', '<1:2>;a="']) {
    test(`refused: ${value}`, () => expect(parseNameAddr(value)).toBeUndefined())
  }

  test('the tag', () => {
    expect(tagOf('<sip:a@b;tag=no>;tag=yes')).toBe('yes')
    expect(tagOf('<sip:a@b>')).toBeUndefined()
    expect(tagOf(undefined)).toBeUndefined()
  })

  test('names that need quotes get them', () => {
    expect(formatNameAddr({ displayName: 'Bob', uri: 'sip:b@c', params: params() })).toBe('Bob <sip:b@c>')
    expect(formatNameAddr({ displayName: 'Bob "B" \\', uri: 'sip:b@c', params: params(['tag', 'x']) })).toBe(
      '"Bob \\"B\\" \\\\" <sip:b@c>;tag=x',
    )
  })
})

describe('numbers', () => {
  test('CSeq', () => {
    expect(parseCSeq('4711 INVITE')).toEqual({ number: 4711, method: 'INVITE' })
    expect(parseCSeq('0009   INVITE')).toEqual({ number: 9, method: 'INVITE' })
    for (const bad of [undefined, '', '1', 'INVITE', '1 ', '-1 INVITE', '2147483648 INVITE', '1 IN VITE', '1 INV(TE']) {
      expect(parseCSeq(bad)).toBeUndefined()
    }
  })

  test('RAck (RFC 3262)', () => {
    expect(parseRAck('776656 1 INVITE')).toEqual({ rseq: 776656, cseq: 1, method: 'INVITE' })
    for (const bad of [undefined, '1 INVITE', '1 1', 'x 1 INVITE', '4294967296 1 INVITE']) expect(parseRAck(bad)).toBeUndefined()
  })

  test('Session-Expires (RFC 4028)', () => {
    expect(parseSessionExpires('1800;refresher=UAC')).toEqual({ seconds: 1800, refresher: 'uac' })
    expect(parseSessionExpires('90 ; refresher = uas;x')).toEqual({ seconds: 90, refresher: 'uas' })
    expect(parseSessionExpires('90;refresher=nobody')).toEqual({ seconds: 90 })
    for (const bad of [undefined, '', 'x', '90;;', '-1']) expect(parseSessionExpires(bad)).toBeUndefined()
  })

  test('Retry-After (RFC 3261 section 20.33)', () => {
    expect(parseRetryAfter('18000;duration=3600')).toBe(18000)
    expect(parseRetryAfter('120 (I am in a meeting)')).toBe(120)
    expect(parseRetryAfter('5')).toBe(5)
    for (const bad of [undefined, '', 'soon', '12x', '4294967296']) expect(parseRetryAfter(bad)).toBeUndefined()
  })
})
