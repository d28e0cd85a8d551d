import { expect, test } from 'vitest'
import type { TonePair } from '../protocol/audio/tone.ts'
import { ToneLog } from './tone-log.ts'

const reading = (at: number, pair: TonePair | undefined, levelDbm0 = -16, purity = 0.95) => ({ at, pair, levelDbm0, purity, peak: 1000 })

test('one entry a change, with the middle of what was measured', () => {
  const log = new ToneLog()
  expect(log.add(reading(100, undefined, Number.NEGATIVE_INFINITY, 0))).toBe(true)
  expect(log.add(reading(200, [500, 900], -30, 0.4))).toBe(true)
  expect(log.add(reading(300, [500, 900]))).toBe(false)
  expect(log.add(reading(400, [500, 900]))).toBe(false)
  expect(log.add(reading(500, [500, 700]))).toBe(true)
  expect(log.list()).toEqual([
    { pair: undefined, at: 100, until: 100, windows: 1, levelDbm0: Number.NEGATIVE_INFINITY, purity: 0 },
    { pair: [500, 900], at: 200, until: 400, windows: 3, levelDbm0: -16, purity: 0.95 },
    { pair: [500, 700], at: 500, until: 500, windows: 1, levelDbm0: -16, purity: 0.95 },
  ])
})

test('a long call costs no more memory than a short one', () => {
  const log = new ToneLog()
  for (let at = 0; at < 10_000; at += 1) log.add(reading(at, [500, 900]))
  for (let at = 0; at < 2_000; at += 1) log.add(reading(at, at % 2 === 0 ? undefined : [500, 900]))
  expect(log.list()).toHaveLength(500)
  expect(log.list()[0]?.windows).toBe(10_000)
})
