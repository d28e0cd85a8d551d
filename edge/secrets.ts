/**
 * Passwords at rest: AES-256-GCM with one key a store. The row's own name is the
 * additional data, so that a sealed password moved to another row does not open.
 */

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs'
import { EdgeFailure } from './failure.ts'

const keyBytes = 32
const nonceBytes = 12
const tagBytes = 16

/** Seals and opens short texts with one 32-byte key. */
export class SecretBox {
  readonly #key: Uint8Array

  constructor(key: Uint8Array) {
    if (key.length !== keyBytes) throw new RangeError(`a store key has ${keyBytes} bytes, not ${key.length}`)
    this.#key = key
  }

  /** nonce (12 bytes) | tag (16 bytes) | ciphertext. */
  seal(text: string, owner: string): Uint8Array {
    // A random 96-bit nonce is safe for 2^32 seals under one key (NIST SP 800-38D section 8.3).
    const nonce = randomBytes(nonceBytes)
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce).setAAD(Buffer.from(owner))
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed])
  }

  /** The text, or undefined when the key, the owner or the bytes are not the sealed ones. */
  open(sealed: Uint8Array, owner: string): string | undefined {
    if (sealed.length < nonceBytes + tagBytes) return undefined
    const nonce = sealed.subarray(0, nonceBytes)
    const tag = sealed.subarray(nonceBytes, nonceBytes + tagBytes)
    const decipher = createDecipheriv('aes-256-gcm', this.#key, nonce, { authTagLength: tagBytes })
    decipher.setAAD(Buffer.from(owner)).setAuthTag(tag)
    try {
      return Buffer.concat([decipher.update(sealed.subarray(nonceBytes + tagBytes)), decipher.final()]).toString('utf8')
    } catch {
      return undefined
    }
  }
}

/** A key for a store that dies with the process. */
export const ephemeralKey = (): Uint8Array => randomBytes(keyBytes)

/**
 * Reads a key file (64 hexadecimal digits), or makes one, readable by its owner alone,
 * when `create` allows it. Throws an EdgeFailure when it cannot.
 */
export function loadKey(path: string, create: boolean): Uint8Array {
  if (create && !existsSync(path)) return createKey(path)
  let text: string
  try {
    text = readFileSync(path, 'utf8').trim()
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code ?? String(cause)
    throw new EdgeFailure(
      'key-unreadable',
      `the store key ${path} cannot be read (${why})`,
      'give a readable file with --secret-file',
      cause,
    )
  }
  if (!/^[0-9a-f]{64}$/i.test(text)) {
    throw new EdgeFailure(
      'key-unreadable',
      `${path} is not a store key`,
      'it must hold 64 hexadecimal digits; make one with: openssl rand -hex 32',
    )
  }
  return Buffer.from(text, 'hex')
}

function createKey(path: string): Uint8Array {
  const key = ephemeralKey()
  try {
    // Exclusive: two edges starting at once must not each write a key of their own.
    const file = openSync(path, 'wx', 0o600)
    try {
      writeSync(file, `${Buffer.from(key).toString('hex')}\n`)
    } finally {
      closeSync(file)
    }
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return loadKey(path, false)
    const why = (cause as NodeJS.ErrnoException).code ?? String(cause)
    throw new EdgeFailure(
      'key-unreadable',
      `the store key ${path} cannot be written (${why})`,
      'make its folder writable, or give --secret-file',
      cause,
    )
  }
  return key
}
