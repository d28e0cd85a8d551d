/**
 * The edge among strangers: whatever they send, it stays up, answers honest phones, holds no
 * more than it should and logs no error and no secret. FUZZ_RUNS says how many mutations are tried.
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { EdgeProcess } from '../edge/edge-process.ts'
import { confirmed, ended, hears, Phone } from '../edge/test-phone.ts'
import { makeAuthority } from '../endpoint/certificates.ts'
import { tonePair } from '../protocol/audio/tone.ts'
import { rtpHeaderLength, writeRtpHeader } from '../protocol/rtp/packet.ts'
import { generator, mutate } from '../protocol/sip/mutation.ts'
import { serialize } from '../protocol/sip/serializer.ts'
import type { Transport } from '../protocol/wire.ts'
import { attackersAddress, edgesAddress, lastWords, openStream, RawCall, requestFrom, streamOnce, UdpAttacker } from './attacker.ts'

const runs = Number(process.env.FUZZ_RUNS ?? 2_000)
/** Long enough for the full count on a slow machine. */
const timeout = 60_000 + runs * 5
const transports = ['udp', 'tcp', 'tls'] as const

const edgeTone = tonePair(11)
const numbers = { answers: '+12065550190', refuses: '+12065550191', digest: '+12065550192', unknown: '+12065559999' }
const password = 'swordfish-7f3a91'
const secrets = [password, 'integration-test-token', 'BEGIN PRIVATE KEY']

let folder: string
let edge: EdgeProcess
let phone: Phone
let attacker: UdpAttacker

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'trunkproof-hostile-'))
  const authority = await makeAuthority()
  const { certPem, keyPem } = await authority.issue({ names: [edgesAddress], validHours: 1 })
  const tls = { cert: certPem, key: keyPem, authority: authority.certPem }
  for (const [name, text] of Object.entries(tls)) writeFileSync(join(folder, name), text)
  const file = (name: string): string => join(folder, name)
  edge = await EdgeProcess.start(
    ...['--tls-port', '0', '--tls-cert', file('cert'), '--tls-key', file('key'), '--tls-ca', file('authority')],
    // Whoever is named in a mutated Contact is not looked up outside.
    ...['--dns-server', '127.0.0.1:9'],
  )
  const acl = { auth: { type: 'acl', addresses: ['127.0.0.0/8'] }, sip_domain: 'pbx.example.com' }
  await edge.ask('POST', '/v1/bulk', {
    trunks: [
      { id: 'acl', name: 'a', ...acl },
      { id: 'digest', name: 'b', ...acl, auth: { type: 'digest', username: 'pbx', password }, registration: 'register' },
    ],
    numbers: [
      { number: numbers.answers, trunk: 'acl', agent: { tone: edgeTone } },
      { number: numbers.refuses, trunk: 'acl', agent: { answer: 'reject', status: 486 } },
      { number: numbers.digest, trunk: 'digest', agent: { tone: edgeTone } },
    ],
  })
  phone = await Phone.start({ tls })
  attacker = await UdpAttacker.open(edge.port('udp'))
})

