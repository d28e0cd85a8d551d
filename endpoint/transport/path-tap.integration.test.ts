import { beforeAll, expect, test } from 'vitest'
import { looksLikeTls, TlsConnectionReader } from '../../protocol/tls/connection-reader.ts'
import { parseKeyLog } from '../../protocol/tls/key-log.ts'
import type { PathTap, PathWire } from '../../protocol/wire.ts'
import { type Authority, type IssuedCertificate, makeAuthority } from '../certificates.ts'
import type { StreamConnection } from './stream-connection.ts'
import { ok, options, TestLayer } from './test-support.ts'
import type { TlsClientOptions, TlsServerOptions } from './tls.ts'

let authority: Authority
let own: IssuedCertificate

beforeAll(async () => {
  authority = await makeAuthority()
  own = await authority.issue({ names: ['127.0.0.1'] })
})

class Path implements PathTap {
  readonly wires: PathWire[] = []
  readonly keys: string[] = []

  path(event: PathWire): void {
    this.wires.push({ ...event, bytes: Uint8Array.from(event.bytes) })
  }

  tlsKey(line: string): void {
    this.keys.push(line)
  }

  get bytes(): string {
    return Buffer.concat(this.wires.map(({ bytes }) => bytes)).toString('latin1')
  }

  /** What was said, by the keys; `dir` of the one who connected. */
  opened(client: 'in' | 'out'): string {
    const secrets = parseKeyLog(this.keys.join('\n'))
    const reader = new TlsConnectionReader((random) => secrets.get(random))
    return Buffer.concat(this.wires.flatMap(({ dir, bytes }) => reader.push(dir === client ? 'client' : 'server', bytes))).toString()
  }
}

const server = (more: Partial<TlsServerOptions>) =>
  TestLayer.open({ listen: [{ transport: 'tls', host: '127.0.0.1', port: 0, tls: { cert: own.certPem, key: own.keyPem, ...more } }] })
const client = (more: TlsClientOptions) => TestLayer.open({ listen: [], tlsClient: { ca: [authority.certPem], ...more } })
const custom = 'X-Private: nobody reads this on the way'
const message = () => {
  const request = options('SIP/2.0/TLS 127.0.0.1;rport')
  const [name, value] = custom.split(': ') as [string, string]
  request.headers.set(name, value)
  return request
}

test.each(['client', 'server'] as const)('the path of a %s holds no word of what is said, and its keys open it', async (where) => {
  const path = new Path()
  await using b = await server(where === 'server' ? { pathTap: path } : {})
  await using a = await client(where === 'client' ? { pathTap: path } : {})
  const used = await a.layer.send(message(), b.at('tls'))
  const { message: received, connection } = await b.request()
  await b.layer.sendResponse(ok(received), connection)
  expect((await a.response()).connection).toBe(used)

  const tapped = where === 'client' ? used : connection
  expect(connection.remote).toEqual(used.local)
  expect(tapped.tls).toMatchObject({ version: 'TLSv1.3' })
  expect(path.wires.every(({ local, remote }) => local.port === tapped.local.port && remote.port === tapped.remote.port)).toBe(true)
  expect(looksLikeTls(path.wires[0]!.bytes)).toBe(true)
  expect(path.bytes).not.toContain('SIP/2.0')
  const said = path.opened(where === 'client' ? 'out' : 'in')
  expect(said).toContain('OPTIONS sip:')
  expect(said).toContain(custom)
  expect(said).toContain('SIP/2.0 200')
})

test('a tapped connection ends with its other end, whichever that is', async () => {
  const path = new Path()
  await using b = await server({ pathTap: path })
  for (const closer of ['client', 'server'] as const) {
    await using a = await client({ pathTap: path })
    await a.layer.send(message(), b.at('tls'))
    const { connection } = await b.request()
    if (closer === 'client') await a.layer.close()
    else (connection as StreamConnection).close()
    const closed = closer === 'client' ? await b.closed.take() : await a.closed.take()
    expect(closed.connection.open).toBe(false)
  }
})

test('what is no TLS ends quietly under a tap too', async () => {
  await using b = await server({ pathTap: new Path() })
  await using plain = await TestLayer.open({ listen: [] })
  await plain.layer.send(options('SIP/2.0/TCP 127.0.0.1;rport'), { transport: 'tcp', remote: b.at('tls').remote })
  expect((await plain.closed.take()).connection.open).toBe(false)
  await using a = await client({})
  await a.layer.send(message(), b.at('tls'))
  await b.request()
})
