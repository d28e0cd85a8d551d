import { describe, expect, test } from 'vitest'
import { sippArguments } from './arguments.ts'
import { checkOptions, type SippOptions } from './options.ts'

const files = { statistics: '/f/s.csv', errors: '/f/e.log', log: '/f/l.log', scenario: '/f/x.xml' }
const options: SippOptions = {
  target: { address: '127.0.0.1', port: 5060 },
  transport: 'udp',
  scenario: 'uac',
  calls: 100,
  rate: 50,
  deadlineMs: 20_500,
}

/** The value after a flag. */
function after(args: readonly string[], flag: string): string | undefined {
  const at = args.indexOf(flag)
  return at < 0 ? undefined : args[at + 1]
}

test('the built-in caller, bounded in calls and time', () => {
  expect(sippArguments(options, files).join(' ')).toBe(
    '127.0.0.1:5060 -sn uac -t u1 -s service -m 100 -r 50 -l 100 -d 0 -timeout 20s ' +
      '-trace_stat -stf /f/s.csv -fd 1 -trace_err -error_file /f/e.log -nostdin -ci 127.0.0.1',
  )
})

test.each([
  ['udp', 'one', 'u1'],
  ['udp', 'per-call', 'un'],
  ['tcp', 'one', 't1'],
  ['tcp', 'per-call', 'tn'],
  ['tls', 'one', 'l1'],
  ['tls', 'per-call', 'ln'],
] as const)('%s with %s socket is -t %s', (transport, sockets, flag) => {
  const args = sippArguments({ ...options, transport, sockets }, files)
  expect(after(args, '-t')).toBe(flag)
  expect(after(args, '-max_socket')).toBe(sockets === 'one' ? undefined : '8000')
})

test('a scenario of steps is a file, and what it logs another', () => {
  const args = sippArguments({ ...options, scenario: { name: 'x', steps: [] } }, files)
  expect(after(args, '-sf')).toBe('/f/x.xml')
  expect(after(args, '-log_file')).toBe('/f/l.log')
  expect(args).not.toContain('-sn')
})

test('everything that can be asked for', () => {
  const args = sippArguments(
    {
      ...options,
      target: { address: '::1', port: 5061 },
      transport: 'tls',
      user: '+15551234',
      concurrency: 7,
      holdMs: 1500,
      localAddress: '::1',
      echoMedia: true,
      tls: { version: '1.3', certificate: '/c', key: '/k', authority: '/a' },
    },
    files,
  )
  expect(args[0]).toBe('[::1]:5061')
  const values = ['-s', '-l', '-d', '-i', '-tls_version', '-tls_cert', '-tls_key', '-tls_ca'].map((flag) => after(args, flag))
  expect(values).toEqual(['+15551234', '7', '1500', '::1', '1.3', '/c', '/k', '/a'])
  expect(args).toContain('-rtp_echo')
})

describe('refused before anything is started', () => {
  test.each<[string, Partial<SippOptions>]>([
    ['no calls', { calls: 0 }],
    ['half a call', { calls: 1.5 }],
    ['calls without number', { calls: Number.NaN }],
    ['too many calls', { calls: 1e9 }],
    ['no rate', { rate: 0 }],
    ['no time', { deadlineMs: 0 }],
    ['more than an hour', { deadlineMs: 3_600_001 }],
    ['a pause back in time', { holdMs: -1 }],
    ['a name for an address', { target: { address: 'localhost', port: 5060 } }],
    ['a name to call from', { localAddress: 'localhost' }],
    ['a user that is more than one', { user: 'a@b' }],
    ['certificates without TLS', { tls: {} }],
  ])('%s', (_, change) => expect(() => checkOptions({ ...options, ...change })).toThrow(RangeError))

  test('but not what is right', () => expect(() => checkOptions({ ...options, rate: 0.5, holdMs: 0 })).not.toThrow())
})
