import { lifetime, type SipTimers } from '../protocol/sip/timers.ts'
import type { Clock } from './clock.ts'
import { NamedTimers } from './named-timers.ts'

/**
 * Repeats a 2xx to INVITE until its ACK: RFC 3261 13.3.1.4. The user agent core does
 * this on every transport, because a proxy on the way may have changed to UDP.
 */
export class AnswerRepeater {
  readonly #timers: NamedTimers<'repeat' | 'give-up'>

  constructor(core: { readonly clock: Clock; readonly timers: SipTimers }, send: () => void, giveUp: () => void) {
    const { clock, timers } = core
    let interval = timers.t1
    this.#timers = new NamedTimers(clock, (name) => {
      if (name === 'give-up') {
        this.stop()
        giveUp()
        return
      }
      interval = Math.min(interval * 2, timers.t2)
      this.#timers.start('repeat', interval)
      send()
    })
    this.#timers.start('repeat', interval)
    this.#timers.start('give-up', lifetime(timers))
  }

  stop(): void {
    this.#timers.stopAll()
  }
}
