/** The two messages of a TLS handshake that travel in clear in every version (RFC 8446 section 4.1). */

export interface ServerHello {
  /** `TLSv1.3`, `TLSv1.2`, … as Node names them. */
  readonly version: string
  /** IANA name of a TLS 1.3 suite, else the number in hexadecimal. */
  readonly cipher: string
}

const handshake = { clientHello: 1, serverHello: 2 } as const
const supportedVersions = 43
const randomLength = 32

/** RFC 8446 appendix B.4. */
const tls13Ciphers: Readonly<Record<number, string>> = {
  4865: 'TLS_AES_128_GCM_SHA256',
  4866: 'TLS_AES_256_GCM_SHA384',
  4867: 'TLS_CHACHA20_POLY1305_SHA256',
  4868: 'TLS_AES_128_CCM_SHA256',
  4869: 'TLS_AES_128_CCM_8_SHA256',
}

const versions: Readonly<Record<number, string>> = { 769: 'TLSv1', 770: 'TLSv1.1', 771: 'TLSv1.2', 772: 'TLSv1.3' }

/** RFC 8446 section 4.1.3: a ServerHello with this random asks for another ClientHello. */
const retryRandom = 'cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c'

/** The client's random in hexadecimal; undefined when the handshake message is no complete ClientHello. */
export function clientRandomOf(message: Uint8Array): string | undefined {
  if (message[0] !== handshake.clientHello || message.length < 4 + 2 + randomLength) return undefined
  return hex(message.subarray(6, 6 + randomLength))
}

/** What the server chose; undefined when the handshake message is no complete ServerHello, or asks for a retry. */
export function readServerHello(message: Uint8Array): ServerHello | undefined {
  const end = message.length
  // Message header 4, legacy version 2, random 32, then the session id with its length.
  const sessionId = 4 + 2 + randomLength
  if (message[0] !== handshake.serverHello || end <= sessionId) return undefined
  if (hex(message.subarray(6, 6 + randomLength)) === retryRandom) return undefined
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength)
  const suite = sessionId + 1 + message[sessionId]!
  if (suite + 3 > end) return undefined
  const number = view.getUint16(suite)
  const version = versionIn(view, suite + 3) ?? view.getUint16(4)
  return {
    version: versions[version] ?? `0x${version.toString(16)}`,
    cipher: tls13Ciphers[number] ?? `0x${number.toString(16).padStart(4, '0')}`,
  }
}

/** The selected version out of the extensions; TLS 1.3 says it only there. */
function versionIn(view: DataView, start: number): number | undefined {
  for (let at = start + 2; at + 4 <= view.byteLength; at += 4 + view.getUint16(at + 2)) {
    if (view.getUint16(at) === supportedVersions && at + 6 <= view.byteLength) return view.getUint16(at + 4)
  }
  return undefined
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')
}
