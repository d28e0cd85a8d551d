/**
 * The location service of RFC 3261 section 10: which contacts a trunk has registered,
 * until when, and over which flow they came. In memory: a phone system that finds its
 * registration gone registers again.
 */

import type { Clock, Timer } from '../endpoint/clock.ts'
import type { Connection } from '../endpoint/transport/connection.ts'
import { type SipUri, uriEquals } from '../protocol/sip/uri.ts'

export interface Binding {
  /** The contact as written, without its parameters as a header. */
  readonly contact: string
  readonly uri: SipUri
  readonly callId: string
  readonly cseq: number
  /** On the clock's scale. */
  readonly expiresAt: number
  /** How the REGISTER came, and so how the phone system can be reached. */
  readonly flow: Connection
}

export interface BindingsOptions {
  readonly clock: Clock
  /** Contacts one trunk may have; a further one replaces the oldest. */
  readonly maxPerTrunk?: number
  /** Called after each change of a trunk's bindings. */
  readonly onChange?: (trunkId: string) => void
}

interface Held {
  binding: Binding
  timer: Timer
}

export class Bindings {
  readonly #trunks = new Map<string, Held[]>()
  readonly #clock: Clock
  readonly #maxPerTrunk: number
  readonly #onChange: (trunkId: string) => void
  #count = 0

  constructor(options: BindingsOptions) {
    this.#clock = options.clock
    this.#maxPerTrunk = options.maxPerTrunk ?? 8
    this.#onChange = options.onChange ?? (() => {})
  }

  get count(): number {
    return this.#count
  }

  trunks(): Iterable<string> {
    return this.#trunks.keys()
  }

  /** A trunk's bindings, the newest first. */
  of(trunkId: string): Binding[] {
    return (this.#trunks.get(trunkId) ?? []).map((held) => held.binding)
  }

  /** Adds and replaces the given bindings and removes those equal to `gone`, as one change. */
  update(trunkId: string, put: readonly Binding[], gone: readonly SipUri[]): void {
    const held = this.#trunks.get(trunkId) ?? []
    for (const uri of [...gone, ...put.map((binding) => binding.uri)]) {
      const at = held.findIndex((one) => uriEquals(one.binding.uri, uri))
      if (at >= 0) this.#release(held.splice(at, 1))
    }
    for (const binding of put) {
      held.unshift({ binding, timer: this.#clock.setTimer(binding.expiresAt - this.#clock.now(), () => this.#expire(trunkId, binding)) })
      this.#count += 1
    }
    this.#release(held.splice(this.#maxPerTrunk))
    if (held.length > 0) this.#trunks.set(trunkId, held)
    else this.#trunks.delete(trunkId)
    this.#onChange(trunkId)
  }

  /** Forgets a trunk. */
  clear(trunkId: string): void {
    const held = this.#trunks.get(trunkId)
    if (held === undefined) return
    this.#release(held)
    this.#trunks.delete(trunkId)
    this.#onChange(trunkId)
  }

  /** Lets go of every timer. Nobody is told. */
  close(): void {
    for (const held of this.#trunks.values()) this.#release(held)
    this.#trunks.clear()
  }

  #expire(trunkId: string, binding: Binding): void {
    const held = this.#trunks.get(trunkId)
    const at = held?.findIndex((one) => one.binding === binding) ?? -1
    if (held === undefined || at < 0) return
    this.#release(held.splice(at, 1))
    if (held.length === 0) this.#trunks.delete(trunkId)
    this.#onChange(trunkId)
  }

  #release(held: readonly Held[]): void {
    for (const { timer } of held) timer.cancel()
    this.#count -= held.length
  }
}
