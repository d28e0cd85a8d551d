/**
 * Trunks and numbers on disk: one SQLite file, one writer. The edge reads it once, at
 * start, and writes each change through; no call ever waits for it.
 */

import { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'
import { type NumberRecord, numberSchema, type Trunk, trunkSchema } from './api/schemas.ts'
import { EdgeFailure } from './failure.ts'
import type { SecretBox } from './secrets.ts'

const schemaVersion = 1

const schema = `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
  CREATE TABLE trunks (id TEXT PRIMARY KEY, data TEXT NOT NULL, secrets BLOB NOT NULL) STRICT;
  CREATE TABLE numbers (
    number TEXT PRIMARY KEY,
    trunk TEXT NOT NULL REFERENCES trunks (id),
    data TEXT NOT NULL,
    secrets BLOB NOT NULL
  ) STRICT;
  PRAGMA user_version = ${schemaVersion};
`

/** A known text sealed when the store is made: it opens only with the store's own key. */
const witness = 'trunkproof edge store'

/** What one transaction changes; deletions happen first, numbers before trunks. */
export interface StoreChange {
  readonly putTrunks?: readonly Trunk[]
  readonly putNumbers?: readonly NumberRecord[]
  readonly deleteTrunks?: readonly string[]
  readonly deleteNumbers?: readonly string[]
}

const trunkSecretsSchema = z.strictObject({ auth: z.string().optional(), outbound: z.string().optional() })
const numberSecretsSchema = z.strictObject({ credentials: z.string().optional() })

export class Store {
  readonly #db: DatabaseSync
  readonly #box: SecretBox
  readonly #path: string

  private constructor(db: DatabaseSync, box: SecretBox, path: string) {
    this.#db = db
    this.#box = box
    this.#path = path
  }

  /** Opens or makes the store (`:memory:` for one that is not kept). Throws an EdgeFailure that says what to do. */
  static open(path: string, box: SecretBox): Store {
    let db: DatabaseSync | undefined
    try {
      db = new DatabaseSync(path)
      // The maps in memory are the truth while the edge runs, so no second process may write.
      db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON')
      const store = new Store(db, box, path)
      store.#prepare()
      return store
    } catch (cause) {
      db?.close()
      throw cause instanceof EdgeFailure ? cause : openFailure(path, cause)
    }
  }

  #prepare(): void {
    const db = this.#db
    db.exec('BEGIN IMMEDIATE')
    try {
      const { user_version: version } = db.prepare('PRAGMA user_version').get() as { user_version: number }
      const tables = db.prepare("SELECT count(*) AS n FROM sqlite_schema WHERE type = 'table'").get() as { n: number }
      if (version === 0 && tables.n === 0) {
        db.exec(schema)
        db.prepare('INSERT INTO meta (key, value) VALUES (?, ?)').run('witness', this.#box.seal(witness, 'meta'))
      } else if (version !== schemaVersion) {
        throw new EdgeFailure(
          'store-unusable',
          `the store ${this.#path} has version ${version}, and this edge reads version ${schemaVersion}`,
          'start the edge it was made by, or give another file with --store',
        )
      }
      db.exec('COMMIT')
    } catch (error) {
      db.exec('ROLLBACK')
      throw error
    }
    const { quick_check: verdict } = db.prepare('PRAGMA quick_check(1)').get() as { quick_check: string }
    if (verdict !== 'ok') throw corrupt(this.#path, verdict)
    const sealed = db.prepare("SELECT value FROM meta WHERE key = 'witness'").get() as { value: Uint8Array } | undefined
    if (sealed === undefined || this.#box.open(sealed.value, 'meta') !== witness) {
      throw new EdgeFailure(
        'key-unreadable',
        `the store ${this.#path} was sealed with another key`,
        'give the key it was made with by --secret-file, or start with another --store',
      )
    }
  }

  /** Everything that is kept. Throws an EdgeFailure when a row cannot be read. */
  load(): { trunks: Trunk[]; numbers: NumberRecord[] } {
    return {
      trunks: this.#rows('trunks').map((row) => this.#trunk(row)),
      numbers: this.#rows('numbers').map((row) => this.#number(row)),
    }
  }

  #rows(table: 'trunks' | 'numbers'): Row[] {
    return this.#db.prepare(`SELECT rowid, data, secrets FROM ${table} ORDER BY rowid`).all() as unknown as Row[]
  }

  #trunk(row: Row): Trunk {
    const data = readJson(row.data)
    const secrets = trunkSecretsSchema.safeParse(this.#open(row, `trunk:${idOf(data, 'id')}`))
    const whole = trunkSchema.safeParse(secrets.success ? withTrunkSecrets(data, secrets.data) : data)
    if (!secrets.success || !whole.success) throw corrupt(this.#path, `trunk in row ${row.rowid}`)
    return whole.data
  }

  #number(row: Row): NumberRecord {
    const data = readJson(row.data)
    const secrets = numberSecretsSchema.safeParse(this.#open(row, `number:${idOf(data, 'number')}`))
    const whole = numberSchema.safeParse(secrets.success ? withNumberSecrets(data, secrets.data) : data)
    if (!secrets.success || !whole.success) throw corrupt(this.#path, `number in row ${row.rowid}`)
    return whole.data
  }

  #open(row: Row, owner: string): unknown {
    const text = this.#box.open(row.secrets, owner)
    return text === undefined ? undefined : readJson(text)
  }

  /** Makes one change, all of it or (when it throws) none. */
  write(change: StoreChange): void {
    const db = this.#db
    db.exec('BEGIN IMMEDIATE')
    try {
      const each = <T>(items: readonly T[] | undefined, sql: string, values: (item: T) => (string | Uint8Array)[]): void => {
        if (items === undefined || items.length === 0) return
        const statement = db.prepare(sql)
        for (const item of items) statement.run(...values(item))
      }
      each(change.deleteNumbers, 'DELETE FROM numbers WHERE number = ?', (number) => [number])
      each(change.deleteTrunks, 'DELETE FROM trunks WHERE id = ?', (id) => [id])
      each(change.putTrunks, 'INSERT OR REPLACE INTO trunks (id, data, secrets) VALUES (?, ?, ?)', (trunk) => {
        const { data, secrets } = splitTrunk(trunk)
        return [trunk.id, data, this.#box.seal(secrets, `trunk:${trunk.id}`)]
      })
      each(change.putNumbers, 'INSERT OR REPLACE INTO numbers (number, trunk, data, secrets) VALUES (?, ?, ?, ?)', (number) => {
        const { data, secrets } = splitNumber(number)
        return [number.number, number.trunk, data, this.#box.seal(secrets, `number:${number.number}`)]
      })
      db.exec('COMMIT')
    } catch (error) {
      db.exec('ROLLBACK')
      throw error
    }
  }

  close(): void {
    this.#db.close()
  }
}

interface Row {
  rowid: number
  data: string
  secrets: Uint8Array
}

function splitTrunk(trunk: Trunk): { data: string; secrets: string } {
  const { auth, outbound_credentials: outbound, ...rest } = trunk
  const secrets = { ...(auth.type === 'digest' && { auth: auth.password }), ...(outbound && { outbound: outbound.password }) }
  const data = {
    ...rest,
    auth: auth.type === 'digest' ? { ...auth, password: undefined } : auth,
    ...(outbound && { outbound_credentials: { username: outbound.username } }),
  }
  return { data: JSON.stringify(data), secrets: JSON.stringify(secrets) }
}

function withTrunkSecrets(data: unknown, secrets: z.output<typeof trunkSecretsSchema>): unknown {
  if (!isRecord(data) || !isRecord(data.auth)) return data
  return {
    ...data,
    auth: secrets.auth === undefined ? data.auth : { ...data.auth, password: secrets.auth },
    ...(isRecord(data.outbound_credentials) && { outbound_credentials: { ...data.outbound_credentials, password: secrets.outbound } }),
  }
}

function splitNumber(number: NumberRecord): { data: string; secrets: string } {
  const { credentials, ...rest } = number
  return {
    data: JSON.stringify({ ...rest, ...(credentials && { credentials: { username: credentials.username } }) }),
    secrets: JSON.stringify(credentials ? { credentials: credentials.password } : {}),
  }
}

function withNumberSecrets(data: unknown, secrets: z.output<typeof numberSecretsSchema>): unknown {
  if (!isRecord(data) || !isRecord(data.credentials)) return data
  return { ...data, credentials: { ...data.credentials, password: secrets.credentials } }
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

const idOf = (data: unknown, key: string): string => (isRecord(data) ? String(data[key]) : '')

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const corrupt = (path: string, what: string): EdgeFailure =>
  new EdgeFailure('store-unusable', `the store ${path} is damaged (${what})`, 'restore it from a copy, or start with another --store')

/** SQLite's result codes, as far as they have an advice of their own. */
function openFailure(path: string, cause: unknown): EdgeFailure {
  const { errcode, message } = cause as { errcode?: number; message?: string }
  if (errcode === 26 || errcode === 11) return corrupt(path, 'it is not a readable SQLite database')
  if (errcode === 5) {
    return new EdgeFailure(
      'store-unusable',
      `the store ${path} is in use by another process`,
      'stop that one, or give another --store',
      cause,
    )
  }
  return new EdgeFailure(
    'store-unusable',
    `the store ${path} cannot be opened (${message ?? String(cause)})`,
    'check that its folder exists and can be written, or give another --store',
    cause,
  )
}
