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
/** RFC 8446 section 5.2: the longest protected record. */
const maxRecordLength = 16384 + 256

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

  /** `secretsOf` is asked when the first protected record comes, and again until it knows. */
  constructor(secretsOf: (clientRandom: string) => TlsSecrets | undefined) {
    this.#secretsOf = secretsOf
  }

  /** What the server chose, once it has. */
  get hello(): ServerHello | undefined {
    return this.#hello
  }

  /** Takes what one side sent next; gives the application data in it that could be opened. */
  push(from: Role, bytes: Uint8Array): Buffer[] {
    const direction = this.#directions[from]
    const data: Buffer[] = []
    for (const { type, header, body } of direction.records(bytes)) {
      if (type === contentType.handshake) this.#readHello(from, body)
      else if (type === contentType.applicationData) {
        const opened = this.#open(from, direction, header, body)
        if (opened?.type === contentType.applicationData) data.push(opened.content)
        else if (opened?.type === contentType.handshake && opened.content[0] === keyUpdate) direction.opener?.update()
      }
    }
    return data
  }

  #readHello(from: Role, message: Uint8Array): void {
    if (from === 'client') this.#clientRandom ??= clientRandomOf(message)
    else this.#hello ??= readServerHello(message)
  }

  #open(from: Role, direction: Direction, header: Uint8Array, body: Uint8Array): OpenedRecord | undefined {
    const opened = direction.opener?.open(header, body)
    if (opened !== undefined) return opened
    // Either the first protected record, or the change from the keys of the handshake to those of the traffic.
    const label = `${from.toUpperCase()}_${direction.opener === undefined ? 'HANDSHAKE_TRAFFIC_SECRET' : 'TRAFFIC_SECRET_0'}`
    const secret = this.#clientRandom === undefined ? undefined : this.#secretsOf(this.#clientRandom)?.get(label)
    if (secret === undefined || this.#hello === undefined || direction.settled) return undefined
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
  #lost = false

  records(bytes: Uint8Array): RawRecord[] {
    if (this.#lost) return []
    let rest = Buffer.concat([this.#rest, bytes])
    const records: RawRecord[] = []
    while (rest.length >= headerLength) {
      const length = rest.readUInt16BE(3)
      if (length > maxRecordLength) {
        this.#lost = true
        return records
      }
      if (rest.length < headerLength + length) break
      const header = rest.subarray(0, headerLength)
      records.push({ type: header[0]!, header, body: rest.subarray(headerLength, headerLength + length) })
      rest = rest.subarray(headerLength + length)
    }
    this.#rest = rest
    return records
  }
}
