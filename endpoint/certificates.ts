/** Certificates for tests and laboratories: an authority, and what it issues. Nothing is stored. */

import 'reflect-metadata'
import { isIP } from 'node:net'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from '@peculiar/x509'

const hourMs = 3_600_000
/** Clocks of two machines differ; a certificate made now is to be valid on both. */
const clockSkewMs = 300_000
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const serverAuth = '1.3.6.1.5.5.7.3.1'
const clientAuth = '1.3.6.1.5.5.7.3.2'

interface CertificateRequest {
  /** Subject alternative names: domains, IP addresses, and URIs (`sip:example.com`, RFC 5922 section 4.1). */
  readonly names: readonly string[]
  /** From now (or `notBefore`); default 24. */
  readonly validHours?: number
  /** Default: a few minutes ago. In the past together with `validHours` it makes an expired certificate. */
  readonly notBefore?: Date
  /** Subject; default: the first name. */
  readonly commonName?: string
}

/** PEM; `certPem` is the certificate alone. */
export interface IssuedCertificate {
  readonly certPem: string
  readonly keyPem: string
}

export interface Authority {
  /** What the other side has to trust. */
  readonly certPem: string
  /** A certificate for both ends of TLS, ECDSA P-256. */
  issue(request: CertificateRequest): Promise<IssuedCertificate>
}

export async function makeAuthority({ name = 'Trunkproof laboratory', validHours = 24 * 365 } = {}): Promise<Authority> {
  const keys = await generateKeys()
  const subject = distinguishedName(name)
  const root = await X509CertificateGenerator.createSelfSigned({
    name: subject,
    ...validity({ validHours }),
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return {
    certPem: pem(root.toString('pem')),
    async issue(request) {
      const own = await generateKeys()
      const certificate = await X509CertificateGenerator.create({
        subject: distinguishedName(request.commonName ?? request.names[0] ?? 'nobody'),
        issuer: subject,
        ...validity(request),
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: algorithm,
        extensions: [
          new BasicConstraintsExtension(false, undefined, true),
          new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
          new ExtendedKeyUsageExtension([serverAuth, clientAuth]),
          new SubjectAlternativeNameExtension(request.names.map(generalName)),
          await SubjectKeyIdentifierExtension.create(own.publicKey),
          await AuthorityKeyIdentifierExtension.create(keys.publicKey),
        ],
      })
      const key = Buffer.from(await crypto.subtle.exportKey('pkcs8', own.privateKey)).toString('base64')
      const lines = key.replace(/.{64}/g, '$&\n').trimEnd()
      return { certPem: pem(certificate.toString('pem')), keyPem: `-----BEGIN PRIVATE KEY-----\n${lines}\n-----END PRIVATE KEY-----\n` }
    },
  }
}

async function generateKeys(): Promise<CryptoKeyPair> {
  return (await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as CryptoKeyPair
}

function validity({ validHours = 24, notBefore = new Date(Date.now() - clockSkewMs) }: { validHours?: number; notBefore?: Date }) {
  const start = Math.max(notBefore.getTime(), 0)
  return { notBefore: new Date(start), notAfter: new Date(start + validHours * hourMs) }
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
