import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { tonePair } from '../../protocol/audio/tone.ts'
import { makeRequest, makeResponse } from '../../protocol/sip/message.ts'
import { serialize } from '../../protocol/sip/serializer.ts'
import type { RtpWire } from '../../protocol/wire.ts'
import { rtpWire, type Speech, speak } from './fixture/media.ts'
import { describe as description } from './fixture/signalling.ts'
import { readStreams } from './streams.ts'
import { findCall, readTrace, type TracedCall } from './trace.ts'

const pcmu: Speech = { codec: 'pcmu', payloadType: 0, tone: tonePair(3) }
const heardIn = (tones: readonly { pair: unknown }[]) => tones.filter(({ pair }) => pair !== undefined).map(({ pair }) => pair)
const payloadTypeOf = ({ bytes }: RtpWire): number => bytes[1]! & 0x7f
const format = (payloadType: number, name: string, clockRate = 8000) => ({ payloadType, name, clockRate, channels: 1 })

/** A call in which the peer offers and the edge answers these formats. */
function callWith(offered: readonly ReturnType<typeof format>[], answered: readonly ReturnType<typeof format>[]): TracedCall {
  const rows: [string, string][] = [
    ['Via', 'SIP/2.0/UDP 192.0.2.10;branch=z9hG4bK-1'],
    ['From', '<sip:a@trunkproof>;tag=a'],
    ['To', '<sip:b@trunkproof>'],
    ['Call-ID', 'c'],
    ['CSeq', '1 INVITE'],
    ['Content-Type', 'application/sdp'],
  ]
  const invite = makeRequest('INVITE', 'sip:b@198.51.100.20', rows, description('peer', offered))
  const ok = makeResponse(invite, 200, { toTag: 'b', rows: rows.slice(-1), body: description('edge', answered) })
  const end = { address: '192.0.2.10', port: 5060 }
  const wires = [invite, ok].map((message, index) => ({
    at: index,
    dir: index === 0 ? ('out' as const) : ('in' as const),
    transport: 'udp' as const,
    local: end,
    remote: end,
    bytes: serialize(message),
  }))
  return findCall(readTrace(wires))!
}

describe('one direction', () => {
  test('is told by its packets: codec, tone, level, digits, nothing lost over the wrap of sequence and timestamp', () => {
    const wires = speak('peer', { ...pcmu, digits: '1234*#' })
    const { peer, edge } = readStreams(wires, undefined, 'pcmu')
    expect(edge).toBeUndefined()
    expect(peer).toMatchObject({
      from: 'peer',
      packets: wires.length,
      lost: 0,
      duplicates: 0,
      digits: '1234*#',
      firstForeignPacket: undefined,
    })
    expect(peer!.codecs).toEqual({ pcmu: peer!.payloadTypes[0] })
    expect(peer!.payloadTypes[101]).toBe(6 * 7)
    expect(new Set(heardIn(peer!.tones).map(String))).toEqual(new Set([String(tonePair(3))]))
    expect(peer!.tones[0]).toMatchObject({ levelDbm0: expect.closeTo(-16, 0), purity: expect.closeTo(1, 1) })
  })

  test.each([
    ['pcma', 8],
    ['opus', 96],
  ] as const)('is heard in %s', (codec, payloadType) => {
    const offer = [format(96, 'opus', 48_000), format(8, 'pcma')]
    const { edge } = readStreams(speak('edge', { codec, payloadType, tone: tonePair(5) }), callWith(offer, offer), codec)
    expect(Object.keys(edge!.codecs)).toEqual([codec])
    expect(new Set(heardIn(edge!.tones).map(String))).toEqual(new Set([String(tonePair(5))]))
  })

  test('hears silence as silence', () => {
    const { peer } = readStreams(speak('peer', { ...pcmu, tone: undefined }), undefined, 'pcmu')
    expect(peer!.tones.length).toBeGreaterThan(5)
    expect(heardIn(peer!.tones)).toEqual([])
  })

  test('is nothing when nothing came, RTCP aside', () => {
    const rtcp: RtpWire = { ...rtpWire('peer', Uint8Array.of(0x80, 200, 0, 1, 0, 0, 0, 1)), kind: 'rtcp' }
    expect(readStreams([rtcp], undefined, 'pcmu')).toEqual({ peer: undefined, edge: undefined })
  })
})

