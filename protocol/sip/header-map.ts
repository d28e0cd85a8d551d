import { headerName } from './header-names.ts'
import { splitList } from './scan.ts'

/**
 * A message's header rows, in wire order. Values stay the strings they were (unfolded, trimmed) until
 * someone asks for a typed view (`headers.ts`), so a message nobody looks into costs little.
 *
 * Names compare without case, and a compact form equals its long name (RFC 3261 section 7.3). Known names
 * are written in the spelling of their RFC; unknown ones in the spelling they came with.
 */
export class HeaderMap {
  /** Three columns of one table: a row object per header would double the cost of parsing. */
  readonly #keys: string[] = []
  readonly #names: string[] = []
  readonly #values: string[] = []

  constructor(rows?: Iterable<readonly [name: string, value: string]>) {
    if (rows !== undefined) for (const [name, value] of rows) this.append(name, value)
  }

  /** How many rows there are. */
  get size(): number {
    return this.#keys.length
  }

  /** The first row's value. */
  get(name: string): string | undefined {
    const at = this.#keys.indexOf(headerName(name).key)
    return at < 0 ? undefined : this.#values[at]
  }

  /** Every row's value, as written, in order. */
  rows(name: string): string[] {
    const { key } = headerName(name)
    const keys = this.#keys
    const found: string[] = []
    for (let at = keys.indexOf(key); at >= 0; at = keys.indexOf(key, at + 1)) found.push(this.#values[at]!)
    return found
  }

  /**
   * Every value over all rows, split at the commas that separate values (not those in quotes or in angle brackets).
   * Headers that hold one value a row (Authorization, Date, Subject, ...) are never split.
   */
  list(name: string): string[] {
    const { key, single } = headerName(name)
    const keys = this.#keys
    const found: string[] = []
    for (let at = keys.indexOf(key); at >= 0; at = keys.indexOf(key, at + 1)) {
      const value = this.#values[at]!
      if (single) found.push(value)
      else splitList(value, found)
    }
    return found
  }

  /** How many rows of that name there are. */
  count(name: string): number {
    const { key } = headerName(name)
    let count = 0
    for (let at = this.#keys.indexOf(key); at >= 0; at = this.#keys.indexOf(key, at + 1)) count += 1
    return count
  }

  has(name: string): boolean {
    return this.#keys.includes(headerName(name).key)
  }

  /** Replaces every row of that name, at the place of the first one, or at the end where there was none. An empty list deletes. */
  set(name: string, value: string | readonly string[]): void {
    const header = headerName(name)
    const at = this.#keys.indexOf(header.key)
    if (typeof value === 'string') {
      if (at < 0) {
        this.append(name, value)
        return
      }
      this.#values[at] = value
      this.#names[at] = header.name
      this.#deleteFrom(header.key, at + 1)
      return
    }
    this.#deleteFrom(header.key, 0)
    const place = at < 0 ? this.#keys.length : at
    this.#keys.splice(place, 0, ...value.map(() => header.key))
    this.#names.splice(place, 0, ...value.map(() => header.name))
    this.#values.splice(place, 0, ...value)
  }

  /** Adds a row at the end. */
  append(name: string, value: string): void {
    const header = headerName(name)
    this.#keys.push(header.key)
    this.#names.push(header.name)
    this.#values.push(value)
  }

  /** Adds a row before all others: where a new Via goes. */
  prepend(name: string, value: string): void {
    const header = headerName(name)
    this.#keys.unshift(header.key)
    this.#names.unshift(header.name)
    this.#values.unshift(value)
  }

  /** Removes every row of that name. */
  delete(name: string): void {
    this.#deleteFrom(headerName(name).key, 0)
  }

  *entries(): IterableIterator<[name: string, value: string]> {
    for (let at = 0; at < this.#keys.length; at += 1) yield [this.#names[at]!, this.#values[at]!]
  }

  /** Calls `visit` for each row: `entries()` without its allocations, for the paths every message takes. */
  forEach(visit: (name: string, value: string, key: string) => void): void {
    for (let at = 0; at < this.#keys.length; at += 1) visit(this.#names[at]!, this.#values[at]!, this.#keys[at]!)
  }

  clone(): HeaderMap {
    const copy = new HeaderMap()
    for (let at = 0; at < this.#keys.length; at += 1) {
      copy.#keys.push(this.#keys[at]!)
      copy.#names.push(this.#names[at]!)
      copy.#values.push(this.#values[at]!)
    }
    return copy
  }

  #deleteFrom(key: string, start: number): void {
    for (let at = this.#keys.indexOf(key, start); at >= 0; at = this.#keys.indexOf(key, at)) {
      this.#keys.splice(at, 1)
      this.#names.splice(at, 1)
      this.#values.splice(at, 1)
    }
  }
}
