import { expect, test } from 'vitest'
import { Turns } from './turns.ts'

test('no more than allowed at once, in order, and a failure frees its place', async () => {
  const turns = new Turns(2)
  const started: number[] = []
  let running = 0
  let most = 0
  const work = (number: number) =>
    turns.take(async () => {
      started.push(number)
      running += 1
      most = Math.max(most, running)
      await Promise.resolve()
      running -= 1
      if (number === 1) throw new Error('one went wrong')
      return number
    })
  const done = await Promise.allSettled([0, 1, 2, 3, 4].map(work))
  expect(started).toEqual([0, 1, 2, 3, 4])
  expect(most).toBe(2)
  expect(done.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled', 'fulfilled'])
})
