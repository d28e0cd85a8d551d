import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { beforeAll, describe, expect, test } from 'vitest'
import { serialize } from '../../protocol/sip/serializer.ts'
import { type Authority, type IssuedCertificate, makeAuthority, makeSelfSigned } from '../certificates.ts'
import { parseFaults } from '../faults.ts'
import { noIpv6, ok, options, TestLayer } from './test-support.ts'
import type { TlsClientOptions, TlsServerOptions } from './tls.ts'

let authority: Authority
let stranger: Authority
let edge: IssuedCertificate

beforeAll(async () => {
  authority = await makeAuthority()
  stranger = await makeAuthority({ name: 'somebody else' })
  edge = await authority.issue({ names: ['edge.example', '127.0.0.1', '::1'] })
})

function server(more: Partial<TlsServerOptions> = {}, certificate = edge, host = '127.0.0.1') {
  const tls = { cert: certificate.certPem, key: certificate.keyPem, ...more }
  return TestLayer.open({ listen: [{ transport: 'tls', host, port: 0, tls }], limits: { handshakeMs: 5_000 } })
}

function client(more: TlsClientOptions = {}, limits = {}) {
  return TestLayer.open({ listen: [], tlsClient: { ca: [authority.certPem], ...more }, limits })
}

const request = () => options('SIP/2.0/TLS 127.0.0.1;rport')

test.each([4, 6] as const)('IPv%i: TLS 1.3, both ways over one connection, with the facts for evidence', async (family) => {
  if (family === 6 && noIpv6) return console.warn(`skipped: ${noIpv6}`)
  const host = family === 6 ? '::1' : '127.0.0.1'
  await using b = await server({}, edge, host)
  await using a = await client()
  const used = await a.layer.send(request(), { ...b.at('tls', family), servername: 'edge.example' })
  expect(used.tls).toEqual({
    version: 'TLSv1.3',
    cipher: 'TLS_AES_256_GCM_SHA384',
    authorized: true,
    peerNames: ['edge.example', '127.0.0.1', '::1'],
    servername: 'edge.example',
  })
  const { message, connection } = await b.request()
  expect(connection.tls).toEqual({
    version: 'TLSv1.3',
    cipher: 'TLS_AES_256_GCM_SHA384',
    authorized: false,
    peerNames: [],
    servername: 'edge.example',
  })
  expect(connection.remote).toEqual(used.local)
  await b.layer.sendResponse(ok(message), connection)
  expect((await a.response()).connection).toBe(used)
})

