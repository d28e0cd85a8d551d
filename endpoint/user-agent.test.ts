/**
 * What a stranger can do to a user agent: messages that are almost right, in any order.
 * No socket: messages go in where the transport layer would hand them up.
 */
import { expect, test } from 'vitest'
import { makeRequest, makeResponse, type SipMessage, type SipRequest } from '../protocol/sip/message.ts'
import { parseMessage } from '../protocol/sip/parser.ts'
import { serialize } from '../protocol/sip/serializer.ts'
import { FakeClock } from './fake-clock.ts'
import { QuietMediaFactory, quietOptions } from './fixtures/quiet-media.ts'
import type { Connection } from './transport/connection.ts'
import type { TransportLayer } from './transport/transport-layer.ts'
import type { PackedResponse } from './transport/via-routing.ts'
import { UserAgent } from './user-agent.ts'
import type { HeaderRow, IncomingCall } from './user-agent-types.ts'

const connection: Connection = {
  id: 'fake',
  transport: 'udp',
  local: { address: '192.0.2.1', port: 5060 },
  remote: { address: '192.0.2.2', port: 5060 },
  open: true,
}

/** A transport layer that writes down what it is given to send. */
class Wire {
  onMessage?: TransportLayer['onMessage']
  onMalformed?: TransportLayer['onMalformed']
  readonly sent: SipMessage[] = []

  localFor() {
    return connection.local
  }

  wouldExceedUdp() {
    return false
  }

  async send(message: SipMessage) {
    // Refuses what must not go out, as the real one does.
    serialize(message)
    this.sent.push(message)
    return connection
  }

  async sendResponse(response: SipMessage) {
    await this.send(response)
  }

  async sendPacked({ bytes }: PackedResponse) {
    const parsed = parseMessage(bytes)
    if (!parsed.ok) throw new Error(`sent what cannot be read: ${parsed.error.detail}`)
    this.sent.push(parsed.message)
  }

  /** As from the network: what cannot be parsed goes the way of the malformed. */
  receive(bytes: Uint8Array): void {
    const parsed = parseMessage(bytes)
    if (parsed.ok) this.onMessage?.(parsed.message, connection, bytes)
    else this.onMalformed?.(parsed.error, connection)
  }
}

