import { afterEach, describe, expect, test, vi } from 'vitest'
import { exitCodes } from './exit-codes.ts'
import { Interruption } from './interruption.ts'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
const handlers = () => signals.map((signal) => process.listeners(signal).length)
/** What a signal does to those who listen here, without troubling whoever runs the tests. */
const send = (signal: (typeof signals)[number]): void => (process.listeners(signal).at(-1) as () => void)()

afterEach(() => void vi.restoreAllMocks())

describe('Interruption', () => {
  test.each(signals)('the first %s ends the run in order, the second at once', (signal) => {
    const exit = vi.spyOn(process, 'exit').mockImplementation(() => undefined as never)
    const told: boolean[] = []
    using interruption = new Interruption((again) => told.push(again))
    expect(interruption.signal.aborted).toBe(false)
    send(signal)
    expect(interruption.signal.aborted).toBe(true)
    expect(interruption.signal.reason).toEqual(new Error('interrupted'))
    expect(exit).not.toHaveBeenCalled()
    send(signal)
    expect(told).toEqual([false, true])
    expect(exit).toHaveBeenCalledExactlyOnceWith(exitCodes.interrupted.code)
  })

  test('listens to signals only as long as it lives', () => {
    const before = handlers()
    {
      using _ = new Interruption(() => {})
      expect(handlers()).toEqual(before.map((count) => count + 1))
    }
    expect(handlers()).toEqual(before)
  })
})
