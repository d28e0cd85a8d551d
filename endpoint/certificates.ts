/** Certificates for tests and laboratories, good ones and bad ones: authorities, and what they issue. Nothing is stored. */

import 'reflect-metadata'
import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  type Extension,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
  X509CrlGenerator,
  X509CrlReason,
} from '@peculiar/x509'

const hourMs = 3_600_000
/** Clocks of two machines differ; a certificate made now is to be valid on both. */
const clockSkewMs = 300_000
const serverAuth = '1.3.6.1.5.5.7.3.1'
const clientAuth = '1.3.6.1.5.5.7.3.2'

/** SHA-1 is what nobody may accept any more (RFC 9155). */
type Hash = 'SHA-256' | 'SHA-1'
const curve = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const rsa = (modulusLength: number) => ({
  name: 'RSASSA-PKCS1-v1_5',
  modulusLength,
  publicExponent: new Uint8Array([1, 0, 1]),
  hash: 'SHA-256',
})
const keyKinds = { p256: curve, rsa2048: rsa(2048), rsa1024: rsa(1024) } as const

interface CertificateRequest {
  /** Subject alternative names: domains, IP addresses, and URIs (`sip:example.com`, RFC 5922 section 4.1). None: the extension is left out. */
  readonly names: readonly string[]
  /** From now (or `notBefore`); default 24. */
  readonly validHours?: number
  /** Default: a few minutes ago. In the past together with `validHours` it makes an expired certificate. */
  readonly notBefore?: Date
  /** Subject; default: the first name. */
  readonly commonName?: string
  /** Default 'p256'. 1024 bits of RSA are too few for anybody. */
  readonly key?: keyof typeof keyKinds
  /** What the issuer signs over; default SHA-256. */
  readonly hash?: Hash
}

/** PEM; `certPem` is the certificate alone. */
export interface IssuedCertificate {
  readonly certPem: string
  readonly keyPem: string
}

export interface Authority {
  /** What the other side has to trust; an intermediate's stands in the chain of what it issues. */
  readonly certPem: string
  /** A certificate for both ends of TLS. */
  issue(request: CertificateRequest): Promise<IssuedCertificate>
  /** An authority below this one, which can issue, but has none below itself. */
  intermediate(name: string): Promise<Authority>
  /** The list of what this authority has revoked (RFC 5280 section 5), PEM; good for a day. */
  revoke(certificates: readonly IssuedCertificate[]): Promise<string>
}

export async function makeAuthority({ name = 'Trunkproof laboratory', validHours = 24 * 365 } = {}): Promise<Authority> {
  const keys = await generateKeys('p256')
  const root = await X509CertificateGenerator.createSelfSigned({
    name: distinguishedName(name),
    ...validity({ validHours }),
    keys,
    signingAlgorithm: curve,
    extensions: await authorityExtensions(keys, 1),
  })
  return authorityOf(name, keys, root.toString('pem'))
}

/** A certificate nobody vouches for. */
export async function makeSelfSigned(request: CertificateRequest): Promise<IssuedCertificate> {
  const keys = await generateKeys(request.key ?? 'p256')
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: subjectOf(request),
    ...validity(request),
    keys,
    signingAlgorithm: curve,
    extensions: await leafExtensions(request, keys),
  })
  return { certPem: pem(certificate.toString('pem')), keyPem: await privatePem(keys) }
}

function authorityOf(name: string, keys: CryptoKeyPair, certificate: string): Authority {
  const issuer = distinguishedName(name)
  const signedByUs = async () => await AuthorityKeyIdentifierExtension.create(keys.publicKey)
  return {
    certPem: pem(certificate),
    async issue(request) {
      const own = await generateKeys(request.key ?? 'p256')
      const issued = await X509CertificateGenerator.create({
        subject: subjectOf(request),
        issuer,
        ...validity(request),
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: { ...curve, hash: request.hash ?? 'SHA-256' },
        extensions: [...(await leafExtensions(request, own)), await signedByUs()],
      })
      return { certPem: pem(issued.toString('pem')), keyPem: await privatePem(own) }
    },
    async intermediate(below) {
      const own = await generateKeys('p256')
      const issued = await X509CertificateGenerator.create({
        subject: distinguishedName(below),
        issuer,
        ...validity({}),
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: curve,
        extensions: [...(await authorityExtensions(own, 0)), await signedByUs()],
      })
      return authorityOf(below, own, issued.toString('pem'))
    },
    async revoke(certificates) {
      const { notBefore: thisUpdate, notAfter: nextUpdate } = validity({})
      const list = await X509CrlGenerator.create({
        issuer,
        thisUpdate,
        nextUpdate,
        entries: certificates.map(({ certPem }) => ({
          serialNumber: new X509Certificate(certPem).serialNumber,
          revocationDate: thisUpdate,
          // Without a reason the library writes an empty list of extensions, which no reader takes.
          reason: X509CrlReason.keyCompromise,
        })),
        signingKey: keys.privateKey,
        signingAlgorithm: curve,
        extensions: [await signedByUs()],
      })
      // RFC 7468 section 7: the label the library writes is nobody's.
      return pem(list.toString('pem').replaceAll(' CRL-----', ' X509 CRL-----'))
    },
  }
}

async function authorityExtensions(keys: CryptoKeyPair, authoritiesBelow: number): Promise<Extension[]> {
  return [
    new BasicConstraintsExtension(true, authoritiesBelow, true),
    new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    await SubjectKeyIdentifierExtension.create(keys.publicKey),
  ]
}

async function leafExtensions({ names }: CertificateRequest, keys: CryptoKeyPair): Promise<Extension[]> {
  return [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension([serverAuth, clientAuth]),
    ...(names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names.map(generalName))]),
    await SubjectKeyIdentifierExtension.create(keys.publicKey),
  ]
}

async function generateKeys(kind: keyof typeof keyKinds): Promise<CryptoKeyPair> {
  return (await crypto.subtle.generateKey(keyKinds[kind], true, ['sign', 'verify'])) as CryptoKeyPair
}

async function privatePem(keys: CryptoKeyPair): Promise<string> {
  const key = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64')
  const lines = key.replace(/.{64}/g, '$&\n').trimEnd()
  return `-----BEGIN PRIVATE KEY-----\n${lines}\n-----END PRIVATE KEY-----\n`
}

function validity({ validHours = 24, notBefore = new Date(Date.now() - clockSkewMs) }: { validHours?: number; notBefore?: Date }) {
  const start = Math.max(notBefore.getTime(), 0)
  return { notBefore: new Date(start), notAfter: new Date(start + validHours * hourMs) }
}

function subjectOf({ commonName, names }: CertificateRequest) {
  return distinguishedName(commonName ?? names[0] ?? 'nobody')
}

function distinguishedName(commonName: string) {
  return [{ CN: [commonName] }]
}

function generalName(name: string): JsonGeneralName {
  if (isIP(name) !== 0) return { type: 'ip', value: name }
  return { type: /^sips?:/i.test(name) ? 'url' : 'dns', value: name }
}

function pem(text: string): string {
  return text.endsWith('\n') ? text : `${text}\n`
}