afterAll(async () => {
  attacker?.[Symbol.dispose]()
  await phone?.[Symbol.asyncDispose]()
  await edge?.[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

const uri = (user: string, transport: Transport = 'udp'): string =>
  `sip:${user}@${edgesAddress}:${edge.port(transport)};transport=${transport}`

/** OPTIONS, as load balancers ask it. */
async function stillThere(): Promise<void> {
  for (const transport of transports) {
    const to = uri('', transport).replace(':@', ':')
    const { status } = await phone.agent.request({ method: 'OPTIONS', to, from: 'sip:phone@phone.example.com', requestUri: to })
    expect(status, `OPTIONS over ${transport}`).toBe(200)
  }
}

/** Requests this edge has something to do with, and those of RFC 4475; `run` decides all of it. */
function* mutations(count: number, from: number): Generator<Buffer> {
  const { port } = attacker.socket.address()
  const offer = `v=0\r\no=- 1 1 IN IP4 ${attackersAddress}\r\ns=-\r\nc=IN IP4 ${attackersAddress}\r\nt=0 0\r\nm=audio ${port} RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\n`
  const sdp: [string, string] = ['Content-Type', 'application/sdp']
  const credentials = `Digest username="pbx", realm="trunkproof", nonce="bm9uY2U=", uri="sip:x", response="${'0'.repeat(32)}", qop=auth, nc=00000001, cnonce="c"`
  for (let run = from; run < from + count; run += 1) {
    if (run % 2 === 0) {
      yield mutate(run)
      continue
    }
    const identity = { callId: `fuzz-${run}`, branch: `fuzz-${run}` }
    const request = (method: string, user: string, rows: [string, string][] = [], body?: string): Uint8Array =>
      serialize(requestFrom(attacker.socket, method, uri(user), identity, rows, body))
    yield mutate(run, [
      request('INVITE', numbers.refuses, [sdp], offer),
      request('INVITE', numbers.digest, [sdp, ['Authorization', credentials]], offer),
      request('REGISTER', 'pbx', [
        ['Authorization', credentials],
        ['Expires', '60'],
      ]),
      request('OPTIONS', numbers.answers),
      request('BYE', numbers.refuses),
      request('CANCEL', numbers.refuses),
      request('SUBSCRIBE', numbers.refuses, [['Event', 'presence']]),
      // Answered calls hold ports for half a minute when nobody acknowledges them: few will do.
      ...(run < 101 ? [request('INVITE', numbers.answers, [sdp], offer)] : []),
    ])
  }
}

describe('the edge stays up among', () => {
  afterEach(stillThere)

  describe('mutated SIP', () => {
    test('over UDP', { timeout }, async () => {
      await attacker.flood(mutations(Math.ceil(runs * 0.6), 0))
      // Were all of it refused at the first byte, this would try nothing.
      const calls = edge.events.filter(({ type }) => type === 'call.started').length
      expect(calls).toBeGreaterThan(runs / 200)
    })

    test.each([
      ['tcp', 0.3, 4],
      ['tls', 0.1, 8],
    ] as const)('over %s, several on a stream', { timeout }, async (transport, share, perStream) => {
      const count = Math.ceil(runs * share)
      const messages = [...mutations(count, transport === 'tcp' ? 1_000_000 : 2_000_000)]
      for (let at = 0; at < count; at += perStream) await streamOnce(edge.port(transport), messages.slice(at, at + perStream), transport)
    })

    test('cut into single bytes', async () => {
      const [message] = mutations(1, 3_000_001)
      await streamOnce(
        edge.port('tcp'),
        Array.from(message!, (byte) => Uint8Array.of(byte)),
      )
    })
  })

  describe('streams that go nowhere', () => {
    test('more of them than one address may have: the rest is turned away, others are served', async () => {
      let closed = 0
      const streams = await Promise.all(Array.from({ length: 1_050 }, () => openStream(edge.port('tcp'))))
      const turnedAway = new Promise<void>((resolve) => {
        for (const socket of streams) {
          socket.resume().once('close', () => {
            closed += 1
            if (closed === 50) resolve()
          })
        }
      })
      await turnedAway
      const call = phone.dial(uri(numbers.answers, 'tcp'))
      await confirmed(call)
      await call.hangup()
      for (const socket of streams) socket.destroy()
    })

    test('half a message, a byte at a time, and handshakes that never happen', async () => {
      const message = Buffer.from(serialize(requestFrom(attacker.socket, 'OPTIONS', uri('x'), { callId: 'slow', branch: 'slow' })))
      const lorises = await Promise.all(Array.from({ length: 50 }, () => openStream(edge.port('tcp'))))
      const mute = await Promise.all(Array.from({ length: 50 }, () => openStream(edge.port('tls'))))
      for (let at = 0; at < 40; at += 1) {
        for (const socket of lorises) socket.write(message.subarray(at, at + 1))
        if (at % 20 === 0) await attacker.workedThrough()
      }
      mute[0]!.write('this is no ClientHello')
      const call = phone.dial(uri(numbers.answers, 'tls'))
      await confirmed(call)
      await call.hangup()
      for (const socket of [...lorises, ...mute]) socket.destroy()
    })
  })

  describe('more than a message may have', () => {
    const start =
      'OPTIONS sip:x@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.2;branch=z9hG4bKbig\r\nCall-ID: big\r\nFrom: <sip:a@b>;tag=a\r\nTo: <sip:a@b>\r\nCSeq: 1 OPTIONS\r\n'
    test.each([
      ['a header of a megabyte', `${start}X: ${'x'.repeat(1 << 20)}\r\n\r\n`],
      ['headers without end', start + 'X: y\r\n'.repeat(100_000)],
      ['a start line without end', 'OPTIONS '.repeat(100_000)],
      ['a body of four gigabytes to come', `${start}Content-Length: 4294967296\r\n\r\n`],
      ['a body of less than nothing', `${start}Content-Length: -1\r\n\r\n`],
      ['nothing but line ends', '\r\n'.repeat(100_000)],
      ['zeros', '\0'.repeat(1 << 20)],
    ])('%s', async (_, text) => {
      for (const transport of ['tcp', 'tls'] as const) await streamOnce(edge.port(transport), [Buffer.from(text)], transport)
    })

    test('the largest datagrams there are', async () => {
      await attacker.flood([
        Buffer.from(start + 'X: y\r\n'.repeat(9_000)),
        Buffer.alloc(65_507, 'x'),
        Buffer.alloc(65_507),
        Buffer.alloc(0),
      ])
    })
  })

  describe('RTP and RTCP', () => {
    test('random and mutated packets of a call do not end it', { timeout }, async () => {
      using call = await RawCall.dial(attacker, uri(numbers.answers))
      await call.hears()
      const random = generator(4)
      const packet = (run: number): Buffer => {
        const length = random(400)
        const bytes = Buffer.from(Array.from({ length: rtpHeaderLength + length }, () => random(256)))
        // Every third is a sound header with noise behind it, of every payload type and out of order.
        if (run % 3 === 0)
          writeRtpHeader(bytes, random(9) === 0, [0, 8, 13, 101, 127][random(5)]!, random(65_536), random(2 ** 31), random(4))
        else if (run % 3 === 1) bytes[0] = 0x80 | random(64)
        return bytes.subarray(0, random(20) === 0 ? random(bytes.length) : bytes.length)
      }
      const rtcp = (): Buffer => {
        const bytes = packet(2)
        if (bytes.length > 3) {
          bytes[0] = 0x80 | random(32)
          bytes[1] = 200 + random(8)
          bytes.writeUInt16BE(random(3) === 0 ? random(65_536) : Math.max(0, (bytes.length >> 2) - 1), 2)
        }
        return bytes
      }
      for (let run = 0; run < runs / 2; run += 1) {
        await call.send(run % 4 === 3 ? rtcp() : packet(run), run % 4 === 3 ? 'rtcp' : 'rtp')
        // From elsewhere, too; and now and then a packet of the edge's shows that it kept up.
        if (run % 10 === 0) await attacker.send(packet(run), call.port)
        if (run % 200 === 199) await call.hears()
      }
      await call.hears()
      const seen = edge.events.find(({ type, data }) => type === 'call.started' && data.call_id === call.callId)!
      const { state, media } = await edge.call(seen.data.id)
      expect(state).toBe('confirmed')
      const { received } = media as { received: { malformed: number; packets: number; stray: number } }
      expect(Math.min(received.malformed, received.packets, received.stray)).toBeGreaterThan(runs / 100)
      expect(await call.hangUp()).toBe(200)
    })
  })

  test('ten thousand calls to numbers of nobody’s hold no memory worth mentioning', { timeout: 120_000 }, async () => {
    const before = await residentBytes()
    function* invites(): Generator<Uint8Array> {
      for (let run = 0; run < 10_000; run += 1) {
        yield serialize(requestFrom(attacker.socket, 'INVITE', uri(`+1999${run}`), { callId: `nobody-${run}`, branch: `nobody-${run}` }))
      }
    }
    await attacker.flood(invites())
    expect((await residentBytes()) - before).toBeLessThan(300 << 20)
    const { calls } = await edge.ask<{ calls: unknown[] }>('GET', `/v1/calls?number=${encodeURIComponent(numbers.unknown)}`)
    expect(calls).toEqual([])
  })

  async function residentBytes(): Promise<number> {
    const { body } = await edge.try('GET', '/metrics')
    return Number(/^process_resident_memory_bytes (\S+)/m.exec(String(body))?.[1])
  }

  describe('HTTP', () => {
    /** Bytes as they stand to the API's port; gives what came back once the connection is over. */
    const raw = (text: string | Buffer): Promise<string> => {
      const socket = connect(edge.ready.http.port, edge.ready.http.host)
      socket.on('error', () => {})
      return lastWords(socket, [text])
    }

    test('junk, half requests and endless headers are refused', async () => {
      const random = generator(9)
      for (let run = 0; run < 50; run += 1) await raw(Buffer.from(Array.from({ length: random(300) }, () => random(256))))
      const get = 'GET /v1/info HTTP/1.1\r\nHost: x\r\n'
      for (const text of [
        get,
        `${get}X: ${'x'.repeat(1 << 20)}\r\n\r\n`,
        `${get}Content-Length: -1\r\n\r\n`,
        `${get}Transfer-Encoding: chunked\r\n\r\nzz\r\n`,
      ]) {
        expect(await raw(text)).not.toMatch(/^HTTP\/1\.1 [25]\d\d/)
      }
      expect(await raw(`${get}Connection: close\r\n\r\n`)).toMatch(/^HTTP\/1\.1 401/)
    })

    test.each([
      ['no JSON', '{"number":', 400],
      ['a string', '"x"', 422],
      ['very deep', `${'['.repeat(100_000)}${']'.repeat(100_000)}`, 422],
      ['a prototype', '{"__proto__":{"admin":true}}', 400],
      ['fields nobody knows', '{"number":"+12065550193","sip_domain":"x.example","admin":true}', 422],
      ['wrong types', '{"number":12065550193,"trunk":{}}', 422],
      ['a megabyte of number', JSON.stringify({ number: `+${'1'.repeat(1 << 20)}` }), 422],
    ])('a body that is %s changes nothing', async (_, body, status) => {
      const response = await fetch(`http://${edge.ready.http.host}:${edge.ready.http.port}/v1/numbers`, {
        method: 'POST',
        headers: { authorization: 'Bearer integration-test-token', 'content-type': 'application/json' },
        body,
      })
      expect(response.status).toBe(status)
      expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/)
      const { numbers: imported } = await edge.ask<{ numbers: unknown[] }>('GET', '/v1/numbers')
      expect(imported).toHaveLength(3)
    })

    test.each(['GET', 'POST', 'DELETE', 'PUT', 'PATCH'])('%s of what is not there is no crash', async (method) => {
      for (const path of [
        '/v1/../../etc/passwd',
        '/v1/numbers/%00',
        '/v1/calls/%ff',
        `/${'x'.repeat(5_000)}`,
        '/v1/trunks/__proto__',
        '//',
        '/v1/calls/x/actions',
      ]) {
        const { status } = await edge.try(method, path)
        expect(status, `${method} ${path.slice(0, 40)}`).toBeGreaterThanOrEqual(400)
        expect(status, `${method} ${path.slice(0, 40)}`).toBeLessThan(500)
      }
    })
  })

  test.each(transports)('after all this a call over %s is answered and heard', async (transport) => {
    const call = phone.dial(uri(numbers.answers, transport))
    await confirmed(call)
    await hears(call, edgeTone)
    await call.hangup()
    await ended(call)
  })

  test('after all this a password still opens the door, and a wrong one does not', async () => {
    const dial = (given: string) => phone.dial(uri(numbers.digest), { username: 'pbx', password: given })
    const call = dial(password)
    await confirmed(call)
    await call.hangup()
    expect(await ended(dial('guessed'))).toMatchObject({ status: 403 })
  })
})

test('the log holds no error and no secret', async () => {
  edge.signal('SIGTERM')
  edge.signal('SIGTERM')
  const { code, stderr } = await edge.finished
  expect(code).toBe(0)
  const lines = stderr.trimEnd().split('\n')
  const wrong = lines.filter((line) => {
    const { level } = JSON.parse(line) as { level: string }
    return level === 'error' || level === 'warn' || secrets.some((secret) => line.includes(secret))
  })
  expect(wrong).toEqual([])
})
