import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ReplayWindow, replayWindowSize } from './replay-window.ts'

test.each([
  // received, asked for, answer
  [[], 0, 'new'],
  [[5], 5, 'replayed'],
  [[5], 4, 'new'],
  [[5, 200], 200 - replayWindowSize, 'old'],
  [[5, 200], 201 - replayWindowSize, 'new'],
  [[5, 5 + replayWindowSize], 5, 'old'],
  [[5, 4 + replayWindowSize], 5, 'replayed'],
  [[5, 1_000_000], 1_000_000 - 32, 'new'],
  [[2 ** 47, 2 ** 47 + 1], 2 ** 47, 'replayed'],
  [[2 ** 47], 2 ** 47 - 1, 'new'],
] as const)('after %j, %i is %s', (received, index, answer) => {
  const window = new ReplayWindow()
  for (const each of received) window.add(each)
  expect(window.check(index)).toBe(answer)
})

test('it remembers as a set would', () => {
  const walk = fc.array(fc.oneof(fc.integer({ min: -140, max: 140 }), fc.integer({ min: 1, max: 3 })), { maxLength: 300 })
  fc.assert(
    fc.property(fc.constantFrom(0, 65_500, 2 ** 32 - 50, 2 ** 47), walk, (first, steps) => {
      const window = new ReplayWindow()
      const seen = new Set<number>()
      let at = first
      let highest = -1
      for (const step of steps) {
        at = Math.max(0, at + step)
        const expected = at <= highest - replayWindowSize ? 'old' : seen.has(at) ? 'replayed' : 'new'
        expect(window.check(at)).toBe(expected)
        if (expected !== 'new') continue
        window.add(at)
        seen.add(at)
        highest = Math.max(highest, at)
        expect(window.highest).toBe(highest)
      }
    }),
  )
})
