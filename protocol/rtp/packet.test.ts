import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { looksLikeRtcp, RtpHeader, rtpHeaderLength, writeRtpHeader } from './packet.ts'

describe('one packet, field by field', () => {
  const bytes = Uint8Array.of(
    0xb2, // version 2, padding, extension, 2 contributing sources
    0x80, // marker, payload type 0
    0x12,
    0x34, // sequence number 4660
    0xde,
    0xad,
    0xbe,
    0xef, // timestamp 3735928559
    0xca,
    0xfe,
    0xba,
    0xbe, // SSRC 3405691582
    0,
    0,
    0,
    1,
    0,
    0,
    0,
    2, // CSRC 1 and 2
    0xbe,
    0xde,
    0,
    1, // extension profile, 1 word
    9,
    9,
    9,
    9, // extension
    1,
    2,
    3, // payload
    0,
    2, // padding of 2 bytes
  )

  test('is read', () => {
    const header = new RtpHeader()
    expect(header.read(bytes)).toBeUndefined()
    expect({ ...header }).toEqual({
      marker: true,
      payloadType: 0,
      sequenceNumber: 4660,
      timestamp: 3735928559,
      ssrc: 3405691582,
      csrcCount: 2,
      extension: true,
      payloadStart: 28,
      payloadEnd: 31,
    })
  })

  test.each([
    // what is changed, the bytes, offset and rule of the complaint
    ['an empty datagram', new Uint8Array(0), 0, 'RFC 3550 5.1'],
    ['11 bytes', bytes.slice(0, 11), 0, 'RFC 3550 5.1'],
    ['version 1', Uint8Array.of(0x40, ...bytes.slice(1)), 0, 'RFC 3550 5.1'],
    ['15 sources that do not fit', Uint8Array.of(0x8f, ...bytes.slice(1)), 12, 'RFC 3550 5.1'],
    ['an extension cut off', Uint8Array.of(0x90, ...bytes.slice(1, 12), 0xbe, 0xde), 12, 'RFC 3550 5.3.1'],
    ['an extension too long', Uint8Array.of(0x90, ...bytes.slice(1, 12), 0xbe, 0xde, 0, 1), 12, 'RFC 3550 5.3.1'],
    ['padding of 0', Uint8Array.of(...bytes.slice(0, -1), 0), 32, 'RFC 3550 5.1'],
    ['padding into the header', Uint8Array.of(...bytes.slice(0, -1), 6), 32, 'RFC 3550 5.1'],
  ])('%s is malformed', (_, packet, offset, rule) => {
    expect(new RtpHeader().read(packet)).toMatchObject({ offset, rule })
  })
})

test('what is written is read again', () => {
  const uint = (bits: number) => fc.integer({ min: 0, max: 2 ** bits - 1 })
  fc.assert(
    fc.property(
      fc.boolean(),
      uint(7),
      uint(16),
      uint(32),
      uint(32),
      fc.uint8Array({ maxLength: 200 }),
      (marker, pt, sequence, timestamp, ssrc, payload) => {
        const bytes = new Uint8Array(rtpHeaderLength + payload.length)
        writeRtpHeader(bytes, marker, pt, sequence, timestamp, ssrc)
        bytes.set(payload, rtpHeaderLength)
        const header = new RtpHeader()
        expect(header.read(bytes)).toBeUndefined()
        expect(header).toMatchObject({ marker, payloadType: pt, sequenceNumber: sequence, timestamp, ssrc, csrcCount: 0, extension: false })
        expect(bytes.subarray(header.payloadStart, header.payloadEnd)).toEqual(payload)
      },
    ),
  )
})

test('hostile bytes never throw, and a payload always lies within them', () => {
  const header = new RtpHeader()
  const rtpLike = fc
    .tuple(fc.integer({ min: 0x80, max: 0xbf }), fc.uint8Array({ maxLength: 64 }))
    .map(([first, rest]) => Uint8Array.of(first, ...rest))
  fc.assert(
    fc.property(fc.oneof(rtpLike, fc.uint8Array({ maxLength: 64 })), (bytes) => {
      const wrong = header.read(bytes)
      if (wrong !== undefined) return
      expect(header.payloadStart).toBeLessThanOrEqual(header.payloadEnd)
      expect(header.payloadEnd).toBeLessThanOrEqual(bytes.length)
    }),
    { numRuns: 1000 },
  )
})

test('RTCP is told by its packet type', () => {
  expect(looksLikeRtcp(Uint8Array.of(0x80, 200))).toBe(true)
  expect(looksLikeRtcp(Uint8Array.of(0x80, 0x80 | 101))).toBe(false)
  expect(looksLikeRtcp(Uint8Array.of(0x80, 8))).toBe(false)
  expect(looksLikeRtcp(Uint8Array.of(0x80))).toBe(false)
})
