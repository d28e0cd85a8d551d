import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { EdgeFailure } from './failure.ts'
import { environmentName, helpText, optionTable, readOptions } from './options.ts'

const folder = mkdtempSync(join(tmpdir(), 'edge-options-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const file = (name: string, text: string): string => {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

const read = (args: string[], environment: Record<string, string> = {}) => {
  const options = readOptions(args, { TRUNKPROOF_EDGE_TOKEN: 'a-long-token', ...environment })
  if (options === 'help') throw new Error('help was not asked for')
  return options
}

test('with a token alone everything has a default', () => {
  expect(read([])).toEqual({
    hosts: ['127.0.0.1'],
    sipPort: 32681,
    tls: undefined,
    tlsAuthorities: undefined,
    tlsRevoked: [],
    http: { host: '127.0.0.1', port: 32680 },
    token: 'a-long-token',
    store: ':memory:',
    secretFile: undefined,
    rtpPorts: [40000, 49999],
    advertise: undefined,
    realm: 'trunkproof',
    dnsServers: [],
    maxCalls: 10000,
    minExpires: 60,
    graceMs: 10000,
    openNumbers: [],
    echoDefault: false,
    faults: new Set(),
    exitWithParent: false,
    logLevel: 'info',
  })
})

test('flags win over the environment, the environment over defaults', () => {
  const environment = { TRUNKPROOF_EDGE_SIP_PORT: '5060', TRUNKPROOF_EDGE_HOST: '127.0.0.2, ::1', TRUNKPROOF_EDGE_ECHO_DEFAULT: 'true' }
  expect(read(['--sip-port', '5070'], environment)).toMatchObject({ sipPort: 5070, hosts: ['127.0.0.2', '::1'], echoDefault: true })
})

test('repeatable flags repeat, and faults are planted only by name', () => {
  const options = read(['--open-number', 'service', '--open-number', 'echo', '--fault', 'skip-digest', '--fault', 'silence'])
  expect(options.openNumbers).toEqual(['service', 'echo'])
  expect(options.faults).toEqual(new Set(['skip-digest', 'silence']))
})

test('a token file is read and trimmed', () => {
  const path = file('token', 'from-a-file-1\n')
  const options = readOptions(['--token-file', path], {})
  expect(options).toMatchObject({ token: 'from-a-file-1' })
})

test('TLS needs a certificate and a key', () => {
  const cert = file('cert.pem', '-----BEGIN CERTIFICATE-----\n')
  const key = file('key.pem', '-----BEGIN PRIVATE KEY-----\n')
  const options = read(['--tls-cert', cert, '--tls-key', key, '--tls-port', '0', '--tls-ca', cert])
  expect(options.tls).toEqual({ port: 0, cert: '-----BEGIN CERTIFICATE-----\n', key: '-----BEGIN PRIVATE KEY-----\n' })
  expect(options.tlsAuthorities).toContain('BEGIN CERTIFICATE')
  expect(options.tlsRevoked).toEqual([])
})

test('lists of revoked certificates come one by one, however many a file holds', () => {
  const list = (name: string): string => `-----BEGIN X509 CRL-----\n${name}\n-----END X509 CRL-----`
  const both = file('both.pem', `# two\n${list('one')}\n${list('two')}\n`)
  expect(read(['--tls-crl', both, '--tls-crl', file('third.pem', list('three'))]).tlsRevoked).toEqual(['one', 'two', 'three'].map(list))
})

describe('what is wrong is said, with an exit cause of its own', () => {
  const rows: [what: string, args: string[], reason: string, message: RegExp][] = [
    ['an unknown flag', ['--port', '1'], 'usage', /--port/],
    ['a flag without its value', ['--sip-port'], 'usage', /--sip-port/],
    ['a stray word', ['serve'], 'usage', /serve/],
    ['a port too high', ['--sip-port', '70000'], 'usage', /--sip-port must be a whole number from 0 to 65535/],
    ['a port that is no number', ['--http-port', 'x'], 'usage', /--http-port/],
    ['a flag given twice', ['--realm', 'a', '--realm', 'b'], 'usage', /--realm is given 2 times/],
    ['a host that is a name', ['--host', 'localhost'], 'usage', /--host must be an IP address/],
    ['a range backwards', ['--rtp-ports', '50000-40000'], 'usage', /--rtp-ports/],
    ['an unknown fault', ['--fault', 'gremlin'], 'usage', /unknown fault "gremlin"; known faults: /],
    ['an unknown log level', ['--log-level', 'loud'], 'usage', /--log-level/],
    ['a realm with a quote', ['--realm', 'a"b'], 'usage', /--realm/],
    ['two tokens', ['--token', 'x', '--token-file', '/x'], 'usage', /both/],
    ['a token too short', ['--token', 'short'], 'usage', /at least 8/],
    ['a TLS port without a certificate', ['--tls-port', '1'], 'usage', /--tls-port needs a certificate/],
    ['a key without a certificate', ['--tls-key', '/x'], 'usage', /without --tls-cert/],
    ['a certificate without a key', ['--tls-cert', '/x'], 'usage', /without --tls-key/],
    [
      'a certificate that is not there',
      ['--tls-cert', '/no/such', '--tls-key', '/no/such'],
      'key-unreadable',
      /\/no\/such cannot be read \(ENOENT\)/,
    ],
    ['a certificate that is none', ['--tls-cert', file('junk', 'junk'), '--tls-key', '/x'], 'key-unreadable', /is not a PEM file/],
  ]
  test.each(rows)('%s', (_, args, reason, message) => {
    const environment = args.includes('--token-file') || args.includes('--token') ? {} : { TRUNKPROOF_EDGE_TOKEN: 'a-long-token' }
    const failure = (() => {
      try {
        return readOptions(args, environment)
      } catch (error) {
        return error
      }
    })()
    expect(failure).toBeInstanceOf(EdgeFailure)
    expect(failure).toMatchObject({ reason, message: expect.stringMatching(message) })
    expect((failure as EdgeFailure).hint).not.toBe('')
  })

  test('no token at all', () => {
    expect(() => readOptions([], {})).toThrow(/has no token/)
  })
})

test('help names every option and needs no token', () => {
  expect(readOptions(['--help'], {})).toBe('help')
  const text = helpText()
  for (const name of Object.keys(optionTable)) expect(text).toContain(`--${name}`)
  expect(text).toContain(environmentName('sip-port'))
})
