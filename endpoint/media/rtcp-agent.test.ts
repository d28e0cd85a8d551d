import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseCompound } from '../../protocol/rtcp/compound.ts'
import { ReceptionStatistics } from '../../protocol/rtp/reception.ts'
import { RtcpAgent } from './rtcp-agent.ts'

const start = 1_790_000_000_000

function stream(ssrc: number, packets: number) {
  return { ssrc, timestamp: 160 * packets, packets, bytes: 160 * packets }
}

function heard(ssrc: number, ...sequenceNumbers: number[]): ReceptionStatistics {
  const statistics = new ReceptionStatistics(ssrc)
  for (const sequenceNumber of sequenceNumbers) statistics.sequence(sequenceNumber)
  return statistics
}

test('two agents learn loss, counts and round trip from each other', () => {
  const [a, b] = [new RtcpAgent(1), new RtcpAgent(2)]
  b.receive(a.report(start, stream(1, 50), undefined), start + 30)
  expect(b.stats()).toMatchObject({ received: 1, senderReport: { packets: 50, bytes: 8000 } })
  // b heard three of four packets, and answers a second later; the way back takes 30 ms as well.
  a.receive(b.report(start + 1030, stream(2, 0), heard(1, 1, 2, 4)), start + 1060)
  const { remoteReport } = a.stats()
  expect(remoteReport).toMatchObject({ lost: 1, fractionLost: 0.25, jitterMs: 0 })
  expect(remoteReport!.roundTripMs).toBeCloseTo(60, 0)
  expect(a.stats().bye).toBe(false)
  a.receive(b.report(start + 2000, stream(2, 0), undefined, true), start + 2030)
  expect(a.stats().bye).toBe(true)
})

test('only who sent something says goodbye (RFC 3550 section 6.3.7)', () => {
  const agent = new RtcpAgent(1)
  expect(agent.mayLeave(0)).toBe(false)
  expect(agent.mayLeave(1)).toBe(true)
  agent.report(start, stream(1, 0), undefined)
  expect(agent.mayLeave(0)).toBe(true)
})

test('a report is a sender report only if something was sent since the last', () => {
  const agent = new RtcpAgent(1)
  const kinds = [0, 10, 10, 11].map((packets) => {
    const parsed = parseCompound(agent.report(start, stream(1, packets), undefined))
    return parsed.ok ? parsed.packets.map((packet) => packet.type).join() : 'malformed'
  })
  expect(kinds).toEqual(['receiver-report,sdes', 'sender-report,sdes', 'receiver-report,sdes', 'sender-report,sdes'])
  expect(agent.stats().sent).toBe(4)
})

describe('reports', () => {
  test('come due between 1 and 3.1 s after the start, then every 2 to 6.2 s', () => {
    const agent = new RtcpAgent(1)
    expect(agent.due(Number.MAX_SAFE_INTEGER)).toBe(false)
    agent.start(0)
    expect(agent.due(1000)).toBe(false)
    expect(agent.due(3100)).toBe(true)
    expect(agent.due(3100 + 2000)).toBe(false)
    expect(agent.due(3100 + 6200)).toBe(true)
  })

  test('about others are no news about us', () => {
    const [a, b] = [new RtcpAgent(1), new RtcpAgent(2)]
    a.receive(b.report(start, stream(2, 1), heard(77, 1, 2)), start)
    expect(a.stats().remoteReport).toBeUndefined()
  })

  test('that cannot be read are counted, and hostile ones never throw', () => {
    const agent = new RtcpAgent(1)
    agent.receive(Uint8Array.of(0x80, 201, 0, 9), start)
    expect(agent.stats()).toMatchObject({ received: 0, malformed: 1 })
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => agent.receive(Uint8Array.of(0x81, 200, 0, 12, ...bytes), start)))
  })
})
