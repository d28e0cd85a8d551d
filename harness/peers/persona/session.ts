/**
 * A persona's side of one cell: a user agent with listeners of its own, so that nothing
 * it sends or hears can be mixed up with another cell's. It does what it is told and
 * keeps what it saw.
 */
import { randomUUID } from 'node:crypto'
import type { FaultSet } from '../../../endpoint/faults.ts'
import { MediaError, type MediaFactory, type MediaOptions, type MediaSession } from '../../../endpoint/media/types.ts'
import { Registration } from '../../../endpoint/registration.ts'
import { TransportLayer } from '../../../endpoint/transport/transport-layer.ts'
import { UserAgent } from '../../../endpoint/user-agent.ts'
import type { Call } from '../../../endpoint/user-agent-types.ts'
import type { Cell } from '../../../matrix/cell.ts'
import { mediaOfPolicy } from '../../../matrix/media-policy.ts'
import type { PathTap, SipTap } from '../../../protocol/wire.ts'
import { CallFailed, type MediaFacts, type PeerEvidence, type PeerIdentity, type PeerSession, type RegisterOutcome } from '../peer.ts'
import { withAsteriskManners } from './asterisk-manners.ts'
import { protectionOf } from './protection.ts'
import { sendRaw } from './raw.ts'
import { Seen, within } from './seen.ts'

/** What every session of one persona shares. */
export interface PersonaResources {
  /** Address its sockets are bound to and its messages name. */
  readonly host: string
  readonly tls: { readonly cert: string; readonly key: string; readonly ca: string } | undefined
  readonly media: MediaFactory
  /** Hands out SIP port numbers that nothing else here uses. */
  readonly nextPort: () => number
  readonly faults: FaultSet
  readonly name: string
}

/** Attempts at finding a port number that is free on both transports of a session. */
const portAttempts = 20
export class PersonaSession implements PeerSession {
  readonly contactUri: string
  readonly #cell: Cell
  readonly #identity: PeerIdentity
  readonly #agent: UserAgent
  readonly #transports: TransportLayer
  readonly #resources: PersonaResources
  readonly #seen: Seen
  /** Something only the two sides should know, where signalling is encrypted. */
  readonly #privateHeaders: [string, string][]
  #registration: Registration | undefined
  #call: Call | undefined
  #incoming = Promise.withResolvers<void>()

  /** Opens the listeners. Throws when no port is free. */
  static async open(cell: Cell, identity: PeerIdentity, resources: PersonaResources): Promise<PersonaSession> {
    const seen = new Seen()
    const { transports, port } = await listen(cell, resources, seen)
    return new PersonaSession(cell, identity, resources, transports, port, seen)
  }

