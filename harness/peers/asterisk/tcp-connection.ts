/** One captured TCP connection that carries SIP, in clear or inside TLS. Pure. */
import type { StreamChunk } from '../../../protocol/capture/tcp-streams.ts'
import { StreamFramer } from '../../../protocol/sip/framing.ts'
import { looksLikeTls, TlsConnectionReader } from '../../../protocol/tls/connection-reader.ts'
import type { TlsSecrets } from '../../../protocol/tls/key-log.ts'
import type { Address, TlsFacts } from '../../../protocol/wire.ts'

export type SecretsOf = (clientRandom: string) => TlsSecrets | undefined

export class TcpConnection {
  /** Who spoke first: the client, in TLS. */
  readonly #first: Address
  readonly #tls: TlsConnectionReader | undefined
  readonly #framers = { client: new StreamFramer(), server: new StreamFramer() }
  #facts: TlsFacts | undefined
  #answered = false

  constructor(first: StreamChunk, secretsOf: SecretsOf) {
    this.#first = first.source
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

  /** The SIP messages that became complete. */
  take({ source, bytes }: StreamChunk): Uint8Array[] {
    const from = this.#isFirst(source) ? 'client' : 'server'
    this.#answered ||= from === 'server'
    const clear = this.#tls?.push(from, bytes) ?? [bytes]
    // The framer's bytes are its own until the next push.
    return clear.flatMap((part) =>
      this.#framers[from].push(part).flatMap((frame) => (frame.kind === 'message' ? [frame.bytes.slice()] : [])),
    )
  }

  #isFirst({ address, port }: Address): boolean {
    return port === this.#first.port && address === this.#first.address
  }
}
