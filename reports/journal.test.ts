import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { JournalWriter, journalPath, readJournal } from './journal.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'trunkproof-journal-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

const skipped = (cell: string) => ({ event: 'cell.skipped', cell, scenario: 'proof-call', reason: 'not built yet' }) as const

test('what was written is read back, with time and version', async () => {
  using journal = new JournalWriter(dir)
  journal.write(skipped('a'), new Date('2026-11-23T10:00:00Z'))
  const { events, damaged } = await readJournal(dir)
  expect(events).toEqual([{ ...skipped('a'), schema_version: 1, at: '2026-11-23T10:00:00.000Z' }])
  expect(damaged).toEqual([])
})

test('a cut last line costs that event only, and a resumed writer starts a new line', async () => {
  {
    using journal = new JournalWriter(dir)
    journal.write(skipped('a'))
    journal.write(skipped('b'))
  }
  truncateSync(journalPath(dir), readFileSync(journalPath(dir)).length - 20)
  expect((await readJournal(dir)).events).toMatchObject([{ cell: 'a' }])
  {
    using journal = new JournalWriter(dir)
    journal.write(skipped('c'))
  }
  const { events, damaged } = await readJournal(dir)
  expect(events).toMatchObject([{ cell: 'a' }, { cell: 'c' }])
  expect(damaged).toEqual([{ line: 2, why: 'not a whole JSON object' }])
})

test('an event of another version or shape is named, not guessed at', async () => {
  appendFileSync(journalPath(dir), `${JSON.stringify({ schema_version: 2, at: '2026-11-23T10:00:00Z', ...skipped('a') })}\n`)
  appendFileSync(journalPath(dir), `${JSON.stringify({ schema_version: 1, at: '2026-11-23T10:00:00Z', event: 'cell.exploded' })}\n`)
  const { events, damaged } = await readJournal(dir)
  expect(events).toEqual([])
  expect(damaged.map(({ line, why }) => [line, why.split(':')[0]])).toEqual([
    [1, 'schema_version'],
    [2, 'event'],
  ])
})

test('secrets in commands do not reach the disk', () => {
  using journal = new JournalWriter(dir)
  const run = {
    id: 'r',
    started: '2026-11-23T10:00:00Z',
    runtime: 'embedded',
    strategy: 'full',
    seed: 1,
    versions: {},
    edge: { kind: 'x' },
  }
  journal.write({
    event: 'run.started',
    run: { ...run, command: 'trunkproof run --edge-token SECRET' },
    plan: { cells: [], clauses: [], platforms: [] },
  })
  expect(readFileSync(journalPath(dir), 'utf8')).not.toContain('SECRET')
})

test('a closed journal takes nothing more', () => {
  const journal = new JournalWriter(dir)
  journal.close()
  journal.close()
  expect(() => journal.write(skipped('a'))).toThrow('closed')
})
