/**
 * What the edge is told when it starts: flags, or the environment. One table is the
 * parser, the help text and what the documentation is checked against.
 */

import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { parseArgs } from 'node:util'
import { type FaultSet, parseFaults } from '../endpoint/faults.ts'
import { EdgeFailure } from './failure.ts'
import type { LogLevel } from './log.ts'

interface OptionRow {
  /** What stands for the value in help; none for a switch. */
  readonly value?: string
  readonly repeatable?: true
  readonly default?: string
  readonly help: string
}

/** Every option by name; `--name value`, or the environment variable of `environmentName`. */
export const optionTable = {
  host: { value: 'ADDRESS', repeatable: true, default: '127.0.0.1', help: 'address to listen on; 0.0.0.0 or :: for all' },
  'sip-port': { value: 'PORT', default: '32681', help: 'UDP and TCP port for SIP; 0 takes a free one' },
  'tls-port': { value: 'PORT', default: '32682', help: 'TLS port for SIP; in use once there is a certificate' },
  'tls-cert': { value: 'FILE', help: 'certificate chain for TLS, PEM' },
  'tls-key': { value: 'FILE', help: 'private key of the certificate, PEM' },
  'tls-ca': { value: 'FILE', help: 'authorities trusted for certificates the edge is shown, PEM; the system ones by default' },
  'tls-crl': { value: 'FILE', repeatable: true, help: 'lists of revoked certificates, PEM; then every authority of a chain needs one' },
  'http-host': { value: 'ADDRESS', help: 'address of the HTTP API; the first --host by default' },
  'http-port': { value: 'PORT', default: '32680', help: 'port of the HTTP API; 0 takes a free one' },
  token: { value: 'TOKEN', help: 'token of the HTTP API; visible to other users of this machine, prefer --token-file' },
  'token-file': { value: 'FILE', help: 'file that holds the token of the HTTP API' },
  store: { value: 'FILE', default: ':memory:', help: 'SQLite file for trunks and numbers; :memory: keeps nothing' },
  'secret-file': { value: 'FILE', help: 'key that seals passwords in the store; made as STORE.key when it is not there' },
  'rtp-ports': { value: 'FROM-TO', default: '40000-49999', help: 'ports for RTP and RTCP' },
  advertise: { value: 'HOST', help: 'address peers reach this edge by, when it is not the one listened on' },
  realm: { value: 'NAME', default: 'trunkproof', help: 'digest realm' },
  'dns-server': { value: 'IP:PORT', repeatable: true, help: 'name server to ask; the system ones by default' },
  'max-calls': { value: 'COUNT', default: '10000', help: 'calls at once; more are refused with 503' },
  'min-expires': { value: 'SECONDS', default: '60', help: 'shortest registration; shorter ones are refused with 423' },
  'grace-ms': { value: 'MS', default: '10000', help: 'how long calls may go on after SIGTERM before they are hung up' },
  'open-number': { value: 'USER', repeatable: true, help: 'user part anyone may call without a trunk; for load tests' },
  'echo-default': { help: 'numbers without an agent, and open numbers, echo what they hear' },
  fault: { value: 'NAME', repeatable: true, help: 'commit this fault on purpose, so that a test can be tested' },
  'exit-with-parent': { help: 'exit when standard input closes' },
  'log-level': { value: 'LEVEL', default: 'info', help: 'debug, info, warn or error' },
  help: { help: 'print this' },
} as const satisfies Record<string, OptionRow>

export type OptionName = keyof typeof optionTable

export interface EdgeOptions {
  readonly hosts: readonly string[]
  readonly sipPort: number
  readonly tls: { readonly port: number; readonly cert: string; readonly key: string } | undefined
  /** PEM of the authorities trusted for the certificates of others. */
  readonly tlsAuthorities: string | undefined
  /** PEM, one list each; none: nothing is looked up. */
  readonly tlsRevoked: readonly string[]
  readonly http: { readonly host: string; readonly port: number }
  readonly token: string
  readonly store: string
  readonly secretFile: string | undefined
  /** First and last port. */
  readonly rtpPorts: readonly [number, number]
  readonly advertise: string | undefined
  readonly realm: string
  readonly dnsServers: readonly string[]
  readonly maxCalls: number
  readonly minExpires: number
  readonly graceMs: number
  readonly openNumbers: readonly string[]
  readonly echoDefault: boolean
  readonly faults: FaultSet
  readonly exitWithParent: boolean
  readonly logLevel: LogLevel
}

