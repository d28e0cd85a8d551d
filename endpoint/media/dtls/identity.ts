/** Who we are in handshakes: a certificate that signs itself and is named in signalling (RFC 5763 section 5). */

import 'reflect-metadata'
import { BasicConstraintsExtension, X509CertificateGenerator } from '@peculiar/x509'
import type { Fingerprint } from '../../../protocol/sdp/types.ts'
import { fingerprintOf } from './fingerprint.ts'

/** The certificate and its key in PEM, and the sha-256 fingerprint that signalling carries. */
export interface DtlsIdentity {
  readonly certPem: string
  readonly keyPem: string
  readonly fingerprint: Fingerprint
}

const dayMs = 24 * 3_600_000
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

/** A new ECDSA P-256 certificate. Nothing of it tells one endpoint from another but the key. */
export async function createIdentity(): Promise<DtlsIdentity> {
  const keys = (await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as CryptoKeyPair
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: [{ CN: ['trunkproof'] }],
    // Signalling vouches for it, not its dates: wide enough for any clock and for a process that runs for months.
    notBefore: new Date(Date.now() - dayMs),
    notAfter: new Date(Date.now() + 365 * dayMs),
    keys,
    signingAlgorithm: algorithm,
    extensions: [new BasicConstraintsExtension(false, undefined, true)],
  })
  const key = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64')
  return {
    certPem: certificate.toString('pem'),
    keyPem: `-----BEGIN PRIVATE KEY-----\n${key.replace(/.{64}/g, '$&\n').trimEnd()}\n-----END PRIVATE KEY-----\n`,
    fingerprint: fingerprintOf(new Uint8Array(certificate.rawData)),
  }
}

let ofProcess: Promise<DtlsIdentity> | undefined

/** The identity of this process, made at the first call and gone with the process. Loads the DTLS library too, which takes a while. */
export function processIdentity(): Promise<DtlsIdentity> {
  ofProcess ??= Promise.all([createIdentity(), import('./werift-end.ts')]).then(([identity]) => identity)
  return ofProcess
}
