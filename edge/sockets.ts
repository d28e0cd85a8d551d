/** What the edge listens on, and what to say when it cannot. */

import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import type { ListenSpec } from '../endpoint/transport/transport-layer.ts'
import { EdgeFailure } from './failure.ts'
import type { EdgeOptions } from './options.ts'

/** UDP, TCP and, with a certificate, TLS (1.3 alone) on each address. */
function listenSpecs({ hosts, sipPort, tls, ...options }: EdgeOptions): ListenSpec[] {
  // Every client is asked for a certificate: which trunk it is for, and whether that one demands it, shows with the first request.
  const asking = { clientCertificate: 'ask' as const, ...tlsTrust(options) }
  return hosts.flatMap((host): ListenSpec[] => [
    { transport: 'udp', host, port: sipPort },
    { transport: 'tcp', host, port: sipPort },
    ...(tls === undefined ? [] : [{ transport: 'tls' as const, host, port: tls.port, tls: { cert: tls.cert, key: tls.key, ...asking } }]),
  ])
}

/** Whose certificates the edge trusts, as a server and as a client. */
export function tlsTrust({ tlsAuthorities, tlsRevoked }: Pick<EdgeOptions, 'tlsAuthorities' | 'tlsRevoked'>): {
  readonly ca?: readonly string[]
  readonly crl?: readonly string[]
} {
  return {
    ...(tlsAuthorities !== undefined && { ca: [tlsAuthorities] }),
    ...(tlsRevoked.length > 0 && { crl: tlsRevoked }),
  }
}

const freePortAttempts = 20

/**
 * Opens with `open` what the edge listens on. UDP and TCP share one number, port 0 included:
 * a peer that is told one of them finds the other (RFC 3261 section 18.1.1). Rejects as `open` does.
 */
export async function openListeners<T>(options: EdgeOptions, open: (listen: ListenSpec[]) => Promise<T>): Promise<T> {
  if (options.sipPort !== 0) return open(listenSpecs(options))
  for (let attempt = 1; ; attempt += 1) {
    const sipPort = await freePort(options.hosts[0])
    try {
      return await open(listenSpecs({ ...options, sipPort }))
    } catch (error) {
      if (codeOf(error) !== 'EADDRINUSE' || attempt === freePortAttempts) throw error
    }
  }
}

/** A TCP port nobody holds at this moment. */
async function freePort(host: string | undefined): Promise<number> {
  const server = createServer()
  server.listen(0, host)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
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
    return new EdgeFailure(
      'key-unreadable',
      said,
      'check that --tls-cert and --tls-key are PEM files that belong together, and that --tls-crl is one of revoked certificates',
      error,
    )
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
