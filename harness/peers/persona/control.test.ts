import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { tonePair } from '../../../protocol/audio/tone.ts'
import { identity } from '../../cell/scripted-peer.ts'
import { planItem } from '../../plan-fixture.ts'
import { CallFailed, type PeerEvidence, type PeerSession } from '../peer.ts'
import { type Command, commandSchema, evidenceSchema, openRequestSchema, writeEvidence } from './control.ts'
import { personaServer } from './server.ts'

const end = { address: '192.0.2.1', port: 5060 }
const everyByte = Uint8Array.from({ length: 256 }, (_, index) => index)

const evidence: PeerEvidence = {
  sip: [
    { at: 1.25, dir: 'out', transport: 'udp', local: end, remote: end, bytes: everyByte },
    {
      at: 2,
      dir: 'in',
      transport: 'tls',
      local: end,
      remote: { address: '2001:db8::1', port: 1 },
      bytes: new Uint8Array(),
      tls: { version: 'TLSv1.3', cipher: 'c', authorized: false, verifyError: 'expired', peerNames: ['DNS:a'], servername: 'a' },
    },
  ],
  path: [{ at: 2.5, dir: 'out', local: end, remote: end, bytes: everyByte }],
  tlsKeys: ['CLIENT_TRAFFIC_SECRET_0 00 11'],
  srtpKeys: [
    {
      at: 2.75,
      keying: 'dtls',
      profile: 'AEAD_AES_128_GCM',
      local: { key: everyByte.slice(0, 16), salt: everyByte.slice(16, 28) },
      remote: { key: everyByte.slice(28, 44), salt: everyByte.slice(44, 56) },
    },
  ],
  rtp: [{ at: 3, dir: 'in', kind: 'rtcp', local: end, remote: end, bytes: everyByte.toReversed() }],
  digits: [
    { digit: '#', method: 'info', durationMs: 100, at: 4 },
    { digit: '1', at: 5 },
  ],
  tones: [
    { pair: tonePair(3), levelDbm0: -16.5, purity: 0.99, at: 6 },
    { pair: undefined, levelDbm0: Number.NEGATIVE_INFINITY, purity: 0, at: 7 },
  ],
  media: {
    local: end,
    remote: end,
    packetsIn: 1,
    packetsOut: 2,
    payloadTypesIn: { 0: 1 },
    payloadTypesOut: { 101: 2 },
    departures: ['two answers'],
  },
  log: ['a line'],
}

const travelled = (value: PeerEvidence): PeerEvidence => evidenceSchema.parse(JSON.parse(JSON.stringify(writeEvidence(value))))

describe('evidence', () => {
  test('arrives as it left, bytes, silence and all', () => {
    expect(travelled(evidence)).toEqual(evidence)
    expect(travelled(evidence).sip[0]!.bytes).toBeInstanceOf(Uint8Array)
  })

  test('of a call that never came about arrives too', () => {
    const nothing: PeerEvidence = { sip: [], rtp: [], digits: [], tones: [], log: [] }
    expect(travelled(nothing)).toEqual(nothing)
    expect(travelled(nothing)).not.toHaveProperty('media')
  })

  test('keeps any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const [wire] = travelled({ ...evidence, rtp: [{ ...evidence.rtp[0]!, bytes }] }).rtp
        expect(wire!.bytes).toEqual(bytes)
      }),
    )
  })
})

/** A session that notes what it is told. */
class Session implements Required<PeerSession> {
  readonly contactUri = 'sip:cell@192.0.2.1:20000'
  readonly told: string[] = []
  register = async ({ password = 'its own' }: { password?: string } = {}) => ({
    status: this.told.push(`register with ${password}`),
    registered: true,
  })
  call = async ({ number }: { number?: string } = {}) => {
    this.told.push(`call ${number ?? 'the edge'}`)
    if (number === '+1') throw new CallFailed(404, 'Not Found')
    if (number === '+2') throw new TypeError('a defect')
  }
  waitForCall = async () => void this.told.push('wait for a call')
  heard = async (withinMs: number) => this.told.push(`listen ${withinMs}`) > 0
  understood = async (digits: number, withinMs: number) => this.told.push(`understand ${digits} in ${withinMs}`) > 0
  sendDigits = async (digits: string) => void this.told.push(`send ${digits}`)
  hangup = async () => void this.told.push('hang up')
  waitForEnd = async (withinMs: number) => this.told.push(`wait ${withinMs}`) === 0
  ping = async () => this.told.push('ping') + 199
  sendRaw = async (bytes: Uint8Array) => this.told.push(`raw ${[...bytes].join()}`)
  evidence = async () => evidence
  async [Symbol.asyncDispose]() {}
}

const token = 'a-token'
const authorization = `Bearer ${token}`

function persona() {
  const session = new Session()
  const state = { session, closed: 0, refuses: false }
  const app = personaServer(
    {
      version: '1.2.3',
      latenessMs: 4,
      open: async () => {
        if (state.refuses) throw new Error('no port is free')
        return session
      },
      close: async () => {
        state.closed += 1
      },
    },
    token,
  )
  const ask = async (
    method: 'GET' | 'POST' | 'DELETE',
    url: string,
    payload?: unknown,
    headers: Record<string, string> = { authorization },
  ) => {
    const body = payload === undefined ? {} : { payload: payload as object }
    const response = await app.inject({ method, url, headers, ...body })
    return { status: response.statusCode, body: response.body === '' ? undefined : (response.json() as Record<string, unknown>) }
  }
  return { app, state, ask }
}

