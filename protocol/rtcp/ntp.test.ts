import { expect, test } from 'vitest'
import { rtcpIntervalMs } from './interval.ts'
import { middleNtp, roundTripMs, toNtp } from './ntp.ts'

test('the epoch of 1970 and half a second', () => {
  expect(toNtp(0)).toEqual({ seconds: 2_208_988_800, fraction: 0 })
  expect(toNtp(500)).toEqual({ seconds: 2_208_988_800, fraction: 0x80000000 })
})

test('the round trip of RFC 3550 figure 2 is 6.125 s', () => {
  // A = b710:8000, LSR = b705:2000, DLSR = 0005:4000
  const arrival = { seconds: 0xb44db710, fraction: 0x80000000 }
  expect(middleNtp(arrival)).toBe(0xb7108000)
  const epochMs = (0xb44db710 - 2_208_988_800) * 1000 + 500
  expect(roundTripMs(epochMs, { lastSenderReport: 0xb7052000, delaySinceLastSenderReport: 0x00054000 })).toBeCloseTo(6125, 0)
})

test('no round trip without a sender report, or from nonsense', () => {
  expect(roundTripMs(0, { lastSenderReport: 0, delaySinceLastSenderReport: 0 })).toBeUndefined()
  expect(roundTripMs(0, { lastSenderReport: middleNtp(toNtp(60_000)), delaySinceLastSenderReport: 0 })).toBeUndefined()
  expect(roundTripMs(0, { lastSenderReport: middleNtp(toNtp(0)), delaySinceLastSenderReport: 3 })).toBe(0)
})

test('RTCP comes every 2 to 6.2 s, the first after half of that (RFC 3550 A.7)', () => {
  expect(rtcpIntervalMs(false, 0)).toBeCloseTo(2052, 0)
  expect(rtcpIntervalMs(false, 1)).toBeCloseTo(6156, 0)
  expect(rtcpIntervalMs(true, 0.5)).toBeCloseTo(rtcpIntervalMs(false, 0.5) / 2)
})