export const environmentName = (name: string): string => `TRUNKPROOF_EDGE_${name.toUpperCase().replaceAll('-', '_')}`

/** Options from a command line and an environment; 'help' when that was asked for. Throws an EdgeFailure. */
export function readOptions(args: readonly string[], environment: Readonly<Record<string, string | undefined>>): EdgeOptions | 'help' {
  const given = readFlags(args, environment)
  if (given.get('help') !== undefined) return 'help'
  const one = (name: OptionName): string | undefined => given.get(name)?.at(-1)
  const hosts = given.get('host') ?? []
  for (const host of hosts) requireAddress('host', host)
  const [firstHost = '127.0.0.1'] = hosts
  const httpHost = one('http-host') ?? firstHost
  requireAddress('http-host', httpHost)
  return {
    hosts,
    sipPort: number('sip-port', one('sip-port'), 0, 65_535),
    tls: readTls(one, args, environment),
    tlsAuthorities: one('tls-ca') === undefined ? undefined : readPem('tls-ca', one('tls-ca')!),
    tlsRevoked: (given.get('tls-crl') ?? []).flatMap((path) => blocksOf(readPem('tls-crl', path))),
    http: { host: httpHost, port: number('http-port', one('http-port'), 0, 65_535) },
    token: readToken(one('token'), one('token-file')),
    store: one('store') ?? ':memory:',
    secretFile: one('secret-file'),
    rtpPorts: readRange(one('rtp-ports') ?? ''),
    advertise: one('advertise'),
    realm: readRealm(one('realm') ?? ''),
    dnsServers: given.get('dns-server') ?? [],
    maxCalls: number('max-calls', one('max-calls'), 1, 1_000_000),
    minExpires: number('min-expires', one('min-expires'), 1, 3600),
    graceMs: number('grace-ms', one('grace-ms'), 0, 3_600_000),
    openNumbers: given.get('open-number') ?? [],
    echoDefault: given.get('echo-default') !== undefined,
    faults: readFaults(given.get('fault') ?? []),
    exitWithParent: given.get('exit-with-parent') !== undefined,
    logLevel: readLogLevel(one('log-level') ?? ''),
  }
}

/** The help text, one option a line. */
export function helpText(): string {
  const rows = Object.entries(optionTable as Record<string, OptionRow>).map(([name, row]) => {
    const flag = `--${name}${row.value ? ` ${row.value}` : ''}${row.repeatable ? ' …' : ''}`
    return `  ${flag.padEnd(26)}${row.help}${row.default ? ` (default ${row.default})` : ''}`
  })
  return [
    'The reference SIP edge.',
    '',
    '  node edge/main.ts --token-file FILE [OPTION]…',
    '',
    ...rows,
    '',
    `Each may also be set in the environment: --sip-port as ${environmentName('sip-port')}. Several values are divided by commas.`,
  ].join('\n')
}

const usage = (message: string, hint = 'see --help'): EdgeFailure => new EdgeFailure('usage', message, hint)

type Given = ReadonlyMap<string, readonly string[]>

/** Flags win over the environment, and the environment over defaults. Switches are given as ['true']. */
function readFlags(args: readonly string[], environment: Readonly<Record<string, string | undefined>>): Given {
  const rows = Object.entries(optionTable as Record<string, OptionRow>)
  const config = Object.fromEntries(rows.map(([name, row]) => [name, { type: row.value ? 'string' : 'boolean', multiple: true } as const]))
  let flags: Record<string, unknown>
  try {
    flags = parseArgs({ args: [...args], options: config, strict: true, allowPositionals: false }).values
  } catch (error) {
    throw usage((error as Error).message.split('. ')[0] ?? String(error))
  }
  const given = new Map<string, string[]>()
  for (const [name, row] of rows) {
    const flag = (flags[name] as (string | boolean)[] | undefined)?.map(String)
    const value =
      flag ?? fromEnvironment(row, environment[environmentName(name)]) ?? (row.default === undefined ? undefined : [row.default])
    if (value === undefined) continue
    if (flag !== undefined && flag.length > 1 && !row.repeatable) throw usage(`--${name} is given ${flag.length} times`)
    given.set(name, value)
  }
  return given
}

