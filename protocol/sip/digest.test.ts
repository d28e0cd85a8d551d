import { describe, expect, test } from 'vitest'
import { answerChallenge, DigestVerifier, formatChallenge, parseAuthorization, parseChallenge } from './digest.ts'
import { type DigestInput, digestResponse } from './digest-values.ts'
import { NonceIssuer, NonceLedger } from './nonce.ts'

describe('the RFCs’ examples', () => {
  const mufasa = { username: 'Mufasa', method: 'GET', uri: '/dir/index.html', nc: '00000001', qop: 'auth' } as const
  const lion = {
    ...mufasa,
    realm: 'http-auth@example.org',
    password: 'Circle of Life',
    nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
    cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
  } as const
  const rows: [string, DigestInput, string][] = [
    [
      'RFC 2617 section 3.5',
      {
        ...mufasa,
        algorithm: 'MD5',
        realm: 'testrealm@host.com',
        password: 'Circle Of Life',
        nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c093',
        cnonce: '0a4f113b',
      },
      '6629fae49393a05397450978507c4ef1',
    ],
    ['RFC 7616 section 3.9.1, MD5', { ...lion, algorithm: 'MD5' }, '8ca523f5e9506fed4657c9700eebdbec'],
    [
      'RFC 7616 section 3.9.1, SHA-256',
      { ...lion, algorithm: 'SHA-256' },
      '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1',
    ],
    [
      // The RFC printed the value of a draft of SHA-512/256; erratum 4897 has the right one.
      'RFC 7616 section 3.9.2, SHA-512-256, as erratum 4897 corrects it',
      {
        algorithm: 'SHA-512-256',
        username: 'Jäsøn Doe',
        realm: 'api@example.org',
        password: 'Secret, or not?',
        method: 'GET',
        uri: '/doe.json',
        nonce: '5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK',
        nc: '00000001',
        cnonce: 'NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v',
        qop: 'auth',
      },
      '3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5',
    ],
  ]
  for (const [what, input, response] of rows) test(what, () => expect(digestResponse(input)).toBe(response))
})

describe('challenges', () => {
  test('are read with odd spacing and case', () => {
    expect(parseChallenge('digest  REALM="a, b" ,nonce="n",QOP="auth, auth-int" , Algorithm=sha-256,stale=TRUE,opaque=""')).toEqual({
      realm: 'a, b',
      nonce: 'n',
      qop: ['auth', 'auth-int'],
      algorithm: 'sha-256',
      stale: true,
      opaque: '',
    })
  })

  test('survive a round trip', () => {
    const challenge = { realm: 'a \\"b\\"', nonce: 'n', qop: ['auth'], algorithm: 'MD5', stale: false, opaque: 'o' }
    expect(parseChallenge(formatChallenge(challenge))).toEqual(challenge)
  })

  test('take values whose quotes were left out', () => {
    expect(parseChallenge('Digest realm=edge.example.com, nonce=a/b+c==, qop=auth')).toEqual({
      realm: 'edge.example.com',
      nonce: 'a/b+c==',
      qop: ['auth'],
    })
  })

  const bad = ['', 'Digest', 'Digest ', 'Basic realm="a"', 'DigestX realm="a", nonce="b"', 'Digest realm="a"', 'Digest realm="a, nonce="b"']
  for (const value of [
    ...bad,
    'Digest realm="a", realm="b", nonce="c"',
    'Digest realm="a" nonce="b"',
    'Digest realm=, nonce="b"',
    `Digest realm="${'a'.repeat(9000)}", nonce="b"`,
  ]) {
    test(`refused: ${value.slice(0, 60)}`, () => expect(parseChallenge(value)).toBeUndefined())
  }
})

