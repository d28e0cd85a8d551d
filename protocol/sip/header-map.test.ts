import { describe, expect, test } from 'vitest'
import { HeaderMap } from './header-map.ts'

const via = (host: string) => `SIP/2.0/UDP ${host}`

test('compact, long and oddly cased names are one header, written by its long name', () => {
  const headers = new HeaderMap([
    ['v', via('a')],
    ['VIA', via('b')],
    ['Via', via('c')],
  ])
  expect(headers.rows('V')).toEqual([via('a'), via('b'), via('c')])
  expect([...headers.entries()].map(([name]) => name)).toEqual(['Via', 'Via', 'Via'])
})

test('an unknown name keeps its spelling and compares without case', () => {
  const headers = new HeaderMap([['X-Trunk', '1']])
  expect(headers.get('x-trunk')).toBe('1')
  expect([...headers.entries()]).toEqual([['X-Trunk', '1']])
})

describe('list', () => {
  const rows: [string, string, string[]][] = [
    ['Allow', 'INVITE,ACK , BYE', ['INVITE', 'ACK', 'BYE']],
    ['Contact', '"a, b" <sip:x@y>, <sip:p,q@z>;q=1', ['"a, b" <sip:x@y>', '<sip:p,q@z>;q=1']],
    ['Contact', '"quote \\" , inside" <sip:x@y>,<sip:z>', ['"quote \\" , inside" <sip:x@y>', '<sip:z>']],
    ['Route', '<sip:a;lr>,<sip:b;lr>', ['<sip:a;lr>', '<sip:b;lr>']],
    ['Supported', '', []],
    ['Supported', ' , ,', []],
    ['Date', 'Sat, 13 Nov 2010 23:29:00 GMT', ['Sat, 13 Nov 2010 23:29:00 GMT']],
    ['Authorization', 'Digest username="a", realm="b"', ['Digest username="a", realm="b"']],
    ['Proxy-Authenticate', 'Digest realm="b", nonce="c"', ['Digest realm="b", nonce="c"']],
    ['Subject', 'one, two', ['one, two']],
  ]
  for (const [name, row, values] of rows) {
    test(`${name}: ${row}`, () => expect(new HeaderMap([[name, row]]).list(name)).toEqual(values))
  }

  test('goes over all rows in order', () => {
    const headers = new HeaderMap([
      ['Route', '<sip:a>, <sip:b>'],
      ['To', '<sip:t>'],
      ['Route', '<sip:c>'],
    ])
    expect(headers.list('route')).toEqual(['<sip:a>', '<sip:b>', '<sip:c>'])
  })
})

describe('changes', () => {
  const make = () =>
    new HeaderMap([
      ['Via', '1'],
      ['To', 't'],
      ['Via', '2'],
    ])

  test('set with one value replaces every row at the first one’s place', () => {
    const headers = make()
    headers.set('v', '3')
    expect([...headers.entries()]).toEqual([
      ['Via', '3'],
      ['To', 't'],
    ])
  })

  test('set with several, none, and where there was no row', () => {
    const headers = make()
    headers.set('Via', ['3', '4'])
    expect([...headers.entries()].map(([, value]) => value)).toEqual(['3', '4', 't'])
    headers.set('Via', [])
    expect(headers.has('Via')).toBe(false)
    headers.set('From', 'f')
    headers.set('Route', ['r1', 'r2'])
    expect([...headers.entries()].map(([, value]) => value)).toEqual(['t', 'f', 'r1', 'r2'])
  })

  test('prepend, append, delete, count', () => {
    const headers = make()
    headers.prepend('Via', '0')
    headers.append('Via', '9')
    expect(headers.rows('Via')).toEqual(['0', '1', '2', '9'])
    expect(headers.count('v')).toBe(4)
    headers.delete('VIA')
    expect([...headers.entries()]).toEqual([['To', 't']])
    expect(headers.size).toBe(1)
  })

  test('a clone is its own', () => {
    const headers = make()
    const copy = headers.clone()
    copy.set('To', 'changed')
    expect(headers.get('To')).toBe('t')
    expect(copy.get('To')).toBe('changed')
  })
})
