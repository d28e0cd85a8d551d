import { describe, expect, test } from 'vitest'
import { schedule } from './scheduler.ts'

const signal = new AbortController().signal
const numbers = (count: number) => Array.from({ length: count }, (_, index) => index)

/** Work that ends when it is told to. */
class Bench {
  readonly started: number[] = []
  readonly #open = new Map<number, () => void>()
  readonly #waiting = new Map<number, () => void>()

  readonly work = (item: number): Promise<void> => {
    this.started.push(item)
    this.#waiting.get(item)?.()
    return new Promise((resolve) => this.#open.set(item, resolve))
  }

  end(item: number): void {
    this.#open.get(item)?.()
    this.#open.delete(item)
  }

  /** Resolves once the work on an item began. */
  begun(item: number): Promise<void> {
    return this.started.includes(item) ? Promise.resolve() : new Promise((resolve) => this.#waiting.set(item, resolve))
  }
}

describe('schedule', () => {
  test('works through everything, beginning in order', async () => {
    const done: number[] = []
    await schedule(numbers(20), { jobs: 4, signal }, async (item) => void done.push(item))
    expect(done).toEqual(numbers(20))
  })

  test('has nothing to do', async () => {
    await expect(schedule([], { jobs: 1, signal }, async () => {})).resolves.toBeUndefined()
  })

  test('never does more than it may at once, and as much as it may', async () => {
    const bench = new Bench()
    const all = schedule(numbers(5), { jobs: 3, signal }, bench.work)
    await bench.begun(2)
    expect(bench.started).toEqual([0, 1, 2])
    bench.end(1)
    await bench.begun(3)
    expect(bench.started).toEqual([0, 1, 2, 3])
    for (const item of [0, 2, 3]) bench.end(item)
    await bench.begun(4)
    bench.end(4)
    await all
  })

  test('begins nothing after the signal, and waits for what is under way', async () => {
    const stop = new AbortController()
    const bench = new Bench()
    const all = schedule(numbers(10), { jobs: 2, signal: stop.signal }, bench.work)
    await bench.begun(1)
    stop.abort()
    bench.end(0)
    let over = false
    void all.then(() => {
      over = true
    })
    await new Promise((resolve) => setImmediate(resolve))
    expect(over).toBe(false)
    bench.end(1)
    await all
    expect(bench.started).toEqual([0, 1])
  })

  test('does not begin at all under a signal that is spent', async () => {
    const started: number[] = []
    await schedule(numbers(3), { jobs: 1, signal: AbortSignal.abort() }, async (item) => void started.push(item))
    expect(started).toEqual([])
  })

  test('gives the first error, after the rest has settled, and begins nothing more', async () => {
    const bench = new Bench()
    const first = new Error('first')
    const all = schedule(numbers(10), { jobs: 3, signal }, async (item) => {
      await bench.work(item)
      throw item === 1 ? first : new Error('later')
    })
    let settled = false
    all
      .catch(() => {})
      .finally(() => {
        settled = true
      })
    await bench.begun(2)
    bench.end(1)
    await new Promise((resolve) => setImmediate(resolve))
    expect(settled).toBe(false)
    bench.end(2)
    bench.end(0)
    await expect(all).rejects.toBe(first)
    expect(bench.started).toEqual([0, 1, 2])
  })

  test('refuses a bound under which nothing could ever begin', async () => {
    await expect(schedule([1], { jobs: 0, signal }, async () => {})).rejects.toThrow(RangeError)
  })
})
