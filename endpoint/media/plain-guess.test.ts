import { expect, test } from 'vitest'
import { serializeCompound } from '../../protocol/rtcp/compound.ts'
import { writeRtpHeader } from '../../protocol/rtp/packet.ts'
import { srtpProfileNames, srtpProfiles } from '../../protocol/srtp/profile.ts'
import { SrtpSession } from '../../protocol/srtp/srtp-session.ts'
import { PlainGuess } from './plain-guess.ts'

const formats = { audio: { 0: 'pcmu', 111: 'opus' }, events: { 101: 8000 } } as const

function packet(payloadType: number, sequence: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + payload.length)
  writeRtpHeader(bytes, false, payloadType, sequence, 160 * sequence, 5)
  bytes.set(payload, 12)
  return bytes
}

const report = serializeCompound([
  { type: 'receiver-report', ssrc: 5, reports: [] },
  { type: 'sdes', chunks: [{ ssrc: 5, cname: 'x' }] },
])

function session(suite: (typeof srtpProfileNames)[number]): SrtpSession {
  const { keyLength, saltLength } = srtpProfiles[suite]
  const master = { key: new Uint8Array(keyLength).fill(7), salt: new Uint8Array(saltLength).fill(8) }
  return new SrtpSession({ profile: suite, local: master, remote: master })
}

/** As libopus sends: the same configuration all the time. */
const opusPayload = (sequence: number) => Uint8Array.of(0x78, sequence, 2, 3, 4)

test('plain audio, events and reports are seen as such', () => {
  const guess = new PlainGuess()
  for (const ptimeMs of [10, 20, 30, 40, 60]) expect(guess.rtp(packet(0, 1, new Uint8Array(8 * ptimeMs)), formats)).toBe(true)
  expect(guess.rtp(packet(101, 2, new Uint8Array(4)), formats)).toBe(true)
  expect([3, 4, 5].map((sequence) => guess.rtp(packet(111, sequence, opusPayload(sequence)), formats))).toEqual([false, true, true])
  expect(guess.rtcp(report)).toBe(true)
})

test.each(srtpProfileNames)('what is encrypted under %s is not', (suite) => {
  const [guess, srtp] = [new PlainGuess(), session(suite)]
  const seal = (bytes: Uint8Array) => {
    const room = new Uint8Array(bytes.length + srtp.rtpOverhead)
    room.set(bytes)
    return room.subarray(0, srtp.protectRtp(room, bytes.length))
  }
  for (const ptimeMs of [10, 20, 30, 40, 60]) {
    expect(guess.rtp(seal(packet(0, ptimeMs, new Uint8Array(8 * ptimeMs))), formats)).toBe(false)
  }
  expect(guess.rtp(seal(packet(101, 70, new Uint8Array(4))), formats)).toBe(false)
  const opus = Array.from({ length: 20 }, (_, index) => guess.rtp(seal(packet(111, 80 + index, opusPayload(index))), formats))
  expect(opus.filter((plain) => plain).length).toBeLessThan(3)
  expect(guess.rtcp(srtp.protectRtcp(report)!)).toBe(false)
})

test('noise is not', () => {
  expect(new PlainGuess().rtp(Uint8Array.of(0x80, 0), formats)).toBe(false)
  expect(new PlainGuess().rtp(packet(0, 1, new Uint8Array(0)), formats)).toBe(false)
})
