/** Where a call's media lives: the local address to bind to and the one to tell the peer. */

import { isIP } from 'node:net'
import type { MediaOptions } from '../endpoint/media/types.ts'
import type { Target } from '../endpoint/target.ts'
import type { CodecName } from '../protocol/sdp/types.ts'
import { parseUri, type SipUri } from '../protocol/sip/uri.ts'
import type { Address, Transport } from '../protocol/wire.ts'
import type { Trunk } from './api/schemas.ts'
import type { OutboundRoute } from './outbound-route.ts'

export interface MediaPlaceOptions {
  /** Addresses listened on. */
  readonly hosts: readonly string[]
  /** Our address towards a peer, for hosts that are wildcards or several. */
  readonly localFor: (transport: Transport, remote: Address) => Address
  readonly resolve: (uri: SipUri) => Promise<readonly Target[]>
  /** IP address written into SDP. */
  readonly advertised: string | undefined
}

const anyCodec: readonly CodecName[] = ['pcmu', 'pcma', 'opus']

export class MediaPlace {
  readonly #options: MediaPlaceOptions
  /** The one address there is; undefined when it depends on the peer. */
  readonly #only: string | undefined

  constructor(options: MediaPlaceOptions) {
    this.#options = options
    const [first] = options.hosts
    this.#only = options.hosts.length === 1 && first !== '0.0.0.0' && first !== '::' ? first : undefined
  }

  /** For a call on `trunk` with the peer at `remote`. */
  towards(transport: Transport, remote: Address, trunk: Trunk | undefined): MediaOptions {
    return this.#media(this.#only ?? this.#options.localFor(transport, remote).address, trunk)
  }

  /** For a call of ours, whose peer may still have to be looked up. `secure`: it is reached by TLS, and by nothing else. */
  async along(route: OutboundRoute, trunk: Trunk): Promise<{ media: MediaOptions; secure: boolean }> {
    const targets = await this.#nextHops(route)
    const secure = targets.length > 0 && targets.every(({ transport }) => transport === 'tls')
    if (this.#only !== undefined) return { media: this.#media(this.#only, trunk), secure }
    const [target] = targets
    const host = target && isIP(target.host) !== 0 ? target.host : '127.0.0.1'
    const remote = { address: host, port: target?.port ?? 5060 }
    return { media: this.#media(this.#options.localFor(target?.transport ?? 'udp', remote).address, trunk), secure }
  }

  async #nextHops(route: OutboundRoute): Promise<readonly Target[]> {
    if (route.target !== undefined) return [route.target]
    const uri = parseUri(route.outboundProxy ?? route.requestUri)
    if (uri === undefined || uri.scheme === 'tel') return []
    // A name that does not resolve is the user agent's to report: the call fails there.
    return this.#options.resolve(uri).catch(() => [])
  }

  #media(host: string, trunk: Trunk | undefined): MediaOptions {
    const { advertised } = this.#options
    return {
      host,
      codecs: trunk?.codecs ?? anyCodec,
      dtmf: trunk?.dtmf ?? 'rfc4733',
      ...(advertised !== undefined && { advertisedHost: advertised }),
    }
  }
}
