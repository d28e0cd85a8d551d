/** From options to SIPp's command line. Pure. */
import type { SippOptions } from './options.ts'

/** Where SIPp reads and writes, as it sees these files. */
export interface SippFiles {
  readonly statistics: string
  readonly errors: string
  readonly log: string
  /** XML of a scenario made of steps. */
  readonly scenario: string
}

const letters = { udp: 'u', tcp: 't', tls: 'l' } as const

/** SIPp's own default of 50,000 is refused where the open-file limit is lower, before the first call. */
const mostSockets = 8000

export function sippArguments(options: SippOptions, files: SippFiles): string[] {
  const { target, transport, sockets = 'one', scenario, calls, rate, tls } = options
  const host = target.address.includes(':') ? `[${target.address}]` : target.address
  return [
    `${host}:${target.port}`,
    ...(scenario === 'uac' ? ['-sn', 'uac'] : ['-sf', files.scenario]),
    ...['-t', `${letters[transport]}${sockets === 'one' ? '1' : 'n'}`],
    ...(sockets === 'one' ? [] : ['-max_socket', String(mostSockets)]),
    ...['-s', options.user ?? 'service'],
    ...['-m', String(calls), '-r', String(rate), '-l', String(options.concurrency ?? calls)],
    ...['-d', String(options.holdMs ?? 0)],
    ...(options.localAddress === undefined ? [] : ['-i', options.localAddress]),
    ...(tls?.version === undefined ? [] : ['-tls_version', tls.version]),
    ...(tls?.certificate === undefined ? [] : ['-tls_cert', tls.certificate]),
    ...(tls?.key === undefined ? [] : ['-tls_key', tls.key]),
    ...(tls?.authority === undefined ? [] : ['-tls_ca', tls.authority]),
    ...(options.echoMedia ? ['-rtp_echo'] : []),
    ...['-timeout', `${Math.floor(options.deadlineMs / 1000)}s`],
    ...['-trace_stat', '-stf', files.statistics, '-fd', '1'],
    ...['-trace_err', '-error_file', files.errors],
    ...(scenario === 'uac' ? [] : ['-trace_logs', '-log_file', files.log]),
    // Nobody types at it, and nobody else steers it.
    ...['-nostdin', '-ci', '127.0.0.1'],
  ]
}