/** Small, fast and the same every time (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const sdp = 'v=0\r\no=- 9 9 IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\nm=audio 5000 RTP/AVP 0\r\n'
const oddRows: HeaderRow[] = [
  ['Require', '100rel'],
  ['Supported', '100rel, timer'],
  ['Session-Expires', '4294967295;refresher=uas'],
  ['Session-Expires', '91;refresher=uac'],
  ['Expires', '1e99'],
  ['RAck', '1 1 INVITE'],
  ['Allow', ''],
  ['Record-Route', '<sip:p;lr>, <sip:q>'],
  ['Contact', '*'],
  ['Contact', '<tel:+1>'],
  ['Content-Type', 'multipart/mixed;boundary=x'],
  ['Content-Disposition', 'render;handling=optional'],
  ['Retry-After', '99999999999'],
  ['RSeq', '1'],
  ['Require', '100rel'],
  ['Min-SE', '4294967295'],
  ['WWW-Authenticate', 'Digest realm="x", nonce="y", qop="auth"'],
]

test('10,000 messages: nothing thrown, nothing left behind', async () => {
  const random = seeded(20261123)
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)]!
  const wire = new Wire()
  const clock = new FakeClock()
  const agent = new UserAgent({
    name: 'test',
    transports: wire as unknown as TransportLayer,
    media: new QuietMediaFactory(),
    clock,
    limits: { dialogs: 50, serverTransactions: 500 },
  })
  const calls: IncomingCall[] = []
  agent.onInvite = (call) => {
    calls.push(call)
    if (calls.length > 20) calls.shift()
    const act = pick(['answer', 'ring', 'progress', 'reject', 'nothing'])
    if (act === 'answer') call.answer({ media: quietOptions }).catch(() => {})
    if (act === 'ring') call.ring({ reliable: random() < 0.5 })
    if (act === 'progress') void call.progress({ media: quietOptions, reliable: random() < 0.5 })
    if (act === 'reject') call.reject(486)
  }
  agent.onRequest = (request) => {
    if (random() < 0.8) request.reply(pick([200, 404, 500]))
  }

  /** A request that fits something we sent: a dialog of ours, or a new one. */
  const request = (): SipRequest => {
    const method = pick(['INVITE', 'INVITE', 'ACK', 'BYE', 'CANCEL', 'OPTIONS', 'PRACK', 'UPDATE', 'INFO', 'REGISTER', 'FOO'])
    const known = pick(wire.sent.slice(-30))
    const within = known !== undefined && random() < 0.8
    const [own, peer] = known?.type === 'request' ? ['From', 'To'] : ['To', 'From']
    const rows: HeaderRow[] = [
      [
        'Via',
        within && known.type === 'response' && random() < 0.5
          ? (known.headers.get('Via') ?? 'SIP/2.0/UDP h')
          : `SIP/2.0/UDP h;branch=z9hG4bK${Math.floor(random() * 2000)}`,
      ],
      ['From', within ? (known.headers.get(peer) ?? '<sip:a@h>') : `<sip:a@h>;tag=${Math.floor(random() * 50)}`],
      ['To', within ? (known.headers.get(own) ?? '<sip:b@h>') : '<sip:b@h>'],
      ['Call-ID', within ? (known.headers.get('Call-ID') ?? 'c') : `c${Math.floor(random() * 50)}`],
      ['CSeq', `${Math.floor(random() * 5)} ${method}`],
      ['Contact', '<sip:a@192.0.2.2>'],
    ]
    for (let n = Math.floor(random() * 3); n > 0; n -= 1) rows.push(pick(oddRows))
    const body = random() < 0.5 ? sdp : ''
    if (body !== '' && !rows.some(([name]) => name === 'Content-Type'))
      rows.push(['Content-Type', pick(['application/sdp', 'application/dtmf', 'application/dtmf-relay'])])
    return makeRequest(method, 'sip:b@192.0.2.1', rows, body)
  }

  const mutated = (bytes: Uint8Array): Uint8Array => {
    const copy = Uint8Array.from(bytes)
    for (let n = Math.max(0, Math.floor(random() * 6) - 2); n > 0; n -= 1)
      copy[Math.floor(random() * copy.length)] = Math.floor(random() * 256)
    return copy
  }

  for (let round = 0; round < 10_000; round += 1) {
    const sentRequest =
      random() < 0.3 ? wire.sent.slice(-30).find((message) => message.type === 'request' && message.method !== 'ACK') : undefined
    const message =
      sentRequest?.type === 'request'
        ? makeResponse(sentRequest, pick([100, 180, 183, 183, 200, 200, 200, 401, 422, 481, 491, 503]), {
            toTag: pick(['x', 'y']),
            rows: [pick(oddRows), ['Content-Type', 'application/sdp']],
            body: pick(['', sdp]),
          })
        : request()
    wire.receive(mutated(serialize(message)))
    if (random() < 0.01)
      agent.invite({
        to: 'sip:b@192.0.2.2',
        from: 'sip:a@192.0.2.1',
        media: quietOptions,
        lateOffer: random() < 0.5,
        credentials: { username: 'u', password: 'p' },
      })
    if (random() < 0.05) {
      const call = calls.find(({ state }) => state === 'confirmed')
      if (random() < 0.5) void call?.hangup()
      else call?.reinvite({ direction: 'sendonly', method: pick(['INVITE', 'UPDATE']) }).catch(() => {})
    }
    if (random() < 0.02) clock.advance(random() * 3000)
    if (round % 20 === 0) await new Promise(setImmediate)
    if (wire.sent.length > 2000) wire.sent.splice(0, 1000)
  }
  expect(agent.calls).toBeLessThanOrEqual(50 + 200)
  await agent.close(0)
  expect([agent.calls, clock.pending]).toEqual([0, 0])
})
