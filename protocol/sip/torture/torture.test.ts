import { describe, expect, test } from 'vitest'
import { parseCSeq, parseNameAddr, parseRetryAfter, parseVia, tagOf, topVia } from '../headers.ts'
import type { SipMessage, SipRequest, SipResponse } from '../message.ts'
import { parseMessage } from '../parser.ts'
import { serialize } from '../serializer.ts'
import { parseUri } from '../uri.ts'
import { invalidMessages } from './invalid.ts'
import { layerMessages } from './layers.ts'
import { validMessages } from './valid.ts'

const all = [...validMessages, ...invalidMessages, ...layerMessages]

test('every message of RFC 4475 is here', () => {
  const sections = [
    ...Array.from({ length: 13 }, (_, n) => `3.1.1.${n + 1}`),
    ...Array.from({ length: 19 }, (_, n) => `3.1.2.${n + 1}`),
    '3.2.1',
    ...Array.from({ length: 15 }, (_, n) => `3.3.${n + 1}`),
    '3.4.1',
  ]
  expect(all.map(({ section }) => section)).toEqual(sections)
})

describe('RFC 4475', () => {
  for (const { section, name, title, bytes, verdict } of all) {
    if (typeof verdict === 'string') {
      test(`${section} ${name}: ${title}: parses`, () => {
        const parsed = parseMessage(bytes)
        expect(parsed).toMatchObject({ ok: true })
        if (!parsed.ok) return
        const again = parseMessage(serialize(parsed.message))
        expect(again).toMatchObject({ ok: true })
        if (again.ok) expect(withoutLength(again.message)).toEqual(withoutLength(parsed.message))
      })
    } else {
      test(`${section} ${name}: ${title}: is reported as ${verdict.rule}`, () => {
        const parsed = parseMessage(bytes)
        expect(parsed.ok).toBe(false)
        if (parsed.ok) return
        expect(parsed.error).toMatchObject({ rule: verdict.rule })
        expect(parsed.error.status).toBe(verdict.status)
        // What is to be answered must carry what an answer is made of.
        if (verdict.status !== undefined) expect(parsed.error.message?.headers.has('Via')).toBe(true)
      })
    }
  }
})

function withoutLength(message: SipMessage) {
  const headers = [...message.headers.entries()].filter(([name]) => name !== 'Content-Length')
  return { ...message, headers, body: Buffer.from(message.body).toString('latin1') }
}

function message(name: string): SipMessage {
  const fixture = all.find((candidate) => candidate.name === name)
  if (fixture === undefined) throw new Error(`no torture message ${name}`)
  const parsed = parseMessage(fixture.bytes)
  if (!parsed.ok) throw new Error(`${name}: ${parsed.error.detail}`)
  return parsed.message
}

const request = (name: string) => message(name) as SipRequest
const response = (name: string) => message(name) as SipResponse

