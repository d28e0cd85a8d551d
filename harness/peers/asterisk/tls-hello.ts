/**
 * What a TLS server chose, read from the bytes it sent: ServerHello travels in clear in
 * every version, TLS 1.3 included (RFC 8446 section 4.1.3). Pure.
 */

export interface ServerChoice {
  /** `TLSv1.3`, `TLSv1.2`, … as Node names them. */
  readonly version: string
  /** IANA name where it is a TLS 1.3 suite, else its number in hexadecimal. */
  readonly cipher: string
}

const recordType = { handshake: 22 } as const
const handshakeType = { serverHello: 2 } as const
const supportedVersions = 43

/** RFC 8446 appendix B.4. */
const tls13Ciphers: Readonly<Record<number, string>> = {
  4865: 'TLS_AES_128_GCM_SHA256',
  4866: 'TLS_AES_256_GCM_SHA384',
  4867: 'TLS_CHACHA20_POLY1305_SHA256',
  4868: 'TLS_AES_128_CCM_SHA256',
  4869: 'TLS_AES_128_CCM_8_SHA256',
}

const versions: Readonly<Record<number, string>> = { 769: 'TLSv1', 770: 'TLSv1.1', 771: 'TLSv1.2', 772: 'TLSv1.3' }

/** Whether a stream begins like TLS: a handshake record of some 3.x version. */
export function looksLikeTls(bytes: Uint8Array): boolean {
  return bytes[0] === recordType.handshake && bytes[1] === 3
}

/** Reads the first record of a stream; undefined when it is none of a server's or is not complete. */
export function readServerHello(bytes: Uint8Array): ServerChoice | undefined {
  if (!looksLikeTls(bytes) || bytes.length < 9 || bytes[5] !== handshakeType.serverHello) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const end = 9 + (view.getUint32(5) & 0xffffff)
  // Record header 5, message header 4, legacy version 2, random 32, then the session id with its length.
  const sessionId = 9 + 2 + 32
  if (bytes.length < end || sessionId >= end) return undefined
  const suite = sessionId + 1 + bytes[sessionId]!
  if (suite + 3 > end) return undefined
  const number = view.getUint16(suite)
  const legacy = view.getUint16(9)
  return {
    version: nameOf(versionIn(view, suite + 3, end) ?? legacy),
    cipher: tls13Ciphers[number] ?? `0x${number.toString(16).padStart(4, '0')}`,
  }
}

/** The selected version out of the extensions; TLS 1.3 says it only there. */
function versionIn(view: DataView, start: number, end: number): number | undefined {
  for (let at = start + 2; at + 4 <= end; at += 4 + view.getUint16(at + 2)) {
    if (view.getUint16(at) === supportedVersions && at + 6 <= end) return view.getUint16(at + 4)
  }
  return undefined
}

function nameOf(version: number): string {
  return versions[version] ?? `0x${version.toString(16)}`
}
