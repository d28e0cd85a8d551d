import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { makeRequest, makeResponse, type SipMessage, type SipRequest } from '../../protocol/sip/message.ts'
import { serialize } from '../../protocol/sip/serializer.ts'
import type { SipWire } from '../../protocol/wire.ts'
import { describe as description, formatsFor, signalling, startedAt } from './fixture/signalling.ts'
import { findCall, readTrace, registrations, type Side } from './trace.ts'

const axes = {
  direction: 'inbound',
  transport: 'udp',
  media: 'rtp',
  registration: 'static',
  dtmf: 'info',
  codec: 'pcmu',
  nat: 'none',
} as const

const sdpOf = (side: Side) => description(side, formatsFor(axes))
const sdpRow: [string, string] = ['Content-Type', 'application/sdp']

let at = startedAt
const bytesWire = (from: Side, bytes: Uint8Array): SipWire => ({
  at: ++at,
  dir: from === 'peer' ? 'out' : 'in',
  transport: 'udp',
  local: { address: '192.0.2.10', port: 5060 },
  remote: { address: '198.51.100.20', port: 5060 },
  bytes,
})
const wire = (from: Side, message: SipMessage): SipWire => bytesWire(from, serialize(message))

interface Draft {
  readonly method: string
  readonly cseq: number
  readonly branch?: string
  readonly toTag?: string
  readonly callId?: string
  readonly rows?: [string, string][]
  readonly body?: string
}

function request({ method, cseq, branch = `z9hG4bK-${method}-${cseq}`, toTag, callId = 'c', rows = [], body }: Draft): SipRequest {
  return makeRequest(
    method,
    'sip:x@198.51.100.20',
    [
      ['Via', `SIP/2.0/UDP 192.0.2.10;branch=${branch}`],
      ['From', '<sip:a@trunkproof>;tag=a'],
      ['To', `<sip:b@trunkproof>${toTag === undefined ? '' : `;tag=${toTag}`}`],
      ['Call-ID', callId],
      ['CSeq', `${cseq} ${method}`],
      ...rows,
    ],
    body,
  )
}

const invite = request({ method: 'INVITE', cseq: 1, rows: [sdpRow], body: sdpOf('peer') })
const ok = makeResponse(invite, 200, { toTag: 'b', rows: [sdpRow], body: sdpOf('edge') })
const ack = request({ method: 'ACK', cseq: 1, toTag: 'b' })
const callOf = (...wires: SipWire[]) => findCall(readTrace(wires))

describe('readTrace', () => {
  test('numbers every frame, and lists the unreadable ones by their number', () => {
    const trace = readTrace([wire('peer', invite), bytesWire('edge', Buffer.from('GET / HTTP/1.1\r\n\r\n')), wire('edge', ok)])
    expect(trace.messages.map(({ number, from }) => [number, from])).toEqual([
      [1, 'peer'],
      [3, 'edge'],
    ])
    expect(trace.unreadable).toEqual([{ number: 2, why: expect.stringMatching(/^.+: .+$/) }])
  })

  test('sorts registrations out', () => {
    const register = request({ method: 'REGISTER', cseq: 1 })
    const { requests, responses } = registrations(
      readTrace([wire('peer', register), wire('edge', makeResponse(register, 401)), wire('peer', invite), wire('edge', ok)]),
    )
    expect(requests.map(({ number }) => number)).toEqual([1])
    expect(responses.map(({ message }) => message.status)).toEqual([401])
  })
})

