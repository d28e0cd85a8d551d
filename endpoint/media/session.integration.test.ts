import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { tonePair } from '../../protocol/audio/tone.ts'
import { RtpHeader } from '../../protocol/rtp/packet.ts'
import type { CodecName } from '../../protocol/sdp/types.ts'
import type { RtpWire } from '../../protocol/wire.ts'
import { connect, negotiate, openSide, type Side, waitFor } from './testing.ts'
import type { ToneEvent } from './types.ts'

const hears =
  (pair: readonly number[]) =>
  (tone: ToneEvent): boolean =>
    tone.pair?.join() === pair.join() && tone.purity > 0.9

/** The RTP packets a side sent or got, with their headers. */
function rtp(side: Side, dir: 'in' | 'out'): { header: RtpHeader; payload: Uint8Array; wire: RtpWire }[] {
  return side.wire
    .filter((wire) => wire.kind === 'rtp' && wire.dir === dir)
    .map((wire) => {
      const header = new RtpHeader()
      header.read(wire.bytes)
      return { header, payload: wire.bytes.subarray(header.payloadStart, header.payloadEnd), wire }
    })
}

describe.each([
  ['pcmu', '127.0.0.1'],
  ['pcma', '127.0.0.1'],
  ['opus', '127.0.0.1'],
  ['pcmu', '::1'],
] as const)('a call in %s on %s', (codec: CodecName, host) => {
  test('is heard both ways, and digits come through both ways while the tones go on', async () => {
    await using caller = await openSide({ codecs: [codec], host })
    await using callee = await openSide({ codecs: [codec], host })
    connect(caller, callee)
    caller.session.play(tonePair(10))
    callee.session.play(tonePair(11))
    await Promise.all([waitFor(callee, 'tone', hears(tonePair(10))), waitFor(caller, 'tone', hears(tonePair(11)))])
    await Promise.all([caller.session.sendDigits('159#'), callee.session.sendDigits('*0D')])
    await expect
      .poll(() => callee.digits.map(({ digit, method, durationMs }) => `${digit} ${method} ${durationMs}`))
      .toEqual(['1 rfc4733 100', '5 rfc4733 100', '9 rfc4733 100', '# rfc4733 100'])
    await expect.poll(() => caller.digits.map(({ digit }) => digit).join('')).toBe('*0D')
    for (const { pair } of callee.tones) expect([tonePair(10).join(), undefined]).toContain(pair?.join())

    const stats = caller.session.stats()
    const payloadType = caller.session.negotiated!.payloadType.recv
    expect(stats.received).toMatchObject({ lost: 0, duplicates: 0, reordered: 0, malformed: 0, stray: 0, unexpectedPayloadTypes: {} })
    expect(stats.received.payloadTypes[payloadType]).toBeGreaterThan(10)
    expect(stats.heard!.levelDbm0).toBeGreaterThan(-18)
    expect(stats.mos).toBeGreaterThan(4)
    expect(stats.latched).toBe(false)
  })
})

