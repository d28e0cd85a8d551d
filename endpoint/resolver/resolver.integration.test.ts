import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { type Answer, decode, encode, type Packet, type Question, streamDecode, streamEncode, TRUNCATED_RESPONSE } from 'dns-packet'
import { expect, test } from 'vitest'
import { parseUri, type SipUri } from '../../protocol/sip/uri.ts'
import { ResolveError, Resolver } from '../resolver.ts'

/** A name server whose zone is a list of records, and which can misbehave on purpose. */
class NameServer implements AsyncDisposable {
  readonly asked: string[] = []
  readonly zone: Answer[]
  rcode = 0
  /** 'cut' truncates every UDP answer; 'junk' sends forgeries before the answer; 'silent' never answers. */
  mood: 'well' | 'cut' | 'junk' | 'silent' = 'well'
  readonly #udp = createSocket('udp4')
  readonly #tcp = createServer((socket) => this.#serve(socket))
  #port = 0

  constructor(zone: Answer[]) {
    this.zone = zone
  }

  static async open(zone: Answer[]): Promise<NameServer> {
    const server = new NameServer(zone)
    server.#tcp.listen(0, '127.0.0.1')
    await once(server.#tcp, 'listening')
    server.#port = (server.#tcp.address() as { port: number }).port
    server.#udp.bind(server.#port, '127.0.0.1')
    await once(server.#udp, 'listening')
    server.#udp.on('message', (bytes, { address, port }) => {
      const query = decode(bytes)
      if (server.mood === 'silent') return
      if (server.mood === 'junk') {
        server.#udp.send(Buffer.from([1, 2, 3]), port, address)
        server.#udp.send(encode({ ...server.#answer(query), id: query.id! ^ 1 }), port, address)
        server.#udp.send(encode({ ...server.#answer(query), questions: [{ type: 'A', name: 'other.example' }] }), port, address)
      }
      const answer = server.mood === 'cut' ? { ...server.#answer(query), flags: TRUNCATED_RESPONSE, answers: [] } : server.#answer(query)
      server.#udp.send(encode(answer), port, address)
    })
    return server
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`
  }

  #serve(socket: Socket): void {
    socket.on('error', () => {})
    // A question of this size comes in one piece on loopback; the answer goes in two.
    socket.once('data', (bytes) => {
      const answer = streamEncode(this.#answer(streamDecode(bytes)))
      socket.write(answer.subarray(0, 5), () => socket.write(answer.subarray(5)))
    })
  }

  #answer(query: Packet): Packet {
    const question = query.questions![0] as Question
    this.asked.push(`${question.type} ${question.name}`)
    const named = this.zone.filter(({ name }) => name === question.name)
    const answers = named.filter(({ type }) => type === question.type || type === 'CNAME')
    return { type: 'response', id: query.id!, flags: this.rcode, questions: [question], answers }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#tcp.close()
    await new Promise<void>((resolve) => this.#udp.close(() => resolve()))
  }
}

const a = (name: string, data: string, ttl = 60): Answer => ({ type: 'A', name, ttl, data })
const srv = (name: string, priority: number, port: number, target: string): Answer => {
  return { type: 'SRV', name, ttl: 60, data: { priority, weight: 1, port, target } }
}
const naptr = (name: string, order: number, preference: number, services: string, replacement: string): Answer => {
  return { type: 'NAPTR', name, ttl: 60, data: { order, preference, flags: 'S', services, regexp: '', replacement } }
}

const zone = [
  naptr('full.example', 50, 60, 'SIPS+D2T', '_sips._tcp.full.example'),
  naptr('full.example', 50, 50, 'SIP+D2T', '_sip._tcp.full.example'),
  naptr('full.example', 90, 10, 'SIP+D2U', '_sip._udp.full.example'),
  naptr('full.example', 10, 10, 'E2U+sip', 'nonsense.example'),
  srv('_sip._tcp.full.example', 2, 5071, 'b.full.example'),
  srv('_sip._tcp.full.example', 1, 5070, 'a.full.example'),
  srv('_sips._tcp.full.example', 1, 5081, 'a.full.example'),
  srv('_sip._udp.full.example', 1, 5090, 'a.full.example'),
  a('a.full.example', '192.0.2.1'),
  { type: 'AAAA', name: 'a.full.example', ttl: 60, data: '2001:db8::1' } as Answer,
  a('b.full.example', '192.0.2.2'),
  srv('_sip._udp.srv.example', 1, 5060, 'host.srv.example'),
  a('host.srv.example', '192.0.2.3'),
  a('plain.example', '192.0.2.4'),
  { type: 'CNAME', name: 'alias.example', ttl: 60, data: 'plain.example' } as Answer,
  { type: 'CNAME', name: 'loop.example', ttl: 60, data: 'loop.example' } as Answer,
  srv('_sip._udp.gone.example', 0, 0, '.'),
  a('gone.example', '192.0.2.9'),
  a('short.example', '192.0.2.5', 10),
]

const uri = (text: string) => parseUri(text) as SipUri

test.each([
  // What needs no DNS.
  ['sip:192.0.2.7', ['udp 192.0.2.7 5060 -']],
  ['sip:192.0.2.7:5070;transport=tcp', ['tcp 192.0.2.7 5070 -']],
  ['sips:[2001:DB8::7]', ['tls 2001:db8::7 5061 -']],
  ['sip:localhost;transport=tls', ['tls 127.0.0.1 5061 localhost', 'tls ::1 5061 localhost']],
  ['sip:name.example:5060;maddr=192.0.2.8', ['udp 192.0.2.8 5060 name.example']],
  // NAPTR, lowest order only, by preference; SRV by priority; both families, IPv4 first.
  [
    'sip:full.example',
    [
      'tcp 192.0.2.1 5070 full.example',
      'tcp 2001:db8::1 5070 full.example',
      'tcp 192.0.2.2 5071 full.example',
      'tls 192.0.2.1 5081 full.example',
      'tls 2001:db8::1 5081 full.example',
    ],
  ],
  ['sips:full.example', ['tls 192.0.2.1 5081 full.example', 'tls 2001:db8::1 5081 full.example']],
  // A transport asked for skips NAPTR, a port skips SRV.
  ['sip:full.example;transport=udp', ['udp 192.0.2.1 5090 full.example', 'udp 2001:db8::1 5090 full.example']],
  ['sip:a.full.example:9999', ['udp 192.0.2.1 9999 a.full.example', 'udp 2001:db8::1 9999 a.full.example']],
  // Each step missing falls through to the next.
  ['sip:srv.example', ['udp 192.0.2.3 5060 srv.example']],
  ['sip:plain.example', ['udp 192.0.2.4 5060 plain.example']],
  ['sip:PLAIN.example.;transport=tls', ['tls 192.0.2.4 5061 plain.example']],
  ['sip:alias.example', ['udp 192.0.2.4 5060 alias.example']],
])('%s', async (text, expected) => {
  await using dns = await NameServer.open(zone)
  const targets = await new Resolver({ servers: [dns.address], random: () => 0 }).resolve(uri(text))
  expect(targets.map((it) => `${it.transport} ${it.host} ${it.port} ${it.servername ?? '-'}`)).toEqual(expected)
})

test.each([
  ['sip:nowhere.example', 'not-found'],
  ['sip:loop.example', 'not-found'],
  ['sip:gone.example', 'not-found'],
  ['sip:x.example;transport=sctp', 'unsupported'],
  ['sips:x.example;transport=udp', 'unsupported'],
])('%s: %s', async (text, code) => {
  await using dns = await NameServer.open(zone)
  const error = await new Resolver({ servers: [dns.address] }).resolve(uri(text)).catch((reason) => reason)
  expect(error).toBeInstanceOf(ResolveError)
  expect(error.code).toBe(code)
})

test('an answer that was cut is asked for again over TCP', async () => {
  await using dns = await NameServer.open(zone)
  dns.mood = 'cut'
  expect(await new Resolver({ servers: [dns.address] }).resolve(uri('sip:plain.example:1'))).toMatchObject([{ host: '192.0.2.4' }])
})

test('junk and forged answers are passed over', async () => {
  await using dns = await NameServer.open(zone)
  dns.mood = 'junk'
  expect(await new Resolver({ servers: [dns.address] }).resolve(uri('sip:plain.example:1'))).toMatchObject([{ host: '192.0.2.4' }])
})

test('the next server is asked when one is silent, refuses, or is not there', async () => {
  await using silent = await NameServer.open(zone)
  silent.mood = 'silent'
  await using failing = await NameServer.open(zone)
  failing.rcode = 2
  const gone = await NameServer.open(zone)
  await gone[Symbol.asyncDispose]()
  await using good = await NameServer.open(zone)
  const resolver = new Resolver({ servers: [gone.address, failing.address, silent.address, good.address], timeoutMs: 50 })
  expect(await resolver.resolve(uri('sip:plain.example:1'))).toMatchObject([{ host: '192.0.2.4' }])
  const lost = new Resolver({ servers: [gone.address, failing.address, silent.address], timeoutMs: 10 })
  await expect(lost.resolve(uri('sip:plain.example'))).rejects.toMatchObject({ code: 'dns' })
})

test('answers are kept for their lifetime, and asked for once however many wait', async () => {
  await using dns = await NameServer.open(zone)
  let now = 0
  const resolver = new Resolver({ servers: [dns.address], now: () => now })
  const ask = () => resolver.resolve(uri('sip:short.example:1'))
  await Promise.all([ask(), ask(), ask()])
  expect(dns.asked.toSorted()).toEqual(['A short.example', 'AAAA short.example'])
  now = 9_999
  await ask()
  expect(dns.asked).toHaveLength(2)
  now = 10_001
  await ask()
  expect(dns.asked.filter((question) => question === 'A short.example')).toHaveLength(2)
})

test("the hop of a response is found by Via's sent-by, and an unknown one is no error", async () => {
  await using dns = await NameServer.open(zone)
  const resolver = new Resolver({ servers: [dns.address] })
  expect(await resolver.resolveHop('tcp', 'full.example', undefined)).toMatchObject([
    { address: '192.0.2.1', port: 5070 },
    { address: '2001:db8::1', port: 5070 },
    { address: '192.0.2.2', port: 5071 },
  ])
  expect(await resolver.resolveHop('tcp', 'plain.example', 5099)).toEqual([{ address: '192.0.2.4', port: 5099 }])
  expect(await resolver.resolveHop('tcp', 'nowhere.example', undefined)).toEqual([])
})

test('by default the system is asked', async () => {
  // Whatever the machine's name servers do: a literal and localhost never reach them.
  expect(await new Resolver().resolve(uri('sip:127.0.0.1'))).toEqual([{ transport: 'udp', host: '127.0.0.1', port: 5060 }])
})

test('a server address that cannot be read is a mistake of the caller', () => {
  expect(() => new Resolver({ servers: ['dns.example'] })).toThrow('not a DNS server address: dns.example')
})
