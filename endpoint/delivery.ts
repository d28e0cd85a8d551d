/**
 * One request brought to the first of several places that takes it: RFC 3263 4.3.
 * A place is left for the next one when it is silent, cannot be reached, or answers
 * 503; each try is a new transaction of the same request. Tries are spaced out with
 * jitter, so that many callers do not fall on the next server all at once.
 */
import { parseRetryAfter } from '../protocol/sip/headers.ts'
import type { SipRequest, SipResponse } from '../protocol/sip/message.ts'
import type { ClientTransaction, ClientTransactionUser } from './client-transaction.ts'
import type { Clock, Timer } from './clock.ts'
import { destinationOf } from './next-hop.ts'
import { RequestError } from './request-error.ts'
import type { Target } from './target.ts'
import type { TargetHealth } from './target-health.ts'
import type { TransactionLayer } from './transaction-layer.ts'
import type { Connection } from './transport/connection.ts'
import type { Destination } from './transport/transport-layer.ts'

export interface DeliveryCore {
  readonly transactions: TransactionLayer
  readonly clock: Clock
  readonly health: TargetHealth
  /** 0 up to 1. */
  readonly random: () => number
}

export interface DeliveryUser extends ClientTransactionUser {
  /** Before each try: the last changes to the request, such as a Contact that fits the way it goes. */
  prepare(request: SipRequest, to: Destination): void
  /** The transaction that is trying now. */
  onAttempt(transaction: ClientTransaction): void
}

/** The middle of the pause before the next place, ms; it lies between half and one and a half of that. */
const paceMs = 100

export class Delivery {
  readonly #core: DeliveryCore
  readonly #request: SipRequest
  readonly #targets: readonly Target[]
  readonly #user: DeliveryUser
  #at = 0
  #pause: Timer | undefined
  #trying = false
  #stopped = false

  constructor(core: DeliveryCore, request: SipRequest, targets: readonly Target[], user: DeliveryUser) {
    this.#core = core
    this.#request = request
    this.#targets = core.health.order(targets, core.clock.now())
    this.#user = user
  }

  /** The place that is tried, or was tried last. */
  get target(): Target | undefined {
    return this.#targets[this.#at]
  }

  start(): void {
    const target = this.#targets[this.#at]
    if (target === undefined) {
      this.#user.onFailure(new RequestError('unresolvable', `nowhere to send ${this.#request.method} ${this.#request.uri}`))
      return
    }
    const request = this.#at === 0 ? this.#request : { ...this.#request, headers: this.#request.headers.clone() }
    const to = destinationOf(target)
    this.#user.prepare(request, to)
    let transaction: ClientTransaction
    try {
      transaction = this.#core.transactions.request(request, to, {
        onResponse: (response, connection) => this.#response(target, response, connection),
        onFailure: (error) => this.#failure(target, error),
      })
    } catch (error) {
      // What cannot be written down, such as a header value with a line break, goes nowhere.
      this.#user.onFailure(new RequestError('transport', `${request.method}: ${error instanceof Error ? error.message : error}`, error))
      return
    }
    this.#trying = true
    this.#user.onAttempt(transaction)
  }

  /** No further places are tried. True when a transaction is under way: it goes on. */
  stop(): boolean {
    this.#stopped = true
    this.#pause?.cancel()
    return this.#trying
  }

  #response(target: Target, response: SipResponse, connection: Connection): void {
    if (response.status !== 503) {
      this.#core.health.worked(target)
      this.#user.onResponse(response, connection)
      return
    }
    this.#core.health.failed(target, this.#core.clock.now(), parseRetryAfter(response.headers.get('Retry-After')))
    if (!this.#next()) this.#user.onResponse(response, connection)
  }

  #failure(target: Target, error: RequestError): void {
    this.#core.health.failed(target, this.#core.clock.now())
    if (!this.#next()) this.#user.onFailure(error)
  }

  /** False when this was the last place. */
  #next(): boolean {
    if (this.#stopped || this.#at + 1 >= this.#targets.length) return false
    this.#at += 1
    this.#trying = false
    this.#pause = this.#core.clock.setTimer(paceMs * (0.5 + this.#core.random()), () => this.start())
    return true
  }
}