describe('telephone events on the wire (RFC 4733)', () => {
  async function send(codec: CodecName, digits: string) {
    await using caller = await openSide({ codecs: [codec] })
    await using callee = await openSide({ codecs: [codec] })
    connect(caller, callee)
    await waitFor(callee, 'tone')
    await caller.session.sendDigits(digits)
    const event = caller.session.negotiated!.telephoneEvent!
    const packets = rtp(caller, 'out')
    return { event, packets, events: packets.filter(({ header }) => header.payloadType === event.sendPt) }
  }

  test.each([
    ['pcmu', 101, 8000, 160],
    ['opus', 110, 48000, 960],
  ] as const)('%s: one digit is seven packets in its place', async (codec, sendPt, clockRate, step) => {
    const { event, packets, events } = await send(codec, '7')
    expect(event).toEqual({ sendPt, recvPt: sendPt, clockRate })
    expect(events.map(({ header }) => header.marker)).toEqual([true, false, false, false, false, false, false])
    expect(new Set(events.map(({ header }) => header.timestamp)).size).toBe(1)
    expect(events.map(({ payload }) => [payload[0]!, payload[1]! >> 7, (payload[2]! << 8) | payload[3]!])).toEqual(
      [1, 2, 3, 4, 5, 5, 5].map((count, index) => [7, index < 4 ? 0 : 1, count * step]),
    )
    // No audio while the event lasts, and the audio's timestamps go on as if there had been.
    const start = events[0]!.header.timestamp
    const audio = packets.filter(({ header }) => header.payloadType !== sendPt).map(({ header }) => (header.timestamp - start) | 0)
    const after = audio.findIndex((offset) => offset >= 0)
    expect(audio[after]).toBe(5 * step)
    expect(audio[after - 1]).toBe(-step)
    const sequence = packets.map(({ header }) => header.sequenceNumber)
    expect(sequence.map((number, index) => (number - sequence[0]! - index) & 0xffff)).toEqual(sequence.map(() => 0))
  })

  test('two digits are 160 ms apart', async () => {
    const { events } = await send('pcmu', '77')
    const starts = [...new Set(events.map(({ header }) => header.timestamp))]
    expect((starts[1]! - starts[0]!) | 0).toBe(1280)
  })
})

describe('digits by INFO', () => {
  test('go as dtmf-relay and leave no event in the media', async () => {
    await using caller = await openSide({ dtmf: 'info' })
    await using callee = await openSide({ dtmf: 'info' })
    connect(caller, callee)
    await caller.session.sendDigits('12', { durationMs: 40 })
    await expect
      .poll(() => callee.digits)
      .toMatchObject([
        { digit: '1', method: 'info', durationMs: 40 },
        { digit: '2', method: 'info', durationMs: 40 },
      ])
    expect(caller.session.negotiated!.telephoneEvent).toBeUndefined()
    expect(Object.keys(caller.session.stats().sent.payloadTypes)).toEqual(['0'])
  })

  test('"both" takes RFC 4733 where it was agreed, else INFO', async () => {
    for (const [theirs, method] of [
      ['rfc4733', 'rfc4733'],
      ['info', 'info'],
    ] as const) {
      await using caller = await openSide({ dtmf: 'both' })
      await using callee = await openSide({ dtmf: theirs })
      connect(caller, callee)
      await caller.session.sendDigits('3', { durationMs: 40 })
      await expect.poll(() => callee.digits).toMatchObject([{ digit: '3', method }])
    }
  })

  test('a refused INFO rejects, and the next string goes out all the same', async () => {
    await using caller = await openSide({ dtmf: 'info' })
    await using callee = await openSide({ dtmf: 'info' })
    connect(caller, callee)
    const carry = caller.session.sendInfo!
    caller.session.sendInfo = async () => {
      throw new Error('415')
    }
    await expect(caller.session.sendDigits('12')).rejects.toMatchObject({ code: 'info-failed' })
    caller.session.sendInfo = carry
    await caller.session.sendDigits('3', { durationMs: 40 })
    await expect.poll(() => callee.digits).toMatchObject([{ digit: '3' }])
  })

  test('a body that cannot be read is refused', async () => {
    await using side = await openSide()
    expect(side.session.receiveInfoDigit('application/dtmf-relay', 'Signal=x')).toBe(false)
    expect(side.session.receiveInfoDigit('application/dtmf', new TextEncoder().encode('5'))).toBe(true)
    expect(side.digits).toMatchObject([{ digit: '5', method: 'info', durationMs: 0 }])
  })
})

