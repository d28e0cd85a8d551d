/**
 * The run journal on disk: append-only NDJSON, one event a line. Each line is handed
 * to the kernel before `write` returns, so a harness that is killed loses nothing it
 * has reported; the worst a reader meets is a last line that was cut.
 */
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { redactValue } from './redact.ts'
import { type JournalEvent, journalEventSchema, type NewJournalEvent } from './schema/journal.ts'
import { schemaVersion } from './schema/results.ts'

export function journalPath(runDir: string): string {
  return join(runDir, 'journal.ndjson')
}

/** Appends events to one run's journal. Secrets in results and commands are masked on the way. */
export class JournalWriter implements Disposable {
  readonly #fd: number
  #closed = false

  /** Opens or continues the journal in `runDir`, which must exist. */
  constructor(runDir: string) {
    this.#fd = openSync(journalPath(runDir), 'a+')
    if (!this.#endsWithNewline()) writeSync(this.#fd, '\n')
  }

  /** Throws after `close` and when the disk refuses. `at` defaults to now. */
  write(event: NewJournalEvent, at: Date = new Date()): void {
    if (this.#closed) throw new Error('the journal is closed')
    const { run, result, ...rest } = event as NewJournalEvent & { run?: unknown; result?: unknown }
    const line = JSON.stringify({
      schema_version: schemaVersion,
      at: at.toISOString(),
      ...rest,
      ...(run === undefined ? {} : { run: redactValue(run) }),
      ...(result === undefined ? {} : { result: redactValue(result) }),
    })
    const bytes = Buffer.from(`${line}\n`)
    for (let written = 0; written < bytes.length; ) written += writeSync(this.#fd, bytes, written)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    closeSync(this.#fd)
  }

  [Symbol.dispose](): void {
    this.close()
  }

  /** A line cut by a killed writer must not swallow the first event of the resumed run. */
  #endsWithNewline(): boolean {
    const { size } = fstatSync(this.#fd)
    if (size === 0) return true
    const last = Buffer.alloc(1)
    readSync(this.#fd, last, 0, 1, size - 1)
    return last[0] === 0x0a
  }
}

/** A line that could not be read: its number from 1, and why. */
export interface DamagedLine {
  readonly line: number
  readonly why: string
}

export interface Journal {
  readonly events: JournalEvent[]
  readonly damaged: DamagedLine[]
}

/** Reads what a run has written so far, also while it is still running. Throws when there is no journal. */
export async function readJournal(runDir: string): Promise<Journal> {
  await using file = await open(journalPath(runDir))
  const events: JournalEvent[] = []
  const damaged: DamagedLine[] = []
  let number = 0
  for await (const line of file.readLines()) {
    number++
    if (line.trim() === '') continue
    const read = parseLine(line)
    if (typeof read === 'string') damaged.push({ line: number, why: read })
    else events.push(read)
  }
  return { events, damaged }
}

function parseLine(line: string): JournalEvent | string {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return 'not a whole JSON object'
  }
  const parsed = journalEventSchema.safeParse(value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  return `${issue?.path.join('.') || 'event'}: ${issue?.message ?? 'unreadable'}`
}
