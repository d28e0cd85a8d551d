/** TLS with the edge as the client: whom it calls, and whom it does not. */
import type { TlsOptions } from 'node:tls'
import type { ProbeFinding } from './probe.ts'
import type { TlsCase, TlsStage } from './tls-case.ts'
import type { CertificateName } from './tls-lab.ts'
import { sayReport, type TlsReport } from './tls-report.ts'
import { type Manner, TlsProbeServer } from './tls-server.ts'
import { provisionFor } from './tls-trunk.ts'

/** Lets a server use what OpenSSL no longer lets a program use by itself. */
const anything = 'DEFAULT@SECLEVEL=0'

/** The edge calls through a server of this manner, reached by the lab's domain or by its address. */
async function calling(
  stage: TlsStage,
  manner: Manner,
  by: 'address' | 'domain',
  met: (report: TlsReport) => boolean,
): Promise<ProbeFinding> {
  await using server = await TlsProbeServer.open(manner, stage.lab)
  return await withCalls(stage, server.port, by, async (call) => {
    await call()
    const [report] = await server.reports()
    return report === undefined ? nobodyCame : { met: met(report), seen: sayReport(report) }
  })
}

const nobodyCame: ProbeFinding = { met: false, seen: 'the edge did not connect' }

/** Imports the number of the case, with its calls going to this port, and takes it back. */
async function withCalls<T>(
  { lab, client, number, ...rest }: TlsStage,
  port: number,
  by: 'address' | 'domain',
  use: (call: () => Promise<void>) => Promise<T>,
): Promise<T> {
  const host = by === 'domain' ? lab.domain : lab.host.includes(':') ? `[${lab.host}]` : lab.host
  await client.provision(provisionFor({ lab, client, number, ...rest }, `sip:${host}:${port};transport=tls`))
  try {
    return await use(async () => {
      await client.call({ number, to: '+99955501000', tone: [697, 1209], keepKeys: false })
    })
  } finally {
    await client.release(number)
  }
}

const called = ({ version, requests }: TlsReport): boolean => version === 'TLSv1.3' && requests.includes('INVITE')

/** Node gives a client no hold on the alert: the edge ends the connection, and not a byte of SIP has gone over it. */
const turnedAway = ({ requests, closed }: TlsReport): boolean => requests.length === 0 && closed

async function tlsOptions({ lab }: TlsStage, name: CertificateName, more: TlsOptions = {}): Promise<TlsOptions> {
  const { certPem, keyPem } = await lab.certificate(name)
  return { cert: certPem, key: keyPem, minVersion: 'TLSv1.3', ciphers: anything, ...more }
}

function version(name: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2', rule: string): TlsCase {
  return {
    about: 'protocol',
    rule,
    demand: `the edge does not speak to a server that knows ${name} alone`,
    play: async (stage) => {
      const tls = await tlsOptions(stage, 'good', { minVersion: name, maxVersion: name })
      return calling(stage, { tls }, 'address', (report) => report.handshake === 'failed' && turnedAway(report))
    },
  }
}

function suite(name: string): TlsCase {
  return {
    about: 'protocol',
    rule: 'RFC 8446 section 9.1',
    demand: `the edge calls a server that picks ${name}`,
    play: async (stage) => {
      const tls = await tlsOptions(stage, 'good', { ciphers: name })
      return calling(stage, { tls }, 'address', (report) => called(report) && report.cipher === name)
    },
  }
}

function shown(
  certificate: CertificateName,
  rule: string,
  what: string,
  outcome: 'called' | 'refused',
  by: 'address' | 'domain' = 'address',
): TlsCase {
  return {
    about: 'identity',
    rule,
    demand: `${what} is ${outcome === 'called' ? 'believed' : 'not called'}`,
    play: async (stage) => calling(stage, { tls: await tlsOptions(stage, certificate) }, by, outcome === 'called' ? called : turnedAway),
  }
}

function asked(by: 'address' | 'domain', demand: string): TlsCase {
  return {
    about: 'protocol',
    rule: 'RFC 6066 section 3',
    demand,
    play: async (stage) => {
      const tls = await tlsOptions(stage, by === 'domain' ? 'dns-name' : 'good')
      const wanted = by === 'domain' ? stage.lab.domain : undefined
      return calling(stage, { tls }, by, (report) => called(report) && report.servername === wanted)
    },
  }
}

/** Two calls, one after the other is over. */
async function reuse(stage: TlsStage): Promise<ProbeFinding> {
  await using server = await TlsProbeServer.open({ tls: await tlsOptions(stage, 'good') }, stage.lab)
  return await withCalls(stage, server.port, 'address', async (call) => {
    await call()
    await server.reports(1)
    await call()
    const reports = await server.reports(2)
    const calls = reports.map(({ requests }) => requests.length).join(' and ')
    return { met: reports.length === 1 && reports[0]!.requests.length === 2, seen: `${reports.length} connection(s) with ${calls} calls` }
  })
}

/** A call, the peer restarts and shows `then`, another call. */
async function redial(stage: TlsStage, then: CertificateName, met: (report: TlsReport) => boolean): Promise<ProbeFinding> {
  let port: number
  {
    await using before = await TlsProbeServer.open({ tls: await tlsOptions(stage, 'good') }, stage.lab)
    port = before.port
    const first = await withCalls(stage, port, 'address', async (call) => {
      await call()
      return (await before.reports())[0]
    })
    if (first === undefined || !called(first)) return { met: false, seen: `before the restart: ${first ? sayReport(first) : 'nothing'}` }
  }
  await using after = await TlsProbeServer.open({ tls: await tlsOptions(stage, then) }, { ...stage.lab, port })
  return await withCalls(stage, port, 'address', async (call) => {
    await call()
    const report = (await after.reports()).at(-1)
    return report === undefined ? nobodyCame : { met: met(report), seen: sayReport(report) }
  })
}