describe('digits that cannot be sent', () => {
  test('are rejected with the reason', async () => {
    await using caller = await openSide()
    await using callee = await openSide({ dtmf: 'info' })
    await expect(caller.session.sendDigits('1')).rejects.toMatchObject({ code: 'not-negotiated' })
    await expect(caller.session.sendDigits('1x')).rejects.toThrow(RangeError)
    connect(caller, callee)
    await expect(caller.session.sendDigits('1')).rejects.toMatchObject({ code: 'no-digits' })
    callee.session.sendInfo = undefined
    await expect(callee.session.sendDigits('1')).rejects.toMatchObject({ code: 'no-digits' })
    await caller.session.close()
    await expect(caller.session.sendDigits('1')).rejects.toMatchObject({ code: 'closed' })
  })

  test('are rejected when the session closes halfway', async () => {
    await using caller = await openSide()
    await using callee = await openSide()
    connect(caller, callee)
    const sending = caller.session.sendDigits('123456')
    const rejected = expect(sending).rejects.toMatchObject({ code: 'closed' })
    await waitFor(callee, 'digit')
    await caller.session.close()
    await rejected
  })
})

test('hold stops the media of both sides, resume brings it back', async () => {
  await using caller = await openSide()
  await using callee = await openSide()
  connect(caller, callee)
  callee.session.play(tonePair(5))
  await waitFor(caller, 'tone', hears(tonePair(5)))
  negotiate(caller, callee, { direction: 'inactive' })
  expect(callee.session.negotiated).toMatchObject({ direction: 'inactive', remoteHold: true })
  expect(caller.session.localSdp).toContain('a=inactive')
  const versions = [caller.session.localSdp!.match(/^o=\S+ \d+ (\d+)/m)![1]]
  const held = callee.session.stats().sent.packets
  await expect(callee.session.sendDigits('1')).rejects.toMatchObject({ code: 'no-digits' })
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(callee.session.stats().sent.packets).toBe(held)
  negotiate(caller, callee, { direction: 'sendrecv' })
  versions.push(caller.session.localSdp!.match(/^o=\S+ \d+ (\d+)/m)![1])
  expect(versions).toEqual(['2', '3'])
  await waitFor(caller, 'tone', hears(tonePair(5)))
})

test('a codec change mid-call, asked by the side that was called', async () => {
  await using caller = await openSide({ codecs: ['pcmu', 'opus'] })
  await using callee = await openSide({ codecs: ['pcmu', 'opus'] })
  connect(caller, callee)
  caller.session.play(tonePair(6))
  await waitFor(callee, 'tone', hears(tonePair(6)))
  negotiate(callee, caller, { codecs: ['opus'] })
  expect(caller.session.negotiated!.codec).toBe('opus')
  callee.tones.length = 0
  await waitFor(callee, 'tone', hears(tonePair(6)))
  await caller.session.sendDigits('42', { durationMs: 60 })
  await expect.poll(() => callee.digits.map(({ digit }) => digit)).toEqual(['4', '2'])
})

test('an offer that is refused changes nothing', async () => {
  await using caller = await openSide()
  await using callee = await openSide({ codecs: ['pcma'] })
  expect(callee.session.acceptOffer(caller.session.createOffer())).toMatchObject({ ok: false, status: 488 })
  expect(callee.session.negotiated).toBeUndefined()
  expect(callee.session.acceptOffer('nonsense')).toMatchObject({ ok: false, status: 488 })
  expect(caller.session.acceptAnswer('nonsense')).toMatchObject({ ok: false })
  caller.session.cancelOffer()
  expect(caller.session.acceptAnswer(caller.session.localSdp!)).toMatchObject({ ok: false, why: expect.stringContaining('no offer') })
})

test('glare: an offer that meets one of ours is not answered', async () => {
  await using a = await openSide()
  await using b = await openSide()
  a.session.createOffer()
  expect(a.session.acceptOffer(b.session.createOffer())).toMatchObject({ ok: false, status: 488 })
  a.session.cancelOffer()
  expect(a.session.acceptOffer(b.session.createOffer())).toMatchObject({ ok: true })
})

