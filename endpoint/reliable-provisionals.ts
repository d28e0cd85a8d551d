import {
  newProvisionalServer,
  type ProvisionalServerEvent,
  type ProvisionalServerState,
  stepProvisionalServer,
} from '../protocol/sip/dialog/reliable-provisional.ts'
import { parseCSeq, parseRAck } from '../protocol/sip/headers.ts'
import type { SipResponse } from '../protocol/sip/message.ts'
import type { SipTimers } from '../protocol/sip/timers.ts'
import type { Clock } from './clock.ts'
import { NamedTimers } from './named-timers.ts'
import type { ServerTransaction } from './server-transaction.ts'

export interface ReliableProvisionalsUser {
  /** The PRACK has named this response: answer it. */
  confirmed(response: SipResponse, prack: ServerTransaction): void
  /** No PRACK in 64*T1. */
  failed(): void
}

/** The callee's side of RFC 3262 for one INVITE: numbers, repeats and queues its reliable provisional responses. */
export class ReliableProvisionals {
  readonly #core: { readonly clock: Clock; readonly timers: SipTimers }
  readonly #invite: ServerTransaction
  readonly #user: ReliableProvisionalsUser
  readonly #timers: NamedTimers<'retransmit' | 'give-up'>
  /** The one on its way, and those behind it. */
  readonly #queue: SipResponse[] = []
  readonly #waiters: (() => void)[] = []
  #state: ProvisionalServerState

  constructor(
    core: { readonly clock: Clock; readonly timers: SipTimers; readonly random: () => number },
    invite: ServerTransaction,
    user: ReliableProvisionalsUser,
  ) {
    this.#core = core
    this.#invite = invite
    this.#user = user
    this.#timers = new NamedTimers(core.clock, (timer) => this.#feed({ type: 'timer', timer }))
    // Section 3 allows the first number up to 2^31 - 1; below 2^16 it is easier to read in a trace.
    this.#state = newProvisionalServer(1 + Math.floor(core.random() * 0xffff))
  }

  send(response: SipResponse): void {
    this.#queue.push(response)
    this.#feed({ type: 'respond' })
  }

  receive(prack: ServerTransaction): void {
    const rack = parseRAck(prack.request.headers.get('RAck'))
    const cseq = parseCSeq(this.#invite.request.headers.get('CSeq'))
    const matches = rack !== undefined && rack.cseq === cseq?.number && rack.method === 'INVITE'
    this.#feed({ type: 'prack', rseq: rack?.rseq ?? 0, matches }, prack)
  }

  /** Resolves once nothing waits for a PRACK: section 3 wants that before a 2xx. */
  settled(): Promise<void> {
    return this.#state.waiting ? new Promise((resolve) => this.#waiters.push(resolve)) : Promise.resolve()
  }

  /** The INVITE has its final response. */
  stop(): void {
    this.#feed({ type: 'final' })
  }

  #feed(event: ProvisionalServerEvent, prack?: ServerTransaction): void {
    const step = stepProvisionalServer(this.#state, event, this.#core.timers)
    this.#state = step.state
    for (const action of step.actions) {
      switch (action.type) {
        case 'send':
          this.#queue[0]?.headers.set('RSeq', String(action.rseq))
          if (this.#queue[0] !== undefined) this.#invite.respond(this.#queue[0])
          break
        case 'confirm': {
          const response = this.#queue.shift()
          if (response !== undefined && prack !== undefined) this.#user.confirmed(response, prack)
          break
        }
        case 'refuse':
          prack?.reply(481)
          break
        case 'fail':
          this.#queue.length = 0
          this.#user.failed()
          break
        case 'start':
          this.#timers.start(action.timer, action.ms)
          break
        case 'stop':
          this.#timers.stop(action.timer)
          break
      }
    }
    if (!this.#state.waiting) for (const resolve of this.#waiters.splice(0)) resolve()
  }
}
