import { hostname } from 'node:os'
import { expect, test } from 'vitest'
import { isOrphaned, ownerOf } from './labels.ts'

test('a process that lives owns what it made', () => {
  const owner = ownerOf(process.pid)
  expect(owner).toMatch(new RegExp(`^${hostname()}/${process.pid}/.+`))
  expect(isOrphaned(owner!)).toBe(false)
})

test('a later process with the same number is somebody else', () => {
  expect(isOrphaned(`${hostname()}/${process.pid}/earlier`)).toBe(true)
})

test('a process that does not live has no name, and what it made is orphaned', () => {
  // Above any pid_max of Linux and macOS.
  const nobody = 2 ** 30
  expect(ownerOf(nobody)).toBeUndefined()
  expect(isOrphaned(`${hostname()}/${nobody}/then`)).toBe(true)
})

test('nobody here can tell about another machine', () => {
  expect(isOrphaned(`not-${hostname()}/1/then`)).toBe(false)
})
