/** Calls of our own endpoint over TLS to a server beside us: for keyings SIPp does not know. */
import { MediaEngine } from '../endpoint/media/engine.ts'
import type { SrtpKeys } from '../endpoint/media/types.ts'
import { TransportLayer } from '../endpoint/transport/transport-layer.ts'
import { UserAgent } from '../endpoint/user-agent.ts'
import type { OutgoingCall } from '../endpoint/user-agent-types.ts'
import type { Keying } from '../protocol/sdp/types.ts'
import type { CallServers } from './call-servers.ts'

export class SecureCaller implements AsyncDisposable {
  readonly #host: string
  readonly #transports: TransportLayer
  readonly #engine: MediaEngine
  readonly #agent: UserAgent

  private constructor(host: string, transports: TransportLayer) {
    this.#host = host
    this.#transports = transports
    this.#engine = new MediaEngine()
    this.#agent = new UserAgent({ name: 'Benchmark', transports, contactUser: 'caller', media: this.#engine })
  }

  static async open({ host, authority }: CallServers['caller']): Promise<SecureCaller> {
    const { certPem: cert, keyPem: key } = await authority.issue({ names: [host] })
    const transports = await TransportLayer.open({
      listen: [{ transport: 'tls', host, port: 0, tls: { cert, key } }],
      tlsClient: { ca: [authority.certPem] },
    })
    return new SecureCaller(host, transports)
  }

  /** Demands SRTP keyed so; `user` stands in From. */
  invite(uri: string, keying: Keying, user: string, onKeys: (keys: SrtpKeys) => void): OutgoingCall {
    const protection = { offer: keying, keyings: [keying], required: true, allowed: true }
    return this.#agent.invite({
      to: `<${uri}>`,
      from: `<sip:${user}@${this.#host}>`,
      requestUri: uri,
      media: { codecs: ['pcmu'], dtmf: 'rfc4733', host: this.#host, protection, srtpKeyTap: onKeys },
      timeoutMs: 10_000,
    })
  }

  /** Resolves when the call was answered, keys were there, and it was over again. */
  async call(uri: string, keying: Keying, user: string): Promise<void> {
    const keyed = Promise.withResolvers<void>()
    const call = this.invite(uri, keying, user, () => keyed.resolve())
    const ended = new Promise<void>((resolve, reject) => {
      call.once('ended', (end) => (end.by === 'local' ? resolve() : reject(new Error(`the call ended: ${JSON.stringify(end)}`))))
    })
    await Promise.race([ended, new Promise<void>((resolve) => call.once('confirmed', () => resolve()))])
    await Promise.race([ended, keyed.promise])
    await call.hangup()
    await ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.close(500)
    await this.#engine.close()
    await this.#transports.close()
  }
}
