import { describe, expect, test } from 'vitest'
import type { Axes } from '../../../matrix/axes.ts'
import { type AsteriskCell, asteriskConfiguration, registrationFile, tlsPorts } from './config.ts'

const manager = { username: 'trunkproof', secret: 'secret' }

function cell(place: number, axes: Partial<Axes> = {}): AsteriskCell {
  const full: Axes = {
    direction: 'inbound',
    transport: 'udp',
    registration: 'static',
    dtmf: 'rfc4733',
    nat: 'none',
    codec: 'pcmu',
    media: 'rtp',
    ...axes,
  }
  return {
    cell: { id: `cell-${place}`, platform: 'asterisk', axes: full, claimed: true, clauses: [] },
    identity: {
      cellId: `cell-${place}`,
      number: `+9991000${place}`,
      edge: { host: '10.1.2.10', port: full.transport === 'tls' ? 32682 : 32681, transport: full.transport },
      username: `user${place}`,
      password: 'pass;word',
      edgeTone: [420, 1280],
      peerTone: [470, 1380],
      sendDigits: '12',
      edgeDigits: '34',
    },
  }
}

/** Sections of a file: options by name, in the order they were written. */
function sections(text: string): { name: string; options: Map<string, string> }[] {
  return text
    .split(/^(?=\[)/m)
    .filter((part) => part.startsWith('['))
    .map((part) => ({
      name: part.slice(1, part.indexOf(']')),
      options: new Map(
        part
          .split('\n')
          .slice(1)
          .filter((line) => line.includes(' = '))
          .map((line) => [line.slice(0, line.indexOf(' = ')), line.slice(line.indexOf(' = ') + 3)] as const),
      ),
    }))
}

function endpointOf(one: AsteriskCell): Map<string, string> {
  const files = asteriskConfiguration([one], manager)
  return sections(files.get('pjsip.conf')!).find(({ options }) => options.get('type') === 'endpoint')!.options
}

describe('an endpoint', () => {
  test('carries the axes of its cell', () => {
    const options = endpointOf(cell(1, { transport: 'tls', codec: 'opus', dtmf: 'info', registration: 'register' }))
    expect(Object.fromEntries(options)).toMatchObject({
      transport: 'tls-+99910001',
      allow: 'opus',
      dtmf_mode: 'info',
      media_encryption: 'no',
      outbound_auth: '+99910001',
      set_var: 'TONE=/etc/asterisk/tones/470-1380',
    })
  })

  test.each([
    ['mandatory-dtls', { media_encryption: 'dtls' }],
    ['optional-sdes', { media_encryption: 'sdes', media_encryption_optimistic: 'yes' }],
    ['rtp-only', { media_encryption: 'no' }],
  ] as const)('encrypts by the policy %s where it is given one', (mediaPolicy, expected) => {
    const { cell: planned, identity } = cell(1, { media: 'sdes' })
    const options = endpointOf({ cell: planned, identity: { ...identity, mediaPolicy } })
    expect(Object.fromEntries(options)).toMatchObject(expected)
    expect(options.has('media_encryption_optimistic')).toBe('media_encryption_optimistic' in expected)
  })

  test('cannot be keyed both ways', () => {
    const { cell: planned, identity } = cell(1)
    const both = { cell: planned, identity: { ...identity, mediaPolicy: 'optional-both' as const } }
    expect(() => asteriskConfiguration([both], manager)).toThrow('Asterisk cannot be set to optional-both')
  })

  test('of a static trunk has no credentials to offer', () => {
    expect(endpointOf(cell(1)).has('outbound_auth')).toBe(false)
  })

  test('reaches the edge by a URI whose parameters are not read as a comment', () => {
    const text = asteriskConfiguration([cell(1, { transport: 'tcp' })], manager).get('pjsip.conf')!
    expect(text).toContain('contact = sip:+99910001@10.1.2.10:32681\\;transport=tcp')
    expect(text).toContain('password = pass\\;word')
  })
})

test('TLS is 1.3, certificates are checked, and each cell has a listener, hence connections, of its own', () => {
  const cells = [cell(1, { transport: 'tls' }), cell(2), cell(3, { transport: 'tls' })]
  const all = sections(asteriskConfiguration(cells, manager).get('pjsip.conf')!)
  const tls = all.filter(({ options }) => options.get('protocol') === 'tls')
  for (const { options } of tls) expect(Object.fromEntries(options)).toMatchObject({ method: 'tlsv1_3', verify_server: 'yes' })
  expect(tls.map(({ name, options }) => [name, options.get('bind')])).toEqual([
    ['tls-+99910001', '0.0.0.0:30000'],
    ['tls-+99910003', '0.0.0.0:30001'],
  ])
  expect([...tlsPorts(cells)]).toEqual([
    ['+99910001', 30_000],
    ['+99910003', 30_001],
  ])
})

test('every cell has an endpoint, an address and credentials of its own', () => {
  const names = sections(asteriskConfiguration([cell(1), cell(2)], manager).get('pjsip.conf')!).map(({ name }) => name)
  for (const number of ['+99910001', '+99910002']) expect(names.filter((name) => name === number)).toHaveLength(3)
})

test('two cells cannot share a number', () => {
  expect(() => asteriskConfiguration([cell(1), cell(1)], manager)).toThrow(RangeError)
})

test('a value cannot begin a line of its own', () => {
  const { cell: planned, identity } = cell(1)
  expect(() => asteriskConfiguration([{ cell: planned, identity: { ...identity, password: 'x\n[global]' } }], manager)).toThrow(RangeError)
})

describe('the registration file', () => {
  test('is empty when nothing registers', () => {
    expect(registrationFile([])).toBe('')
  })

  test('registers the account and binds the number', () => {
    const { identity } = cell(1, { transport: 'tcp', registration: 'register' })
    const [only] = sections(registrationFile([{ identity, wrongPassword: false }]))
    expect(Object.fromEntries(only!.options)).toMatchObject({
      server_uri: 'sip:10.1.2.10:32681\\;transport=tcp',
      client_uri: 'sip:user1@10.1.2.10:32681\\;transport=tcp',
      contact_user: '+99910001',
      outbound_auth: '+99910001',
      max_random_initial_delay: '0',
    })
  })

  test('can use a password that is wrong', () => {
    const one = cell(1, { registration: 'register' })
    const [only] = sections(registrationFile([{ identity: one.identity, wrongPassword: true }]))
    const name = only!.options.get('outbound_auth')
    const auth = sections(asteriskConfiguration([one], manager).get('pjsip.conf')!).find((section) => section.name === name)!
    expect(auth.options.get('password')).not.toBe('pass\\;word')
  })
})
