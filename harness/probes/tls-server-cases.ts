/** TLS with the edge as the server: what it takes from clients, and what it refuses. */
import { randomBytes } from 'node:crypto'
import type { ConnectionOptions } from 'node:tls'
import { makeRequest, type SipRequest } from '../../protocol/sip/message.ts'
import type { ProbeFinding } from './probe.ts'
import type { TlsCase, TlsStage } from './tls-case.ts'
import { holdHalfOpen, probeRaw, probeTls } from './tls-client.ts'
import type { CertificateName } from './tls-lab.ts'
import { sayReport, type TlsReport } from './tls-report.ts'
import { provisionFor } from './tls-trunk.ts'

/** Ciphers of TLS 1.2 and older that OpenSSL no longer lets a program use by itself. */
const anyCipher = 'DEFAULT@SECLEVEL=0'

const finding = (met: (report: TlsReport) => boolean, report: TlsReport): ProbeFinding => ({ met: met(report), seen: sayReport(report) })

const works = ({ version, status, authorized }: TlsReport): boolean => version === 'TLSv1.3' && status === 200 && authorized

const refused = (alert: string) => (report: TlsReport) => report.handshake === 'failed' && report.alert === alert && report.closed

/** A client that speaks TLS as told and asks with OPTIONS. */
function asking(tls: ConnectionOptions, met: (report: TlsReport) => boolean): TlsCase['play'] {
  return async (stage) => finding(met, await probeTls({ ...stage.edge, tls: trusting(stage, tls), request: options(stage) }))
}

const trusting = ({ lab }: TlsStage, tls: ConnectionOptions): ConnectionOptions => ({
  ca: lab.authority.certPem,
  // Whose certificate it is, is the question of the cases that ask it.
  checkServerIdentity: () => undefined,
  ...tls,
})

function olderThan13(version: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2', rule: string): TlsCase {
  return {
    about: 'protocol',
    rule,
    demand: `a client that speaks ${version} alone is refused with the alert protocol_version`,
    play: asking({ minVersion: version, maxVersion: version, ciphers: anyCipher }, refused('protocol_version')),
  }
}

function suite(name: string): TlsCase {
  return {
    about: 'protocol',
    rule: 'RFC 8446 section 9.1',
    demand: `TLS 1.3 with ${name} is accepted`,
    play: asking({ minVersion: 'TLSv1.3', ciphers: name }, (report) => works(report) && report.cipher === name),
  }
}

/** Bytes that are no handshake: the connection ends and nothing is said in SIP. */
const raw =
  (bytes: (stage: TlsStage) => Uint8Array): TlsCase['play'] =>
  async (stage) =>
    finding(({ closed, status }) => closed && status === undefined, await probeRaw(stage.edge, bytes(stage)))

/** A ClientHello record that promises 512 bytes and breaks off. */
const halfHello = Buffer.from('1603010200010001fc0303', 'hex')

async function halfOpen(stage: TlsStage): Promise<ProbeFinding> {
  const openings = Array.from({ length: 16 }, (_, index) => (index % 2 === 0 ? new Uint8Array() : halfHello))
  using _held = await holdHalfOpen(stage.edge, openings)
  return finding(works, await probeTls({ ...stage.edge, tls: trusting(stage, {}), request: options(stage) }))
}

async function resumption(stage: TlsStage): Promise<ProbeFinding> {
  const probe = (session?: Buffer) =>
    probeTls({ ...stage.edge, tls: trusting(stage, session === undefined ? {} : { session }), request: options(stage) })
  const { ticket } = await probe()
  return ticket === undefined
    ? { met: true, seen: 'no ticket: every handshake is a full one' }
    : finding((report) => report.version === 'TLSv1.3' && report.status === 200, await probe(ticket))
}

function certified(certificate: CertificateName | undefined, demand: string, letIn: boolean): TlsCase {
  return {
    about: 'identity',
    rule: 'RFC 5922 section 7.4',
    demand: `a trunk that requires client certificates ${demand}`,
    play: async (stage) => {
      const shown = certificate === undefined ? undefined : await stage.lab.certificate(certificate)
      const tls = trusting(stage, shown === undefined ? {} : { cert: shown.certPem, key: shown.keyPem })
      await stage.client.provision({ ...provisionFor(stage), clientCertificate: 'required' })
      try {
        const report = await probeTls({ ...stage.edge, tls, request: invite(stage) })
        return finding(({ status }) => (letIn ? status === 488 : status === 403), report)
      } finally {
        await stage.client.release(stage.number)
      }
    },
  }
}

