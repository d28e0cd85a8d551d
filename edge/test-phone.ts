/** The other side of the edge's tests: a phone system made of the endpoint, on loopback. */

import { once } from 'node:events'
import { MediaEngine } from '../endpoint/media/engine.ts'
import type { MediaFactory, MediaOptions, OfferAccepted, ToneEvent } from '../endpoint/media/types.ts'
import { TransportLayer } from '../endpoint/transport/transport-layer.ts'
import { UserAgent } from '../endpoint/user-agent.ts'
import type { Call, CallEnd, Credentials, HeaderRow, IncomingCall, IncomingRequest, OutgoingCall } from '../endpoint/user-agent-types.ts'
import type { TonePair } from '../protocol/audio/tone.ts'
import type { SipResponse } from '../protocol/sip/message.ts'
import type { Transport } from '../protocol/wire.ts'

export interface PhoneOptions {
  readonly host?: string
  readonly media?: Partial<MediaOptions>
  readonly tls?: { readonly cert: string; readonly key: string; readonly authority: string }
  /** What offers are answered with; `accept` is what media would say. */
  readonly answers?: (offer: string, accept: (offer: string) => OfferAccepted) => OfferAccepted
}

export class Phone implements AsyncDisposable {
  readonly host: string
  readonly media: MediaOptions
  readonly agent: UserAgent
  readonly #transports: TransportLayer
  readonly #engine: MediaEngine
  readonly #waiting: IncomingCall[] = []
  #taker: ((call: IncomingCall) => void) | undefined

  private constructor(options: PhoneOptions, transports: TransportLayer) {
    this.host = options.host ?? '127.0.0.1'
    this.media = { codecs: ['pcmu', 'pcma', 'opus'], dtmf: 'rfc4733', host: this.host, ...options.media }
    this.#transports = transports
    this.#engine = new MediaEngine()
    this.agent = new UserAgent({ name: 'Phone', transports, contactUser: 'phone', media: scripted(this.#engine, options.answers) })
    this.agent.onInvite = (call) => {
      const taker = this.#taker
      this.#taker = undefined
      if (taker !== undefined) taker(call)
      else this.#waiting.push(call)
    }
  }

  static async start(options: PhoneOptions = {}): Promise<Phone> {
    const { host = '127.0.0.1', tls } = options
    const transports = await TransportLayer.open({
      listen: [
        { transport: 'udp', host, port: 0 },
        { transport: 'tcp', host, port: 0 },
        ...(tls === undefined ? [] : [{ transport: 'tls' as const, host, port: 0, tls: { cert: tls.cert, key: tls.key } }]),
      ],
      ...(tls !== undefined && { tlsClient: { ca: [tls.authority] } }),
    })
    return new Phone(options, transports)
  }

  port(transport: Transport): number {
    return this.#transports.listeners.find((listener) => listener.transport === transport)?.port ?? 0
  }

  /** A URI this phone is reached by. */
  uri(user: string, transport: Transport = 'udp'): string {
    return `sip:${user}@${this.host}:${this.port(transport)};transport=${transport}`
  }

  dial(to: string, credentials?: Credentials, media: Partial<MediaOptions> = {}): OutgoingCall {
    return this.agent.invite({
      to,
      from: 'sip:+12065550147@phone.example.com',
      media: { ...this.media, ...media },
      ...(credentials !== undefined && { credentials }),
    })
  }

  /** The next call to this phone. */
  takes(): Promise<IncomingCall> {
    const waiting = this.#waiting.shift()
    if (waiting !== undefined) return Promise.resolve(waiting)
    return new Promise((resolve) => {
      this.#taker = resolve
    })
  }

  answer(call: IncomingCall): Promise<void> {
    return call.answer({ media: this.media })
  }

  register(options: {
    edge: string
    username: string
    password?: string
    contact?: string
    expires?: number
    headers?: readonly HeaderRow[]
  }): Promise<SipResponse> {
    const { edge, username, password, contact, expires = 300, headers = [] } = options
    const aor = `sip:${username}@pbx.example.com`
    return this.agent.request(
      {
        method: 'REGISTER',
        to: aor,
        from: aor,
        requestUri: edge,
        headers: [['Expires', String(expires)], ...headers],
        ...(contact !== undefined && { contact: `<${contact}>` }),
      },
      password === undefined ? {} : { credentials: { username, password } },
    )
  }

  set onRequest(listener: (request: IncomingRequest) => void) {
    this.agent.onRequest = listener
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.agent.close(500)
    await this.#engine.close()
    await this.#transports.close()
  }
}

function scripted(factory: MediaFactory, answers: PhoneOptions['answers']): MediaFactory {
  if (answers === undefined) return factory
  return {
    create: async (options) => {
      const session = await factory.create(options)
      const accept = session.acceptOffer.bind(session)
      session.acceptOffer = (sdp) => answers(sdp, accept)
      return session
    },
  }
}

export async function confirmed(call: Call): Promise<void> {
  if (call.state === 'confirmed') return
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  call.once('confirmed', () => resolve())
  call.once('ended', (end) => reject(new Error(`the call ended: ${JSON.stringify(end)}`)))
  await promise
}

export async function ended(call: Call): Promise<CallEnd> {
  if (call.end !== undefined) return call.end
  const [end] = (await once(call as unknown as NodeJS.EventEmitter, 'ended')) as [CallEnd]
  return end
}

/** Resolves when the call hears this pair. */
export function hears(call: Call, pair: TonePair): Promise<ToneEvent> {
  return new Promise((resolve) => {
    call.media?.on('tone', (tone) => {
      if (tone.pair?.[0] === pair[0] && tone.pair[1] === pair[1]) resolve(tone)
    })
  })
}

/** Resolves with the digits heard, once there are that many. */
export function digits(call: Call, count: number): Promise<{ text: string; methods: string[] }> {
  return new Promise((resolve) => {
    let text = ''
    const methods = new Set<string>()
    call.media?.on('digit', ({ digit, method }) => {
      text += digit
      methods.add(method)
      if (text.length === count) resolve({ text, methods: [...methods] })
    })
  })
}
