/**
 * a=crypto: the keys of SRTP in a description (RFC 4568 section 9).
 *
 *   a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj|2^20|1:4 WSH=128
 *            |            |                            |                          |    |     |
 *           tag         suite             base64 of key and salt            lifetime  MKI   session
 *                                                                         (packets)  :bytes parameters
 *
 * Strict: a line that asks for what we do not do is of no use, as media under it would not flow.
 * No error ever shows a key.
 */

import { type SrtpMasterKey, type SrtpProfileName, srtpProfileNames, srtpProfiles } from '../srtp/profile.ts'
import type { SdpError } from './session.ts'

/** Also the master key that the line carries. */
export interface CryptoAttribute extends SrtpMasterKey {
  /** Names the line in the answer. */
  readonly tag: number
  readonly suite: SrtpProfileName
  /** The suite as it was written, where that differs: the answer has to repeat it (section 5.1.2). */
  readonly spelling?: string
}

export type ParsedCrypto = { readonly ok: true; readonly crypto: CryptoAttribute } | { readonly ok: false; readonly error: SdpError }

/** RFC 6188 named its suites otherwise than its drafts did; products have kept the names of the drafts. */
const otherNames: Readonly<Record<string, SrtpProfileName>> = { AES_CM_256_HMAC_SHA1_80: 'AES_256_CM_HMAC_SHA1_80' }

const longestMki = 128
/** RFC 3711 section 9.2: the most of any key. */
const mostPacketsExponent = 48

/** Reads what stands behind `a=crypto:`. Never throws. */
export function parseCryptoAttribute(value: string): ParsedCrypto {
  const [tag = '', name = '', keys = '', ...sessionParameters] = value.trim().split(/[ \t]+/)
  if (!/^\d{1,9}$/.test(tag)) return bad('RFC 4568 9.1', 'the tag is no number of up to nine digits')
  const suite = suiteOf(name)
  if (suite === undefined) return bad('RFC 4568 6.2', `suite ${printable(name)} is none of ours`)
  if (keys.includes(';')) return bad('RFC 4568 6.1', 'several master keys in one line are not supported')
  const [method, , info = ''] = /^([^:]*)(:(.*))?$/.exec(keys)?.slice(1) ?? []
  if (method?.toLowerCase() !== 'inline') return bad('RFC 4568 6.1', 'the key method is not inline')
  const master = readInline(info, suite)
  if ('rule' in master) return { ok: false, error: master }
  const unusable = sessionParameters.find((parameter) => !isHarmless(parameter))
  if (unusable !== undefined) return bad('RFC 4568 6.3', `session parameter ${printable(unusable)} is not supported`)
  return { ok: true, crypto: { tag: Number(tag), suite, ...(name === suite ? {} : { spelling: name }), ...master } }
}

/** Writes what stands behind `a=crypto:`. */
export function formatCryptoAttribute({ tag, suite, spelling = suite, key, salt, lifetime, mki }: CryptoAttribute): string {
  const parts = [Buffer.concat([key, salt]).toString('base64')]
  if (lifetime !== undefined) parts.push(Number.isInteger(Math.log2(lifetime)) ? `2^${Math.log2(lifetime)}` : String(lifetime))
  if (mki !== undefined) parts.push(`${BigInt(`0x${Buffer.from(mki).toString('hex')}`)}:${mki.length}`)
  return `${tag} ${spelling} inline:${parts.join('|')}`
}

function suiteOf(name: string): SrtpProfileName | undefined {
  const upper = name.toUpperCase()
  return srtpProfileNames.find((known) => known === upper) ?? (Object.hasOwn(otherNames, upper) ? otherNames[upper] : undefined)
}

/** Section 6.1: key and salt, then lifetime, then MKI, the latter two optional. */
function readInline(info: string, suite: SrtpProfileName): SrtpMasterKey | SdpError {
  const { keyLength, saltLength } = srtpProfiles[suite]
  const [base64 = '', ...rest] = info.split('|')
  // "When base64 decoding the key and salt, padding characters (i.e., one or two "=" at the end) are discarded."
  const digits = /^([A-Za-z0-9+/]+)={0,2}$/.exec(base64)?.[1]
  if (digits === undefined || digits.length % 4 === 1) return error('RFC 4568 6.1', 'key and salt are not base64')
  const bytes = Buffer.from(base64, 'base64')
  if (bytes.length !== keyLength + saltLength) {
    return error('RFC 4568 6.1', `key and salt have ${bytes.length} bytes, and ${keyLength + saltLength} in ${suite}`)
  }
  const lifetime = rest[0]?.includes(':') === false ? readLifetime(rest.shift()!) : undefined
  if (typeof lifetime === 'object') return lifetime
  const mki = rest.length > 0 ? readMki(rest.shift()!) : undefined
  if (mki !== undefined && 'rule' in mki) return mki
  if (rest.length > 0) return error('RFC 4568 9.2', 'more than lifetime and MKI follow the key')
  return {
    key: Uint8Array.from(bytes.subarray(0, keyLength)),
    salt: Uint8Array.from(bytes.subarray(keyLength)),
    ...(lifetime === undefined ? {} : { lifetime }),
    ...(mki === undefined ? {} : { mki }),
  }
}

/** Packets: a number, or a power of two written 2^n. */
function readLifetime(text: string): number | SdpError {
  const [, exponent, count] = /^(?:2\^(\d{1,3})|(\d{1,18}))$/.exec(text) ?? []
  const lifetime = exponent === undefined ? Number(count) : 2 ** Number(exponent)
  if (lifetime >= 1 && lifetime <= 2 ** mostPacketsExponent) return lifetime
  return error('RFC 4568 6.1', `the lifetime is no number from 1 to 2^${mostPacketsExponent}`)
}

/** `value:length`, the value in decimal, the length in bytes. */
function readMki(text: string): Uint8Array | SdpError {
  const [, value, digits] = /^(\d{1,320}):(\d{1,3})$/.exec(text) ?? []
  const length = Number(digits)
  if (value === undefined || !(length >= 1 && length <= longestMki)) {
    return error('RFC 4568 6.1', `the MKI is no number of 1 to ${longestMki} bytes`)
  }
  const hex = BigInt(value)
    .toString(16)
    .padStart(2 * length, '0')
  if (hex.length > 2 * length) return error('RFC 4568 6.1', `the MKI does not fit into its ${length} bytes`)
  return Uint8Array.from(Buffer.from(hex, 'hex'))
}

/**
 * Section 6.3: what changes packets we cannot honour, and what we do not know makes the line
 * invalid, unless its sender put a dash before it. A window size is but a hint.
 */
function isHarmless(parameter: string): boolean {
  return parameter.startsWith('-') || /^(?:WSH=\d+|KDR=0+)$/i.test(parameter)
}

/** A token's name, if it looks like one and not like a key that slipped there. Behind an equals sign may be a key. */
function printable(token: string): string {
  return /^[A-Z][A-Z0-9_]{0,39}(?=$|=)/.exec(token)?.[0] ?? '(unreadable)'
}

function error(rule: string, detail: string): SdpError {
  return { rule, detail }
}

function bad(rule: string, detail: string): ParsedCrypto {
  return { ok: false, error: { rule, detail } }
}
