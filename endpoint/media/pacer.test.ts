import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Pacer } from './pacer.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})

afterEach(() => {
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

/** Lets fake time pass; the clock's own timers fire on the way. */
function pass(ms: number): void {
  vi.advanceTimersByTime(ms)
}

describe('a stream', () => {
  test('is ticked once per interval, without drift', () => {
    const pacer = new Pacer()
    const times: number[] = []
    const paced = pacer.add(20, (now) => times.push(now))
    pass(10_000)
    paced.stop()
    expect(times).toHaveLength(500)
    const first = times[0]!
    times.forEach((time, index) => {
      expect(time).toBeCloseTo(first + 20 * index, 5)
    })
  })

  test('is not ticked after it was stopped, not even from within its own tick', () => {
    const pacer = new Pacer()
    let ticks = 0
    const paced = pacer.add(20, () => {
      ticks++
      paced.stop()
      paced.stop()
    })
    pass(200)
    expect(ticks).toBe(1)
    expect(pacer.streams).toBe(0)
  })

  test('may stop another that is due at the same moment', () => {
    const pacer = new Pacer()
    const ticked: string[] = []
    const filler = Array.from({ length: 9 }, () => pacer.add(20, () => {}))
    const first = pacer.add(20, () => {
      ticked.push('first')
      second.stop()
    })
    for (let i = 0; i < 9; i++) filler.push(pacer.add(20, () => {}))
    const second = pacer.add(20, () => ticked.push('second'))
    pass(100)
    expect(ticked).toContain('first')
    for (const paced of [first, ...filler]) paced.stop()
    const before = ticked.length
    pass(100)
    expect(ticked).toHaveLength(before)
  })

  test('can be as short as 10 and as long as 60 ms, and nothing else', () => {
    const pacer = new Pacer()
    const counts = new Map<number, number>()
    const streams = [10, 20, 30, 40, 60].map((interval) => pacer.add(interval, () => counts.set(interval, (counts.get(interval) ?? 0) + 1)))
    pass(1200)
    for (const stream of streams) stream.stop()
    expect([...counts].sort(([a], [b]) => a - b)).toEqual([
      [10, 120],
      [20, 60],
      [30, 40],
      [40, 30],
      [60, 20],
    ])
    for (const interval of [0, 5, 300]) expect(() => pacer.add(interval, () => {})).toThrow(RangeError)
  })
})

test('streams are spread over the phases', () => {
  const pacer = new Pacer()
  const perMoment = new Map<number, number>()
  const streams = Array.from({ length: 100 }, () => pacer.add(20, (now) => perMoment.set(now, (perMoment.get(now) ?? 0) + 1)))
  pass(20)
  for (const stream of streams) stream.stop()
  expect(perMoment.size).toBe(10)
  expect([...perMoment.values()]).toEqual(Array.from({ length: 10 }, () => 10))
})

describe('a clock that could not keep time', () => {
  /** Time passes without the event loop turning. */
  function stall(ms: number): void {
    const now = performance.now()
    vi.spyOn(performance, 'now').mockImplementation(() => now + ms)
    vi.advanceTimersToNextTimer()
    vi.restoreAllMocks()
  }

  test('makes up for a short delay and skips a long one', () => {
    const pacer = new Pacer()
    const missed: number[] = []
    const paced = pacer.add(20, (_, skipped) => missed.push(skipped))
    pass(20)
    missed.length = 0
    stall(70)
    expect(missed.every((skipped) => skipped === 0)).toBe(true)
    expect(missed.length).toBeGreaterThanOrEqual(3)
    missed.length = 0
    stall(1000)
    expect(missed.length).toBeLessThan(10)
    expect(missed.reduce((sum, skipped) => sum + skipped + 1, 0)).toBeGreaterThanOrEqual(45)
    paced.stop()
  })

  test('says how late it was', () => {
    const pacer = new Pacer()
    expect(pacer.latenessMs()).toBe(0)
    const paced = pacer.add(20, () => {})
    pass(100)
    expect(pacer.latenessMs()).toBeLessThan(2)
    stall(300)
    pass(1000)
    paced.stop()
    expect(pacer.latenessMs()).toBeLessThan(300)
  })
})
