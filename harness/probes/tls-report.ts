/** What happened on one TLS connection, as one end of it saw it. */
import type { TLSSocket } from 'node:tls'
import { subjectAltNames } from '../../endpoint/transport/peer-identity.ts'

export interface TlsReport {
  readonly handshake: 'completed' | 'failed'
  readonly version?: string | undefined
  readonly cipher?: string | undefined
  readonly resumed?: boolean | undefined
  /** The server name the client asked for. */
  readonly servername?: string | undefined
  /** Names in the certificate the other side showed; none without one. */
  readonly peerNames: readonly string[]
  /** Whether that certificate leads to the authority of the run. */
  readonly authorized: boolean
  /** The alert the other side sent, by its name in RFC 8446 section 6; `unreadable` in what is no TLS. */
  readonly alert?: string | undefined
  /** What our own end of TLS says went wrong. */
  readonly error?: string | undefined
  /** Whether the other side ended the connection, within the time. */
  readonly closed: boolean
  /** Final status of the SIP request this end sent. */
  readonly status?: number | undefined
  /** SIP requests the other side sent. */
  readonly requests: readonly string[]
}

/** RFC 8446 section 6.2, those a handshake can end with. */
const alerts: Readonly<Record<number, string>> = {
  10: 'unexpected_message',
  20: 'bad_record_mac',
  22: 'record_overflow',
  40: 'handshake_failure',
  42: 'bad_certificate',
  43: 'unsupported_certificate',
  44: 'certificate_revoked',
  45: 'certificate_expired',
  46: 'certificate_unknown',
  47: 'illegal_parameter',
  48: 'unknown_ca',
  49: 'access_denied',
  50: 'decode_error',
  51: 'decrypt_error',
  70: 'protocol_version',
  71: 'insufficient_security',
  80: 'internal_error',
  109: 'missing_extension',
  112: 'unrecognized_name',
  116: 'certificate_required',
}

export const alertName = (number: number): string => alerts[number] ?? `alert ${number}`

/** What one end's error tells: the alert it received, if that was it, else its own code. */
export function readTlsError(error: unknown): Pick<TlsReport, 'alert' | 'error'> {
  const { message = '', code = '' } = error as { message?: string; code?: string }
  const received = /SSL alert number (\d+)/.exec(message)?.[1]
  return received === undefined ? { error: code || message } : { alert: alertName(Number(received)) }
}

/** What a finished handshake settled on. */
export function readHandshake(
  socket: TLSSocket,
): Pick<TlsReport, 'version' | 'cipher' | 'resumed' | 'servername' | 'peerNames' | 'authorized'> {
  return {
    version: socket.getProtocol() ?? undefined,
    cipher: socket.getCipher()?.standardName,
    resumed: socket.isSessionReused(),
    servername: socket.servername || undefined,
    peerNames: subjectAltNames(socket.getPeerX509Certificate()?.subjectAltName),
    authorized: socket.authorized,
  }
}

/** One line for people. */
export function sayReport(report: TlsReport): string {
  const { handshake, version, cipher, resumed, alert, error, closed, status, requests } = report
  const parts = [
    handshake === 'completed' ? `${version} with ${cipher}${resumed ? ', resumed' : ''}` : 'no handshake',
    ...(alert === undefined ? [] : [`alert ${alert}`]),
    ...(error === undefined ? [] : [error]),
    ...(status === undefined ? [] : [`SIP ${status}`]),
    ...(requests.length === 0 ? [] : [requests.join(', ')]),
    closed ? 'closed' : 'left open',
  ]
  return parts.join('; ')
}
