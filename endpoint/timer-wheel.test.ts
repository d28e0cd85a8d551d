import { expect, test } from 'vitest'
import { FakeClock } from './fake-clock.ts'
import { TimerWheel } from './timer-wheel.ts'

test('timers fire in order, late by at most one tick, never early', () => {
  const clock = new FakeClock()
  const wheel = new TimerWheel(clock)
  const fired: [ms: number, at: number][] = []
  for (const ms of [500, 3, 0, 32_000, 501, 509, 10]) wheel.setTimer(ms, () => fired.push([ms, clock.now()]))
  clock.advance(40_000)
  expect(fired.map(([ms]) => ms).sort((a, b) => a - b)).toEqual([0, 3, 10, 500, 501, 509, 32_000])
  for (const [ms, at] of fired) {
    expect(at).toBeGreaterThanOrEqual(ms)
    expect(at).toBeLessThanOrEqual(ms + 10)
  }
  expect(fired.map(([, at]) => at)).toEqual(fired.map(([, at]) => at).toSorted((a, b) => a - b))
})

test('a cancelled timer does not fire, wherever it stood in its bucket', () => {
  const clock = new FakeClock()
  const wheel = new TimerWheel(clock)
  const fired: number[] = []
  const timers = [1, 2, 3, 4].map((n) => wheel.setTimer(100, () => fired.push(n)))
  for (const index of [0, 2, 2, 3]) timers[index]?.cancel()
  clock.advance(200)
  expect(fired).toEqual([2])
})

test('one that cancels another of the same tick is obeyed', () => {
  const clock = new FakeClock()
  const wheel = new TimerWheel(clock)
  const fired: string[] = []
  const first = wheel.setTimer(100, () => fired.push('first'))
  wheel.setTimer(100, () => {
    fired.push('second')
    first.cancel()
  })
  clock.advance(200)
  expect(fired).toEqual(['second'])
})

test('one that sets itself anew waits for the next tick', () => {
  const clock = new FakeClock()
  const wheel = new TimerWheel(clock)
  let count = 0
  const again = () => {
    count += 1
    wheel.setTimer(0, again)
  }
  again()
  clock.advance(100)
  expect(count).toBe(11)
})

test('an earlier timer set later moves the alarm forward', () => {
  const clock = new FakeClock()
  const wheel = new TimerWheel(clock)
  const fired: number[] = []
  wheel.setTimer(1000, () => fired.push(1000))
  wheel.setTimer(50, () => fired.push(50))
  clock.advance(60)
  expect(fired).toEqual([50])
  expect(clock.pending).toBe(1)
})

test('one that throws takes no other down with it', () => {
  const clock = new FakeClock()
  const wheel = new TimerWheel(clock)
  let fired = 0
  wheel.setTimer(100, () => {
    fired += 1
  })
  wheel.setTimer(100, () => {
    throw new Error('broken')
  })
  expect(() => clock.advance(110)).toThrow('broken')
  clock.advance(10)
  expect(fired).toBe(1)
})

test('closing leaves nothing on the clock', () => {
  const clock = new FakeClock()
  const wheel = new TimerWheel(clock)
  for (let ms = 0; ms < 1000; ms += 7) wheel.setTimer(ms, () => expect.unreachable())
  wheel.close()
  wheel.setTimer(5, () => expect.unreachable())
  expect(clock.pending).toBe(0)
  clock.advance(5000)
})

test('a timer for months from now does not fire today', () => {
  const clock = new FakeClock()
  const wheel = new TimerWheel({ now: () => clock.now(), setTimer: (ms, fn) => clock.setTimer(ms > 2 ** 31 - 1 ? 1 : ms, fn) })
  let fired = 0
  wheel.setTimer(0xffff_ffff * 1000, () => {
    fired += 1
  })
  clock.advance(1_000_000)
  expect([fired, clock.pending]).toEqual([0, 1])
  clock.advance(0xffff_ffff * 1000)
  expect(fired).toBe(1)
})

test('tells how late timers run, and forgets it when none do', () => {
  const clock = new FakeClock()
  const wheel = new TimerWheel({ now: () => clock.now(), setTimer: (ms, fn) => clock.setTimer(ms + 400, fn) })
  for (let ms = 0; ms < 20_000; ms += 500) wheel.setTimer(ms, () => {})
  clock.advance(10_000)
  expect(wheel.latenessMs).toBeGreaterThan(300)
  clock.advance(60_000)
  expect(wheel.latenessMs).toBe(0)
})
