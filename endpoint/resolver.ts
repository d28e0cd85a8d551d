/**
 * From a SIP URI to the addresses to try, in order: RFC 3263 section 4, with NAPTR, SRV,
 * and A and AAAA records. Literal addresses and localhost need no DNS.
 */

import { getServers, promises as systemDns } from 'node:dns'
import type { SipUri } from '../protocol/sip/uri.ts'
import type { Address, Transport } from '../protocol/wire.ts'
import { log as defaultLog, type Log } from './log.ts'
import { DnsCache } from './resolver/dns-cache.ts'
import { type DnsAnswer, DnsClient, type QuestionType } from './resolver/dns-client.ts'
import { orderSrv } from './resolver/srv-order.ts'
import type { Target } from './target.ts'
import { canonicalAddress } from './transport/address.ts'
import { defaultPort } from './transport/via-routing.ts'

export interface ResolverOptions {
  /**
   * DNS servers as 'ip:port', 'ip', or '[ipv6]:port'. Default: the system's servers for
   * NAPTR and SRV, and the system's own look-up (which knows /etc/hosts) for addresses.
   */
  readonly servers?: readonly string[]
  /** 0 up to 1, for the weights of SRV records. */
  readonly random?: () => number
  /** Milliseconds one server has to answer one question; default 1500. Each is asked twice. */
  readonly timeoutMs?: number
  /** Which addresses of a host come first; default 4. */
  readonly family?: 4 | 6
  /** Milliseconds, for the lifetimes of records. */
  readonly now?: () => number
  readonly log?: Log
}

/** A place that can be sent to as it is: `host` is an IP address. */
export interface ResolvedTarget extends Target {
  readonly port: number
}

/**
 * - unsupported: the URI asks for a transport we do not have, or for `sips` over UDP
 * - not-found: DNS answered, and there is nothing to send to
 * - dns: no DNS server answered
 */
export class ResolveError extends Error {
  override readonly name = 'ResolveError'
  readonly code: 'unsupported' | 'not-found' | 'dns'

  constructor(code: 'unsupported' | 'not-found' | 'dns', message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}

/** A service to ask SRV records for, and the transport it stands for. */
interface Service {
  readonly transport: Transport
  readonly name: string
}

/** One SRV record. */
interface Server extends Service {
  readonly port: number
}

const cachedAnswers = 1_000
/** The system's look-up tells no lifetimes. */
const systemLookupSeconds = 30
const naptrServices = new Map<string, Transport>([
  ['SIP+D2U', 'udp'],
  ['SIP+D2T', 'tcp'],
  ['SIPS+D2T', 'tls'],
])

export class Resolver {
  readonly #client: DnsClient
  readonly #cache: DnsCache
  readonly #random: () => number
  readonly #family: 4 | 6
  readonly #systemLookup: boolean
  readonly #log: Log

  constructor(options: ResolverOptions = {}) {
    const { servers, random = Math.random, timeoutMs = 1_500, family = 4, now = () => performance.now(), log = defaultLog } = options
    this.#client = new DnsClient((servers ?? getServers()).map(parseServer), timeoutMs)
    this.#cache = new DnsCache(cachedAnswers, now)
    this.#random = random
    this.#family = family
    this.#systemLookup = servers === undefined
    this.#log = log
  }

  /** At least one target, the most wanted first. Rejects with a ResolveError. */
  async resolve(uri: SipUri): Promise<ResolvedTarget[]> {
    // RFC 3263 section 4: TARGET is maddr where there is one.
    const host = uri.params.get('maddr') ?? uri.host
    const servername = canonicalAddress(uri.host) === undefined ? { servername: uri.host.replace(/\.$/, '') } : {}
    const targets = await this.#targets(uri, host)
    if (targets.length === 0) throw new ResolveError('not-found', `${host} has no address`)
    this.#log('sip:resolver', host, '%o', targets)
    return targets.map((target) => ({ ...target, ...servername }))
  }

  /** RFC 3263 section 5: where a response goes by Via's sent-by. Never rejects; empty when nothing is found. */
  async resolveHop(transport: Transport, host: string, port: number | undefined): Promise<Address[]> {
    const uri: SipUri = { scheme: 'sip', host, params: new Map([['transport', transport]]), headers: new Map() }
    if (port !== undefined) uri.port = port
    const targets = await this.resolve(uri).catch(() => [])
    return targets.map((target) => ({ address: target.host, port: target.port }))
  }