describe('sequence numbers', () => {
  test('show what is missing', () => {
    const wires = speak('peer', pcmu)
    const { peer } = readStreams(
      wires.filter((_, index) => index % 10 !== 5),
      undefined,
      'pcmu',
    )
    expect(peer).toMatchObject({ packets: 45, lost: 5, duplicates: 0 })
  })

  test('show what came twice: it is counted, and neither heard nor spelt again', () => {
    const wires = speak('peer', { ...pcmu, digits: '77' })
    const once = readStreams(wires, undefined, 'pcmu').peer!
    // A source is believed from its second packet on (RFC 3550 appendix A.1).
    const [first, ...rest] = wires
    const twice = readStreams([first!, ...rest.flatMap((wire) => [wire, wire])], undefined, 'pcmu').peer!
    expect(twice).toMatchObject({ packets: 2 * wires.length - 1, lost: 0, duplicates: wires.length - 1, digits: '77' })
    expect(twice.tones.length).toBe(once.tones.length)
    expect(twice.codecs).toEqual(once.codecs)
  })

  test('put right what came in another order: nothing is lost, each digit counts once', () => {
    const wires = speak('peer', { ...pcmu, digits: '12' })
    const swapped = wires.flatMap((_, index) => (index % 2 === 0 ? [wires[index + 1]!, wires[index]!].filter(Boolean) : []))
    expect(readStreams(swapped, undefined, 'pcmu').peer).toMatchObject({ packets: wires.length, lost: 0, duplicates: 0, digits: '12' })
  })

  test('of two sources are counted apart', () => {
    const first = speak('peer', pcmu)
    const second = speak('peer', pcmu).map((wire) => {
      const bytes = wire.bytes.slice()
      bytes[11] = bytes[11]! ^ 0xff
      return { ...wire, bytes }
    })
    expect(readStreams([...first, ...second], undefined, 'pcmu').peer).toMatchObject({ packets: 100, lost: 0, duplicates: 0 })
  })
})

describe('payload types', () => {
  test('that nobody described and nobody knows are named by number, and the first is pointed at', () => {
    const wires = speak('edge', pcmu).map((wire, index) => {
      if (index !== 7) return wire
      const bytes = wire.bytes.slice()
      bytes[1] = 99
      return { ...wire, bytes }
    })
    const before = speak('peer', pcmu).slice(0, 3)
    expect(readStreams([...before, ...wires], undefined, 'pcmu').edge).toMatchObject({
      codecs: { pcmu: 49, 'pt 99': 1 },
      firstForeignPacket: 3 + 8,
    })
  })

  test('are those the receiver described (RFC 3264 section 5.1)', () => {
    // Each side calls Opus by a number of its own; 97 means something else to the other.
    const call = callWith([format(96, 'opus', 48_000), format(97, 'g729')], [format(97, 'opus', 48_000)])
    const opus = (payloadType: number): Speech => ({ codec: 'opus', payloadType, tone: tonePair(3) })
    expect(readStreams(speak('peer', opus(97)), call, 'opus').peer!.codecs).toHaveProperty('opus')
    expect(readStreams(speak('edge', opus(96)), call, 'opus').edge!.codecs).toHaveProperty('opus')
    expect(readStreams(speak('edge', opus(97)), call, 'opus').edge).toMatchObject({ codecs: { g729: 50 }, firstForeignPacket: 1 })
  })

  test('of the sender are understood too, for products that use their own', () => {
    const call = callWith([format(96, 'opus', 48_000)], [format(110, 'opus', 48_000)])
    expect(readStreams(speak('peer', { codec: 'opus', payloadType: 96, tone: tonePair(3) }), call, 'opus').peer!.codecs).toHaveProperty(
      'opus',
    )
  })

  test('of comfort noise are no other codec (RFC 3389)', () => {
    const noise = speak('peer', { ...pcmu, payloadType: 13 })
    expect(readStreams([...speak('peer', pcmu), ...noise], undefined, 'pcmu').peer).toMatchObject({
      codecs: { pcmu: 50 },
      firstForeignPacket: undefined,
    })
  })
})

