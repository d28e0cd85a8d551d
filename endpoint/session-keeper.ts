import { planSession, type SessionTerms } from '../protocol/sip/dialog/session-timer.ts'
import type { Clock, Timer } from './clock.ts'

/** Runs the session timer of one call (RFC 4028 section 10): refreshes when that is ours to do, hangs up when nobody did. */
export class SessionKeeper {
  readonly #clock: Clock
  readonly #refresh: () => void
  readonly #expire: () => void
  readonly #timers: Timer[] = []
  #terms: SessionTerms | undefined
  #refreshing = false

  constructor(clock: Clock, actions: { readonly refresh: () => void; readonly expire: () => void }) {
    this.#clock = clock
    this.#refresh = actions.refresh
    this.#expire = actions.expire
  }

  /** What is in force; undefined while the session does not expire. */
  get terms(): SessionTerms | undefined {
    return this.#terms
  }

  /** Whether refreshing is ours to do. */
  get refreshing(): boolean {
    return this.#refreshing
  }

  /** What a 2xx settled, and whether we sent it (`uas`) or received it (`uac`). Starts the interval anew. */
  apply(terms: SessionTerms | undefined, role: 'uac' | 'uas'): void {
    this.stop()
    this.#terms = terms
    if (terms === undefined) return
    const { refreshMs, expireMs } = planSession(terms)
    this.#refreshing = terms.refresher === role
    if (this.#refreshing) this.#timers.push(this.#clock.setTimer(refreshMs, this.#refresh))
    this.#timers.push(this.#clock.setTimer(expireMs, this.#expire))
  }

  stop(): void {
    for (const timer of this.#timers.splice(0)) timer.cancel()
    this.#terms = undefined
  }
}