function fromEnvironment(row: OptionRow, text: string | undefined): string[] | undefined {
  if (text === undefined || text === '') return undefined
  if (row.value === undefined) return /^(1|true|yes)$/i.test(text) ? ['true'] : undefined
  return row.repeatable ? text.split(',').map((part) => part.trim()) : [text]
}

function number(name: OptionName, text: string | undefined, least: number, most: number): number {
  const value = Number(text)
  if (text === undefined || !/^\d+$/.test(text) || value < least || value > most) {
    throw usage(`--${name} must be a whole number from ${least} to ${most}, not "${text}"`)
  }
  return value
}

function requireAddress(name: OptionName, text: string): void {
  if (isIP(text) === 0)
    throw usage(`--${name} must be an IP address, not "${text}"`, 'give 127.0.0.1, ::1, 0.0.0.0 or an address of this machine')
}

function readRange(text: string): [number, number] {
  const match = /^(\d{1,5})-(\d{1,5})$/.exec(text)
  const from = Number(match?.[1])
  const to = Number(match?.[2])
  if (!(from >= 1024 && to <= 65_535 && to > from)) throw usage(`--rtp-ports must be a range such as 40000-49999, not "${text}"`)
  return [from, to]
}

function readRealm(text: string): string {
  if (!/^[^"\\\r\n]{1,128}$/.test(text)) throw usage('--realm must be a short text without quotes')
  return text
}

function readFaults(names: readonly string[]): FaultSet {
  try {
    return parseFaults(names)
  } catch (error) {
    throw usage((error as Error).message)
  }
}

function readLogLevel(text: string): LogLevel {
  if (text === 'debug' || text === 'info' || text === 'warn' || text === 'error') return text
  throw usage(`--log-level must be debug, info, warn or error, not "${text}"`)
}

const leastTokenLength = 8

function readToken(token: string | undefined, file: string | undefined): string {
  if (token !== undefined && file !== undefined) throw usage('--token and --token-file are both given', 'give one of them')
  if (token === undefined && file === undefined) {
    throw usage('the HTTP API has no token', `give --token-file FILE (or ${environmentName('token')})`)
  }
  const text = token ?? readText('token-file', file!).trim()
  if (text.length < leastTokenLength || /\s/.test(text)) {
    throw usage(`the API token must have at least ${leastTokenLength} characters and no blanks`, 'make one with: openssl rand -hex 32')
  }
  return text
}

/** TLS listens only with a certificate; asking for a port without one is a mistake worth telling. */
function readTls(
  one: (name: OptionName) => string | undefined,
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): EdgeOptions['tls'] {
  const cert = one('tls-cert')
  const key = one('tls-key')
  const port = number('tls-port', one('tls-port'), 0, 65_535)
  if (cert === undefined && key === undefined) {
    const asked = args.some((arg) => arg === '--tls-port' || arg.startsWith('--tls-port=')) || environment[environmentName('tls-port')]
    if (asked) throw usage('--tls-port needs a certificate', 'give --tls-cert FILE and --tls-key FILE')
    return undefined
  }
  if (cert === undefined) throw usage('--tls-key is given without --tls-cert')
  if (key === undefined) throw usage('--tls-cert is given without --tls-key')
  return { port, cert: readPem('tls-cert', cert), key: readPem('tls-key', key) }
}

function readText(name: OptionName, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code ?? String(cause)
    throw new EdgeFailure('key-unreadable', `${path} cannot be read (${why})`, `give a readable file with --${name}`, cause)
  }
}

function readPem(name: OptionName, path: string): string {
  const text = readText(name, path)
  if (!/-----BEGIN [A-Z0-9 ]+-----/.test(text)) {
    throw new EdgeFailure('key-unreadable', `${path} is not a PEM file`, `--${name} needs text that begins with -----BEGIN`)
  }
  return text
}

/** A file may hold several lists; Node reads one at a time. */
const blocksOf = (pem: string): string[] => pem.match(/-----BEGIN [^-]+-----[^-]+-----END [^-]+-----/g) ?? []