export const tlsClientCases = {
  'client-tls10': version('TLSv1', 'RFC 8996 section 4'),
  'client-tls11': version('TLSv1.1', 'RFC 8996 section 5'),
  'client-tls12': version('TLSv1.2', 'RFC 8446 section 4.2.1'),
  'client-aes-128-gcm': suite('TLS_AES_128_GCM_SHA256'),
  'client-aes-256-gcm': suite('TLS_AES_256_GCM_SHA384'),
  'client-chacha20': suite('TLS_CHACHA20_POLY1305_SHA256'),
  'client-sni-domain': asked('domain', 'the edge names the server when it calls a domain'),
  'client-sni-address': asked('address', 'the edge names no server when it calls an address'),
  'client-junk': {
    about: 'protocol',
    rule: 'RFC 8446 section 5.1',
    demand: 'a server that answers with no TLS is left',
    play: (stage) => calling(stage, { says: Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n') }, 'address', turnedAway),
  },
  'client-silent': {
    about: 'protocol',
    rule: 'RFC 3261 section 26.2.1',
    demand: 'a server that never answers the handshake is sent nothing, and the call is over when it goes',
    play: async (stage) => {
      const server = await TlsProbeServer.open('silent', stage.lab)
      return await withCalls(stage, server.port, 'address', async (call) => {
        await call()
        await server.visited()
        await server[Symbol.asyncDispose]()
        const [report] = await server.reports()
        return report === undefined ? nobodyCame : { met: turnedAway(report), seen: sayReport(report) }
      })
    },
  },
  'client-reuse': {
    about: 'protocol',
    rule: 'RFC 3261 section 18',
    demand: 'a second call to the same place goes over the same connection',
    play: reuse,
  },
  'client-redial': {
    about: 'protocol',
    rule: 'RFC 3261 section 18',
    demand: 'a peer that was restarted is connected to anew',
    play: (stage) => redial(stage, 'good', called),
  },
  'client-resumption': {
    about: 'identity',
    rule: 'RFC 8446 section 4.6.1',
    demand: 'a peer that gave a ticket and comes back with an expired certificate is not called',
    play: (stage) => redial(stage, 'expired', turnedAway),
  },
  'client-certificate': {
    about: 'identity',
    rule: 'RFC 8446 section 4.4.2',
    demand: 'a server that asks for a certificate is shown the edge’s',
    play: async (stage) => {
      const asking = { requestCert: true, rejectUnauthorized: true, ca: stage.lab.authority.certPem }
      const met = (report: TlsReport) => called(report) && report.authorized && report.peerNames.includes(stage.edge.host)
      return calling(stage, { tls: await tlsOptions(stage, 'good', asking) }, 'address', met)
    },
  },
  'client-intermediate': shown('intermediate', 'RFC 8446 section 4.4.2', 'a server whose chain leads to a known authority', 'called'),
  'client-missing-intermediate': shown('missing-intermediate', 'RFC 8446 section 4.4.2', 'a server whose chain has a gap', 'refused'),
  'client-expired': shown('expired', 'RFC 5280 section 4.1.2.5', 'a server whose certificate has expired', 'refused'),
  'client-not-yet-valid': shown('not-yet-valid', 'RFC 5280 section 4.1.2.5', 'a server whose certificate is not valid yet', 'refused'),
  'client-wrong-name': shown('wrong-name', 'RFC 5922 section 7.3', 'a server with somebody else’s certificate', 'refused'),
  'client-unknown-authority': shown(
    'unknown-authority',
    'RFC 5280 section 6.1',
    'a server vouched for by an authority nobody knows',
    'refused',
  ),
  'client-self-signed': shown('self-signed', 'RFC 5280 section 6.1', 'a server that vouches for itself', 'refused'),
  'client-revoked': shown('revoked', 'RFC 5280 section 6.3', 'a server whose certificate was revoked', 'refused'),
  'client-sha1': shown('sha1', 'RFC 9155 section 2', 'a server whose certificate is signed over SHA-1', 'refused'),
  'client-rsa1024': shown('rsa1024', 'RFC 9325 section 4.5', 'a server with an RSA key of 1024 bits', 'refused'),
  'client-dns-name': shown('dns-name', 'RFC 5922 section 7.1', 'a server with the domain as a DNS name', 'called', 'domain'),
  'client-uri-name': shown('uri-name', 'RFC 5922 section 7.1', 'a server with the domain as a SIP URI', 'called', 'domain'),
  'client-other-uri-name': shown(
    'other-uri-name',
    'RFC 5922 section 7.1',
    'a server with another domain as a SIP URI, though the right DNS name stands beside it,',
    'refused',
    'domain',
  ),
  'client-uri-with-user': shown('uri-with-user', 'RFC 5922 section 7.1', 'a server with the certificate of one user', 'refused', 'domain'),
  'client-wildcard': shown('wildcard', 'RFC 5922 section 7.2', 'a server with a wildcard', 'refused', 'domain'),
  'client-common-name': shown('common-name', 'RFC 9525 section 2', 'a server whose domain is in the subject alone', 'refused', 'domain'),
} as const satisfies Record<string, TlsCase>
