import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { digitOfEvent, eventOfDigit, parseTelephoneEvents, writeTelephoneEvent } from './telephone-event.ts'

describe('one block', () => {
  const bytes = Uint8Array.of(
    11, // event: #
    0x8a, // end, volume 10
    0x03,
    0x20, // duration 800
  )

  test('is read and written', () => {
    expect(parseTelephoneEvents(bytes)).toEqual([{ event: 11, end: true, volume: 10, duration: 800 }])
    const written = new Uint8Array(4)
    writeTelephoneEvent(written, { event: 11, end: true, volume: 10, duration: 800 })
    expect(written).toEqual(bytes)
  })

  test('several follow one another', () => {
    expect(parseTelephoneEvents(Uint8Array.of(...bytes, 1, 0, 0, 160))).toHaveLength(2)
  })

  test.each([0, 1, 3, 5])('a payload of %i bytes is none', (length) => {
    expect(parseTelephoneEvents(new Uint8Array(length))).toBeUndefined()
  })

  test('every block survives', () => {
    fc.assert(
      fc.property(fc.nat(255), fc.boolean(), fc.nat(63), fc.nat(65535), (event, end, volume, duration) => {
        const written = new Uint8Array(4)
        writeTelephoneEvent(written, { event, end, volume, duration })
        expect(parseTelephoneEvents(written)).toEqual([{ event, end, volume, duration }])
      }),
    )
  })
})

test('digits and event codes', () => {
  expect([...'0123456789*#ABCD!'].map(eventOfDigit)).toEqual(Array.from({ length: 17 }, (_, index) => index))
  expect(eventOfDigit('d')).toBe(15)
  for (const none of ['', 'E', '12', ' ']) expect(eventOfDigit(none)).toBeUndefined()
  expect(digitOfEvent(10)).toBe('*')
  expect(digitOfEvent(17)).toBeUndefined()
  expect(digitOfEvent(255)).toBeUndefined()
})
