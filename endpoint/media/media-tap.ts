/** Shows a call's datagrams to whoever wants to see them; costs one comparison where nobody does. */
import type { Address, RtpTap } from '../../protocol/wire.ts'
import { epochNow } from '../clock.ts'

export class MediaTap {
  readonly #taps: readonly RtpTap[]
  readonly #address: string

  /** `address` is the one the call's ports are bound to. */
  constructor(taps: readonly RtpTap[], address: string) {
    this.#taps = taps
    this.#address = address
  }

  get used(): boolean {
    return this.#taps.length > 0
  }

  pass(dir: 'in' | 'out', kind: 'rtp' | 'rtcp', bytes: Uint8Array, remote: Address, localPort: number): void {
    if (this.#taps.length === 0) return
    const local = { address: this.#address, port: localPort }
    const event = { at: epochNow(), dir, kind, local, remote: { address: remote.address, port: remote.port }, bytes }
    for (const tap of this.#taps) tap.rtp(event)
  }
}
