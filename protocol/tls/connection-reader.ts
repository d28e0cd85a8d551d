/**
 * One captured TLS connection: what was negotiated, and, where a key log has its secrets,
 * what was said. Fed with the bytes of both directions in order; pure.
 */
import { clientRandomOf, readServerHello, type ServerHello } from './hello.ts'
import type { TlsSecrets } from './key-log.ts'
import { type OpenedRecord, RecordOpener } from './record-opener.ts'

const contentType = { handshake: 22, applicationData: 23 } as const
const keyUpdate = 24
const headerLength = 5
/** Several of the longest records (RFC 8446 section 5.2): a handshake whose secrets are late is shorter. */
const maxWaiting = 1 << 17

export type Role = 'client' | 'server'

/** Whether a stream begins like TLS: a handshake record of some 3.x version. */
export function looksLikeTls(bytes: Uint8Array): boolean {
  return bytes[0] === contentType.handshake && bytes[1] === 3
}

export class TlsConnectionReader {
  readonly #secretsOf: (clientRandom: string) => TlsSecrets | undefined
  readonly #directions: Readonly<Record<Role, Direction>> = { client: new Direction(), server: new Direction() }
  #clientRandom: string | undefined
  #hello: ServerHello | undefined

  /**
   * `secretsOf` is asked when the first protected record comes, and again with what follows
   * until it knows: a capture is often ahead of the key log.
   */
  constructor(secretsOf: (clientRandom: string) => TlsSecrets | undefined) {
    this.#secretsOf = secretsOf
  }

  /** What secrets of this connection go by, once the client has spoken: hexadecimal in lower case. */
  get clientRandom(): string | undefined {
    return this.#clientRandom
  }

  /** What the server chose, once it has. */
  get hello(): ServerHello | undefined {
    return this.#hello
  }

  /** Takes what one side sent next; gives the application data in it that could be opened, and what had waited for its secret. */
  push(from: Role, bytes: Uint8Array): Buffer[] {
    const direction = this.#directions[from]
    direction.take(bytes)
    const data: Buffer[] = []
    for (let record = direction.next; record !== undefined; record = direction.next) {
      if (record.type === contentType.handshake) this.#readHello(from, record.body)
      else if (record.type === contentType.applicationData) {
        const opened = this.#open(from, direction, record)
        // A record passed over would put every later one out of count.
        if (opened === 'no secret yet') return data
        if (opened?.type === contentType.applicationData) data.push(opened.content)
        else if (opened?.type === contentType.handshake && opened.content[0] === keyUpdate) direction.opener?.update()
      }
      direction.pass()
    }
    return data
  }

  #readHello(from: Role, message: Uint8Array): void {
    if (from === 'client') this.#clientRandom ??= clientRandomOf(message)
    else this.#hello ??= readServerHello(message)
  }

  #open(from: Role, direction: Direction, { header, body }: RawRecord): OpenedRecord | 'no secret yet' | undefined {
    const opened = direction.opener?.open(header, body)
    if (opened !== undefined || direction.settled) return opened
    // Either the first protected record, or the change from the keys of the handshake to those of the traffic.
    const label = `${from.toUpperCase()}_${direction.opener === undefined ? 'HANDSHAKE_TRAFFIC_SECRET' : 'TRAFFIC_SECRET_0'}`
    const secret = this.#clientRandom === undefined ? undefined : this.#secretsOf(this.#clientRandom)?.get(label)
    if (secret === undefined || this.#hello === undefined) return 'no secret yet'
    direction.settled = direction.opener !== undefined
    direction.opener = RecordOpener.for(this.#hello.cipher, secret)
    return direction.opener?.open(header, body)
  }
}

interface RawRecord {
  readonly type: number
  readonly header: Uint8Array
  readonly body: Uint8Array
}

/** The bytes of one side, cut into records. */
class Direction {
  opener: RecordOpener | undefined
  /** The keys in use are those of the traffic: no others follow but by update. */
  settled = false
  #rest = Buffer.alloc(0)

  take(bytes: Uint8Array): void {
    // Nobody will ever open so much: there are no secrets, or this is no TLS.
    if (this.#rest.length > maxWaiting) this.#rest = Buffer.alloc(0)
    this.#rest = Buffer.concat([this.#rest, bytes])
  }

  /** The first record that was not passed, once it is complete. */
  get next(): RawRecord | undefined {
    const length = this.#length
    if (length === undefined || this.#rest.length < length) return undefined
    const header = this.#rest.subarray(0, headerLength)
    return { type: header[0]!, header, body: this.#rest.subarray(headerLength, length) }
  }

  pass(): void {
    this.#rest = this.#rest.subarray(this.#length)
  }

  get #length(): number | undefined {
    return this.#rest.length < headerLength ? undefined : headerLength + this.#rest.readUInt16BE(3)
  }
}