export const tlsServerCases = {
  'server-tls10': olderThan13('TLSv1', 'RFC 8996 section 4'),
  'server-tls11': olderThan13('TLSv1.1', 'RFC 8996 section 5'),
  'server-tls12': olderThan13('TLSv1.2', 'RFC 8446 section 4.2.1'),
  'server-aes-128-gcm': suite('TLS_AES_128_GCM_SHA256'),
  'server-aes-256-gcm': suite('TLS_AES_256_GCM_SHA384'),
  'server-chacha20': suite('TLS_CHACHA20_POLY1305_SHA256'),
  'server-no-cipher': {
    about: 'protocol',
    rule: 'RFC 8446 section 4.1.1',
    demand: 'a client with no cipher suite in common is refused with the alert handshake_failure',
    play: asking({ minVersion: 'TLSv1.3', ciphers: 'TLS_AES_128_CCM_SHA256' }, refused('handshake_failure')),
  },
  'server-sni-absent': {
    about: 'protocol',
    rule: 'RFC 6066 section 3',
    demand: 'a client that names no server gets the edge’s certificate',
    play: asking({}, works),
  },
  'server-sni-wrong': {
    about: 'protocol',
    rule: 'RFC 6066 section 3',
    demand: 'a client that names another server gets the edge’s own certificate, or the alert unrecognized_name',
    play: asking({ servername: 'somebody-else.example' }, (report) => works(report) || refused('unrecognized_name')(report)),
  },
  'server-junk': {
    about: 'protocol',
    rule: 'RFC 8446 section 5.1',
    demand: 'bytes that are no TLS end the connection',
    play: raw(() => Buffer.alloc(300, 0xff)),
  },
  'server-clear-sip': {
    about: 'protocol',
    rule: 'RFC 3261 section 26.2.1',
    demand: 'SIP in clear on the secure port ends the connection and is not answered',
    play: raw((stage) => Buffer.from(`OPTIONS sip:${stage.edge.host} SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.1\r\nContent-Length: 0\r\n\r\n`)),
  },
  'server-half-open': {
    about: 'protocol',
    rule: 'RFC 3261 section 26.3.2.4',
    demand: 'handshakes that never end hold nobody else up',
    play: halfOpen,
  },
  'server-renegotiation': {
    about: 'protocol',
    rule: 'RFC 8446 section 4.1.2',
    demand: 'a ClientHello after the handshake ends the connection',
    play: async (stage) => {
      const report = await probeTls({ ...stage.edge, tls: trusting(stage, {}), request: options(stage), afterwards: (hello) => hello })
      return finding(({ status, closed }) => status === 200 && closed, report)
    },
  },
  'server-resumption': {
    about: 'protocol',
    rule: 'RFC 8446 section 2.2',
    demand: 'a client that comes back with a ticket is served, by TLS 1.3 as before',
    play: resumption,
  },
  'server-certificate-none': certified(undefined, 'lets nobody in who shows none', false),
  'server-certificate-good': certified('good', 'lets in who shows one for the domain of the trunk', true),
  'server-certificate-wrong-name': certified('wrong-name', 'lets nobody in with one for another domain', false),
  'server-certificate-unknown-authority': certified('unknown-authority', 'lets nobody in with one of an authority it does not know', false),
  'server-certificate-expired': certified('expired', 'lets nobody in with one that has expired', false),
  'server-certificate-revoked': certified('revoked', 'lets nobody in with one that was revoked', false),
} as const satisfies Record<string, TlsCase>

const options = (stage: TlsStage): SipRequest => request('OPTIONS', `sip:${uriHost(stage)}`, stage)

/** Offers a codec the edge does not have: a call that is let in is refused with 488, one that is not with 403, and no media flows. */
function invite(stage: TlsStage): SipRequest {
  const sdp = ['v=0', 'o=- 1 1 IN IP4 192.0.2.1', 's=-', 'c=IN IP4 192.0.2.1', 't=0 0', 'm=audio 9 RTP/AVP 4', '']
  return request('INVITE', `sip:${stage.number}@${uriHost(stage)}`, stage, sdp.join('\r\n'))
}

const uriHost = ({ edge: { host } }: TlsStage): string => (host.includes(':') ? `[${host}]` : host)

function request(method: string, uri: string, { lab }: TlsStage, body?: string): SipRequest {
  const id = randomBytes(8).toString('hex')
  return makeRequest(
    method,
    uri,
    [
      ['Via', `SIP/2.0/TLS ${lab.host};branch=z9hG4bK${id};rport`],
      ['Max-Forwards', '70'],
      ['From', `<sip:probe@${lab.host}>;tag=${id}`],
      ['To', `<${uri}>`],
      ['Call-ID', id],
      ['CSeq', `1 ${method}`],
      ['Contact', `<sip:probe@${lab.host};transport=tls>`],
      ...(body === undefined ? [] : ([['Content-Type', 'application/sdp']] as [string, string][])),
    ],
    body,
  )
}
