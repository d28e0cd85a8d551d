import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { G711Decoder } from '../audio/decoder.ts'
import { encodeG711 } from '../audio/g711.ts'
import { ToneGenerator, tonePair } from '../audio/tone.ts'
import type { ToneReading } from '../audio/tone-detector.ts'
import { writeTelephoneEvent } from '../dtmf/telephone-event.ts'
import { RtpHeader, rtpHeaderLength, writeRtpHeader } from './packet.ts'
import { isKnownFormat, ReceivedAudio, type ReceiveFormats } from './received-audio.ts'

const formats: ReceiveFormats = { audio: { 0: 'pcmu' }, events: { 96: 8000 } }

let digits: string[] = []
let readings: ToneReading[] = []
let listener: ReceivedAudio
let nowMs = 0

beforeEach(() => {
  digits = []
  readings = []
  nowMs = 0
  listener = listen(formats)
})

function listen(agreed: ReceiveFormats): ReceivedAudio {
  return new ReceivedAudio({
    formats: agreed,
    // Opus is decoded elsewhere; here its payloads are noise.
    decoder: (codec) => (codec === 'opus' ? { decode: () => undefined } : new G711Decoder(codec)),
    onDigit: (digit, durationMs) => digits.push(`${digit} ${durationMs}`),
    onReading: (reading) => readings.push(reading),
  })
}

interface Packet {
  readonly payloadType?: number
  readonly sequence: number
  readonly timestamp: number
  readonly ssrc?: number
  readonly payload: Uint8Array
}

function receive({ payloadType = 0, sequence, timestamp, ssrc = 1, payload }: Packet): void {
  const bytes = new Uint8Array(rtpHeaderLength + payload.length)
  writeRtpHeader(bytes, false, payloadType, sequence & 0xffff, timestamp >>> 0, ssrc)
  bytes.set(payload, rtpHeaderLength)
  const header = new RtpHeader()
  expect(header.read(bytes)).toBeUndefined()
  nowMs += 20
  listener.receive(header, bytes, nowMs)
}

/** Packets of a tone at 20 ms, numbered from 100. */
function tone(count: number, pair = tonePair(0), law: 'pcmu' | 'pcma' = 'pcmu'): Packet[] {
  const generator = new ToneGenerator(pair, { sampleRate: 8000 })
  const pcm = new Int16Array(160)
  return Array.from({ length: count }, (_, index) => {
    generator.fill(pcm)
    const payload = new Uint8Array(160)
    encodeG711(law, pcm, payload)
    return { sequence: 100 + index, timestamp: 0xffff_ff00 + 160 * index, payload }
  })
}

function event(code: number, duration: number, end: boolean): Uint8Array {
  const payload = new Uint8Array(4)
  writeTelephoneEvent(payload, { event: code, end, volume: 10, duration })
  return payload
}

describe('tones', () => {
  test('are read every 20 ms from the first 100 ms on', () => {
    for (const packet of tone(10)) receive(packet)
    expect(readings).toHaveLength(6)
    for (const reading of readings) expect(reading).toMatchObject({ pair: tonePair(0) })
  })

  test.each([
    ['lost packets', (packets: Packet[]) => packets.filter((_, index) => index % 10 !== 4)],
    ['duplicates', (packets: Packet[]) => packets.flatMap((packet) => [packet, packet])],
    [
      'packets out of order',
      (packets: Packet[]) =>
        packets.flatMap((_, index) =>
          index % 6 === 5 ? [packets[index]!, packets[index - 1]!] : index % 6 === 4 ? [] : [packets[index]!],
        ),
    ],
  ])('survive %s', (_, spoil) => {
    for (const packet of spoil(tone(60))) receive(packet)
    expect(readings.length).toBeGreaterThan(40)
    for (const reading of readings) {
      expect(reading.pair).toEqual(tonePair(0))
      expect(reading.purity).toBeGreaterThan(0.95)
    }
  })

  test('survive a sender whose timestamps step back after digits', () => {
    const [before, after] = [tone(30).slice(0, 15), tone(30).slice(15)]
    for (const packet of [...before, ...after.map((packet) => ({ ...packet, timestamp: packet.timestamp - 800 }))]) receive(packet)
    expect(readings.at(-1)).toMatchObject({ pair: tonePair(0) })
  })

  test('begin anew after a jump of the timestamps', () => {
    for (const packet of tone(10)) receive(packet)
    readings.length = 0
    for (const packet of tone(14, tonePair(7)).slice(10)) receive({ ...packet, timestamp: packet.timestamp + 80_000 })
    expect(readings).toEqual([])
  })

  test('are not listened to when nobody wants them; packets are counted all the same', () => {
    listener.listening = false
    for (const packet of tone(10)) receive(packet)
    expect(readings).toEqual([])
    expect(listener.counts()).toMatchObject({ packets: 10, bytes: 1600, expected: 10, lost: 0, payloadTypes: { 0: 10 } })
  })
})

