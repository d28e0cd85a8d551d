import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { KeepAlive } from './keep-alive.ts'

beforeEach(() => {
  vi.useFakeTimers()
  vi.spyOn(Math, 'random').mockReturnValue(1)
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

function start() {
  const ping = vi.fn<() => void>()
  const dead = vi.fn<() => void>()
  return { ping, dead, keepAlive: new KeepAlive({ intervalMs: 1_000, ping, dead }) }
}

test('a peer that never answered is pinged for ever and never condemned', () => {
  const { ping, dead } = start()
  vi.advanceTimersByTime(60_000)
  expect(ping).toHaveBeenCalledTimes(60)
  expect(dead).not.toHaveBeenCalled()
})

test('one that answered once has ten seconds for each answer', () => {
  const { ping, dead, keepAlive } = start()
  vi.advanceTimersByTime(1_000)
  keepAlive.pong()
  vi.advanceTimersByTime(1_000)
  expect(ping).toHaveBeenCalledTimes(2)
  keepAlive.pong()
  vi.advanceTimersByTime(10_000 + 1_000)
  expect(ping).toHaveBeenCalledTimes(3)
  vi.advanceTimersByTime(9_999)
  expect(dead).not.toHaveBeenCalled()
  vi.advanceTimersByTime(1)
  expect(dead).toHaveBeenCalledOnce()
})

test('stopped, no timer is left', () => {
  const { keepAlive } = start()
  vi.advanceTimersByTime(1_000)
  keepAlive.pong()
  vi.advanceTimersByTime(1_000)
  keepAlive.stop()
  expect(vi.getTimerCount()).toBe(0)
})
