/**
 * Opens one direction's protected records of a TLS 1.3 connection with secrets from a key
 * log (RFC 8446 sections 5.2, 5.3 and 7). For reading captures: it only ever decrypts.
 */
import { createDecipheriv, createHmac } from 'node:crypto'

interface Suite {
  readonly algorithm: 'aes-128-gcm' | 'aes-256-gcm' | 'chacha20-poly1305'
  readonly keyLength: number
  readonly hash: 'sha256' | 'sha384'
}

const suites: Readonly<Record<string, Suite>> = {
  TLS_AES_128_GCM_SHA256: { algorithm: 'aes-128-gcm', keyLength: 16, hash: 'sha256' },
  TLS_AES_256_GCM_SHA384: { algorithm: 'aes-256-gcm', keyLength: 32, hash: 'sha384' },
  TLS_CHACHA20_POLY1305_SHA256: { algorithm: 'chacha20-poly1305', keyLength: 32, hash: 'sha256' },
}

const ivLength = 12
const tagLength = 16

/** The content of a record: its real type, and its bytes without padding. */
export interface OpenedRecord {
  readonly type: number
  readonly content: Buffer
}

export class RecordOpener {
  readonly #suite: Suite
  #secret: Buffer
  #key: Buffer
  #iv: Buffer
  #sequence = 0n

  private constructor(suite: Suite, secret: Buffer) {
    this.#suite = suite
    this.#secret = secret
    this.#key = expandLabel(suite, secret, 'key', suite.keyLength)
    this.#iv = expandLabel(suite, secret, 'iv', ivLength)
  }

  /** `cipher` is an IANA name; undefined for a suite this cannot open. */
  static for(cipher: string, secret: Buffer): RecordOpener | undefined {
    const suite = suites[cipher]
    return suite && new RecordOpener(suite, secret)
  }

  /** Opens the next record; undefined when it was not protected with these keys, which then stay where they are. */
  open(header: Uint8Array, body: Uint8Array): OpenedRecord | undefined {
    if (body.length <= tagLength) return undefined
    const { algorithm } = this.#suite
    // The cast picks the AEAD overload: the three suites share its interface.
    const decipher = createDecipheriv(algorithm as 'aes-128-gcm', this.#key, this.#nonce(), { authTagLength: tagLength })
    decipher.setAAD(header)
    decipher.setAuthTag(body.subarray(body.length - tagLength))
    const plain = decipher.update(body.subarray(0, body.length - tagLength))
    try {
      decipher.final()
    } catch {
      return undefined
    }
    this.#sequence += 1n
    // Zeros after the type are padding.
    let end = plain.length - 1
    while (end >= 0 && plain[end] === 0) end--
    return end < 0 ? undefined : { type: plain[end]!, content: plain.subarray(0, end) }
  }

  /** The sender announced new keys (RFC 8446 section 7.2). */
  update(): void {
    this.#secret = expandLabel(this.#suite, this.#secret, 'traffic upd', this.#secret.length)
    this.#key = expandLabel(this.#suite, this.#secret, 'key', this.#suite.keyLength)
    this.#iv = expandLabel(this.#suite, this.#secret, 'iv', ivLength)
    this.#sequence = 0n
  }

  #nonce(): Buffer {
    const nonce = Buffer.from(this.#iv)
    nonce.writeBigUInt64BE(nonce.readBigUInt64BE(ivLength - 8) ^ this.#sequence, ivLength - 8)
    return nonce
  }
}

/** HKDF-Expand-Label with an empty context. One block of HKDF is enough: no length here exceeds the hash's. */
function expandLabel({ hash }: Suite, secret: Buffer, label: string, length: number): Buffer {
  const name = Buffer.from(`tls13 ${label}`)
  const info = Buffer.concat([Buffer.from([length >> 8, length & 255, name.length]), name, Buffer.from([0, 1])])
  return createHmac(hash, secret).update(info).digest().subarray(0, length)
}
