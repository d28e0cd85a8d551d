/** One captured TCP connection that carries SIP, in clear or inside TLS. Pure. */
import type { StreamChunk } from '../../../protocol/capture/tcp-streams.ts'
import { StreamFramer } from '../../../protocol/sip/framing.ts'
import { looksLikeTls, TlsConnectionReader } from '../../../protocol/tls/connection-reader.ts'
import { type TlsSecrets, writeKeyLog } from '../../../protocol/tls/key-log.ts'
import type { Address, PathWire, TlsFacts } from '../../../protocol/wire.ts'

/** The two ends of a packet and its direction, as the host of the capture sees them. */
export type Ends = Pick<PathWire, 'dir' | 'local' | 'remote'>

export type SecretsOf = (clientRandom: string) => TlsSecrets | undefined

/** What a TLS connection was on the path, from its first byte, and what opens it. */
export interface TlsPath {
  readonly wires: readonly PathWire[]
  /** Lines of a key log. */
  keys(): string[]
}

/** Pieces kept: a message is one or two of them. */
const piecesKept = 4_000

export class TcpConnection {
  /** Who spoke first: the client, in TLS. */
  readonly #first: Address
  readonly #tls: TlsConnectionReader | undefined
  readonly #framers = { client: new StreamFramer(), server: new StreamFramer() }
  readonly #secretsOf: SecretsOf
  readonly #path: PathWire[] = []
  readonly #tlsPath: TlsPath = { wires: this.#path, keys: () => this.#keys() }
  #facts: TlsFacts | undefined
  #answered = false

  constructor(first: StreamChunk, secretsOf: SecretsOf) {
    this.#first = first.source
    this.#secretsOf = secretsOf
    this.#tls = looksLikeTls(first.bytes) ? new TlsConnectionReader(secretsOf) : undefined
  }

  /** Whether these bytes are the other side's first words on this connection, rather than a new connection on the same ports. */
  isAnswer(chunk: StreamChunk): boolean {
    return !this.#answered && !this.#isFirst(chunk.source)
  }

  /** Undefined for a connection in clear. */
  get tls(): TlsFacts | undefined {
    const hello = this.#tls?.hello
    // That messages follow shows that both ends accepted what the other showed: Asterisk is told to verify.
    if (hello !== undefined) this.#facts ??= { ...hello, authorized: true, peerNames: [] }
    return this.#facts
  }

  get transport(): 'tcp' | 'tls' {
    return this.#tls === undefined ? 'tcp' : 'tls'
  }

  /** Undefined for a connection in clear; always the same object. */
  get path(): TlsPath | undefined {
    return this.#tls === undefined ? undefined : this.#tlsPath
  }

  /** The SIP messages that became complete. `ends` as the host of the capture sees them. */
  take({ source, bytes, at }: StreamChunk, ends: Ends): Uint8Array[] {
    const from = this.#isFirst(source) ? 'client' : 'server'
    this.#answered ||= from === 'server'
    if (this.#tls !== undefined && this.#path.length < piecesKept) this.#path.push({ at, ...ends, bytes: bytes.slice() })
    const clear = this.#tls?.push(from, bytes) ?? [bytes]
    // The framer's bytes are its own until the next push.
    return clear.flatMap((part) =>
      this.#framers[from].push(part).flatMap((frame) => (frame.kind === 'message' ? [frame.bytes.slice()] : [])),
    )
  }

  #keys(): string[] {
    const random = this.#tls?.clientRandom
    const secrets = random === undefined ? undefined : this.#secretsOf(random)
    return random === undefined || secrets === undefined ? [] : writeKeyLog(random, secrets)
  }

  #isFirst({ address, port }: Address): boolean {
    return port === this.#first.port && address === this.#first.address
  }
}
