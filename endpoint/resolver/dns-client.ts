/**
 * A stub resolver: one question to one server after the other, over UDP, and over TCP
 * when the answer was cut (RFC 1035, RFC 7766). Follows CNAME. Remembers nothing.
 */

import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { connect, isIPv6 } from 'node:net'
import { type Answer, type DecodedPacket, decode, encode, type Packet, RECURSION_DESIRED, streamDecode, streamEncode } from 'dns-packet'
import type { Address } from '../../protocol/wire.ts'
import { formatAddress } from '../transport/address.ts'

export type QuestionType = 'A' | 'AAAA' | 'SRV' | 'NAPTR'

/** `records` is empty where the name or the type does not exist. */
export interface DnsAnswer {
  readonly records: readonly Answer[]
  /** How long this holds; for an empty answer by RFC 2308 section 5. */
  readonly ttlSeconds: number
}

/** The library's types leave the response code out. */
type Reply = DecodedPacket & { readonly rcode: string }

/** No server gave an answer: silence, refusal, or a failure of its own. */
class DnsError extends Error {
  override readonly name = 'DnsError'
}

/** RFC 6891; 1232 passes every path unfragmented. */
const ednsPayloadBytes = 1_232
const roundsPerServer = 2
const longestCnameChain = 8
/** What a server that says nothing of lifetimes gets for "no such thing". */
const defaultNegativeSeconds = 30

export class DnsClient {
  readonly #servers: readonly Address[]
  readonly #timeoutMs: number

  constructor(servers: readonly Address[], timeoutMs: number) {
    this.#servers = servers
    this.#timeoutMs = timeoutMs
  }

  /** Rejects with a DnsError. */
  async query(name: string, type: QuestionType): Promise<DnsAnswer> {
    const seen: Answer[] = []
    let wanted = name
    let ttlSeconds = Number.POSITIVE_INFINITY
    for (let hop = 0; hop < longestCnameChain; hop += 1) {
      const packet = await this.#ask(wanted, type)
      seen.push(...(packet.answers ?? []))
      for (let alias = cname(seen, wanted); alias !== undefined; alias = cname(seen, wanted)) {
        wanted = alias.data
        ttlSeconds = Math.min(ttlSeconds, alias.ttl ?? 0)
        // Used once, so that a loop of aliases ends.
        seen.splice(seen.indexOf(alias), 1)
      }
      const records = seen.filter((answer) => answer.type === type && sameName(answer.name, wanted))
      for (const record of records) if ('ttl' in record) ttlSeconds = Math.min(ttlSeconds, record.ttl ?? 0)
      if (records.length > 0) return { records, ttlSeconds }
      // An alias whose target was not sent along is asked for; anything else is a no.
      if (sameName(wanted, packet.questions?.[0]?.name ?? name)) {
        return { records, ttlSeconds: Math.min(ttlSeconds, negativeSeconds(packet)) }
      }
    }
    throw new DnsError(`${name}: more than ${longestCnameChain} aliases`)
  }

  async #ask(name: string, type: QuestionType): Promise<Reply> {
    let failure = 'no DNS server is known'
    for (let round = 0; round < roundsPerServer; round += 1) {
      for (const server of this.#servers) {
        try {
          const packet = await this.#exchange(server, name, type)
          if (packet.rcode === 'NOERROR' || packet.rcode === 'NXDOMAIN') return packet
          failure = `${formatAddress(server)} answered ${packet.rcode}`
        } catch (error) {
          failure = `${formatAddress(server)}: ${(error as Error).message}`
        }
      }
    }
    throw new DnsError(`${type} ${name}: ${failure}`)
  }

  async #exchange(server: Address, name: string, type: QuestionType): Promise<Reply> {
    // Id and source port are fresh each time: both must be guessed to forge an answer (RFC 5452).
    const question: Packet = {
      type: 'query',
      id: randomInt(65_536),
      flags: RECURSION_DESIRED,
      questions: [{ type, name }],
      additionals: [
        {
          type: 'OPT',
          name: '.',
          udpPayloadSize: ednsPayloadBytes,
          extendedRcode: 0,
          ednsVersion: 0,
          flags: 0,
          flag_do: false,
          options: [],
        },
      ],
    }
    const packet = await overUdp(server, question, this.#timeoutMs)
    return packet.flag_tc ? overTcp(server, question, this.#timeoutMs) : packet
  }
}

function overUdp(server: Address, question: Packet, timeoutMs: number): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(isIPv6(server.address) ? 'udp6' : 'udp4')
    const finish = (settle: () => void) => {
      clearTimeout(timer)
      socket.close()
      settle()
    }
    const timer = setTimeout(() => finish(() => reject(new Error(`no answer within ${timeoutMs} ms`))), timeoutMs)
    socket.on('error', (error) => finish(() => reject(error)))
    socket.on('message', (bytes) => {
      const packet = read(() => decode(bytes) as Reply, question)
      if (packet !== undefined) finish(() => resolve(packet))
    })
    // Connected, so that only the server's datagrams arrive, and its refusal too.
    socket.connect(server.port, server.address, () => socket.send(encode(question)))
  })
}

function overTcp(server: Address, question: Packet, timeoutMs: number): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: server.address, port: server.port, timeout: timeoutMs })
    const deadline = setTimeout(() => socket.destroy(new Error(`no answer over TCP within ${timeoutMs} ms`)), timeoutMs)
    const chunks: Buffer[] = []
    socket.on('data', (chunk) => {
      chunks.push(chunk)
      const bytes = Buffer.concat(chunks)
      if (bytes.length < 2 || bytes.length < 2 + bytes.readUInt16BE(0)) return
      const packet = read(() => streamDecode(bytes) as Reply, question)
      if (packet !== undefined) resolve(packet)
      socket.destroy()
    })
    socket.on('error', reject)
    socket.on('close', () => {
      clearTimeout(deadline)
      // After an answer this changes nothing any more.
      reject(new Error('closed without an answer'))
    })
    socket.write(streamEncode(question))
  })
}

/** Undefined for what is no answer to this very question: junk, or a forger's guess. */
function read(decodePacket: () => Reply, question: Packet): Reply | undefined {
  try {
    const packet = decodePacket()
    const [asked, echoed] = [question.questions![0]!, packet.questions?.[0]]
    const fits = packet.type === 'response' && packet.id === question.id
    return fits && echoed?.type === asked.type && sameName(echoed.name, asked.name) ? packet : undefined
  } catch {
    return undefined
  }
}

function cname(answers: readonly Answer[], name: string) {
  for (const answer of answers) if (answer.type === 'CNAME' && sameName(answer.name, name)) return answer
  return undefined
}

function negativeSeconds(packet: Packet): number {
  const soa = packet.authorities?.find((answer) => answer.type === 'SOA')
  return soa?.type === 'SOA' ? Math.min(soa.data.minimum ?? 0, soa.ttl ?? 0) : defaultNegativeSeconds
}

function sameName(a: string, b: string): boolean {
  return a.toLowerCase().replace(/\.$/, '') === b.toLowerCase().replace(/\.$/, '')
}