describe('findCall', () => {
  test('finds none where nobody called', () => {
    expect(callOf()).toBeUndefined()
    expect(callOf(wire('peer', request({ method: 'INVITE', cseq: 2, toTag: 'b' })))).toBeUndefined()
  })

  test('knows caller, offer, answer and end', () => {
    const call = findCall(readTrace(signalling({ axes, hangup: 'edge', infoDigits: { peer: '12', edge: '3' } })))!
    expect(call).toMatchObject({ caller: 'peer', callId: 'call-1@trunkproof.example', challenges: [] })
    expect(call.offer).toMatchObject({ by: 'peer', sdp: sdpOf('peer') })
    expect(call.answer).toMatchObject({ by: 'edge', sdp: sdpOf('edge') })
    expect(call.responses.map(({ message }) => message.status)).toEqual([100, 180, 200])
    expect(call.infos.map(({ from }) => from)).toEqual(['peer', 'peer', 'edge'])
    expect(call.byes.map(({ from }) => from)).toEqual(['edge'])
    expect(call.byeResponses.map(({ from }) => from)).toEqual(['peer'])
  })

  test('counts requests that were sent again once, and each attempt with credentials as one of its own', () => {
    const again = request({ method: 'INVITE', cseq: 2, rows: [sdpRow, ['Authorization', 'Digest x']], body: sdpOf('peer') })
    const refused = makeResponse(invite, 401, { toTag: 'r' })
    const accepted = makeResponse(again, 200, { toTag: 'b', rows: [sdpRow], body: sdpOf('edge') })
    const call = callOf(
      wire('peer', invite),
      wire('peer', invite),
      wire('edge', refused),
      wire('peer', request({ method: 'ACK', cseq: 1, toTag: 'r' })),
      wire('peer', again),
      wire('peer', again),
      wire('edge', accepted),
      wire('edge', accepted),
      wire('peer', request({ method: 'ACK', cseq: 2, toTag: 'b' })),
    )!
    expect(call.invites.map(({ number }) => number)).toEqual([1, 5])
    expect(call.challenges.map(({ number }) => number)).toEqual([3])
    expect(call.success?.number).toBe(7)
    expect(call.ack?.number).toBe(9)
  })

  test('takes the last call where there were several', () => {
    const later = request({ method: 'INVITE', cseq: 1, callId: 'd', branch: 'z9hG4bK-d' })
    expect(callOf(wire('peer', invite), wire('edge', ok), wire('edge', later))).toMatchObject({
      callId: 'd',
      caller: 'edge',
      success: undefined,
    })
  })

  test('an ACK belongs to the INVITE whose number it has: that of a refusal or a re-INVITE acknowledges no answer', () => {
    const late = request({ method: 'ACK', cseq: 7, toTag: 'b' })
    expect(callOf(wire('peer', invite), wire('edge', ok), wire('peer', late))!.ack).toBeUndefined()
    expect(callOf(wire('peer', invite), wire('edge', ok), wire('peer', late), wire('peer', ack))!.ack?.number).toBe(4)
  })

  test('a re-INVITE of the other side is not this INVITE, though its number be the same', () => {
    const reinvite = request({ method: 'INVITE', cseq: 1, toTag: 'a', branch: 'z9hG4bK-re', rows: [sdpRow], body: sdpOf('edge') })
    const call = callOf(
      wire('peer', invite),
      wire('edge', makeResponse(invite, 180, { toTag: 'b' })),
      wire('edge', reinvite),
      wire('peer', makeResponse(reinvite, 491)),
      wire('edge', ok),
      wire('peer', ack),
    )!
    expect(call.responses.map(({ message }) => message.status)).toEqual([180, 200])
    expect(call.invites).toHaveLength(1)
  })

  test('of a forked call the first 2xx counts, early answers of other forks do not', () => {
    const early = makeResponse(invite, 183, { toTag: 'fork-1', rows: [sdpRow], body: 'v=0 of fork 1' })
    const second = makeResponse(invite, 200, { toTag: 'fork-3', rows: [sdpRow], body: 'v=0 of fork 3' })
    const call = callOf(wire('peer', invite), wire('edge', early), wire('edge', ok), wire('edge', second), wire('peer', ack))!
    expect(call.answer?.sdp).toBe(sdpOf('edge'))
    expect(call.success?.number).toBe(3)
  })

  test('a 2xx may leave the description to the 183 before it', () => {
    const early = makeResponse(invite, 183, { toTag: 'b', rows: [sdpRow], body: sdpOf('edge') })
    const call = callOf(
      wire('peer', invite),
      wire('edge', early),
      wire('edge', makeResponse(invite, 200, { toTag: 'b' })),
      wire('peer', ack),
    )!
    expect(call.answer).toMatchObject({ by: 'edge', in: { number: 2 } })
  })

  test('a late offer comes in the 2xx and is answered in the ACK', () => {
    const bare = request({ method: 'INVITE', cseq: 1 })
    const offer = makeResponse(bare, 200, { toTag: 'b', rows: [sdpRow], body: sdpOf('edge') })
    const answer = request({ method: 'ACK', cseq: 1, toTag: 'b', rows: [sdpRow], body: sdpOf('peer') })
    expect(callOf(wire('peer', bare), wire('edge', offer), wire('peer', answer))).toMatchObject({
      offer: { by: 'edge', sdp: sdpOf('edge') },
      answer: { by: 'peer', sdp: sdpOf('peer') },
    })
  })

  test('a late offer in a reliable 183 is answered in the PRACK (RFC 3262 section 5)', () => {
    const bare = request({ method: 'INVITE', cseq: 1 })
    const offer = makeResponse(bare, 183, { toTag: 'b', rows: [['RSeq', '1'], ['Require', '100rel'], sdpRow], body: sdpOf('edge') })
    const prack = request({ method: 'PRACK', cseq: 2, toTag: 'b', rows: [['RAck', '1 1 INVITE'], sdpRow], body: sdpOf('peer') })
    const call = callOf(
      wire('peer', bare),
      wire('edge', offer),
      wire('peer', prack),
      wire('edge', makeResponse(bare, 200, { toTag: 'b' })),
      wire('peer', ack),
    )
    expect(call).toMatchObject({ offer: { by: 'edge', in: { number: 2 } }, answer: { by: 'peer', in: { number: 3 } } })
  })

  test('a description may be one part of several (RFC 5621)', () => {
    const type: [string, string] = ['Content-Type', 'multipart/mixed; boundary=b1']
    const body = `--b1\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b1\r\nContent-Type: application/sdp\r\n\r\n${sdpOf('peer')}\r\n--b1--\r\n`
    expect(callOf(wire('peer', request({ method: 'INVITE', cseq: 1, rows: [type], body })))!.offer?.sdp).toContain('m=audio 26000')
  })

  test('other bodies are no description', () => {
    const rows: [string, string][] = [['Content-Type', 'application/sdp-like']]
    expect(callOf(wire('peer', request({ method: 'INVITE', cseq: 1, rows, body: 'v=0' })))!.offer).toBeUndefined()
    expect(callOf(wire('peer', request({ method: 'INVITE', cseq: 1, rows: [sdpRow] })))!.offer).toBeUndefined()
  })
})

