/** TLS over a TCP socket that is already there: both handshakes, and what they settled on. */

import { isIP, type Socket } from 'node:net'
import {
  connect,
  createSecureContext,
  createServer,
  DEFAULT_CIPHERS,
  type SecureContext,
  type SecureVersion,
  type Server,
  TLSSocket,
} from 'node:tls'
import type { PathTap, TlsFacts } from '../../protocol/wire.ts'
import { matchesIdentity, subjectAltNames } from './peer-identity.ts'
import { TappedSocket } from './tapped-socket.ts'
import { TransportError, type TransportErrorCode } from './transport-error.ts'

interface TlsVersions {
  /** Default on both ends: TLSv1.3. */
  readonly minVersion?: SecureVersion
  readonly maxVersion?: SecureVersion
}

interface TlsTrust {
  /** PEM authorities the other side's certificate is checked against; default: the system's. */
  readonly ca?: readonly string[]
  /** PEM, one list each. Where there are any, a certificate is trusted only if every issuer up to its root has a list, and none names it. */
  readonly crl?: readonly string[]
}

export interface TlsServerOptions extends TlsVersions, TlsTrust {
  /** PEM, the chain after the certificate itself. */
  readonly cert: string
  readonly key: string
  /** Default 'no'. With 'ask' a missing or wrong one is only noted in the facts. */
  readonly clientCertificate?: 'no' | 'ask' | 'require'
  /** Sees the path and the keys. Only with `clientCertificate: 'no'`. */
  readonly pathTap?: PathTap | undefined
}

export interface TlsClientOptions extends TlsVersions, TlsTrust {
  /** PEM, shown to servers that ask. */
  readonly cert?: string
  readonly key?: string
  /** Default true. With false any certificate will do, and the facts say what was wrong with it. */
  readonly verify?: boolean
  /** Sees the path and the keys. */
  readonly pathTap?: PathTap | undefined
}

/** Does the server's half of handshakes on sockets handed to it. */
export class TlsAcceptor {
  readonly #server: Server
  readonly #takeTapped: ((socket: Socket) => void) | undefined

  constructor(options: TlsServerOptions, handshakeMs: number, accept: (socket: TLSSocket, facts: TlsFacts) => void) {
    const { cert, key, clientCertificate = 'no', pathTap } = options
    if (pathTap !== undefined) this.#takeTapped = tappedAcceptor(options, pathTap, handshakeMs, accept)
    this.#server = createServer(
      {
        cert,
        key,
        ...versions(options),
        ...trust(options),
        requestCert: clientCertificate !== 'no',
        rejectUnauthorized: clientCertificate === 'require',
        handshakeTimeout: handshakeMs,
      },
      (socket) => accept(socket, factsOf(socket)),
    )
    // Junk, plain SIP, old versions, a client that does not trust us: all end quietly here.
    this.#server.on('tlsClientError', (_error, socket) => {
      socket.on('error', () => {})
      socket.destroy()
    })
  }

  /** Never listens itself: sockets are injected, so that who may connect is decided before any cryptography. */
  take(socket: Socket): void {
    if (this.#takeTapped !== undefined) this.#takeTapped(socket)
    else this.#server.emit('connection', socket)
  }
}

/** The same for sockets whose bytes are to be seen; a server gives no hold on what it wraps. */
function tappedAcceptor(
  options: TlsServerOptions,
  tap: PathTap,
  handshakeMs: number,
  accept: (socket: TLSSocket, facts: TlsFacts) => void,
): (socket: Socket) => void {
  const secureContext = createSecureContext({ cert: options.cert, key: options.key, ...versions(options), ...trust({}) })
  return (socket) => {
    const secured = tapped(socket, tap, (duplex) => new TLSSocket(duplex, { isServer: true, secureContext }))
    const timer = setTimeout(() => secured.destroy(), handshakeMs)
    secured.once('close', () => clearTimeout(timer))
    secured.on('error', () => secured.destroy())
    secured.once('secure', () => {
      clearTimeout(timer)
      accept(secured, factsOf(secured))
    })
  }
}

/** TLS over a socket whose bytes are seen. It has the socket's addresses, which TLS over any other stream has not. */
function tapped(socket: Socket, tap: PathTap, secure: (duplex: TappedSocket) => TLSSocket): TLSSocket {
  const duplex = new TappedSocket(socket, tap)
  const secured = secure(duplex)
  const { local, remote } = duplex
  Object.defineProperties(secured, {
    localAddress: { value: local.address },
    localPort: { value: local.port },
    remoteAddress: { value: remote.address },
    remotePort: { value: remote.port },
  })
  secured.on('keylog', (line: Buffer) => tap.tlsKey(line.toString().trimEnd()))
  return secured
}