describe('answering', () => {
  const ask = { method: 'REGISTER', uri: 'sip:example.com', username: 'bob', password: 'zanzibar', nonceCount: 1, cnonce: 'c' }
  const md5 = 'Digest realm="r", nonce="n", algorithm=MD5, qop="auth"'
  const sha = 'Digest realm="r", nonce="n", algorithm=SHA-256, qop="auth"'

  test('takes the topmost challenge it can (RFC 8760 section 2.4)', () => {
    const chosen = (challenges: string[]) => answerChallenge({ ...ask, challenges })?.challenge.algorithm
    expect(chosen([sha, md5])).toBe('SHA-256')
    expect(chosen([md5, sha])).toBe('MD5')
    expect(chosen(['Basic realm="r"', 'Digest realm="r", nonce="n", algorithm=SHA3', 'Digest realm="r", nonce="n", qop="new"', md5])).toBe(
      'MD5',
    )
    expect(chosen(['Basic realm="r"'])).toBeUndefined()
    expect(chosen([])).toBeUndefined()
  })

  test('repeats opaque and algorithm, counts in hexadecimal', () => {
    const answer = answerChallenge({ ...ask, nonceCount: 26, challenges: ['Digest realm="r", nonce="n", opaque="o", qop="auth"'] })
    expect(parseAuthorization(answer!.value)).toMatchObject({ opaque: 'o', nc: '0000001a', qop: 'auth', cnonce: 'c' })
    expect(answer!.value).not.toContain('algorithm')
    expect(answer!.value).toContain('qop=auth, nc=0000001a')
  })

  test('without qop: the RFC 2069 form', () => {
    const answer = answerChallenge({ ...ask, challenges: ['Digest realm="r", nonce="n"'] })
    const credentials = parseAuthorization(answer!.value)
    expect(credentials).not.toHaveProperty('nc')
    expect(credentials?.response).toBe(
      digestResponse({
        algorithm: 'MD5',
        username: 'bob',
        realm: 'r',
        password: 'zanzibar',
        method: 'REGISTER',
        uri: 'sip:example.com',
        nonce: 'n',
      }),
    )
  })

  test('auth-int where nothing else is offered, and the session form', () => {
    const body = Buffer.from('v=0')
    const answer = answerChallenge({ ...ask, body, challenges: ['Digest realm="r", nonce="n", qop="auth-int", algorithm=MD5-sess'] })
    expect(parseAuthorization(answer!.value)).toMatchObject({ qop: 'auth-int', algorithm: 'MD5-sess' })
    const other = answerChallenge({
      ...ask,
      body: Buffer.from('v=1'),
      challenges: ['Digest realm="r", nonce="n", qop="auth-int", algorithm=MD5-sess'],
    })
    expect(other!.value).not.toBe(answer!.value)
  })
})

