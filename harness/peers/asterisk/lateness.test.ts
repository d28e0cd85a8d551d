import { expect, test } from 'vitest'
import { SendingLateness } from './lateness.ts'

/** A packet that left at a moment, milliseconds. */
function packet(at: number, sequence: number, port = 10_000) {
  const bytes = Uint8Array.from([0x80, 0, sequence >> 8, sequence & 255])
  const address = '10.1.2.20'
  return { at, dir: 'out', kind: 'rtp', local: { address, port }, remote: { address, port: 1 }, bytes } as const
}

test('packets in time are not late, whatever number they begin with', () => {
  const lateness = new SendingLateness()
  for (let index = 0; index < 200; index++) lateness.take(packet(index * 20, (65_500 + index) & 0xffff))
  expect(lateness.p99Ms).toBe(0)
})

test('one late packet in fifty is more than one in a hundred', () => {
  const lateness = new SendingLateness()
  let at = 0
  for (let index = 0; index < 200; index++) {
    at += index % 50 === 49 ? 90 : 20
    lateness.take(packet(at, index))
  }
  expect(lateness.p99Ms).toBe(70)
})

test('a pause between two streams is nobody being late', () => {
  const lateness = new SendingLateness()
  for (let index = 0; index < 10; index++) lateness.take(packet(index * 20, index))
  for (let index = 0; index < 10; index++) lateness.take(packet(5_000 + index * 20, 7_000 + index))
  expect(lateness.p99Ms).toBe(0)
})

test('what was long ago is forgotten', () => {
  const lateness = new SendingLateness()
  lateness.take(packet(0, 0))
  lateness.take(packet(800, 1))
  expect(lateness.p99Ms).toBe(780)
  for (let index = 0; index < 600; index++) lateness.take(packet(1_000 + index * 20, 5_000 + index))
  expect(lateness.p99Ms).toBe(0)
})