describe('the values RFC 4475 states', () => {
  test('wsinv', () => {
    const { method, uri, headers, body } = request('wsinv')
    expect(method).toBe('INVITE')
    expect(parseUri(uri)).toMatchObject({ user: 'vivekg', host: 'chair-dnrc.example.com', params: new Map([['unknownparam', undefined]]) })
    expect(parseNameAddr(headers.get('To')!)).toEqual({
      uri: 'sip:vivekg@chair-dnrc.example.com',
      params: new Map([['tag', '1918181833n']]),
    })
    expect(parseNameAddr(headers.get('From')!)).toEqual({
      displayName: 'J Rosenberg \\"',
      uri: 'sip:jdrosen@example.com',
      params: new Map([['tag', '98asjd8']]),
    })
    expect(Number(headers.get('Max-Forwards'))).toBe(68)
    expect(parseCSeq(headers.get('CSeq'))).toEqual({ number: 9, method: 'INVITE' })
    expect(headers.list('Via').map(parseVia)).toEqual([
      { transport: 'UDP', host: '192.0.2.2', params: new Map([['branch', '390skdjuw']]) },
      { transport: 'TCP', host: 'spindle.example.com', params: new Map([['branch', 'z9hG4bK9ikj8']]) },
      { transport: 'UDP', host: '192.168.255.111', params: new Map([['branch', 'z9hG4bK30239']]) },
    ])
    expect(headers.get('Subject')).toBe('')
    expect(headers.get('NewFangledHeader')).toBe('newfangled value continued newfangled value')
    expect(headers.get('UnknownHeaderWithUnusualValue')).toBe(';;,,;;,;')
    expect(headers.list('Route')).toEqual(['<sip:services.example.com;lr;unknownwith=value;unknown-no-value>'])
    expect(headers.list('Contact').map(parseNameAddr)).toEqual([
      {
        displayName: 'Quoted string ""',
        uri: 'sip:jdrosen@example.com',
        params: new Map([
          ['newparam', 'newvalue'],
          ['secondparam', undefined],
          ['q', '0.33'],
        ]),
      },
    ])
    expect(body.length).toBe(150)
  })

  test('intmeth', () => {
    const { method, uri, headers } = request('intmeth')
    expect(method).toBe("!interesting-Method0123456789_*+`.%indeed'~")
    expect(parseUri(uri)).toMatchObject({
      user: "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*",
      password: "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)",
      host: 'example.com',
    })
    expect(topVia(request('intmeth'))?.params.get('branch')).toBe("z9hG4bK-.!%66*_+`'~")
    expect(parseNameAddr(headers.get('To')!)?.displayName).toBe('BEL:\u0007 NUL:\u0000 DEL:\u007f')
    const from = parseNameAddr(headers.get('From')!)
    expect(from?.displayName).toBe("token1~` token2'+_ token3*%!.-")
    expect(from?.params.get("fromparam''~+*_!.-%")).toBe('"работающий"')
    expect(from?.params.get('tag')).toBe("_token~1'+`*%!-.")
    expect(headers.get('Call-ID')).toBe('intmeth.word%ZK-!.*_+\'@word`~)(><:\\/"][?}{')
    expect(headers.get("extensionHeader-!.%*+_`'~")).toBe('\ufeff大停電')
  })

  test('esc01', () => {
    const { uri, headers } = request('esc01')
    expect(parseUri(uri)).toMatchObject({ user: 'sips:user@example.com', host: 'example.net' })
    expect(parseUri(parseNameAddr(headers.get('To')!)!.uri)).toMatchObject({ user: 'user' })
    expect(parseUri(parseNameAddr(headers.get('From')!)!.uri)).toMatchObject({ user: 'I have spaces' })
    const contact = parseUri(parseNameAddr(headers.get('Contact')!)!.uri)
    expect(contact).toMatchObject({ user: 'caller' })
    expect([...contact!.params]).toEqual([
      ['lr', undefined],
      ['name', 'value%41'],
    ])
  })

  test('escnull', () => {
    const { headers } = request('escnull')
    expect(parseUri(parseNameAddr(headers.get('To')!)!.uri)).toMatchObject({ user: 'null-\u0000-null' })
    const users = headers.list('Contact').map((value) => parseUri(parseNameAddr(value)!.uri))
    expect(users).toMatchObject([{ user: '\u0000' }, { user: '\u0000\u0000' }])
  })

  test('esc02', () => {
    const { method, headers } = request('esc02')
    expect(method).toBe('RE%47IST%45R')
    expect(parseNameAddr(headers.get('To')!)?.displayName).toBe('%Z%45')
    expect(headers.list('Contact')).toHaveLength(2)
    expect(headers.get('C%6Fntact')).toBe('<sip:alias2@host2.example.com>')
  })

  test('lwsdisp', () => {
    expect(parseNameAddr(request('lwsdisp').headers.get('From')!)?.displayName).toBe('caller')
  })

  test('longreq', () => {
    const { headers, body } = request('longreq')
    expect(headers.list('Via')).toHaveLength(34)
    expect(topVia({ headers })?.host).toBe('sip33.example.com')
    expect(parseUri(parseNameAddr(headers.get('To')!)!.uri)).toMatchObject({ user: 'user', port: 6000 })
    expect(tagOf(headers.get('From'))).toBe(`12${'982'.repeat(50)}424`)
    expect(body.length).toBe(150)
  })

  test('dblreq: what follows the body in a datagram is ignored', () => {
    const { method, body } = request('dblreq')
    expect([method, body.length]).toEqual(['REGISTER', 0])
  })

  test('semiuri', () => {
    const { uri, headers } = request('semiuri')
    expect(parseUri(uri)).toMatchObject({ user: 'user;par=u@example.net', host: 'example.com', params: new Map() })
    expect(headers.list('Accept')).toEqual([
      'application/sdp',
      'application/pkcs7-mime',
      'multipart/mixed',
      'multipart/signed',
      'message/sip',
      'message/sipfrag',
    ])
  })

  test('transports', () => {
    const transports = request('transports')
      .headers.list('Via')
      .map((value) => parseVia(value)?.transport)
    expect(transports).toEqual(['UDP', 'SCTP', 'TLS', 'UNKNOWN', 'TCP'])
  })

  test('mpart01: a binary body comes through byte by byte', () => {
    const { body, headers } = request('mpart01')
    expect(body.length).toBe(553)
    expect(Buffer.from(body).subarray(-22).toString()).toBe('--7a9cbec02ceef655--\r\n')
    expect(headers.get('Date')).toBe('Sat, 15 Oct 2005 04:44:56 GMT')
  })

  test('unreason and noreason', () => {
    expect(response('unreason').reason).toBe('= 2**3 * 5**2 но сто девяносто девять - простое')
    expect(response('noreason')).toMatchObject({ status: 100, reason: '' })
  })

  test('what is tolerated is understood as it was meant', () => {
    expect(request('lwsstart').uri).toBe('sip:user@example.com')
    expect(request('trws').uri).toBe('sip:remote-target@example.com')
    expect(parseNameAddr(request('badaspec').headers.get('To')!)).toMatchObject({
      displayName: 'Watson, Thomas',
      uri: 'sip:t.watson@example.org',
    })
    expect(parseNameAddr(request('baddn').headers.get('From')!)).toMatchObject({
      displayName: 'Bell, Alexander',
      uri: 'sip:a.g.bell@example.com',
    })
  })

  test('overlarge scalars do not become other numbers', () => {
    expect(parseRetryAfter('949302838503028349304023988')).toBeUndefined()
    expect(parseCSeq('36893488147419103232 REGISTER')).toBeUndefined()
  })

  test('a URI parameter and a header parameter are told apart (cparam01, cparam02)', () => {
    const first = parseNameAddr(request('cparam01').headers.get('Contact')!)
    expect(first).toEqual({ uri: 'sip:+19725552222@gw1.example.net', params: new Map([['unknownparam', undefined]]) })
    const second = parseNameAddr(request('cparam02').headers.get('Contact')!)
    expect(second).toEqual({ uri: 'sip:+19725552222@gw1.example.net;unknownparam', params: new Map() })
  })

  test('regescrt: the header in the URI', () => {
    const contact = parseNameAddr(request('regescrt').headers.get('Contact')!)
    expect(parseUri(contact!.uri)).toMatchObject({ headers: new Map([['route', '<sip:sip.example.com>']]) })
  })

  test('inv2543: without Content-Length the body is the rest of the datagram', () => {
    const { headers, body } = request('inv2543')
    expect(topVia({ headers })?.params.get('branch')).toBeUndefined()
    expect(tagOf(headers.get('From'))).toBeUndefined()
    expect(Buffer.from(body).toString()).toContain('m=audio 49217 RTP/AVP 0\r\n')
  })
})
