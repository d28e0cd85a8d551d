import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseCompound, serializeCompound } from './compound.ts'
import type { RtcpPacket } from './types.ts'

describe('a compound packet, field by field', () => {
  const bytes = Uint8Array.of(
    ...[0x81, 200, 0, 12], // SR, 1 report, 13 words
    ...[0, 0, 0, 1], // SSRC 1
    ...[0xe9, 0, 0, 0], // NTP seconds
    ...[0x80, 0, 0, 0], // NTP fraction: half a second
    ...[0, 0, 0x1f, 0x40], // RTP timestamp 8000
    ...[0, 0, 0, 50], // packets
    ...[0, 0, 0x1f, 0x40], // bytes
    ...[0, 0, 0, 2], // about SSRC 2
    ...[0x40, 0xff, 0xff, 0xfe], // a quarter lost, -2 in all
    ...[0, 1, 0, 7], // highest sequence 7 in the second cycle
    ...[0, 0, 0, 9], // jitter
    ...[0x12, 0x34, 0x56, 0x78], // LSR
    ...[0, 1, 0, 0], // DLSR: 1 s
    ...[0x81, 202, 0, 3], // SDES, 1 chunk, 4 words
    ...[0, 0, 0, 1, 1, 4, 97, 64, 98, 99, 0, 0], // SSRC 1, CNAME a@bc, end and padding
    ...[0x82, 203, 0, 4], // BYE, 2 sources, 5 words
    ...[0, 0, 0, 1, 0, 0, 0, 3, 3, 101, 110, 100, 0, 0, 0, 0], // SSRC 1 and 3, reason "end"
    ...[0x80, 205, 0, 1, 1, 2, 3, 4], // feedback, which we do not read
  )

  test('is read', () => {
    expect(parseCompound(bytes)).toEqual({
      ok: true,
      packets: [
        {
          type: 'sender-report',
          ssrc: 1,
          ntpSeconds: 0xe9000000,
          ntpFraction: 0x80000000,
          rtpTimestamp: 8000,
          packets: 50,
          bytes: 8000,
          reports: [
            {
              ssrc: 2,
              fractionLost: 64,
              cumulativeLost: -2,
              extendedHighestSequence: 65543,
              jitter: 9,
              lastSenderReport: 0x12345678,
              delaySinceLastSenderReport: 65536,
            },
          ],
        },
        { type: 'sdes', chunks: [{ ssrc: 1, cname: 'a@bc' }] },
        { type: 'bye', ssrcs: [1, 3], reason: 'end' },
        { type: 'other', packetType: 205, body: Uint8Array.of(1, 2, 3, 4) },
      ],
    })
  })

  test('is written again, but for padding that was longer than needed', () => {
    const parsed = parseCompound(bytes)
    if (!parsed.ok) throw new Error(parsed.error.detail)
    expect(parseCompound(serializeCompound(parsed.packets))).toEqual(parsed)
  })
})

describe('malformed', () => {
  test.each([
    ['nothing', [], 0],
    ['three bytes', [0x80, 201, 0], 0],
    ['version 1', [0x40, 201, 0, 1, 0, 0, 0, 1], 0],
    ['RTP', [0x80, 0, 0, 1, 0, 0, 0, 1], 1],
    ['a length beyond the datagram', [0x80, 201, 0, 2, 0, 0, 0, 1], 2],
    ['a report that is not there', [0x81, 201, 0, 1, 0, 0, 0, 1], 4],
    ['a sender report without its figures', [0x80, 200, 0, 1, 0, 0, 0, 1], 4],
    ['padding of 0', [0xa0, 201, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0], 11],
    ['padding into the header', [0xa0, 201, 0, 1, 0, 0, 0, 8], 7],
    ['padding before the last packet', [0xa0, 201, 0, 2, 0, 0, 0, 1, 0, 0, 0, 4, 0x80, 201, 0, 1, 0, 0, 0, 1], 0],
    ['an item beyond its chunk', [0x81, 202, 0, 2, 0, 0, 0, 1, 1, 9, 97, 0], 4],
    ['a chunk without end', [0x81, 202, 0, 2, 0, 0, 0, 1, 1, 2, 97, 98], 4],
    ['a reason beyond the packet', [0x81, 203, 0, 2, 0, 0, 0, 1, 9, 97, 0, 0], 4],
  ])('%s', (_, bytes, offset) => {
    expect(parseCompound(Uint8Array.from(bytes))).toMatchObject({ ok: false, error: { offset } })
  })

  test('hostile bytes never throw', () => {
    const rtcpLike = fc
      .tuple(fc.integer({ min: 0x80, max: 0xbf }), fc.integer({ min: 200, max: 207 }), fc.nat(12), fc.uint8Array({ maxLength: 60 }))
      .map(([first, type, words, rest]) => Uint8Array.of(first, type, 0, words, ...rest))
    fc.assert(
      fc.property(fc.oneof(rtcpLike, fc.uint8Array({ maxLength: 80 })), (bytes) => void parseCompound(bytes)),
      { numRuns: 1000 },
    )
  })
})

describe('any packets', () => {
  const uint32 = fc.nat(0xffffffff)
  const reports = fc.array(
    fc.record({
      ssrc: uint32,
      fractionLost: fc.nat(255),
      cumulativeLost: fc.integer({ min: -0x800000, max: 0x7fffff }),
      extendedHighestSequence: uint32,
      jitter: uint32,
      lastSenderReport: uint32,
      delaySinceLastSenderReport: uint32,
    }),
    { maxLength: 31 },
  )
  const packet: fc.Arbitrary<RtcpPacket> = fc.oneof(
    fc.record({
      type: fc.constant('sender-report' as const),
      ssrc: uint32,
      ntpSeconds: uint32,
      ntpFraction: uint32,
      rtpTimestamp: uint32,
      packets: uint32,
      bytes: uint32,
      reports,
    }),
    fc.record({ type: fc.constant('receiver-report' as const), ssrc: uint32, reports }),
    fc.record({
      type: fc.constant('sdes' as const),
      chunks: fc.array(fc.record({ ssrc: uint32, cname: fc.string({ maxLength: 60 }) }), { maxLength: 31 }),
    }),
    fc.record({ type: fc.constant('bye' as const), ssrcs: fc.array(uint32, { maxLength: 31 }), reason: fc.string({ maxLength: 60 }) }),
  )

  test('survive', () => {
    fc.assert(
      fc.property(fc.array(packet, { minLength: 1, maxLength: 5 }), (packets) => {
        expect(parseCompound(serializeCompound(packets))).toEqual({ ok: true, packets })
      }),
    )
  })

  test('that cannot be counted or named are refused', () => {
    expect(() => serializeCompound([{ type: 'bye', ssrcs: Array.from({ length: 32 }, () => 1) }])).toThrow(RangeError)
    expect(() => serializeCompound([{ type: 'bye', ssrcs: [1], reason: 'x'.repeat(256) }])).toThrow(RangeError)
    expect(() => serializeCompound([{ type: 'sdes', chunks: [{ ssrc: 1, cname: 'x'.repeat(256) }] }])).toThrow(RangeError)
  })
})
