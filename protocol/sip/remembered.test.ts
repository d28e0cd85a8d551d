import { expect, test } from 'vitest'
import { remembered } from './remembered.ts'

test('a value is read once while it is among the last', () => {
  const read: string[] = []
  const reader = remembered((value: string) => {
    read.push(value)
    return value === 'bad' ? undefined : { value }
  }, 2)
  expect(reader('a')).toBe(reader('a'))
  expect([reader('bad'), reader('bad')]).toEqual([undefined, undefined])
  expect(read).toEqual(['a', 'bad'])
  reader('c')
  reader('a')
  expect(read).toEqual(['a', 'bad', 'c', 'a'])
})
