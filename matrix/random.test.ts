import fc from 'fast-check'
import { expect, test } from 'vitest'
import { seededRandom, shuffled } from './random.ts'

test('the same seed gives the same numbers on every machine', () => {
  const random = seededRandom(1)
  expect([random(), random(), random()].map((value) => value.toFixed(6))).toEqual(['0.627074', '0.002736', '0.527447'])
})

test('a shuffle loses nothing, adds nothing and depends on the seed alone', () => {
  fc.assert(
    fc.property(fc.array(fc.nat()), fc.nat(), (items, seed) => {
      const order = shuffled(items, seed)
      expect([...order].sort()).toEqual([...items].sort())
      expect(shuffled(items, seed)).toEqual(order)
    }),
  )
})
