/**
 * A request being answered: the machines of protocol/sip/transaction with a socket
 * and timers around them.
 */
import { makeResponse, type ResponseOptions, type SipRequest, type SipResponse } from '../protocol/sip/message.ts'
import type { SipTimers } from '../protocol/sip/timers.ts'
import {
  type InviteServerAction,
  type InviteServerEvent,
  type InviteServerState,
  startInviteServer,
  stepInviteServer,
} from '../protocol/sip/transaction/invite-server.ts'
import {
  type NonInviteServerAction,
  type NonInviteServerEvent,
  type NonInviteServerState,
  startNonInviteServer,
  stepNonInviteServer,
} from '../protocol/sip/transaction/non-invite-server.ts'
import type { TransactionFailure } from '../protocol/sip/transaction/step.ts'
import type { Clock } from './clock.ts'
import { NamedTimers } from './named-timers.ts'
import { randomToken } from './token.ts'
import type { Connection } from './transport/connection.ts'

/** What a transaction needs of the layer it lives in. */
export interface ServerTransactionHost {
  readonly clock: Clock
  readonly timers: SipTimers
  /** What sends a response, as often as it is called; it holds as little of it as that takes. */
  prepare(response: SipResponse, transaction: ServerTransaction): () => Promise<void>
  deliver(transaction: ServerTransaction): void
  ended(transaction: ServerTransaction): void
}

type TimerName = '100' | 'G' | 'H' | 'I' | 'L' | 'J'

/**
 * Most of its life is spent waiting for repeats of a request that was answered long ago
 * (timers J and L, 32 s): then it holds no more than that takes.
 */
export class ServerTransaction {
  readonly key: string
  readonly method: string
  /** The flow the request came on. */
  readonly connection: Connection
  /** The tag our responses add to To, where it has none. */
  readonly toTag: string
  /** The caller withdrew the INVITE; its own answer to CANCEL is sent already. */
  onCancel: ((cancel: SipRequest) => void) | undefined
  /** ACK for a 2xx that came on this transaction (RFC 2543 peers only; others' ACKs have a branch of their own). */
  onAck: ((ack: SipRequest) => void) | undefined
  /** The ACK for a non-2xx never came, or a response could not be sent. */
  onFailure: ((why: TransactionFailure) => void) | undefined
  readonly #host: ServerTransactionHost
  readonly #timers: NamedTimers<TimerName>
  #request: SipRequest | undefined
  #state: InviteServerState | NonInviteServerState
  #sendAgain: (() => Promise<void>) | undefined
  #ack: SipRequest | undefined

  constructor(host: ServerTransactionHost, key: string, request: SipRequest, connection: Connection) {
    this.#host = host
    this.key = key
    this.method = request.method
    this.#request = request
    this.connection = connection
    this.toTag = randomToken()
    this.#timers = new NamedTimers(host.clock, (timer) => this.#feed({ type: 'timer', timer } as Event))
    this.#state = { phase: 'trying', reliable: connection.transport !== 'udp' }
  }

  /** Until it has its final response, or as long as its user did not release it. */
  get request(): SipRequest {
    if (this.#request === undefined) throw new Error(`the ${this.method} transaction was released`)
    return this.#request
  }

  /** The phase of RFC 3261 17.2's figures. */
  get phase(): string {
    return this.#state.phase
  }

  /** Hands the request up; called once by the layer. */
  start(): void {
    const { reliable } = this.#state
    const step = this.method === 'INVITE' ? startInviteServer(reliable, this.#host.timers) : startNonInviteServer(reliable)
    this.#state = step.state
    this.#perform(step.actions)
  }

  /** Sends a response. One that comes after the final response is dropped, except a repeated 2xx to INVITE. */
  respond(response: SipResponse): void {
    if (this.#mayAnswer(response.status)) this.#sendAgain = this.#host.prepare(response, this)
    this.#feed({ type: 'respond', status: response.status })
    if (this.method !== 'INVITE') this.release()
  }

  /** Makes a response to the request, with our To tag, and sends it. */
  reply(status: number, options: ResponseOptions = {}): void {
    this.respond(makeResponse(this.request, status, { ...options, toTag: this.toTag }))
  }

  /** The request was received again. */
  repeat(): void {
    this.#feed({ type: 'request' })
  }

  acknowledge(ack: SipRequest): void {
    this.#ack = ack
    this.#feed({ type: 'ack' })
  }

  /** Its user wants nothing more of it: it only goes on to absorb repeats. Without effect before the final response. */
  release(): void {
    const { phase } = this.#state
    if (phase === 'trying' || phase === 'proceeding') return
    // Not `delete`: that would make a dictionary of each of tens of thousands.
    this.onCancel = undefined
    this.onAck = undefined
    this.onFailure = undefined
    this.#request = undefined
    // Nothing is ever sent again for an accepted INVITE but by its user.
    if (phase === 'accepted') this.#sendAgain = undefined
  }

  /** Stops all timers without a word. */
  drop(): void {
    this.#timers.stopAll()
    this.#state = { ...this.#state, phase: 'terminated' } as InviteServerState | NonInviteServerState
  }

  #mayAnswer(status: number): boolean {
    const { phase } = this.#state
    return phase === 'trying' || phase === 'proceeding' || (phase === 'accepted' && status >= 200 && status < 300)
  }

  #feed(event: Event): void {
    const { timers } = this.#host
    const step =
      this.method === 'INVITE'
        ? stepInviteServer(this.#state as InviteServerState, event as InviteServerEvent, timers)
        : stepNonInviteServer(this.#state as NonInviteServerState, event as NonInviteServerEvent, timers)
    this.#state = step.state
    this.#perform(step.actions)
  }

  #perform(actions: readonly Action[]): void {
    for (const action of actions) {
      switch (action.type) {
        case 'send':
          this.#send()
          break
        case 'trying':
          this.#sendAgain = this.#host.prepare(makeResponse(this.request, 100), this)
          this.#send()
          break
        case 'deliver':
          if (this.#ack === undefined) this.#host.deliver(this)
          else this.onAck?.(this.#ack)
          break
        case 'start':
          this.#timers.start(action.timer, action.ms)
          break
        case 'stop':
          this.#timers.stop(action.timer)
          break
        case 'fail':
          this.onFailure?.(action.why)
          break
        case 'end':
          this.#timers.stopAll()
          this.#host.ended(this)
          break
      }
    }
  }

  #send(): void {
    this.#sendAgain?.().catch(() => this.#feed({ type: 'transport-error' }))
  }
}

type Event = InviteServerEvent | NonInviteServerEvent
type Action = InviteServerAction | NonInviteServerAction
