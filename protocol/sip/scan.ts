/**
 * Character classes and the small scanners that header values share (RFC 3261 section 25.1).
 * Every scanner is one pass over its text and never throws.
 */

const TOKEN = 1
const DIGIT = 2
const SPACE = 4

const classes = new Uint8Array(128)
for (const c of "-.!%*_+`'~") classes[c.charCodeAt(0)]! |= TOKEN
for (let c = 0x30; c <= 0x39; c += 1) classes[c]! |= TOKEN | DIGIT
for (let c = 0x41; c <= 0x5a; c += 1) classes[c]! |= TOKEN
for (let c = 0x61; c <= 0x7a; c += 1) classes[c]! |= TOKEN
classes[0x20]! |= SPACE
classes[0x09]! |= SPACE

export function isTokenCode(code: number): boolean {
  return code < 128 && (classes[code]! & TOKEN) !== 0
}

export function isDigitCode(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

export function isSpaceCode(code: number): boolean {
  return code === 0x20 || code === 0x09
}

/** RFC 3261 `token`: at least one character, all of them token characters. */
export function isToken(text: string): boolean {
  if (text.length === 0) return false
  for (let at = 0; at < text.length; at += 1) if (!isTokenCode(text.charCodeAt(at))) return false
  return true
}

/** `1*DIGIT` up to `max`; undefined for anything else, however long. */
export function parseNumber(text: string, max: number): number | undefined {
  if (text.length === 0) return undefined
  let value = 0
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (!isDigitCode(code)) return undefined
    value = value * 10 + (code - 0x30)
    if (value > max) return undefined
  }
  return value
}

/** First index at or after `at` that is not space or tab. */
export function skipSpace(text: string, at: number): number {
  while (at < text.length && isSpaceCode(text.charCodeAt(at))) at += 1
  return at
}

/** Index after the quoted string that opens at `at`; -1 where it never closes. */
export function skipQuoted(text: string, at: number): number {
  for (at += 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === 0x5c) at += 1
    else if (code === 0x22) return at + 1
  }
  return -1
}

/** `text.slice(from, to)` without spaces and tabs around it. */
export function sliceTrimmed(text: string, from: number, to: number): string {
  while (from < to && isSpaceCode(text.charCodeAt(from))) from += 1
  while (to > from && isSpaceCode(text.charCodeAt(to - 1))) to -= 1
  return text.slice(from, to)
}

/**
 * Splits at commas outside quotes and angle brackets, and adds the values that are not empty to `into`.
 * Tells whether the row was clean: no empty value between commas, every quote and bracket closed.
 */
export function splitList(row: string, into: string[]): boolean {
  // Most rows hold one value: the four searches are native and cheaper than the loop below.
  if (!row.includes(',')) {
    const value = sliceTrimmed(row, 0, row.length)
    if (value.length > 0) into.push(value)
    return value.length > 0
  }
  let clean = true
  let start = 0
  let angle = false
  const take = (end: number) => {
    const value = sliceTrimmed(row, start, end)
    if (value.length > 0) into.push(value)
    else clean = false
  }
  for (let at = 0; at < row.length; at += 1) {
    const code = row.charCodeAt(at)
    if (code === 0x22 && !angle) {
      const end = skipQuoted(row, at)
      if (end < 0) {
        clean = false
        break
      }
      at = end - 1
    } else if (code === 0x3c) angle = true
    else if (code === 0x3e) angle = false
    else if (code === 0x2c && !angle) {
      take(at)
      start = at + 1
    }
  }
  take(row.length)
  return clean && !angle
}

/**
 * Reads `;name[=value]` pairs from `at` to the end of `text`, white space allowed around every separator.
 * Names are lower-cased, values keep their spelling, quotes included. The first of two equal names wins.
 * Returns undefined where the text is not such a list.
 */
export function parseParams(text: string, at: number): Map<string, string | undefined> | undefined {
  const params = new Map<string, string | undefined>()
  at = skipSpace(text, at)
  while (at < text.length) {
    if (text.charCodeAt(at) !== 0x3b) return undefined
    at = skipSpace(text, at + 1)
    const nameStart = at
    while (at < text.length && isTokenCode(text.charCodeAt(at))) at += 1
    if (at === nameStart) return undefined
    const name = text.slice(nameStart, at).toLowerCase()
    at = skipSpace(text, at)
    let value: string | undefined
    if (text.charCodeAt(at) === 0x3d) {
      at = skipSpace(text, at + 1)
      const valueStart = at
      if (text.charCodeAt(at) === 0x22) {
        at = skipQuoted(text, at)
        if (at < 0) return undefined
        value = text.slice(valueStart, at)
      } else {
        while (at < text.length && text.charCodeAt(at) !== 0x3b) at += 1
        value = sliceTrimmed(text, valueStart, at)
        if (value.length === 0 || value.includes('"')) return undefined
      }
      at = skipSpace(text, at)
    }
    if (!params.has(name)) params.set(name, value)
  }
  return params
}

/** `;name=value;flag` as `parseParams` reads it. */
export function formatParams(params: ReadonlyMap<string, string | undefined>): string {
  let text = ''
  for (const [name, value] of params) text += value === undefined ? `;${name}` : `;${name}=${value}`
  return text
}

/** The text a quoted string means; text without quotes is returned as it is. */
export function unquote(text: string): string {
  if (text.length < 2 || text.charCodeAt(0) !== 0x22) return text
  const inner = text.slice(1, -1)
  if (!inner.includes('\\')) return inner
  let out = ''
  for (let at = 0; at < inner.length; at += 1) {
    if (inner.charCodeAt(at) === 0x5c && at + 1 < inner.length) at += 1
    out += inner[at]
  }
  return out
}

/** A quoted string that means `text`. */
export function quote(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&')}"`
}
