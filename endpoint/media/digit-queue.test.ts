import { beforeEach, describe, expect, test } from 'vitest'
import { DigitQueue, type DigitStep } from './digit-queue.ts'

let timeMs = 0
let log: string[] = []
let infoAnswer: Promise<unknown>
let eventEndsAt = 0
let queue: DigitQueue

beforeEach(() => {
  timeMs = 0
  log = []
  eventEndsAt = 0
  infoAnswer = Promise.resolve()
  queue = new DigitQueue({
    get eventDone() {
      return timeMs >= eventEndsAt
    },
    beginEvent(digit, durationMs) {
      log.push(`${timeMs} event ${digit} ${durationMs}`)
      // The event's last copies go out 40 ms after its end.
      eventEndsAt = timeMs + durationMs + 40
    },
    sendInfo(digit, durationMs) {
      log.push(`${timeMs} info ${digit} ${durationMs}`)
      return infoAnswer
    },
  })
})

/** Lets stream time pass in packets of 20 ms; promises settle in between. */
async function pass(ms: number): Promise<void> {
  for (const end = timeMs + ms; timeMs < end; timeMs += 20) {
    queue.tick(20)
    await Promise.resolve()
    await Promise.resolve()
    await Promise.resolve()
  }
}

function steps(digits: string, ...methods: DigitStep['methods']): DigitStep[] {
  return [...digits].map((digit) => ({ digit, methods }))
}

test('digits last and are apart as asked', async () => {
  const sent = queue.enqueue(steps('12', 'rfc4733'), { durationMs: 80, gapMs: 100 }).then(() => log.push('sent'))
  await pass(600)
  await sent
  expect(log).toEqual(['0 event 1 80', '180 event 2 80', 'sent'])
})

test('by default 100 ms with 60 ms between; the gap is never below 40 ms', async () => {
  void queue.enqueue(steps('12', 'rfc4733'))
  void queue.enqueue(steps('34', 'rfc4733'), { durationMs: 40, gapMs: 0 })
  await pass(1000)
  expect(log).toEqual(['0 event 1 100', '160 event 2 100', '320 event 3 40', '400 event 4 40'])
})

test('a digit by both ways goes by both at once', async () => {
  void queue.enqueue(steps('1', 'rfc4733', 'info'))
  await pass(200)
  expect(log).toEqual(['0 event 1 100', '0 info 1 100'])
})

describe('INFO', () => {
  test('is not followed by the next digit before it was answered', async () => {
    let answer = () => {}
    infoAnswer = new Promise<void>((resolve) => {
      answer = resolve
    })
    void queue.enqueue(steps('12', 'info'), { durationMs: 40, gapMs: 40 })
    await pass(500)
    expect(log).toEqual(['0 info 1 40'])
    answer()
    await new Promise((resolve) => setImmediate(resolve))
    await pass(100)
    expect(log).toEqual(['0 info 1 40', '540 info 2 40'])
  })

  test('that fails rejects its string; the next string goes out', async () => {
    infoAnswer = Promise.reject(new Error('415'))
    const first = queue.enqueue(steps('12', 'info'))
    const second = queue.enqueue(steps('3', 'rfc4733'))
    const failed = expect(first).rejects.toThrow('415')
    await pass(600)
    await failed
    await second
    expect(log).toEqual(['0 info 1 100', '160 event 3 100'])
  })
})

test('aborting rejects all that was not sent', async () => {
  const first = queue.enqueue(steps('12', 'rfc4733'))
  const second = queue.enqueue(steps('3', 'info'))
  const rejections = Promise.all([expect(first).rejects.toThrow('over'), expect(second).rejects.toThrow('over')])
  await pass(60)
  queue.abort(() => new Error('over'))
  await rejections
  await pass(500)
  expect(log).toEqual(['0 event 1 100'])
})

test('nothing to send is sent at once; impossible lengths are refused', async () => {
  await queue.enqueue([])
  expect(() => queue.enqueue(steps('1', 'info'), { durationMs: 0 })).toThrow(RangeError)
  expect(() => queue.enqueue(steps('1', 'info'), { gapMs: Number.NaN })).toThrow(RangeError)
})
