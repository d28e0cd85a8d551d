/** Why a message could not be handed to the network. */

export type TransportErrorCode = 'refused' | 'unreachable' | 'timeout' | 'tls' | 'closed' | 'too-large'

/**
 * - refused: nothing listens there (RST, or ICMP port unreachable where the system tells)
 * - unreachable: no route, no listener of ours for that transport and address family
 * - timeout: no connection, or no finished TLS handshake, within the limit
 * - tls: handshake refused, certificate not trusted, or issued for another name
 * - closed: the connection or the layer closed before the message was written
 * - too-large: longer than one UDP datagram can be
 */
export class TransportError extends Error {
  readonly code: TransportErrorCode

  constructor(code: TransportErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'TransportError'
    this.code = code
  }

  /** Sorts what Node's sockets say into our codes; `what` names the attempt. */
  static from(error: unknown, what: string): TransportError {
    if (error instanceof TransportError) return error
    const { code = '', message = String(error) } = error as NodeJS.ErrnoException
    return new TransportError(codeOf(code), `${what}: ${message}`, error)
  }
}

function codeOf(errno: string): TransportErrorCode {
  if (errno === 'ECONNREFUSED') return 'refused'
  if (errno === 'ETIMEDOUT') return 'timeout'
  if (errno === 'EMSGSIZE') return 'too-large'
  if (errno.startsWith('ERR_SSL') || errno.startsWith('ERR_TLS') || errno.startsWith('CERT_')) return 'tls'
  if (errno === 'EPROTO') return 'tls'
  if (/^E(HOSTUNREACH|NETUNREACH|ADDRNOTAVAIL|INVAL|ACCES|PERM|NETDOWN|HOSTDOWN|AFNOSUPPORT)$/.test(errno)) return 'unreachable'
  return 'closed'
}