describe('verifying', () => {
  const uri = 'sip:+15551234567@edge.example.com'
  const lifetime = 60_000
  const start = 1_700_000_000_000
  const passwordOf = (username: string) => ({ bob: 'zanzibar', 'o"brien\\': 'quoted' })[username]

  function verifier(options: Partial<ConstructorParameters<typeof DigestVerifier>[0]> = {}) {
    return new DigestVerifier({
      realm: 'edge',
      secret: Buffer.alloc(32, 7),
      nonceLifetimeMs: lifetime,
      algorithms: ['SHA-512-256', 'SHA-256', 'MD5'],
      ...options,
    })
  }

  function answer(challenges: string[], over: Partial<Parameters<typeof answerChallenge>[0]> = {}) {
    return answerChallenge({
      challenges,
      method: 'INVITE',
      uri,
      username: 'bob',
      password: 'zanzibar',
      nonceCount: 1,
      cnonce: 'c',
      ...over,
    })!.value
  }

  const verify = (server: DigestVerifier, value: string, nowMs = start, over = {}) =>
    server.verify({ value, method: 'INVITE', uri, passwordOf, nowMs, ...over })

  test('each algorithm', () => {
    for (const algorithm of ['MD5', 'SHA-256', 'SHA-512-256'] as const) {
      const server = verifier({ algorithms: [algorithm] })
      expect(verify(server, answer(server.challenge(start)))).toEqual({ ok: true, username: 'bob', uriDiffers: false })
    }
    const server = verifier()
    expect(server.challenge(start).map((value) => parseChallenge(value)?.algorithm)).toEqual(['SHA-512-256', 'SHA-256', 'MD5'])
  })

  test('a name with quotes in it', () => {
    const server = verifier()
    expect(verify(server, answer(server.challenge(start), { username: 'o"brien\\', password: 'quoted' }))).toEqual({
      ok: true,
      username: 'o"brien\\',
      uriDiffers: false,
    })
  })

  test('what is wrong is told apart', () => {
    const server = verifier({ algorithms: ['SHA-256'] })
    const good = answer(server.challenge(start))
    const why = (value: string, over = {}) => {
      const verdict = verify(server, value, start, over)
      return verdict.ok ? 'ok' : verdict.why
    }
    expect(why(answer(server.challenge(start), { password: 'wrong' }))).toBe('wrong')
    expect(why(answer(server.challenge(start), { username: 'eve' }))).toBe('unknown-user')
    expect(why('Basic Ym9iOnphbnppYmFy')).toBe('malformed')
    expect(why(good.replace('qop=auth', 'qop=auth-int'))).toBe('malformed')
    expect(why(good.replace('nc=00000001', 'nc=1'))).toBe('malformed')
    expect(why(good.replace('realm="edge"', 'realm="other"'))).toBe('wrong-realm')
    expect(why(good.replace('SHA-256', 'MD5'))).toBe('wrong-algorithm')
    expect(why(good.replace('SHA-256', 'SHA-256-sess'))).toBe('wrong-algorithm')
    expect(why(good, { method: 'BYE' })).toBe('wrong')
    expect(why(good.replace(/response="./, 'response="'))).toBe('wrong')
    expect(why(good)).toBe('ok')
  })

  test('a Request-URI that was rewritten on the way is no failure, and is told', () => {
    const server = verifier()
    const value = answer(server.challenge(start), { uri: `${uri}:5060;transport=tcp` })
    expect(verify(server, value)).toEqual({ ok: true, username: 'bob', uriDiffers: true })
  })

  test('a nonce grows old: stale, but only for who knows the password', () => {
    const server = verifier()
    const challenges = server.challenge(start)
    expect(verify(server, answer(challenges), start + lifetime + 1)).toEqual({ ok: false, why: 'stale' })
    expect(verify(server, answer(challenges, { password: 'wrong' }), start + lifetime + 1)).toEqual({ ok: false, why: 'wrong' })
    expect(parseChallenge(server.challenge(start, { stale: true })[0]!)).toMatchObject({ stale: true })
  })

  test('a nonce of another server, of another realm, or forged is stale', () => {
    const server = verifier()
    const foreign = [
      verifier({ secret: Buffer.alloc(32, 8) }).challenge(start),
      ['Digest realm="edge", nonce="AAAA", qop="auth", algorithm=MD5'],
      ['Digest realm="edge", nonce="", qop="auth", algorithm=MD5'],
    ]
    for (const challenges of foreign) expect(verify(server, answer(challenges))).toEqual({ ok: false, why: 'stale' })
  })

  test('a nonce survives a restart with the same secret', () => {
    expect(verify(verifier(), answer(verifier().challenge(start)))).toMatchObject({ ok: true })
  })

  test('a count is good once; counts may overtake each other a little', () => {
    const server = verifier()
    const challenges = server.challenge(start)
    const use = (nonceCount: number) => {
      const verdict = verify(server, answer(challenges, { nonceCount }))
      return verdict.ok ? 'ok' : verdict.why
    }
    expect([use(1), use(1)]).toEqual(['ok', 'replayed'])
    expect([use(5), use(3), use(3), use(5), use(6)]).toEqual(['ok', 'ok', 'replayed', 'replayed', 'ok'])
    expect([use(100), use(6), use(68), use(69), use(99)]).toEqual(['ok', 'replayed', 'replayed', 'ok', 'ok'])
    expect([use(0xffffffff), use(101)]).toEqual(['ok', 'replayed'])
  })

  test('without qop a nonce is good once, then stale', () => {
    const server = verifier({ algorithms: ['MD5'] })
    const [challenge] = server.challenge(start)
    const old = challenge!.replace(', qop="auth"', '')
    expect(verify(server, answer([old]))).toMatchObject({ ok: true })
    expect(verify(server, answer([old]))).toEqual({ ok: false, why: 'stale' })
  })

  test('memory is bounded: what was forgotten cannot be replayed', () => {
    const server = verifier({ maxNonces: 3 })
    const rounds = Array.from({ length: 5 }, (_, n) => answer(server.challenge(start + n)))
    for (const [n, value] of rounds.entries()) expect(verify(server, value, start + n)).toMatchObject({ ok: true })
    expect(verify(server, rounds[0]!, start + 5)).toEqual({ ok: false, why: 'stale' })
    expect(verify(server, rounds[4]!, start + 5)).toEqual({ ok: false, why: 'replayed' })
  })
})

test('nonces are never the same twice', () => {
  const issuer = new NonceIssuer(Buffer.alloc(32), 'r')
  const nonces = Array.from({ length: 100 }, () => issuer.issue(1000))
  expect(new Set(nonces).size).toBe(100)
  expect(issuer.issuedAt(nonces[0]!)).toBe(1000)
  // The same bytes in another spelling would be counted apart.
  expect(issuer.issuedAt(`${nonces[0]}=`)).toBeUndefined()
})

test('expired uses leave the ledger', () => {
  const ledger = new NonceLedger(100)
  for (let at = 0; at < 10; at += 1) ledger.use(`n${at}`, at, 1)
  ledger.expire(7)
  expect(ledger.size).toBe(3)
})
