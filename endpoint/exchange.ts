/**
 * One request of ours with everything it may take: finding out where it goes, other
 * places when one fails, one more try when a challenge can be answered, and for an
 * INVITE its CANCEL. Ends with one final response or one failure.
 */

import type { RoutedRequest } from '../protocol/sip/dialog/dialog.ts'
import type { SipRequest, SipResponse } from '../protocol/sip/message.ts'
import { lifetime, type SipTimers } from '../protocol/sip/timers.ts'
import type { ClientAuth } from './client-auth.ts'
import type { ClientTransaction } from './client-transaction.ts'
import type { Timer } from './clock.ts'
import { Delivery, type DeliveryCore } from './delivery.ts'
import { RequestError } from './request-error.ts'
import type { Target } from './target.ts'
import type { Connection } from './transport/connection.ts'
import type { Destination } from './transport/transport-layer.ts'
import type { HeaderRow } from './user-agent-types.ts'

export interface ExchangeCore extends DeliveryCore {
  readonly timers: SipTimers
}

export interface ExchangePlan {
  /** The request, anew for each try: with the next CSeq number. `authorize` yields its credentials. */
  make(authorize: (method: string, uri: string, body?: Uint8Array) => HeaderRow[]): RoutedRequest
  /** The places for the request; may reject with a RequestError. */
  targets(nextHop: string): Promise<readonly Target[]>
  prepare?(request: SipRequest, to: Destination): void
  readonly auth?: ClientAuth | undefined
  onProvisional?(response: SipResponse, request: SipRequest, connection: Connection): void
  /** Once, unless `onFailure` is called. */
  onFinal(response: SipResponse, request: SipRequest, connection: Connection): void
  /** A 2xx to INVITE after the first: repeated, or of another fork. */
  onFurther2xx?(response: SipResponse, request: SipRequest): void
  onFailure(error: RequestError): void
}

/** Challenges answered in one exchange: each proxy on the path and the peer may ask, some with a stale nonce. */
const mostTries = 6

export class Exchange {
  readonly #core: ExchangeCore
  readonly #plan: ExchangePlan
  readonly #tried = new Set<string>()
  #tries = 0
  #request: SipRequest | undefined
  #delivery: Delivery | undefined
  #transaction: ClientTransaction | undefined
  #provisional = false
  #done = false
  #cancelRows: readonly HeaderRow[] | undefined
  #cancelTimer: Timer | undefined

  constructor(core: ExchangeCore, plan: ExchangePlan) {
    this.#core = core
    this.#plan = plan
  }

  /** The request as sent last. */
  get request(): SipRequest | undefined {
    return this.#request
  }

  get done(): boolean {
    return this.#done
  }

  /** Sends. Never rejects: failures go to `onFailure`. */
  async start(): Promise<void> {
    const last = this.#delivery?.target
    this.#delivery = undefined
    const { request, nextHop } = this.#plan.make((method, uri, body) => this.#plan.auth?.rows(method, uri, body) ?? [])
    this.#request = request
    let targets: readonly Target[]
    try {
      targets = await this.#plan.targets(nextHop)
    } catch (error) {
      this.#fail(error instanceof RequestError ? error : new RequestError('unresolvable', String(error), error))
      return
    }
    if (!this.#done) this.#deliver(request, startingWith(last, targets))
  }

  /** Sends the request once more after its final response: for a caller that can mend what was wrong with it. */
  again(): Promise<void> {
    this.#done = false
    this.#tried.clear()
    return this.start()
  }

  /**
   * Withdraws an INVITE. The final response (487, or a 2xx that was faster) still comes
   * to `onFinal`; where the INVITE never left, or nothing comes for 64*T1 after the
   * CANCEL (RFC 3261 9.1), `onFailure` says `aborted`.
   */
  cancel(rows: readonly HeaderRow[] = []): void {
    if (this.#done || this.#cancelRows !== undefined) return
    this.#cancelRows = rows
    if (this.#delivery?.stop() !== true) this.abort('withdrawn before it was sent')
    // RFC 3261 9.1: not before a provisional response has come. One that never comes ends the INVITE by timer B.
    else if (this.#provisional) this.#sendCancel()
  }

  /** Ends it here and now, without a word to the peer. */
  abort(why: string): void {
    this.#fail(new RequestError('aborted', why))
    this.#delivery?.stop()
    this.#transaction?.drop()
  }

  #deliver(request: SipRequest, targets: readonly Target[]): void {
    this.#provisional = false
    this.#transaction = undefined
    this.#delivery = new Delivery(this.#core, request, targets, {
      prepare: (sent, to) => {
        this.#request = sent
        this.#plan.prepare?.(sent, to)
      },
      onAttempt: (transaction) => {
        this.#transaction = transaction
      },
      onResponse: (response, connection) => this.#response(response, connection),
      onFailure: (error) => this.#fail(this.#cancelRows === undefined ? error : new RequestError('aborted', 'withdrawn', error)),
    })
    this.#delivery.start()
  }

  #response(response: SipResponse, connection: Connection): void {
    const request = this.#request!
    if (this.#done) {
      if (response.status >= 200 && response.status < 300) this.#plan.onFurther2xx?.(response, request)
      return
    }
    if (response.status < 200) {
      const first = !this.#provisional
      this.#provisional = true
      if (this.#cancelRows === undefined) this.#plan.onProvisional?.(response, request, connection)
      else if (first) this.#sendCancel()
      return
    }
    if (this.#answers(response)) {
      this.#tries += 1
      void this.start()
      return
    }
    this.#finish()
    this.#plan.onFinal(response, request, connection)
  }

  #answers(response: SipResponse): boolean {
    if ((response.status !== 401 && response.status !== 407) || this.#cancelRows !== undefined) return false
    return this.#tries < mostTries && this.#plan.auth?.take(response, this.#tried) === true
  }

  #sendCancel(): void {
    if (this.#transaction === undefined) return
    this.#core.transactions.cancel(this.#transaction, this.#cancelRows)
    this.#cancelTimer = this.#core.clock.setTimer(lifetime(this.#core.timers), () => this.abort('no final response after CANCEL'))
  }

  #fail(error: RequestError): void {
    if (this.#done) return
    this.#finish()
    this.#plan.onFailure(error)
  }

  #finish(): void {
    this.#done = true
    this.#cancelTimer?.cancel()
  }
}

/** Credentials go to the server that asked for them: another one would ask again. */
function startingWith(first: Target | undefined, targets: readonly Target[]): readonly Target[] {
  const same = targets.filter((target) => target.transport === first?.transport && target.host === first.host && target.port === first.port)
  return same.length === 0 ? targets : [...same, ...targets.filter((target) => !same.includes(target))]
}
