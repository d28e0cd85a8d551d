/** What makes a certificate more than bytes that anyone can copy: signatures with its key, and the Finished messages. */

import { createHash, createHmac, type KeyObject, timingSafeEqual, verify, X509Certificate } from 'node:crypto'

/** SignatureAndHashAlgorithm (RFC 5246 section 7.4.1.4.1): those we offer, by the kind of key that can make them. */
const signatureAlgorithms = new Map([
  [0x0401, 'rsa'],
  [0x0403, 'ec'],
])
const verifyDataLength = 12

/** The public key in a certificate; undefined when it cannot be read. */
export function publicKeyOf(der: Uint8Array): KeyObject | undefined {
  try {
    return new X509Certificate(der).publicKey
  } catch {
    return undefined
  }
}

/** False for an algorithm we did not offer, too. */
export function isSigned(data: Uint8Array, signed: { algorithm: number; signature: Uint8Array }, key: KeyObject): boolean {
  if (signatureAlgorithms.get(signed.algorithm) !== key.asymmetricKeyType) return false
  try {
    return verify('sha256', data, key, signed.signature)
  } catch {
    return false
  }
}

/** Whether a Finished message's body is what this side sends after this transcript (RFC 5246 section 7.4.9). */
export function isFinished(body: Buffer, side: 'client' | 'server', masterSecret: Buffer, transcript: Buffer): boolean {
  const seed = Buffer.concat([Buffer.from(`${side} finished`), createHash('sha256').update(transcript).digest()])
  const hmac = (data: Buffer) => createHmac('sha256', masterSecret).update(data).digest()
  // P_SHA256 (RFC 5246 section 5): the verify data fits in its first block.
  const expected = hmac(Buffer.concat([hmac(seed), seed])).subarray(0, verifyDataLength)
  return body.length === verifyDataLength && timingSafeEqual(body, expected)
}