test('a second answer to the same offer replaces the first (another fork, a 200 after a 183)', async () => {
  await using caller = await openSide()
  await using first = await openSide()
  await using second = await openSide()
  const offer = caller.session.createOffer()
  const answers = [first, second].map((side) => {
    const accepted = side.session.acceptOffer(offer)
    if (!accepted.ok) throw new Error(accepted.why)
    side.session.start()
    return accepted.answer
  })
  for (const answer of [answers[0]!, answers[0]!, answers[1]!]) expect(caller.session.acceptAnswer(answer)).toEqual({ ok: true })
  caller.session.start()
  caller.session.play(tonePair(30))
  await waitFor(second, 'tone', hears(tonePair(30)))
  expect(caller.session.stats().remote).toEqual(second.session.local)
})

test.each([10, 30, 40])('packets of %i ms where the other side wants them', async (ptimeMs) => {
  await using caller = await openSide()
  await using callee = await openSide({ sdp: { ptimeMs } })
  connect(caller, callee)
  expect(caller.session.negotiated!.ptimeMs).toBe(ptimeMs)
  caller.session.play(tonePair(40))
  await waitFor(callee, 'tone', hears(tonePair(40)))
  expect(rtp(caller, 'out')[0]!.payload).toHaveLength(8 * ptimeMs)
  await caller.session.sendDigits('8')
  await expect.poll(() => callee.digits).toMatchObject([{ digit: '8', durationMs: 100 }])
})

test('echo sends the same audio back under its own numbers', async () => {
  await using caller = await openSide()
  await using callee = await openSide()
  connect(caller, callee)
  callee.session.listen(false)
  callee.session.echo(true)
  caller.session.play(tonePair(50))
  await waitFor(caller, 'tone', hears(tonePair(50)))
  const [sent, received] = [rtp(callee, 'in'), rtp(callee, 'out')]
  expect(received.at(-1)!.payload).toEqual(sent.at(-1)!.payload)
  expect(received.at(-1)!.header.ssrc).not.toBe(sent.at(-1)!.header.ssrc)
  expect(callee.tones).toEqual([])
  callee.session.echo(false)
  callee.session.play(tonePair(51))
  await waitFor(caller, 'tone', hears(tonePair(51)))
})

test('reports of both sides arrive with the BYE', async () => {
  await using caller = await openSide()
  await using callee = await openSide()
  connect(caller, callee)
  await Promise.all([waitFor(callee, 'tone'), waitFor(caller, 'tone')])
  await caller.session.close()
  await expect.poll(() => callee.session.stats().rtcp.bye).toBe(true)
  const { senderReport, remoteReport } = callee.session.stats().rtcp
  expect(senderReport!.packets).toBe(caller.session.stats().sent.packets)
  expect(remoteReport).toMatchObject({ fractionLost: 0, lost: 0 })
  const sent = callee.wire.filter(({ kind, dir }) => kind === 'rtcp' && dir === 'in')
  expect(sent.length).toBeGreaterThan(0)
  expect(sent.at(-1)!.remote.port).toBe(caller.session.local.port + 1)
})

