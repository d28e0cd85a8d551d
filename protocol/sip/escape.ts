/**
 * Percent escapes of URIs (RFC 3261 section 25.1 `escaped`, RFC 3986 section 2.1). Escapes are UTF-8; a byte that
 * is no part of valid UTF-8 becomes the lone surrogate U+DC00 + byte, so that any URI survives a round trip.
 */

const hex = '0123456789ABCDEF'

/** The text the escapes mean. A `%` that begins no escape stands for itself: such URIs are refused before this. */
export function unescapeText(text: string): string {
  if (!text.includes('%')) return text
  let out = ''
  let at = 0
  while (at < text.length) {
    const percent = text.indexOf('%', at)
    if (percent < 0) return out + text.slice(at)
    out += text.slice(at, percent)
    const bytes: number[] = []
    at = percent
    while (text.charCodeAt(at) === 0x25) {
      const byte = hexByte(text, at + 1)
      if (byte < 0) break
      bytes.push(byte)
      at += 3
    }
    if (bytes.length === 0) {
      out += '%'
      at += 1
    } else out += decodeUtf8(bytes)
  }
  return out
}

/** Escapes every character that is not ASCII or not `allowed` (an ASCII table, 1 = may stand as it is). */
export function escapeText(text: string, allowed: Uint8Array): string {
  let clean = true
  for (let at = 0; at < text.length && clean; at += 1) clean = allowed[text.charCodeAt(at)] === 1
  if (clean) return text
  let out = ''
  for (const character of text) {
    const code = character.codePointAt(0)!
    if (allowed[code] === 1) out += character
    else if (code >= 0xdc80 && code <= 0xdcff) out += escapeByte(code - 0xdc00)
    else for (const byte of Buffer.from(character, 'utf8')) out += escapeByte(byte)
  }
  return out
}

/** Characters an escape is not needed for: letters, digits and `marks`. */
export function allowedCharacters(marks: string): Uint8Array {
  const table = new Uint8Array(128)
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
  for (const character of letters + marks) table[character.charCodeAt(0)] = 1
  return table
}

/** Whether every `%` begins an escape. */
export function escapesAreWhole(text: string): boolean {
  for (let at = text.indexOf('%'); at >= 0; at = text.indexOf('%', at + 1)) if (hexByte(text, at + 1) < 0) return false
  return true
}

function escapeByte(byte: number): string {
  return `%${hex[byte >> 4]}${hex[byte & 15]}`
}

function hexByte(text: string, at: number): number {
  const high = hexDigit(text.charCodeAt(at))
  const low = hexDigit(text.charCodeAt(at + 1))
  return high < 0 || low < 0 ? -1 : high * 16 + low
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const letter = code | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}

/** UTF-8 by the table of RFC 3629 section 4, each byte outside it kept as a lone surrogate. */
function decodeUtf8(bytes: readonly number[]): string {
  let out = ''
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes, at)
    if (length === 0) {
      out += String.fromCharCode(0xdc00 + bytes[at]!)
      at += 1
    } else {
      out += Buffer.from(bytes.slice(at, at + length)).toString('utf8')
      at += length
    }
  }
  return out
}

function sequenceLength(bytes: readonly number[], at: number): number {
  const first = bytes[at]!
  if (first < 0x80) return 1
  const length = first >= 0xc2 && first <= 0xdf ? 2 : first >= 0xe0 && first <= 0xef ? 3 : first >= 0xf0 && first <= 0xf4 ? 4 : 0
  for (let next = 1; next < length; next += 1) {
    const byte = bytes[at + next]
    if (byte === undefined || byte < 0x80 || byte > 0xbf) return 0
  }
  const second = bytes[at + 1] ?? 0
  if (first === 0xe0 && second < 0xa0) return 0
  if (first === 0xed && second > 0x9f) return 0
  if (first === 0xf0 && second < 0x90) return 0
  if (first === 0xf4 && second > 0x8f) return 0
  return length
}