interface SecureOptions {
  /** Who the certificate must be issued for: a domain or an IP address. */
  readonly identity: string
  readonly timeoutMs: number
  readonly signal: AbortSignal
  /** Names the attempt in errors. */
  readonly what: string
}

/** The client's settings, read once. */
export class TlsConnector {
  readonly #context: SecureContext
  readonly #verify: boolean
  readonly #pathTap: PathTap | undefined

  constructor(options: TlsClientOptions = {}) {
    const { cert, key, verify = true, pathTap } = options
    this.#verify = verify
    this.#pathTap = pathTap
    this.#context = createSecureContext({
      ...versions(options),
      ...trust(options),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    })
  }

  /** Rejects with a TransportError and destroys the socket when the handshake or the verification fails. */
  secure(socket: Socket, { identity, timeoutMs, signal, what }: SecureOptions): Promise<{ socket: TLSSocket; tls: TlsFacts }> {
    return new Promise((resolve, reject) => {
      const settings = {
        secureContext: this.#context,
        // Server Name Indication has no form for addresses (RFC 6066 section 3).
        ...(isIP(identity) === 0 ? { servername: identity } : {}),
        // Verified below, so that the facts can be had when verification is off.
        rejectUnauthorized: false,
        checkServerIdentity: (_host: string, { subjectaltname }: { subjectaltname?: string | undefined }) =>
          matchesIdentity(subjectAltNames(subjectaltname), identity)
            ? undefined
            : Object.assign(new Error(`certificate is not for ${identity}`), { code: 'CERT_NAME_MISMATCH' }),
      }
      const secured =
        this.#pathTap === undefined
          ? connect({ ...settings, socket })
          : tapped(socket, this.#pathTap, (duplex) => connect({ ...settings, socket: duplex }))
      const settle = (error?: TransportError, tls?: TlsFacts) => {
        clearTimeout(timer)
        signal.removeEventListener('abort', abort)
        secured.off('close', closed)
        if (tls !== undefined) return resolve({ socket: secured, tls })
        secured.destroy()
        reject(error)
      }
      const fail = (code: TransportErrorCode, message: string, cause?: unknown) =>
        settle(new TransportError(code, `${what}: ${message}`, cause))
      const abort = () => fail('closed', 'the transport layer is closed')
      const closed = () => fail('tls', 'closed during the handshake')
      const timer = setTimeout(() => fail('timeout', `no TLS handshake within ${timeoutMs} ms`), timeoutMs)
      signal.addEventListener('abort', abort)
      secured.on('close', closed)
      // Stays on for good: whatever happens later, nobody is left without a listener.
      secured.on('error', (error) => fail('tls', error.message, error))
      secured.once('secureConnect', () => {
        const tls = factsOf(secured, isIP(identity) === 0 ? identity : undefined)
        if (this.#verify && !tls.authorized) fail('tls', tls.verifyError ?? 'not authorized')
        else settle(undefined, tls)
      })
    })
  }
}

function versions({ minVersion = 'TLSv1.3', maxVersion = 'TLSv1.3' }: TlsVersions) {
  return { minVersion, maxVersion }
}

/** What certificates and keys are good for: 112 bits of strength at least, which neither SHA-1 nor RSA with 1024 bits has. */
const strongCiphers = `${DEFAULT_CIPHERS}:@SECLEVEL=2`

function trust({ ca, crl }: TlsTrust) {
  return { ciphers: strongCiphers, ...(ca === undefined ? {} : { ca: [...ca] }), ...(crl === undefined ? {} : { crl: [...crl] }) }
}

function factsOf(socket: TLSSocket, asked?: string): TlsFacts {
  const certificate = socket.getPeerX509Certificate()
  const { authorizationError } = socket
  const servername = asked ?? (socket.servername || undefined)
  return {
    version: socket.getProtocol() ?? 'unknown',
    cipher: socket.getCipher()?.standardName ?? 'unknown',
    authorized: socket.authorized,
    // On a server nobody is unauthorised who was not asked for a certificate.
    ...(authorizationError && certificate !== undefined ? { verifyError: String(authorizationError) } : {}),
    peerNames: subjectAltNames(certificate?.subjectAltName),
    ...(servername === undefined ? {} : { servername }),
  }
}