describe('payload types', () => {
  test('static ones are understood though not negotiated, and counted as unexpected', () => {
    for (const packet of tone(10, tonePair(1), 'pcma')) receive({ ...packet, payloadType: 8 })
    expect(readings.at(-1)).toMatchObject({ pair: tonePair(1) })
    expect(listener.counts()).toMatchObject({ payloadTypes: { 8: 10 }, unexpectedPayloadTypes: { 8: 10 } })
  })

  test('unknown ones are counted and ignored', () => {
    receive({ payloadType: 77, sequence: 1, timestamp: 0, payload: new Uint8Array(20) })
    expect(listener.counts()).toMatchObject({ packets: 1, unexpectedPayloadTypes: { 77: 1 } })
  })

  test('what could be meant for us', () => {
    const known = [0, 8, 96, 101]
    for (let payloadType = 0; payloadType < 128; payloadType++)
      expect(isKnownFormat(formats, payloadType)).toBe(known.includes(payloadType))
  })

  test('payloads a codec can make nothing of are counted', () => {
    listener.formats = { audio: { 111: 'opus' }, events: {} }
    receive({ payloadType: 111, sequence: 1, timestamp: 0, payload: new Uint8Array(3) })
    expect(listener.counts()).toMatchObject({ undecodable: 1, unexpectedPayloadTypes: {} })
  })
})

describe('digits', () => {
  test('by the negotiated number', () => {
    receive({ payloadType: 96, sequence: 1, timestamp: 0, payload: event(5, 400, false) })
    receive({ payloadType: 96, sequence: 2, timestamp: 0, payload: event(5, 800, true) })
    expect(digits).toEqual(['5 100'])
    expect(listener.counts().unexpectedPayloadTypes).toEqual({})
  })

  test('by the usual number that was not negotiated', () => {
    receive({ payloadType: 101, sequence: 1, timestamp: 0, payload: event(5, 800, true) })
    receive({ payloadType: 101, sequence: 2, timestamp: 0, payload: new Uint8Array(160) })
    expect(digits).toEqual(['5 100'])
    expect(listener.counts().unexpectedPayloadTypes).toEqual({ 101: 2 })
  })

  test('not from a number that means audio here', () => {
    listener.formats = { audio: { 101: 'opus' }, events: {} }
    receive({ payloadType: 101, sequence: 1, timestamp: 0, payload: event(5, 800, true) })
    expect(digits).toEqual([])
  })

  test('whose end was lost are said after a while, or when the stream is over', () => {
    receive({ payloadType: 96, sequence: 1, timestamp: 0, payload: event(5, 400, false) })
    expect(listener.mayExpire(nowMs + 100)).toBe(false)
    listener.expire(nowMs + 100)
    expect(digits).toEqual([])
    expect(listener.mayExpire(nowMs + 200)).toBe(true)
    listener.expire(nowMs + 200)
    receive({ payloadType: 96, sequence: 2, timestamp: 8000, payload: event(6, 400, false) })
    listener.flush()
    expect(digits).toEqual(['5 50', '6 50'])
  })

  test('events that are no digits are passed over', () => {
    receive({ payloadType: 96, sequence: 1, timestamp: 0, payload: event(66, 800, true) })
    expect(digits).toEqual([])
  })
})

describe('sources', () => {
  test('are counted apart and added up', () => {
    for (const packet of tone(10)) receive(packet)
    for (const packet of tone(10)) if (packet.sequence !== 105) receive({ ...packet, ssrc: 2 })
    expect(listener.counts()).toMatchObject({ ssrcs: [1, 2], packets: 19, expected: 20, lost: 1 })
    expect(listener.source!.ssrc).toBe(2)
  })

  test('beyond a bound are forgotten, their counts kept', () => {
    for (let ssrc = 1; ssrc <= 100; ssrc++) for (const packet of tone(3)) receive({ ...packet, ssrc })
    expect(listener.counts()).toMatchObject({ packets: 300, expected: 300, lost: 0 })
    expect(listener.counts().ssrcs).toHaveLength(8)
  })
})

test('a steady stream has no jitter, a change of codec brings none', () => {
  listener.formats = { audio: { 0: 'pcmu', 111: 'opus' }, events: {} }
  for (const packet of tone(10)) receive(packet)
  expect(listener.counts().jitterMs).toBe(0)
  for (let i = 0; i < 10; i++) receive({ payloadType: 111, sequence: 110 + i, timestamp: 5_000_000 + 960 * i, payload: new Uint8Array(40) })
  expect(listener.counts().jitterMs).toBe(0)
})

test('hostile packets neither throw nor pile up', () => {
  const field = (bits: number) => fc.nat(2 ** bits - 1)
  const packet = fc.record({
    payloadType: fc.oneof(fc.constantFrom(0, 8, 96, 101), field(7)),
    sequence: fc.oneof(fc.nat(20), field(16)),
    timestamp: fc.oneof(fc.nat(5000), field(32)),
    ssrc: fc.oneof(fc.nat(2), field(32)),
    payload: fc.uint8Array({ maxLength: 400 }),
  })
  fc.assert(
    fc.property(fc.array(packet, { maxLength: 60 }), (packets) => {
      listener = listen(formats)
      for (const each of packets) receive(each)
      listener.expire(Number.MAX_SAFE_INTEGER)
      listener.flush()
      const counts = listener.counts()
      expect(counts.packets).toBe(packets.length)
      expect(counts.ssrcs.length).toBeLessThanOrEqual(8)
      for (const figure of [counts.lost, counts.expected, counts.duplicates, counts.reordered, counts.jitterMs])
        expect(figure).toBeGreaterThanOrEqual(0)
    }),
  )
})
