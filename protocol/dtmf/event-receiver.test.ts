import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EventReceiver, type HeardEvent } from './event-receiver.ts'
import { EventSender } from './event-sender.ts'
import { writeTelephoneEvent } from './telephone-event.ts'

interface Wire {
  readonly timestamp: number
  readonly payload: Uint8Array
}

function block(event: number, duration: number, end = false): Uint8Array {
  const payload = new Uint8Array(4)
  writeTelephoneEvent(payload, { event, end, volume: 10, duration })
  return payload
}

/** The packets of one event as an honest sender makes them. */
function event(code: number, timestamp: number, duration = 800): Wire[] {
  const sender = new EventSender({ event: code, timestamp, duration, interval: 160 })
  const packets: Wire[] = []
  while (!sender.done)
    for (const packet of sender.next()) packets.push({ timestamp: packet.timestamp, payload: block(code, packet.duration, packet.end) })
  return packets
}

function hear(packets: Wire[], receiver = new EventReceiver(8000)): HeardEvent[] {
  const heard: HeardEvent[] = []
  for (const [index, { timestamp, payload }] of packets.entries()) heard.push(...(receiver.receive(timestamp, payload, 20 * index) ?? []))
  const last = receiver.expire(Number.MAX_SAFE_INTEGER)
  if (last !== undefined) heard.push(last)
  return heard
}

const one = { event: 5, durationMs: 100 }

describe('one event is heard once', () => {
  const packets = event(5, 8000)
  test.each([
    ['when all packets arrive', packets],
    ['when the first are lost', packets.slice(3)],
    ['when only one final packet arrives', packets.slice(6)],
    ['when final packets come twice', [...packets, ...packets.slice(4)]],
    ['when updates arrive after the end', [...packets.slice(4), ...packets.slice(0, 4)]],
    ['when everything comes in reverse', packets.toReversed()],
  ])('%s', (_, arrived) => {
    expect(hear(arrived)).toEqual([one])
  })

  test('when all final packets are lost: by silence', () => {
    expect(hear(packets.slice(0, 4))).toEqual([{ event: 5, durationMs: 80 }])
  })

  test('when all final packets are lost: by the next event', () => {
    expect(hear([...packets.slice(0, 4), ...event(6, 9280)])).toEqual([
      { event: 5, durationMs: 80 },
      { event: 6, durationMs: 100 },
    ])
  })

  test('whatever is lost, as long as one packet arrives, in any order', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(packets, { minLength: 1 }), (arrived) => {
        expect(hear(arrived).map((heard) => heard.event)).toEqual([5])
      }),
    )
  })
})

describe('two events', () => {
  test('of the same digit are two', () => {
    expect(hear([...event(5, 8000), ...event(5, 9280)])).toEqual([one, one])
  })

  test('overlapping: the second begins before the end of the first was seen', () => {
    const first = event(5, 8000)
    const second = event(6, 8800)
    expect(hear([...first.slice(0, 4), second[0]!, ...first.slice(4), ...second.slice(1)])).toEqual([
      { event: 5, durationMs: 80 },
      { event: 6, durationMs: 100 },
    ])
  })

  test('in one packet: blocks follow one another', () => {
    const payload = Uint8Array.of(...block(1, 400, true), ...block(2, 400, true))
    expect(
      hear([
        { timestamp: 0, payload },
        { timestamp: 0, payload },
      ]),
    ).toEqual([
      { event: 1, durationMs: 50 },
      { event: 2, durationMs: 50 },
    ])
  })

  test('after the source restarted its timestamps', () => {
    expect(hear([...event(5, 4_000_000_000).slice(0, 3), ...event(6, 100)]).map((heard) => heard.event)).toEqual([5, 6])
  })
})

describe('a long event', () => {
  test('is one event whatever its segments', () => {
    expect(hear(event(9, 0, 80_000))).toEqual([{ event: 9, durationMs: 10_000 }])
  })

  test('is one event when the end of a segment is lost', () => {
    const packets = event(9, 0, 80_000).filter(({ payload }) => payload[2] !== 0xff)
    expect(hear(packets)).toEqual([{ event: 9, durationMs: 10_000 }])
  })
})

test('digits by the string, as they are sent', () => {
  const sent = '0123456789*#ABCD'
  const packets = [...sent].flatMap((_, index) => event(index, 50_000 + 1280 * index))
  expect(hear(packets).map((heard) => heard.event)).toEqual([...sent].map((_, index) => index))
})

test('durations follow the clock rate of the event, segments that of the stream', () => {
  const receiver = new EventReceiver(8000, 48000)
  const sender = new EventSender({ event: 9, timestamp: 0, duration: 80_000, interval: 160, timestampScale: 6 })
  const packets: Wire[] = []
  while (!sender.done)
    for (const packet of sender.next()) packets.push({ timestamp: packet.timestamp, payload: block(9, packet.duration, packet.end) })
  expect(hear(packets, receiver)).toEqual([{ event: 9, durationMs: 10_000 }])
  expect(hear([{ timestamp: 0, payload: block(3, 4800, true) }], new EventReceiver(48000))).toEqual([{ event: 3, durationMs: 100 }])
})

test('silence is waited for, and the end of the source ends its event', () => {
  const receiver = new EventReceiver(8000)
  receiver.receive(0, block(5, 160), 1000)
  expect(receiver.expire(1100)).toBeUndefined()
  expect(receiver.expire(1150)).toEqual({ event: 5, durationMs: 20 })
  receiver.receive(8000, block(6, 160), 2000)
  expect(receiver.flush()).toEqual({ event: 6, durationMs: 20 })
  expect(receiver.flush()).toBeUndefined()
})

test('hostile payloads neither throw nor pile up', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(0xffffffff), fc.uint8Array({ maxLength: 24 }))), (packets) => {
      const receiver = new EventReceiver(8000)
      packets.forEach(([timestamp, payload], index) => {
        const heard = receiver.receive(timestamp, payload, index)
        if (payload.length === 0 || payload.length % 4 !== 0) expect(heard).toBeUndefined()
        else expect(heard!.length).toBeLessThanOrEqual(payload.length / 2)
      })
    }),
  )
})
