import { describe, expect, test } from 'vitest'
import { noFaults, parseFaults } from '../endpoint/faults.ts'
import { makeRequest, type SipRequest } from '../protocol/sip/message.ts'
import type { Trunk } from './api/schemas.ts'
import { Authorizer, type Verdict } from './authorizer.ts'
import { aclTrunk, authorized, digestTrunk, emptyDirectory } from './test-support.ts'

const anywhere = { address: '198.51.100.7', port: 5060 }
const invite = makeRequest('INVITE', 'sip:+12065550100@edge.example.com', [['Call-ID', 'a']])

function setUp(faults: string[] = [], wanted = digestTrunk) {
  const directory = emptyDirectory()
  const trunk = directory.importTrunk(wanted)
  let nowMs = 1_000_000
  const authorizer = new Authorizer({
    directory,
    realm: 'edge',
    faults: faults.length > 0 ? parseFaults(faults) : noFaults,
    now: () => nowMs,
  })
  const judge = (request: SipRequest, from = anywhere, which: Trunk = trunk): Verdict => authorizer.invite(request, from, which)
  return { authorizer, trunk, judge, advance: (ms: number) => (nowMs += ms) }
}

function challengesOf(verdict: Verdict): readonly string[] {
  if (verdict.kind !== 'challenge') throw new Error(`not challenged but ${verdict.kind}`)
  return verdict.values
}

describe('by address', () => {
  test.each([
    ['192.0.2.77', 'allowed'],
    ['192.0.3.1', 'forbidden'],
    ['2001:db8::5', 'allowed'],
    ['2001:db9::5', 'forbidden'],
    ['::ffff:192.0.2.77', 'allowed'],
  ])('%s is %s', (address, kind) => {
    const { judge } = setUp([], aclTrunk)
    expect(judge(invite, { address, port: 5060 }).kind).toBe(kind)
  })

  test('a planted fault of digest opens no list', () => {
    const { judge } = setUp(['skip-digest', 'accept-wrong-password'], aclTrunk)
    expect(judge(invite).kind).toBe('forbidden')
  })
})

describe('by certificate', () => {
  const facts = (peerNames: string[], authorized = true) => ({ version: 'TLSv1.3', cipher: 'any', authorized, peerNames })
  const listed = { address: '192.0.2.77', port: 5060 }
  const rows: [what: string, tls: ReturnType<typeof facts> | undefined, kind: string][] = [
    ['none, not even TLS', undefined, 'forbidden'],
    ['one for the domain', facts(['pbx.example.com']), 'allowed'],
    ['one for the domain as a SIP URI', facts(['sip:pbx.example.com', 'other.example.com']), 'allowed'],
    ['one for another domain', facts(['other.example.com']), 'forbidden'],
    ['a wildcard', facts(['*.example.com']), 'forbidden'],
    ['one nobody we trust has signed', facts(['pbx.example.com'], false), 'forbidden'],
  ]
  test.each(rows)('%s', (_, tls, kind) => {
    const { authorizer, trunk } = setUp([], { ...aclTrunk, sip_domain: 'pbx.example.com', client_certificate: 'required' })
    expect(authorizer.invite(invite, listed, trunk, tls).kind).toBe(kind)
  })

  test('it replaces neither address nor password, and a REGISTER needs it too', () => {
    const { authorizer, trunk } = setUp([], { ...digestTrunk, sip_domain: 'pbx.example.com', client_certificate: 'required' })
    const register = makeRequest('REGISTER', 'sip:edge', [])
    expect(authorizer.register(register, trunk).kind).toBe('forbidden')
    expect(authorizer.register(register, trunk, facts(['pbx.example.com'])).kind).toBe('challenge')
    expect(authorizer.invite(invite, listed, trunk, facts(['pbx.example.com'])).kind).toBe('challenge')
  })

  test('the planted fault looks at none', () => {
    const { authorizer, trunk } = setUp(['skip-certificate-verification'], { ...aclTrunk, client_certificate: 'required' })
    expect(authorizer.invite(invite, listed, trunk).kind).toBe('allowed')
  })
})

