/** What is read of handshake messages to judge the far end (RFC 5246 section 7.4, RFC 8422 section 5). Undefined: cannot be read. */

/** Message types. */
export const messageTypes = {
  clientHello: 1,
  serverHello: 2,
  helloVerifyRequest: 3,
  certificate: 11,
  serverKeyExchange: 12,
  certificateRequest: 13,
  serverHelloDone: 14,
  certificateVerify: 15,
  clientKeyExchange: 16,
  finished: 20,
} as const

/** Extension types. */
export const extensionTypes = { groups: 10, signatureAlgorithms: 13, useSrtp: 14, extendedMasterSecret: 23 } as const

interface Hello {
  /** 0xfefd is DTLS 1.2; smaller is newer. */
  readonly version: number
  readonly random: Buffer
  /** By type. */
  readonly extensions: ReadonlyMap<number, Buffer>
}

interface ClientHello extends Hello {
  readonly cookie: Buffer
  readonly suites: readonly number[]
  readonly compressions: Buffer
}

interface ServerHello extends Hello {
  readonly suite: number
  readonly compression: number
}

/** Hash and signature algorithm in one number, 0x0403 is SHA-256 with ECDSA (RFC 5246 section 7.4.1.4.1). */
interface Signed {
  readonly algorithm: number
  readonly signature: Buffer
}

interface ServerKeyExchange extends Signed {
  readonly curve: number
  /** What is signed, after both randoms. */
  readonly parameters: Buffer
}

export function readClientHello(body: Buffer): ClientHello | undefined {
  return read(body, (from) => {
    const [version, random] = [from.number(2), from.bytes(32)]
    from.vector(1)
    return {
      version,
      random,
      cookie: from.vector(1),
      suites: numbers(from.vector(2)),
      compressions: from.vector(1),
      extensions: from.rest > 0 ? extensions(from.vector(2)) : new Map(),
    }
  })
}

export function readServerHello(body: Buffer): ServerHello | undefined {
  return read(body, (from) => {
    const [version, random] = [from.number(2), from.bytes(32)]
    from.vector(1)
    return {
      version,
      random,
      suite: from.number(2),
      compression: from.number(1),
      extensions: from.rest > 0 ? extensions(from.vector(2)) : new Map(),
    }
  })
}

/** In DER, the sender's own first. */
export function readCertificates(body: Buffer): Buffer[] | undefined {
  return read(body, (from) => {
    const certificates: Buffer[] = []
    const list = new Reader(from.vector(3))
    while (list.rest > 0) certificates.push(list.vector(3))
    return certificates
  })
}

/** Undefined also when the key is not on a named curve. */
export function readServerKeyExchange(body: Buffer): ServerKeyExchange | undefined {
  return read(body, (from) => {
    if (from.number(1) !== 3) throw new Unreadable()
    const curve = from.number(2)
    from.vector(1)
    const parameters = body.subarray(0, body.length - from.rest)
    return { curve, parameters, algorithm: from.number(2), signature: from.vector(2) }
  })
}

export function readCertificateVerify(body: Buffer): Signed | undefined {
  return read(body, (from) => ({ algorithm: from.number(2), signature: from.vector(2) }))
}

/** The use_srtp extension (RFC 5764 section 4.1.1). */
export function readUseSrtp(data: Buffer): { profiles: number[]; mki: Buffer } | undefined {
  return read(data, (from) => ({ profiles: numbers(from.vector(2)), mki: from.vector(1) }))
}

/** An extension that is one list of 16-bit numbers. */
export function readNumbers(data: Buffer): number[] | undefined {
  return read(data, (from) => numbers(from.vector(2)))
}

class Unreadable extends Error {}

class Reader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get rest(): number {
    return this.#bytes.length - this.#at
  }

  bytes(length: number): Buffer {
    if (length > this.rest) throw new Unreadable()
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  number(size: number): number {
    return this.bytes(size).readUIntBE(0, size)
  }

  /** Bytes led by their length, which takes `size` bytes itself. */
  vector(size: number): Buffer {
    return this.bytes(this.number(size))
  }
}

function read<T>(body: Buffer, parse: (from: Reader) => T): T | undefined {
  const from = new Reader(body)
  try {
    const value = parse(from)
    return from.rest === 0 ? value : undefined
  } catch (error) {
    if (error instanceof Unreadable) return undefined
    throw error
  }
}

function numbers(list: Buffer): number[] {
  const found: number[] = []
  const from = new Reader(list)
  while (from.rest > 0) found.push(from.number(2))
  return found
}

function extensions(list: Buffer): Map<number, Buffer> {
  const found = new Map<number, Buffer>()
  const from = new Reader(list)
  while (from.rest > 0) {
    const type = from.number(2)
    // "There MUST NOT be more than one extension of the same type."
    if (found.has(type)) throw new Unreadable()
    found.set(type, from.vector(2))
  }
  return found
}
