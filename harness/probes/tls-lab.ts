/**
 * The certificates a run's TLS cases are played with, made when a case first asks for one.
 * The edge trusts one authority of them and was started with the list of what it revoked.
 */
import { type Authority, type IssuedCertificate, makeAuthority, makeSelfSigned } from '../../endpoint/certificates.ts'
import { Turns } from './turns.ts'

/** What the run made before the edge was started with it. */
export interface TlsCertificates {
  /** The one the edge trusts. */
  readonly authority: Authority
  /** Below it. The edge knows what it has revoked, but not its certificate. */
  readonly intermediate: Authority
  /** For the place probes listen at, and revoked. */
  readonly revoked: IssuedCertificate
}

export interface TlsLabPlace extends TlsCertificates {
  /** Address probes listen on, which the edge can reach. */
  readonly host: string
  /** A domain name of three parts at least that leads the edge there. */
  readonly domain: string
}

const hourMs = 3_600_000
const casesAtOnce = 6

export class TlsLab {
  readonly host: string
  readonly domain: string
  readonly authority: Authority
  readonly turns = new Turns(casesAtOnce)
  readonly #place: TlsLabPlace
  readonly #made = new Map<CertificateName, Promise<IssuedCertificate>>()

  constructor(place: TlsLabPlace) {
    this.#place = place
    this.host = place.host
    this.domain = place.domain
    this.authority = place.authority
  }

  /** `certPem` is what the holder shows: the certificate, and what is sent along with it. */
  certificate(name: CertificateName): Promise<IssuedCertificate> {
    const made = this.#made.get(name) ?? makers[name](this.#place)
    this.#made.set(name, made)
    return made
  }
}

export type CertificateName = keyof typeof makers

/** Each is for the lab's address or domain and good, but for what its name says. */
const makers = {
  good: ({ authority, host }: TlsLabPlace) => authority.issue({ names: [host] }),
  expired: ({ authority, host }: TlsLabPlace) =>
    authority.issue({ names: [host], notBefore: new Date(Date.now() - 2 * hourMs), validHours: 1 }),
  'not-yet-valid': ({ authority, host }: TlsLabPlace) => authority.issue({ names: [host], notBefore: new Date(Date.now() + hourMs) }),
  'wrong-name': ({ authority }: TlsLabPlace) => authority.issue({ names: ['somebody-else.example', '192.0.2.1'] }),
  'unknown-authority': async ({ host }: TlsLabPlace) => (await makeAuthority({ name: 'Nobody’s authority' })).issue({ names: [host] }),
  'self-signed': ({ host }: TlsLabPlace) => makeSelfSigned({ names: [host] }),
  intermediate: async ({ intermediate, host }: TlsLabPlace) => {
    const { certPem, keyPem } = await intermediate.issue({ names: [host] })
    return { certPem: certPem + intermediate.certPem, keyPem }
  },
  'missing-intermediate': ({ intermediate, host }: TlsLabPlace) => intermediate.issue({ names: [host] }),
  revoked: async ({ revoked }: TlsLabPlace) => revoked,
  sha1: ({ authority, host }: TlsLabPlace) => authority.issue({ names: [host], hash: 'SHA-1' }),
  rsa1024: ({ authority, host }: TlsLabPlace) => authority.issue({ names: [host], key: 'rsa1024' }),
  'dns-name': ({ authority, domain }: TlsLabPlace) => authority.issue({ names: [domain] }),
  'uri-name': ({ authority, domain }: TlsLabPlace) => authority.issue({ names: [`sip:${domain}`] }),
  'other-uri-name': ({ authority, domain }: TlsLabPlace) => authority.issue({ names: ['sip:somebody-else.example', domain] }),
  'uri-with-user': ({ authority, domain }: TlsLabPlace) => authority.issue({ names: [`sip:somebody@${domain}`] }),
  wildcard: ({ authority, domain }: TlsLabPlace) => authority.issue({ names: [domain.replace(/^[^.]+/, '*')] }),
  'common-name': ({ authority, domain }: TlsLabPlace) => authority.issue({ names: [], commonName: domain }),
} as const satisfies Record<string, (place: TlsLabPlace) => Promise<IssuedCertificate>>