const opening = { cell: planItem().cell, identity }
let open: ReturnType<typeof persona> | undefined
afterEach(async () => {
  await open?.app.close()
  open = undefined
})

/** A persona with one session open. */
async function opened() {
  open = persona()
  const { body } = await open.ask('POST', '/sessions', opening)
  const path = `/sessions/${String(body!.id)}`
  return { ...open, path, tell: (command: Command) => open!.ask('POST', path, command) }
}

describe('the control server', () => {
  test('opens nothing without its token', async () => {
    open = persona()
    for (const headers of [
      {},
      { authorization: 'Bearer a-toker' },
      { authorization: 'Bearer a-token-and-more' },
      { authorization: token },
    ]) {
      expect(await open.ask('GET', '/info', undefined, headers as Record<string, string>)).toEqual({
        status: 401,
        body: { error: 'wrong token' },
      })
    }
    expect(await open.ask('GET', '/info')).toEqual({ status: 200, body: { version: '1.2.3', lateness_ms: 4 } })
  })

  test.each<[Command, unknown, string]>([
    [{ command: 'register' }, { status: 1, registered: true }, 'register with its own'],
    [{ command: 'register', password: 'wrong' }, { status: 1, registered: true }, 'register with wrong'],
    [{ command: 'call' }, {}, 'call the edge'],
    [{ command: 'call', number: '+3' }, {}, 'call +3'],
    [{ command: 'wait-for-call' }, {}, 'wait for a call'],
    [{ command: 'heard', within_ms: 5 }, { answer: true }, 'listen 5'],
    [{ command: 'understood', digits: 4, within_ms: 7 }, { answer: true }, 'understand 4 in 7'],
    [{ command: 'digits', digits: '1#' }, {}, 'send 1#'],
    [{ command: 'hangup' }, {}, 'hang up'],
    [{ command: 'ping' }, { status: 200 }, 'ping'],
    [{ command: 'raw', base64: 'AP8=' }, { status: 1 }, 'raw 0,255'],
    [{ command: 'wait-for-end', within_ms: 6 }, { answer: false }, 'wait 6'],
  ])('%j', async (command, answer, told) => {
    const { tell, state } = await opened()
    expect(await tell(command)).toEqual({ status: 200, body: answer })
    expect(state.session.told).toEqual([told])
  })

  test('hands evidence over', async () => {
    const { tell } = await opened()
    expect(evidenceSchema.parse((await tell({ command: 'evidence' })).body)).toEqual(evidence)
  })

  test('tells a call that failed from a defect', async () => {
    const { tell } = await opened()
    expect(await tell({ command: 'call', number: '+1' })).toEqual({ status: 409, body: { error: 'Not Found', status: 404 } })
    expect(await tell({ command: 'call', number: '+2' })).toEqual({ status: 500, body: { error: 'a defect' } })
  })

  test('says why a session cannot be opened', async () => {
    open = persona()
    open.state.refuses = true
    expect(await open.ask('POST', '/sessions', opening)).toEqual({ status: 500, body: { error: 'no port is free' } })
  })

  test('closes a session once', async () => {
    const { ask, path, state, tell } = await opened()
    expect((await ask('DELETE', path)).status).toBe(204)
    expect((await ask('DELETE', path)).status).toBe(204)
    expect(state.closed).toBe(1)
    expect(await tell({ command: 'ping' })).toEqual({ status: 404, body: { error: 'no such session' } })
  })

  test.each([
    ['no command', {}],
    ['an unknown command', { command: 'explode' }],
    ['a command without what it needs', { command: 'heard' }],
    ['a command with the wrong type', { command: 'digits', digits: 12 }],
  ])('refuses %s', async (_, body) => {
    const { ask, path, state } = await opened()
    const answer = await ask('POST', path, body)
    expect(answer).toEqual({ status: 422, body: { error: expect.any(String) } })
    expect(state.session.told).toEqual([])
    expect(commandSchema.safeParse(body).success).toBe(false)
  })

  test.each([
    ['no cell', { identity }],
    ['no identity', { cell: opening.cell }],
    ['an axis nobody knows', { ...opening, cell: { ...opening.cell, axes: { ...opening.cell.axes, transport: 'sctp' } } }],
    ['half a tone', { ...opening, identity: { ...identity, peerTone: [420] } }],
  ])('opens no session with %s', async (_, body) => {
    open = persona()
    expect((await open.ask('POST', '/sessions', body)).status).toBe(422)
    expect(openRequestSchema.safeParse(body).success).toBe(false)
  })

  test('refuses what is no JSON, and more than it takes', async () => {
    open = persona()
    const headers = { authorization, 'content-type': 'application/json' }
    expect((await open.app.inject({ method: 'POST', url: '/sessions', headers, payload: '{"cell":' })).statusCode).toBe(400)
    expect(
      (await open.app.inject({ method: 'POST', url: '/sessions', headers, payload: JSON.stringify('x'.repeat(1_100_000)) })).statusCode,
    ).toBe(413)
  })
})