describe('whom we trust', () => {
  test('a name, or without one the address, must be in the certificate', async () => {
    await using b = await server()
    await using a = await client()
    await a.layer.send(request(), b.at('tls'))
    await expect(a.layer.send(request(), { ...b.at('tls'), servername: 'other.example' })).rejects.toMatchObject({
      code: 'tls',
      message: expect.stringContaining('CERT_NAME_MISMATCH'),
    })
  })

  test.each([
    ['an authority we do not know', () => stranger.issue({ names: ['127.0.0.1'] }), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    [
      'expired',
      () => authority.issue({ names: ['127.0.0.1'], notBefore: new Date(Date.now() - 7_200_000), validHours: 1 }),
      'CERT_HAS_EXPIRED',
    ],
    ['not valid yet', () => authority.issue({ names: ['127.0.0.1'], notBefore: new Date(Date.now() + 7_200_000) }), 'CERT_NOT_YET_VALID'],
    ['nobody', () => makeSelfSigned({ names: ['127.0.0.1'] }), 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    [
      'an authority nobody told us of',
      async () => (await authority.intermediate('Below')).issue({ names: ['127.0.0.1'] }),
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    ],
    ['SHA-1', () => authority.issue({ names: ['127.0.0.1'], hash: 'SHA-1' }), 'UNSPECIFIED'],
  ])('%s', async (_what, issue, why) => {
    await using b = await server({}, await issue())
    await using a = await client()
    await expect(a.layer.send(request(), b.at('tls'))).rejects.toMatchObject({ code: 'tls', message: expect.stringContaining(why) })
    await using careless = await client({ verify: false })
    const { tls } = await careless.layer.send(request(), b.at('tls'))
    expect(tls).toMatchObject({ authorized: false, verifyError: why })
  })

  test('a chain leads to an authority we know', async () => {
    const below = await authority.intermediate('Below')
    const leaf = await below.issue({ names: ['127.0.0.1'], key: 'rsa2048' })
    await using b = await server({}, { ...leaf, certPem: leaf.certPem + below.certPem })
    await using a = await client()
    expect((await a.layer.send(request(), b.at('tls'))).tls).toMatchObject({ authorized: true })
  })

  test('who is on a list of revoked certificates is not trusted, who is not is', async () => {
    const gone = await authority.issue({ names: ['127.0.0.1'] })
    await using a = await client({ crl: [await authority.revoke([gone])] })
    await using bad = await server({}, gone)
    await expect(a.layer.send(request(), bad.at('tls'))).rejects.toMatchObject({
      code: 'tls',
      message: expect.stringContaining('CERT_REVOKED'),
    })
    await using good = await server()
    await a.layer.send(request(), good.at('tls'))
  })

  test('a key of 1024 bits of RSA is not even loaded', async () => {
    const weak = await authority.issue({ names: ['127.0.0.1'], key: 'rsa1024' })
    await expect(server({}, weak)).rejects.toThrow(/too small/)
  })

  test('the planted fault trusts anybody', async () => {
    await using b = await server({}, await makeSelfSigned({ names: ['other.example'] }))
    await using a = await TestLayer.open({
      listen: [],
      tlsClient: { ca: [authority.certPem] },
      faults: parseFaults(['skip-certificate-verification']),
    })
    expect((await a.layer.send(request(), b.at('tls'))).tls).toMatchObject({ authorized: false })
  })

  test('connections verified for different names are not mixed', async () => {
    await using b = await server({}, await authority.issue({ names: ['one.example', 'two.example'] }))
    await using a = await client()
    const one = await a.layer.send(request(), { ...b.at('tls'), servername: 'one.example' })
    const two = await a.layer.send(request(), { ...b.at('tls'), servername: 'two.example' })
    expect(one).not.toBe(two)
    expect(await a.layer.send(request(), { ...b.at('tls'), servername: 'one.example' })).toBe(one)
  })
})

describe('mutual TLS', () => {
  test('a peer with a certificate is named, and reached under its name over the connection it opened', async () => {
    const own = await authority.issue({ names: ['pbx.example'] })
    await using b = await server({ ca: [authority.certPem], clientCertificate: 'require' })
    await using a = await client({ cert: own.certPem, key: own.keyPem })
    const used = await a.layer.send(options('SIP/2.0/TLS 127.0.0.1:5061;alias'), b.at('tls'))
    const { connection } = await b.request()
    expect(connection.tls).toMatchObject({ authorized: true, peerNames: ['pbx.example'] })
    const alias = { transport: 'tls', remote: { address: '127.0.0.1', port: 5061 }, servername: 'pbx.example' } as const
    expect(await b.layer.send(request(), alias)).toBe(connection)
    expect((await a.request()).connection).toBe(used)
  })

  test('without one it is turned away where one is required, and noted where it is asked for', async () => {
    await using strict = await server({ ca: [authority.certPem], clientCertificate: 'require' })
    await using a = await client()
    // In TLS 1.3 the client is done before the server has looked: the refusal comes as a close.
    await a.layer.send(request(), strict.at('tls')).catch(() => {})
    await using lax = await server({ ca: [authority.certPem], clientCertificate: 'ask' })
    await a.layer.send(request(), lax.at('tls'))
    expect((await lax.request()).connection.tls).toMatchObject({ authorized: false, peerNames: [] })
  })
})

describe('versions', () => {
  test('TLS 1.2 is refused on both ends unless allowed', async () => {
    await using modern = await server()
    await using old = await server({ minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' })
    await using a = await client()
    await using a12 = await client({ minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' })
    await expect(a.layer.send(request(), old.at('tls'))).rejects.toMatchObject({ code: 'tls' })
    await expect(a12.layer.send(request(), modern.at('tls'))).rejects.toMatchObject({ code: 'tls' })
    expect((await a12.layer.send(request(), old.at('tls'))).tls?.version).toBe('TLSv1.2')
  })
})

describe('what is no TLS', () => {
  test('junk and plain SIP on the TLS port end quietly; the port still answers', async () => {
    await using b = await server()
    for (const bytes of ['OPTIONS sip:x SIP/2.0\r\n\r\n', Buffer.alloc(300, 0xff), '\r\n\r\n']) {
      const socket = connect(b.at('tls').remote.port, '127.0.0.1')
      socket.on('error', () => {})
      socket.end(bytes)
      socket.resume()
      await once(socket, 'close')
    }
    await using a = await client()
    await a.layer.send(request(), b.at('tls'))
    await b.request()
  })

  test('a server that does not answer the handshake: timeout; one that closes: tls', async () => {
    const silent = createServer((socket) => socket.on('error', () => {}))
    const rude = createServer((socket) => socket.destroy())
    await using a = await client({}, { handshakeMs: 50 })
    for (const [peer, code] of [
      [silent, 'timeout'],
      [rude, 'tls'],
    ] as const) {
      await once(peer.listen(0, '127.0.0.1'), 'listening')
      const remote = peer.address() as { address: string; port: number }
      await expect(a.layer.send(request(), { transport: 'tls', remote })).rejects.toMatchObject({ code })
      peer.close()
    }
  })

  test('a client that does not finish the handshake is let go', async () => {
    const tls = { cert: edge.certPem, key: edge.keyPem }
    await using b = await TestLayer.open({ listen: [{ transport: 'tls', host: '127.0.0.1', port: 0, tls }], limits: { handshakeMs: 50 } })
    const socket = connect(b.at('tls').remote.port, '127.0.0.1')
    socket.on('error', () => {})
    socket.resume()
    await once(socket, 'close')
  })

  test('a peer that resets after the handshake is only a closed connection', async () => {
    await using b = await server()
    const raw = connect(b.at('tls').remote.port, '127.0.0.1')
    const secured = connectTls({ socket: raw, rejectUnauthorized: false })
    secured.on('error', () => {})
    await once(secured, 'secureConnect')
    secured.write(serialize(request()))
    const { connection } = await b.request()
    raw.resetAndDestroy()
    const closed = await b.closed.take()
    expect(closed.connection).toBe(connection)
    expect(connection.open).toBe(false)
  })
})
