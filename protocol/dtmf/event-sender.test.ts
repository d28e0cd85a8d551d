import { describe, expect, test } from 'vitest'
import { type EventPacket, EventSender } from './event-sender.ts'

/** All packets of an event, by packet time. */
function send(options: ConstructorParameters<typeof EventSender>[0]): EventPacket[][] {
  const sender = new EventSender(options)
  const times: EventPacket[][] = []
  while (!sender.done) times.push(sender.next())
  return times
}

describe('100 ms at 8 kHz, a packet each 20 ms', () => {
  const times = send({ event: 5, timestamp: 4000, duration: 800, interval: 160 })
  const packets = times.flat()

  test('grows in steps and ends with three equal packets, one per packet time', () => {
    expect(times.map((time) => time.map(({ duration, end }) => `${duration}${end ? 'E' : ''}`).join())).toEqual([
      '160',
      '320',
      '480',
      '640',
      '800E',
      '800E',
      '800E',
    ])
  })

  test('has the marker on the first packet only and one timestamp throughout', () => {
    expect(packets.map((packet) => packet.marker)).toEqual([true, false, false, false, false, false, false])
    expect(new Set(packets.map((packet) => packet.timestamp))).toEqual(new Set([4000]))
  })

  test('sounds for 100 ms and is done with the third final packet', () => {
    const sender = new EventSender({ event: 5, timestamp: 0, duration: 800, interval: 160 })
    const states = Array.from({ length: 7 }, () => {
      sender.next()
      return [sender.sounding, sender.done]
    })
    expect(states.map(([sounding]) => sounding)).toEqual([true, true, true, true, false, false, false])
    expect(states.map(([, done]) => done)).toEqual([false, false, false, false, false, false, true])
    expect(sender.next()).toEqual([])
  })
})

test('an event shorter than a packet time has its marker on the final packet', () => {
  const packets = send({ event: 1, timestamp: 0, duration: 100, interval: 160 }).flat()
  expect(packets).toHaveLength(3)
  expect(packets[0]).toEqual({ timestamp: 0, marker: true, end: true, duration: 100 })
  expect(packets[1]).toEqual({ timestamp: 0, marker: false, end: true, duration: 100 })
})

test('a length that is no multiple of the packet time ends with its own duration', () => {
  expect(send({ event: 1, timestamp: 0, duration: 400, interval: 160 }).map((time) => time[0]!.duration)).toEqual([160, 320, 400, 400, 400])
})

describe('an event beyond 0xFFFF units (RFC 4733 2.5.1.3)', () => {
  // 10 s at 8 kHz: one full segment of 65535 units and a rest of 14465.
  const times = send({ event: 9, timestamp: 1000, duration: 80_000, interval: 160 })
  const packets = times.flat()

  test('is cut into segments that follow on without marker', () => {
    expect(new Set(packets.map((packet) => packet.timestamp))).toEqual(new Set([1000, 1000 + 65535]))
    expect(packets.filter((packet) => packet.marker)).toHaveLength(1)
    expect(packets.at(-1)).toEqual({ timestamp: 66535, marker: false, end: true, duration: 14465 })
  })

  test('sends the last packet of each segment three times, E only at the end', () => {
    expect(packets.filter((packet) => packet.duration === 65535).map((packet) => packet.end)).toEqual([false, false, false])
    expect(packets.filter((packet) => packet.end)).toHaveLength(3)
  })

  test('covers the whole length', () => {
    expect(times.filter((time) => time.some((packet) => !packet.end)).length).toBe(80_000 / 160 - 1)
  })
})

test('segments of an 8 kHz event beside Opus advance the 48 kHz timestamp', () => {
  const packets = send({ event: 9, timestamp: 0, duration: 70_000, interval: 160, timestampScale: 6 }).flat()
  expect(new Set(packets.map((packet) => packet.timestamp))).toEqual(new Set([0, 6 * 65535]))
})

test('an event of no length is refused', () => {
  expect(() => new EventSender({ event: 1, timestamp: 0, duration: 0, interval: 160 })).toThrow(RangeError)
})