describe('events', () => {
  test.each([8000, 48_000])('at %i Hz beside Opus spell their digits', (clockRate) => {
    const formats = [format(96, 'opus', 48_000), format(110, 'telephone-event', clockRate)]
    const speech: Speech = { codec: 'opus', payloadType: 96, tone: tonePair(3), digits: '1234*#', events: { payloadType: 110, clockRate } }
    expect(readStreams(speak('peer', speech), callWith(formats, formats), 'opus').peer).toMatchObject({
      digits: '1234*#',
      codecs: { opus: 68 },
    })
  })

  test('at both rates of one description are told apart by their numbers', () => {
    const formats = [format(96, 'opus', 48_000), format(101, 'telephone-event', 8000), format(110, 'telephone-event', 48_000)]
    const call = callWith(formats, formats)
    for (const [payloadType, clockRate] of [
      [101, 8000],
      [110, 48_000],
    ] as const) {
      const speech: Speech = { codec: 'opus', payloadType: 96, tone: tonePair(3), digits: '55', events: { payloadType, clockRate } }
      expect(readStreams(speak('edge', speech), call, 'opus').edge!.digits).toBe('55')
    }
  })

  test('count though every final packet was lost, the last digit too', () => {
    const isFinal = (wire: RtpWire): boolean => payloadTypeOf(wire) === 101 && (wire.bytes[13]! & 0x80) !== 0
    const wires = speak('peer', { ...pcmu, digits: '907' }).filter((wire) => !isFinal(wire))
    expect(readStreams(wires, undefined, 'pcmu').peer!.digits).toBe('907')
  })

  test('nobody negotiated are seen at the number nearly everybody uses', () => {
    const call = callWith([format(0, 'pcmu')], [format(0, 'pcmu')])
    expect(readStreams(speak('peer', { ...pcmu, digits: '42' }), call, 'pcmu').peer).toMatchObject({
      digits: '42',
      firstForeignPacket: undefined,
    })
  })

  test('that are no digit (a fax tone, event 36) spell nothing', () => {
    const wires = speak('peer', { ...pcmu, digits: '4' }).map((wire) => {
      if (payloadTypeOf(wire) !== 101) return wire
      const bytes = wire.bytes.slice()
      bytes[12] = 36
      return { ...wire, bytes }
    })
    expect(readStreams(wires, undefined, 'pcmu').peer!.digits).toBe('')
  })
})

describe('hostile bytes', () => {
  const wireOf = (bytes: Uint8Array, index: number): RtpWire => rtpWire(index % 2 === 0 ? 'peer' : 'edge', bytes, index)

  test('never throw', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 30 }), fc.constantFrom('pcmu', 'opus'), (frames, codec) => {
        readStreams(frames.map(wireOf), undefined, codec)
      }),
    )
  })

  test('nor behind a sound header, whatever the payload type', () => {
    const formats = [format(96, 'opus', 48_000), format(110, 'telephone-event', 48_000)]
    const call = callWith(formats, formats)
    const packet = fc
      .tuple(fc.constantFrom(0, 8, 13, 96, 101, 110, 127), fc.nat(0xffff), fc.uint8Array({ maxLength: 60 }))
      .map(([payloadType, sequence, payload]) =>
        Uint8Array.from([0x80, payloadType, sequence >> 8, sequence, 0, 0, 0, 1, 0, 0, 0, 2, ...payload]),
      )
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 40 }), (packets) => {
        readStreams(packets.map(wireOf), call, 'opus')
      }),
    )
  })

  test('that are no RTP are no packet', () => {
    const stun = Uint8Array.of(0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    expect(readStreams([rtpWire('peer', stun), ...speak('peer', pcmu)], undefined, 'pcmu').peer!.packets).toBe(50)
  })
})
