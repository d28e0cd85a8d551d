import { expect, test } from 'vitest'
import { estimateMos } from './e-model.ts'

test('the unimpaired path rates 4.4 (G.107: R 93.2)', () => {
  expect(estimateMos({ codec: 'pcmu', lossRatio: 0, delayMs: 0 })).toBeCloseTo(4.41, 2)
})

test('loss and delay only ever make it worse, within 1 to 4.5', () => {
  let last = 5
  for (const lossRatio of [0, 0.01, 0.02, 0.05, 0.1, 0.3, 1]) {
    const mos = estimateMos({ codec: 'pcma', lossRatio, delayMs: 20 })
    expect(mos).toBeLessThan(last)
    expect(mos).toBeGreaterThanOrEqual(1)
    last = mos
  }
  expect(estimateMos({ codec: 'opus', lossRatio: 0, delayMs: 400 })).toBeLessThan(
    estimateMos({ codec: 'opus', lossRatio: 0, delayMs: 100 }),
  )
})

test('the same loss hurts Opus less than bare G.711', () => {
  const path = { lossRatio: 0.05, delayMs: 40 }
  expect(estimateMos({ codec: 'opus', ...path })).toBeGreaterThan(estimateMos({ codec: 'pcmu', ...path }))
})
