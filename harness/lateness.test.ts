import { expect, test } from 'vitest'
import { LatenessLog } from './lateness.ts'

/** Holds this process up for at least so long. */
function blockFor(ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end);
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 15))

test('knows that this process was held up, and since when', async () => {
  using lateness = new LatenessLog()
  await turn()
  const before = Date.now()
  blockFor(120)
  await turn()
  expect(lateness.since(before)).toBeGreaterThanOrEqual(100)
  // What is over is remembered: asking takes nothing away.
  expect(lateness.since(before)).toBeGreaterThanOrEqual(100)
  expect(lateness.since(Date.now() + 60_000)).toBe(0)
})

test('is a number though nothing was measured yet', () => {
  using lateness = new LatenessLog()
  expect(lateness.since(0)).toBeGreaterThanOrEqual(0)
  expect(Number.isFinite(lateness.since(0))).toBe(true)
})