describe('packets from elsewhere', () => {
  test('media follows the first valid source; strangers and garbage are counted and dropped', async () => {
    await using callee = await openSide()
    const socket = createSocket('udp4')
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    const dead = createSocket('udp4').bind(0, '127.0.0.1')
    await once(dead, 'listening')
    const offer = [
      'v=0',
      'o=- 1 1 IN IP4 127.0.0.1',
      's=-',
      'c=IN IP4 127.0.0.1',
      't=0 0',
      `m=audio ${dead.address().port} RTP/AVP 0`,
      '',
    ].join('\r\n')
    expect(callee.session.acceptOffer(offer)).toMatchObject({ ok: true })
    const packet = (sequence: number, ssrc: number) =>
      Uint8Array.of(0x80, 0, 0, sequence, 0, 0, 0, sequence * 160, 0, 0, 0, ssrc, ...new Uint8Array(160).fill(0xff))
    const { port } = callee.session.local
    for (const sequence of [1, 2, 3]) socket.send(packet(sequence, 5), port, '127.0.0.1')
    socket.send('\0\0\0\0', port, '127.0.0.1')
    await expect.poll(() => callee.session.stats().received.malformed).toBe(1)
    expect(callee.session.stats()).toMatchObject({
      latched: true,
      remote: { address: '127.0.0.1', port: socket.address().port },
      received: { packets: 3, ssrcs: [5] },
    })
    callee.session.start()
    await once(socket, 'message')
    const stranger = createSocket('udp4')
    stranger.send(packet(1, 9), port, '127.0.0.1')
    await expect.poll(() => callee.session.stats().received.stray).toBe(1)
    for (const each of [socket, dead, stranger]) each.close()
  })

  test('hostile datagrams on both ports leave the call alive', async () => {
    await using callee = await openSide({ codecs: ['opus', 'pcmu'] })
    const socket = createSocket('udp4')
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    const { port } = socket.address()
    const offer = [
      'v=0',
      'o=- 1 1 IN IP4 127.0.0.1',
      'c=IN IP4 127.0.0.1',
      `m=audio ${port} RTP/AVP 96 0 101`,
      'a=rtpmap:96 opus/48000/2',
      'a=rtpmap:101 telephone-event/8000',
      `a=rtcp:${port}`,
    ]
    expect(callee.session.acceptOffer(`${offer.join('\r\n')}\r\n`)).toMatchObject({ ok: true })
    callee.session.start()
    callee.session.echo(true)
    let state = 7
    const random = (below: number) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      return Math.floor((state / 2 ** 32) * below)
    }
    for (let round = 0; round < 3000; round++) {
      const bytes = Uint8Array.from({ length: random(60) }, () => random(256))
      if (bytes.length > 1 && random(4) > 0)
        bytes.set([random(3) > 0 ? 0x80 : 0x80 | random(64), [96, 0, 101, 8, 200, 201, 202, 203][random(8)]!])
      if (bytes.length > 3 && random(2) > 0) bytes.set([0, random(12)], 2)
      socket.send(bytes, callee.session.local.port + random(2), '127.0.0.1')
      // Now and then the receiver gets its turn, or the kernel drops what it cannot queue.
      if (round % 20 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    const { received, rtcp } = callee.session.stats()
    expect(received.packets).toBeGreaterThan(200)
    expect(received.malformed).toBeGreaterThan(50)
    expect(rtcp.malformed).toBeGreaterThan(100)
    expect(received.ssrcs.length).toBeLessThanOrEqual(8)
    const before = callee.session.stats().sent.packets
    callee.session.echo(false)
    await expect.poll(() => callee.session.stats().sent.packets).toBeGreaterThan(before + 2)
    socket.close()
  })

  test('without latching, media stays with the signalled address', async () => {
    await using callee = await openSide({ latching: false })
    await using caller = await openSide()
    connect(caller, callee)
    await waitFor(caller, 'tone')
    expect(callee.session.stats()).toMatchObject({ latched: false, remote: caller.session.local })
  })
})

test('the options of a session reach its SDP', async () => {
  await using side = await openSide({
    codecs: ['opus', 'pcmu'],
    advertisedHost: '192.0.2.55',
    sdp: { originUser: 'pbx', sessionName: 'Lab', maxPtimeMs: 140, payloadTypes: { opus: 107, telephoneEvent48000: 102 } },
  })
  const offer = side.session.createOffer()
  expect(offer).toMatch(/^o=pbx \d+ 1 IN IP4 192\.0\.2\.55\r$/m)
  expect(offer).toContain('s=Lab\r\n')
  expect(offer).toContain('c=IN IP4 192.0.2.55\r\n')
  expect(offer).toContain(' RTP/AVP 107 0 101 102\r\n')
  expect(offer).toContain('a=maxptime:140\r\n')
})

test('closing twice, and closing before anything happened, is no matter', async () => {
  await using side = await openSide()
  await side.session.close()
  await side.session.close()
  side.session.start()
  expect(side.wire).toEqual([])
})