  async #targets(uri: SipUri, host: string): Promise<ResolvedTarget[]> {
    const asked = transportOf(uri)
    const fallback = asked ?? (uri.scheme === 'sips' ? 'tls' : 'udp')
    const literal = canonicalAddress(host)
    if (literal !== undefined) return [{ transport: fallback, host: literal, port: uri.port ?? defaultPort(fallback) }]
    if (uri.port !== undefined) return this.#hosts(fallback, host, uri.port)
    const services = asked === undefined ? await this.#services(uri, host) : [serviceFor(asked, host)]
    const answers = await gather(services.map((service) => this.#servers(service)))
    const found = answers.filter((server) => server !== 'not offered')
    if (found.length > 0) return gather(found.map(({ transport, name, port }) => this.#hosts(transport, name, port)))
    return answers.length > 0 ? [] : this.#hosts(fallback, host, defaultPort(fallback))
  }

  /** RFC 3263 section 4.1: what NAPTR says, or else what SRV can be asked for. */
  async #services(uri: SipUri, host: string): Promise<Service[]> {
    const secure = uri.scheme === 'sips'
    const { records } = await this.#ask(host, 'NAPTR').catch(() => ({ records: [] as DnsAnswer['records'] }))
    const usable = records
      .flatMap((record) => (record.type === 'NAPTR' ? [record.data] : []))
      .filter(({ flags, services }) => flags.toLowerCase() === 's' && naptrServices.has(services.toUpperCase()))
      .map(({ order, preference, services, replacement }) => {
        return { order, preference, name: replacement, transport: naptrServices.get(services.toUpperCase())! }
      })
      .filter(({ transport }) => !secure || transport === 'tls')
      .sort((a, b) => a.order - b.order || a.preference - b.preference)
    // RFC 3403 section 4.1: records of a higher order must not be considered once one was found.
    if (usable.length > 0) return usable.filter(({ order }) => order === usable[0]!.order)
    return (secure ? (['tls'] as const) : (['udp', 'tcp'] as const)).map((transport) => serviceFor(transport, host))
  }

  /** In the order to try them. */
  async #servers({ transport, name }: Service): Promise<(Server | 'not offered')[]> {
    const { records } = await this.#ask(name, 'SRV')
    const servers = records
      .flatMap((record) => (record.type === 'SRV' ? [record.data] : []))
      .map(({ priority = 0, weight = 0, port, target }) => ({ priority, weight, port, target }))
    // RFC 2782: a target of "." says that the service is decidedly not to be had here.
    if (servers.length === 1 && /^\.?$/.test(servers[0]!.target)) return ['not offered']
    return orderSrv(servers, this.#random).map(({ target, port }) => ({ transport, name: target, port }))
  }

  async #hosts(transport: Transport, name: string, port: number): Promise<ResolvedTarget[]> {
    const addresses = await this.#addresses(name.replace(/\.$/, ''))
    return addresses.map((host) => ({ transport, host, port }))
  }

  async #addresses(name: string): Promise<string[]> {
    const literal = canonicalAddress(name)
    if (literal !== undefined) return [literal]
    // RFC 6761 section 6.3: never asked of a server.
    if (/(^|\.)localhost$/i.test(name)) return this.#family === 4 ? ['127.0.0.1', '::1'] : ['::1', '127.0.0.1']
    const types = this.#family === 4 ? (['A', 'AAAA'] as const) : (['AAAA', 'A'] as const)
    return gather(types.map(async (type) => (await this.#ask(name, type)).records.flatMap(addressOf)))
  }

  #ask(name: string, type: QuestionType): Promise<DnsAnswer> {
    const host = name.toLowerCase().replace(/\.$/, '')
    return this.#cache.get(`${type} ${host}`, async () => {
      if (this.#systemLookup && (type === 'A' || type === 'AAAA')) return systemLookup(host, type)
      try {
        return await this.#client.query(host, type)
      } catch (error) {
        throw new ResolveError('dns', (error as Error).message, error)
      }
    })
  }
}

/** What all of them found, in order. A failure counts only where nothing was found at all. */
async function gather<T>(searches: readonly Promise<T[]>[]): Promise<T[]> {
  const results = await Promise.allSettled(searches)
  const found = results.flatMap((result) => (result.status === 'fulfilled' ? result.value : []))
  const failed = results.find((result) => result.status === 'rejected')
  if (found.length === 0 && failed !== undefined) throw failed.reason
  return found
}

/** Undefined where the URI leaves the transport open. */
function transportOf(uri: SipUri): Transport | undefined {
  const asked = uri.params.get('transport')?.toLowerCase()
  const secure = uri.scheme === 'sips'
  if (asked === undefined) return undefined
  if (asked === 'tls' || (asked === 'tcp' && secure)) return 'tls'
  if ((asked === 'udp' && !secure) || asked === 'tcp') return asked
  throw new ResolveError('unsupported', `${uri.scheme} over ${asked}`)
}

function serviceFor(transport: Transport, host: string): Service {
  return { transport, name: transport === 'tls' ? `_sips._tcp.${host}` : `_sip._${transport}.${host}` }
}

function addressOf(record: DnsAnswer['records'][number]): string[] {
  return record.type === 'A' || record.type === 'AAAA' ? [canonicalAddress(record.data) ?? record.data] : []
}

async function systemLookup(name: string, type: 'A' | 'AAAA'): Promise<DnsAnswer> {
  try {
    const found = await systemDns.lookup(name, { all: true, family: type === 'A' ? 4 : 6 })
    return { records: found.map(({ address }) => ({ type, name, data: address })), ttlSeconds: systemLookupSeconds }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOTFOUND' || code === 'ENODATA') return { records: [], ttlSeconds: systemLookupSeconds }
    throw new ResolveError('dns', `${name}: ${(error as Error).message}`, error)
  }
}

function parseServer(text: string): Address {
  const bare = canonicalAddress(text)
  if (bare !== undefined) return { address: bare, port: 53 }
  const colon = text.lastIndexOf(':')
  const address = canonicalAddress(text.slice(0, colon))
  const port = Number(text.slice(colon + 1))
  if (address === undefined || !Number.isInteger(port) || port < 1 || port > 65_535)
    throw new RangeError(`not a DNS server address: ${text}`)
  return { address, port }
}