describe('hostile bytes', () => {
  test('never throw', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 }), (frames) => {
        const trace = readTrace(frames.map((bytes, index) => bytesWire(index % 2 === 0 ? 'peer' : 'edge', bytes)))
        registrations(trace)
        findCall(trace)
        expect(trace.messages.length + trace.unreadable.length).toBe(frames.length)
      }),
    )
  })

  test('nor do whole calls with bytes changed and frames swapped', () => {
    const good = signalling({ axes: { ...axes, registration: 'register' }, hangup: 'peer', infoDigits: { peer: '1', edge: '2' } })
    const mutation = fc.record({
      frame: fc.nat(good.length - 1),
      at: fc.double({ min: 0, max: 0.999, noNaN: true }),
      byte: fc.integer({ min: 0, max: 255 }),
    })
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 20 }), fc.shuffledSubarray(good), (mutations, order) => {
        const changed = new Map(good.map((one) => [one, Buffer.from(one.bytes)]))
        for (const { frame, at: place, byte } of mutations) {
          const bytes = changed.get(good[frame]!)!
          bytes[Math.floor(place * bytes.length)] = byte
        }
        const trace = readTrace(order.map((one) => ({ ...one, bytes: changed.get(one)! })))
        registrations(trace)
        findCall(trace)
      }),
    )
  })
})
