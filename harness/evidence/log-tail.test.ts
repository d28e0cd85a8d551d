import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LogTail } from './log-tail.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'trunkproof-log-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('what came since it began, and nothing of before', async () => {
  const path = join(folder, 'edge.log')
  writeFileSync(path, 'before\n')
  const tail = await LogTail.begin(path)
  expect(await tail.text()).toBe('')
  appendFileSync(path, 'after\n')
  expect(await tail.text()).toBe('after\n')
})

test('a log that appears later is read from its beginning; one that never does is none', async () => {
  const path = join(folder, 'late.log')
  const tail = await LogTail.begin(path)
  expect(await tail.text()).toBeUndefined()
  writeFileSync(path, 'first\n')
  expect(await tail.text()).toBe('first\n')
})
