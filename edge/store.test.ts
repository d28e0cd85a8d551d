import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { agentSchema, type NumberRecord, type Trunk } from './api/schemas.ts'
import { EdgeFailure } from './failure.ts'
import { ephemeralKey, loadKey, SecretBox } from './secrets.ts'
import { Store } from './store.ts'
import { aclTrunk, digestTrunk } from './test-support.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'edge-store-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const trunks: Trunk[] = [
  { ...aclTrunk, id: 'acl', created_at: 1 },
  { ...digestTrunk, id: 'digest', outbound_credentials: { username: 'out', password: 'out secret' }, created_at: 2 },
]
const numbers: NumberRecord[] = [
  { number: '+12065550100', trunk: 'acl', agent: agentSchema.parse({ tone: [500, 900] }), created_at: 3 },
  {
    number: '+12065550101',
    trunk: 'digest',
    agent: agentSchema.parse({}),
    created_at: 4,
    sip_domain: 'own.example.com',
    credentials: { username: 'num', password: 'num secret' },
  },
]

const failureOf = (run: () => unknown): EdgeFailure => {
  try {
    run()
  } catch (error) {
    if (error instanceof EdgeFailure) return error
    throw error
  }
  throw new Error('it did not fail')
}

test('what is written is read again after a restart', () => {
  const path = join(folder, 'edge.db')
  const box = new SecretBox(ephemeralKey())
  const first = Store.open(path, box)
  first.write({ putTrunks: trunks, putNumbers: numbers })
  first.close()
  const second = Store.open(path, box)
  expect(second.load()).toEqual({ trunks, numbers })
  second.write({ deleteNumbers: ['+12065550100'], deleteTrunks: ['acl'] })
  expect(second.load()).toEqual({ trunks: [trunks[1]], numbers: [numbers[1]] })
  second.close()
})

test('no password can be found in the files', () => {
  const path = join(folder, 'edge.db')
  const store = Store.open(path, new SecretBox(ephemeralKey()))
  store.write({ putTrunks: trunks, putNumbers: numbers })
  const bytes = [path, `${path}-wal`].map((name) => readFileSync(name).toString('latin1')).join('')
  store.close()
  expect(bytes).toContain('own.example.com')
  for (const secret of ['correct horse', 'out secret', 'num secret']) expect(bytes).not.toContain(secret)
})

test('a change that fails half way leaves nothing behind', () => {
  const store = Store.open(':memory:', new SecretBox(ephemeralKey()))
  const orphan: NumberRecord = { ...numbers[0]!, trunk: 'nowhere' }
  expect(() => store.write({ putTrunks: trunks, putNumbers: [orphan] })).toThrow(/FOREIGN KEY/)
  expect(store.load()).toEqual({ trunks: [], numbers: [] })
  store.close()
})

describe('a store that cannot be used is refused with what to do', () => {
  test('another key', () => {
    const path = join(folder, 'edge.db')
    Store.open(path, new SecretBox(ephemeralKey())).close()
    expect(failureOf(() => Store.open(path, new SecretBox(ephemeralKey())))).toMatchObject({
      reason: 'key-unreadable',
      message: expect.stringContaining('another key'),
    })
  })

  test('a file that is no database', () => {
    const path = join(folder, 'edge.db')
    writeFileSync(path, 'this is not a database, but it is long enough to be taken for one: '.repeat(20))
    expect(failureOf(() => Store.open(path, new SecretBox(ephemeralKey())))).toMatchObject({ reason: 'store-unusable' })
  })

  test('a folder that is not there', () => {
    const failure = failureOf(() => Store.open(join(folder, 'no', 'edge.db'), new SecretBox(ephemeralKey())))
    expect(failure).toMatchObject({ reason: 'store-unusable', hint: expect.stringContaining('folder') })
  })

  test('one that another edge uses', () => {
    const path = join(folder, 'edge.db')
    const box = new SecretBox(ephemeralKey())
    const first = Store.open(path, box)
    expect(failureOf(() => Store.open(path, box)).message).toContain('in use')
    first.close()
  })

  test('a version of the future', () => {
    const path = join(folder, 'edge.db')
    const box = new SecretBox(ephemeralKey())
    Store.open(path, box).close()
    const db = new DatabaseSync(path)
    db.exec('PRAGMA user_version = 99')
    db.close()
    expect(failureOf(() => Store.open(path, box)).message).toContain('version 99')
  })

  test.each([
    ['a row that is no JSON', "UPDATE trunks SET data = 'x' WHERE id = 'acl'"],
    ['a row of the wrong shape', 'UPDATE trunks SET data = \'{"id":"acl"}\' WHERE id = \'acl\''],
    ["another row's secrets", "UPDATE trunks SET secrets = (SELECT secrets FROM trunks WHERE id = 'digest') WHERE id = 'acl'"],
  ])('%s', (_, damage) => {
    const path = join(folder, 'edge.db')
    const box = new SecretBox(ephemeralKey())
    const first = Store.open(path, box)
    first.write({ putTrunks: trunks })
    first.close()
    const db = new DatabaseSync(path)
    db.exec(damage)
    db.close()
    const store = Store.open(path, box)
    expect(failureOf(() => store.load())).toMatchObject({ reason: 'store-unusable', message: expect.stringContaining('damaged') })
    store.close()
  })
})

describe('the key', () => {
  test('is made once, for its owner alone, and found again', () => {
    const path = join(folder, 'store.key')
    const key = loadKey(path, true)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(loadKey(path, true)).toEqual(key)
    expect(loadKey(path, false)).toEqual(key)
  })

  test('is refused when it is missing, or none', () => {
    expect(failureOf(() => loadKey(join(folder, 'none'), false))).toMatchObject({ reason: 'key-unreadable' })
    writeFileSync(join(folder, 'short'), 'abc')
    expect(failureOf(() => loadKey(join(folder, 'short'), false)).message).toContain('is not a store key')
    expect(failureOf(() => loadKey(join(folder, 'no', 'folder'), true)).message).toContain('cannot be written')
  })

  test('opens only what it sealed, for the row it was sealed for', () => {
    const box = new SecretBox(ephemeralKey())
    const sealed = box.seal('a secret', 'trunk:a')
    expect(box.open(sealed, 'trunk:a')).toBe('a secret')
    expect(box.open(sealed, 'trunk:b')).toBeUndefined()
    expect(new SecretBox(ephemeralKey()).open(sealed, 'trunk:a')).toBeUndefined()
    expect(box.open(sealed.subarray(0, 20), 'trunk:a')).toBeUndefined()
    expect(box.seal('a secret', 'trunk:a')).not.toEqual(sealed)
  })
})