describe('by digest', () => {
  test('a first INVITE is challenged with every algorithm, the best first', () => {
    const { judge } = setUp()
    const values = challengesOf(judge(invite))
    expect(values.map((value) => /algorithm=([\w-]+)/.exec(value)?.[1])).toEqual(['SHA-256', 'MD5'])
    for (const value of values) expect(value).toContain('realm="edge"')
  })

  test('the right password opens, with either algorithm', () => {
    const { judge } = setUp()
    for (const at of [0, 1]) {
      const value = challengesOf(judge(invite))[at]!
      expect(judge(authorized(invite, [value], 'pbx1', 'correct horse'))).toEqual({ kind: 'allowed' })
    }
  })

  test('a wrong password, a wrong name and the name of nobody are refused alike', () => {
    const { judge } = setUp()
    const values = challengesOf(judge(invite))
    const verdicts = [
      ['pbx1', 'wrong horse'],
      ['pbx2', 'correct horse'],
    ].map(([username = '', password = '']) => judge(authorized(invite, values, username, password)))
    expect(verdicts[0]).toEqual({ kind: 'forbidden', why: 'wrong username or password' })
    expect(verdicts[1]).toEqual(verdicts[0])
  })

  test('an old nonce is told to be stale, to who knows the password', () => {
    const { judge, advance } = setUp()
    const values = challengesOf(judge(invite))
    advance(120_000)
    expect(challengesOf(judge(authorized(invite, values, 'pbx1', 'correct horse')))[0]).toContain('stale=true')
    expect(judge(authorized(invite, values, 'pbx1', 'wrong horse')).kind).toBe('forbidden')
  })

  test('credentials that were used before do not open again', () => {
    const { judge } = setUp()
    const request = authorized(invite, challengesOf(judge(invite)), 'pbx1', 'correct horse')
    expect(judge(request).kind).toBe('allowed')
    expect(challengesOf(judge(request))[0]).toContain('stale=true')
  })

  test('credentials for another realm are as good as none, and do not hide ours', () => {
    const { judge } = setUp()
    const foreign = authorized(invite, ['Digest realm="other", nonce="x", algorithm=MD5, qop="auth"'], 'pbx1', 'correct horse')
    const verdict = judge(foreign)
    const both = authorized(invite, challengesOf(verdict), 'pbx1', 'correct horse')
    both.headers.append('Authorization', foreign.headers.get('Authorization') ?? '')
    expect(judge(both).kind).toBe('allowed')
  })

  test('junk in Authorization is challenged', () => {
    const { judge } = setUp()
    const junk = makeRequest('INVITE', invite.uri, [['Authorization', 'Digest ,,,=']])
    expect(judge(junk).kind).toBe('challenge')
  })
})

describe('planted faults', () => {
  test('skip-digest lets an INVITE in, but challenges a REGISTER', () => {
    const { judge, authorizer, trunk } = setUp(['skip-digest'])
    expect(judge(invite).kind).toBe('allowed')
    expect(authorizer.register(makeRequest('REGISTER', 'sip:edge', []), trunk).kind).toBe('challenge')
  })

  test('accept-wrong-password still challenges first', () => {
    const { judge } = setUp(['accept-wrong-password'])
    expect(judge(authorized(invite, challengesOf(judge(invite)), 'pbx1', 'wrong horse')).kind).toBe('allowed')
  })

  test('register-unchallenged takes a REGISTER of a trunk there is, and challenges an INVITE', () => {
    const { judge, authorizer, trunk } = setUp(['register-unchallenged'])
    const register = makeRequest('REGISTER', 'sip:edge', [])
    expect(authorizer.register(register, trunk).kind).toBe('allowed')
    expect(authorizer.register(register, undefined).kind).toBe('challenge')
    expect(judge(invite).kind).toBe('challenge')
  })
})