  private constructor(
    cell: Cell,
    identity: PeerIdentity,
    resources: PersonaResources,
    transports: TransportLayer,
    port: number,
    seen: Seen,
  ) {
    const { transport, media } = cell.axes
    const encryption = identity.mediaPolicy === undefined ? media : mediaOfPolicy[identity.mediaPolicy]
    this.#cell = cell
    this.#identity = identity
    this.#resources = resources
    this.#transports = transports
    this.#seen = seen
    this.contactUri = `sip:${userOf(identity)}@${resources.host}:${port};transport=${transport}`
    this.#incoming.promise.catch(() => {})
    this.#privateHeaders = transport === 'tls' ? [['X-Trunkproof-Private', randomUUID()]] : []
    this.#agent = new UserAgent({
      name: resources.name,
      transports,
      contactUser: userOf(identity),
      faults: resources.faults,
      media: cell.platform === 'asterisk' ? withAsteriskManners(resources.media, encryption) : resources.media,
    })
    this.#agent.onInvite = (call) => {
      if ((this.#call !== undefined && !this.#makesRoom(this.#call)) || resources.faults.has('reject-calls')) {
        call.reject(486)
        return
      }
      this.#take(call)
      call.ring()
      call.answer({ media: this.#mediaOptions(), headers: this.#privateHeaders }).then(
        () => {
          if (call.media?.negotiated !== undefined) this.#incoming.resolve()
        },
        (error: unknown) => {
          // Another offer may follow one that was refused; when none does, the edge tells.
          if (!cameToNothing(call)) this.#incoming.reject(error)
        },
      )
    }
  }

  async register(options: { password?: string } = {}): Promise<RegisterOutcome> {
    const { edge, username, password } = this.#identity
    await this.#registration?.stop()
    const domain = hostOf(edge.host)
    this.#registration = new Registration({
      agent: this.#agent,
      registrar: this.#edgeUri(),
      aor: `sip:${username}@${domain}`,
      credentials: { username, password: options.password ?? password },
      expiresSeconds: 300,
    })
    const outcome = await this.#registration.start()
    if (outcome.state === 'registered') return { status: outcome.response.status, registered: true }
    return { status: outcome.state === 'failed' ? outcome.status : 0, registered: false }
  }

  async call({ number }: { number?: string } = {}): Promise<void> {
    const { username, password } = this.#identity
    const target = this.#edgeUri(number ?? this.#identity.number)
    const call = this.#agent.invite({
      to: `<${target}>`,
      from: `<sip:${userOf(this.#identity)}@${hostOf(this.#resources.host)}>`,
      requestUri: target,
      media: this.#mediaOptions(),
      lenientAnswer: true,
      timeoutMs: 10_000,
      headers: this.#privateHeaders,
      ...(this.#cell.axes.registration === 'register' ? { credentials: { username, password } } : {}),
    })
    this.#take(call)
    await new Promise<void>((resolve, reject) => {
      call.once('confirmed', () => resolve())
      call.once('ended', (end) => reject(new CallFailed(end.status ?? 0, end.reason ?? `ended by ${end.by}`)))
    })
  }

  waitForCall(): Promise<void> {
    return this.#incoming.promise
  }

  heard(withinMs: number): Promise<boolean> {
    return this.#seen.tone(withinMs)
  }

  understood(digits: number, withinMs: number): Promise<boolean> {
    return this.#seen.digitCount(digits, withinMs)
  }

  async sendDigits(digits: string): Promise<void> {
    const media = this.#call?.media
    if (media === undefined) throw new CallFailed(0, 'there is no call to send digits on')
    await media.sendDigits(digits).catch((error: unknown) => {
      // A call that ended, or agreed on no digits, is the subject's doing.
      throw error instanceof MediaError ? new CallFailed(0, error.message, { cause: error }) : error
    })
  }

  async hangup(): Promise<void> {
    await this.#call?.hangup()
  }

  async waitForEnd(withinMs: number): Promise<boolean> {
    const call = this.#call
    if (call === undefined || call.state === 'ended') return true
    return within(withinMs, (resolve) => {
      call.once('ended', resolve)
      return () => call.off('ended', resolve)
    })
  }

  async ping(): Promise<number> {
    const target = this.#edgeUri()
    const from = `<sip:${this.#identity.username}@${hostOf(this.#resources.host)}>`
    const response = await this.#agent.request({ method: 'OPTIONS', to: `<${target}>`, from, requestUri: target })
    return response.status
  }

  sendRaw(bytes: Uint8Array): Promise<number> {
    return sendRaw(bytes, this.#identity.edge, this.#resources.tls?.ca)
  }

  async evidence(): Promise<PeerEvidence> {
    const { sipWires: sip, rtpWires: rtp, pathWires: path, tlsKeys, srtpKeys, digits, tones } = this.#seen
    const media = this.#call?.media
    return { sip, rtp, path, tlsKeys, srtpKeys, digits, tones, ...(media === undefined ? {} : { media: factsOf(media) }), log: [] }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#incoming.reject(new CallFailed(0, 'the session was closed'))
    await this.#registration?.stop()
    await this.#agent.close(500)
    await this.#transports.close()
  }

  #edgeUri(user?: string): string {
    const { host, port, transport } = this.#identity.edge
    return `sip:${user === undefined ? '' : `${user}@`}${hostOf(host)}:${port};transport=${transport}`
  }

  /** Where policies meet, an edge gives up what it got before it offers something else. */
  #makesRoom(call: Call): boolean {
    return cameToNothing(call) || (this.#identity.mediaPolicy !== undefined && call.state === 'ended')
  }

  #take(call: Call): void {
    this.#call = call
    call.once('answered', () => {
      if (call.media === undefined) return
      this.#seen.listenTo(call.media)
      call.media.play(this.#identity.peerTone)
    })
  }

  #mediaOptions(): MediaOptions {
    const { codec, dtmf } = this.#cell.axes
    const protection = protectionOf(this.#cell, this.#identity.mediaPolicy)
    return {
      codecs: [codec],
      dtmf,
      host: this.#resources.host,
      lenientAnswer: true,
      tap: this.#seen,
      srtpKeyTap: (keys) => this.#seen.srtpKey(keys),
      ...(protection === undefined ? {} : { protection }),
    }
  }
}

/** A call whose description was refused, by either side. */
const cameToNothing = (call: Call): boolean => call.state === 'ended' && call.media?.negotiated === undefined

const userOf = (identity: PeerIdentity): string => identity.username
const hostOf = (host: string): string => (host.includes(':') ? `[${host}]` : host)

function factsOf(media: MediaSession): MediaFacts {
  const { sent, received, remote } = media.stats()
  return {
    local: media.local,
    ...(remote === undefined ? {} : { remote }),
    packetsIn: received.packets,
    packetsOut: sent.packets,
    payloadTypesIn: received.payloadTypes,
    payloadTypesOut: sent.payloadTypes,
    departures: media.stats().departures,
  }
}

/**
 * Binds UDP and one stream transport to the same port number: a peer that is reached by
 * UDP is reached by TCP for large requests too (RFC 3261 section 18.1.1), and what a
 * faulty edge sends by the wrong transport is seen instead of lost.
 */
async function listen(
  cell: Cell,
  resources: PersonaResources,
  tap: SipTap & PathTap,
): Promise<{ transports: TransportLayer; port: number }> {
  const { host, tls, faults } = resources
  const stream = cell.axes.transport === 'tls' ? 'tls' : 'tcp'
  for (let attempt = 1; ; attempt += 1) {
    const port = resources.nextPort()
    try {
      const transports = await TransportLayer.open({
        listen: [
          { transport: 'udp', host, port },
          {
            transport: stream,
            host,
            port,
            ...(stream === 'tls' && tls ? { tls: { cert: tls.cert, key: tls.key, ca: [tls.ca], pathTap: tap } } : {}),
          },
        ],
        // An instrument connects to an edge that speaks too old a version, to show that it does.
        ...(tls === undefined
          ? {}
          : { tlsClient: { ca: [tls.ca], cert: tls.cert, key: tls.key, minVersion: 'TLSv1.2' as const, pathTap: tap } }),
        tap,
        faults,
      })
      return { transports, port }
    } catch (error) {
      if (attempt === portAttempts) throw error
    }
  }
}
