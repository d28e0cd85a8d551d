import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeAuthority } from '../endpoint/certificates.ts'
import { EdgeProcess, runEdge } from './edge-process.ts'
import { exitCodes } from './failure.ts'

let folder: string
const path = (name: string): string => join(folder, name)

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'edge-process-'))
  const authority = await makeAuthority()
  for (const name of ['edge', 'other']) {
    const { certPem, keyPem } = await authority.issue({ names: ['127.0.0.1'], validHours: 1 })
    writeFileSync(path(`${name}.crt`), certPem)
    writeFileSync(path(`${name}.key`), keyPem)
  }
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const token = ['--token', 'a-long-enough-token']
const free = ['--sip-port', '0', '--http-port', '0']
const number = { number: '+12065550100', sip_domain: 'pbx.example.com', credentials: { username: 'pbx1', password: 'kept-secret' } }

test('the edge says when it is ready, works, drains on SIGTERM and exits with 0', async () => {
  await using edge = await EdgeProcess.start()
  expect(edge.ready.sip.map((listener) => listener.transport)).toEqual(['udp', 'tcp'])
  expect(await edge.try('GET', '/health')).toEqual({ status: 200, body: { status: 'ok' } })
  expect(await edge.ask('GET', '/v1/info')).toMatchObject({ version: '0.1.0', sip: edge.ready.sip, faults: [], draining: false })
  expect(String((await edge.try('GET', '/metrics')).body)).toContain('process_cpu_seconds_total')
  edge.signal('SIGTERM')
  const { code, stderr } = await edge.finished
  expect(code).toBe(0)
  for (const line of stderr.trim().split('\n')) expect(JSON.parse(line)).toMatchObject({ level: 'info' })
})

test('with a certificate it listens on TLS too', async () => {
  await using edge = await EdgeProcess.start('--tls-port', '0', '--tls-cert', path('edge.crt'), '--tls-key', path('edge.key'))
  expect(edge.ready.sip.map((listener) => listener.transport)).toEqual(['udp', 'tcp', 'tls'])
})

test('on two addresses it listens on both', async () => {
  await using edge = await EdgeProcess.start('--host', '127.0.0.1', '--host', '127.0.0.2')
  expect(edge.ready.sip.map((listener) => `${listener.transport} ${listener.address}`)).toEqual([
    'udp 127.0.0.1',
    'udp 127.0.0.2',
    'tcp 127.0.0.1',
    'tcp 127.0.0.2',
  ])
})

test('it ends with its parent', async () => {
  await using edge = await EdgeProcess.start()
  edge.child.stdin.end()
  expect((await edge.finished).code).toBe(0)
})

test('--help tells the options and opens nothing', async () => {
  const { code, stdout } = await runEdge(['--help'])
  expect(code).toBe(0)
  expect(stdout).toContain('--sip-port PORT')
})

describe('the store', () => {
  test('outlives the process, a killed one too', async () => {
    const store = path('kept.db')
    {
      await using edge = await EdgeProcess.start('--store', store)
      await edge.ask('POST', '/v1/numbers', number)
      edge.signal('SIGKILL')
      await edge.finished
    }
    await using edge = await EdgeProcess.start('--store', store)
    expect(await edge.ask('GET', '/v1/numbers')).toMatchObject({ numbers: [{ number: '+12065550100', credentials: { username: 'pbx1' } }] })
    edge.signal('SIGTERM')
    await edge.finished
    expect(readFileSync(store).toString('latin1')).not.toContain('kept-secret')
  })

  test('is not for two', async () => {
    const store = path('one.db')
    await using _edge = await EdgeProcess.start('--store', store)
    expect(await runEdge([...token, ...free, '--store', store])).toMatchObject({
      code: exitCodes['store-unusable'],
      stderr: expect.stringContaining('in use by another process'),
    })
  })
})

describe('what keeps it from starting is said in two lines, with a code of its own', () => {
  const failsWith = async (args: string[], code: number, message: RegExp, environment: Record<string, string> = {}): Promise<void> => {
    const finished = await runEdge(args, environment)
    expect(finished.stdout).toBe('')
    expect(finished.stderr).toMatch(message)
    expect(finished.stderr).toMatch(/^error: [^\n]+\n {2}[^\n]+\n$/)
    expect(finished.code).toBe(code)
  }

  test('a bad flag', () => failsWith([...token, '--sip-prot', '1'], exitCodes.usage, /--sip-prot/))
  test('no token', () => failsWith(free, exitCodes.usage, /token/))
  test('an address of another machine', () => failsWith([...token, ...free, '--host', '192.0.2.99'], exitCodes.usage, /192\.0\.2\.99/))

  test('a SIP port that is taken', async () => {
    await using edge = await EdgeProcess.start()
    await failsWith([...token, '--sip-port', String(edge.port('udp')), '--http-port', '0'], exitCodes['port-taken'], /EADDRINUSE/)
  })

  test('an HTTP port that is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    await failsWith([...token, '--sip-port', '0', '--http-port', String(port)], exitCodes['port-taken'], /HTTP.*EADDRINUSE/)
    server.close()
  })

  const tls = (cert: string, key: string): string[] => [...token, ...free, '--tls-port', '0', '--tls-cert', cert, '--tls-key', key]

  test('a certificate that is not there', () =>
    failsWith(tls('/no/such.crt', path('edge.key')), exitCodes['key-unreadable'], /\/no\/such\.crt cannot be read \(ENOENT\)/))
  test('a key of another certificate', () =>
    failsWith(tls(path('edge.crt'), path('other.key')), exitCodes['key-unreadable'], /key values mismatch/))
  test('a certificate that is junk inside', () => {
    writeFileSync(path('junk.crt'), '-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n')
    return failsWith(tls(path('junk.crt'), path('edge.key')), exitCodes['key-unreadable'], /tls/)
  })
  test('a store key that is none', () => {
    writeFileSync(path('bad.key'), 'nonsense')
    const args = [...token, ...free, '--store', path('a.db'), '--secret-file', path('bad.key')]
    return failsWith(args, exitCodes['key-unreadable'], /is not a store key/)
  })
  test('a store that is junk', () => {
    writeFileSync(path('junk.db'), 'nonsense '.repeat(1000))
    return failsWith([...token, ...free, '--store', path('junk.db')], exitCodes['store-unusable'], /damaged/)
  })
})
