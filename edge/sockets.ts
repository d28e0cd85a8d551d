/** What the edge listens on, and what to say when it cannot. */

import type { ListenSpec } from '../endpoint/transport/transport-layer.ts'
import { EdgeFailure } from './failure.ts'
import type { EdgeOptions } from './options.ts'

/** UDP, TCP and, with a certificate, TLS (1.3 alone) on each address. */
export function listenSpecs({ hosts, sipPort, tls }: EdgeOptions): ListenSpec[] {
  return hosts.flatMap((host): ListenSpec[] => [
    { transport: 'udp', host, port: sipPort },
    { transport: 'tcp', host, port: sipPort },
    ...(tls === undefined ? [] : [{ transport: 'tls' as const, host, port: tls.port, tls: { cert: tls.cert, key: tls.key } }]),
  ])
}

/** Sorts the reasons a socket or certificate was not to be had. */
export function listenFailure(error: unknown, what: 'sip' | 'http'): EdgeFailure {
  const message = error instanceof Error ? error.message : String(error)
  const code = codeOf(error)
  const options = what === 'sip' ? '--sip-port (and --tls-port)' : '--http-port'
  const said = what === 'sip' ? message : `cannot listen for HTTP: ${message}`
  if (code === 'EADDRINUSE') {
    return new EdgeFailure('port-taken', said, `stop the program that holds it, or give another ${options}; 0 takes a free one`, error)
  }
  if (code === 'EACCES') {
    return new EdgeFailure('port-taken', said, `ports below 1024 need privileges; give another ${options}`, error)
  }
  if (code === 'EADDRNOTAVAIL' || code === 'EINVAL' || code === 'EAFNOSUPPORT') {
    return new EdgeFailure('usage', said, 'give an address of this machine with --host', error)
  }
  if (code.startsWith('ERR_OSSL') || code.startsWith('ERR_SSL') || code.startsWith('ERR_TLS')) {
    return new EdgeFailure('key-unreadable', said, 'check that --tls-cert and --tls-key are PEM files that belong together', error)
  }
  return new EdgeFailure('machine', said, 'the log above may say more', error)
}

/** The system's code, which a layer in between may have wrapped. */
function codeOf(error: unknown): string {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { code } = at as { code?: unknown }
    if (typeof code === 'string') return code
  }
  return ''
}
