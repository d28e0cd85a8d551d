/** The senders one context knows: SRTP keeps index and replay list for each SSRC under the same master key (RFC 3711 section 3.2.3). */

import type { KeystreamOfSource } from './keystream.ts'
import type { PacketCipher } from './packet-cipher.ts'
import { ReplayWindow } from './replay-window.ts'

/** More than a call ever has; whoever has the key could otherwise make us remember without end. */
export const mostSources = 64

export interface Source {
  readonly ssrc: number
  readonly window: ReplayWindow
  readonly keystream: KeystreamOfSource
}

export class Sources {
  readonly #cipher: PacketCipher
  readonly #known = new Map<number, Source>()

  constructor(cipher: PacketCipher) {
    this.#cipher = cipher
  }

  /** A source met for the first time is forgotten again unless `keep` is called; undefined when there is no room for it. */
  find(ssrc: number): Source | undefined {
    const known = this.#known.get(ssrc)
    if (known !== undefined) return known
    if (this.#known.size >= mostSources) return undefined
    return { ssrc, window: new ReplayWindow(), keystream: this.#cipher.keystream(ssrc) }
  }

  /** Takes note of an authentic packet. */
  keep(source: Source, index: number): void {
    if (source.window.highest < 0) this.#known.set(source.ssrc, source)
    source.window.add(index)
  }
}
