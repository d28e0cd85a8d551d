/**
 * A request of ours on its way: the machines of protocol/sip/transaction with a socket
 * and timers around them, and RFC 3261 18.1.1's change to TCP for what is too long
 * for a datagram.
 */
import { parseCSeq } from '../protocol/sip/headers.ts'
import { makeRequest, type SipRequest, type SipResponse } from '../protocol/sip/message.ts'
import type { SipTimers } from '../protocol/sip/timers.ts'
import {
  type InviteClientAction,
  type InviteClientEvent,
  type InviteClientState,
  startInviteClient,
  stepInviteClient,
} from '../protocol/sip/transaction/invite-client.ts'
import { clientKey, magicCookie } from '../protocol/sip/transaction/key.ts'
import {
  type NonInviteClientAction,
  type NonInviteClientEvent,
  type NonInviteClientState,
  startNonInviteClient,
  stepNonInviteClient,
} from '../protocol/sip/transaction/non-invite-client.ts'
import type { Transport } from '../protocol/wire.ts'
import type { Clock } from './clock.ts'
import { NamedTimers } from './named-timers.ts'
import { RequestError } from './request-error.ts'
import { randomToken } from './token.ts'
import type { Connection } from './transport/connection.ts'
import type { Destination } from './transport/transport-layer.ts'

/** Who asked for the request. */
export interface ClientTransactionUser {
  /** Every provisional response, the final one, and for INVITE each further 2xx. */
  onResponse(response: SipResponse, connection: Connection): void
  /** There will be no final response. */
  onFailure(error: RequestError): void
}

/** What a transaction needs of the layer it lives in. */
export interface ClientTransactionHost {
  readonly clock: Clock
  readonly timers: SipTimers
  send(request: SipRequest, to: Destination): Promise<Connection>
  wouldExceedUdp(request: SipRequest): boolean
  /** The Via value for a request that leaves by this way. */
  via(transport: Transport, to: Destination, branch: string): string
  sent(transaction: ClientTransaction): void
  ended(transaction: ClientTransaction): void
}

type TimerName = 'A' | 'B' | 'D' | 'M' | 'E' | 'F' | 'K'

export class ClientTransaction {
  readonly key: string
  readonly request: SipRequest
  readonly #host: ClientTransactionHost
  readonly #user: ClientTransactionUser
  readonly #timers: NamedTimers<TimerName>
  readonly #branch: string
  /** It has its Via already and goes the way it was told: a CANCEL. */
  readonly #ready: boolean
  #to: Destination
  /** Where to fall back to when the stream that a long request asks for cannot be had. */
  #fallback: Destination | undefined
  #state: InviteClientState | NonInviteClientState | undefined
  #connection: Connection | undefined
  #response: SipResponse | undefined
  #responseConnection: Connection | undefined
  #cause: unknown

  /** The request's Via rows are replaced: it must be no other transaction's. `branch` is given only for CANCEL. */
  constructor(host: ClientTransactionHost, request: SipRequest, to: Destination, user: ClientTransactionUser, branch?: string) {
    this.#host = host
    this.request = request
    this.#to = to
    this.#user = user
    this.#ready = branch !== undefined
    this.#branch = branch ?? `${magicCookie}${randomToken()}`
    this.key = clientKey(this.#branch, request.method)
    this.#timers = new NamedTimers(host.clock, (timer) => this.#feed({ type: 'timer', timer } as Event))
  }

  /** What the request was written to; undefined until it was. */
  get connection(): Connection | undefined {
    return this.#connection
  }

  get phase(): string {
    return this.#state?.phase ?? 'terminated'
  }

  /** Sends; called once by the layer. */
  start(): void {
    if (this.#ready) {
      this.#begin()
      return
    }
    this.#stamp()
    if (transportOf(this.#to) === 'udp' && this.#host.wouldExceedUdp(this.request)) {
      const { remote } = 'flow' in this.#to ? this.#to.flow : this.#to
      this.#fallback = this.#to
      this.#to = { transport: 'tcp', remote }
      this.#stamp()
    }
    this.#begin()
  }

  /** A response to this request came in. */
  receive(response: SipResponse, connection: Connection): void {
    this.#response = response
    this.#responseConnection = connection
    this.#feed({ type: 'response', status: response.status })
  }

  /** The stream it was written to closed. Only an unanswered request is lost by that: the peer may answer over a new one. */
  connectionLost(cause: unknown): void {
    if (this.phase !== 'calling' && this.phase !== 'trying') return
    this.#cause = cause
    this.#feed({ type: 'transport-error' })
  }

  /** Ends it without a word, to its user or to the peer. */
  drop(): void {
    if (this.#state === undefined || this.phase === 'terminated') return
    this.#timers.stopAll()
    this.#state = { ...this.#state, phase: 'terminated' }
    this.#host.ended(this)
  }

  /** The CANCEL for this INVITE: same Via, same way, number and addresses (RFC 3261 9.1). */
  cancel(rows: Iterable<readonly [string, string]>, user: ClientTransactionUser): ClientTransaction {
    const cancel = this.#sibling('CANCEL')
    for (const [name, value] of rows) cancel.headers.append(name, value)
    return new ClientTransaction(this.#host, cancel, this.#sameWay(), user, this.#branch)
  }

  #stamp(): void {
    this.request.headers.delete('Via')
    this.request.headers.prepend('Via', this.#host.via(transportOf(this.#to), this.#to, this.#branch))
  }

  #begin(): void {
    const { timers } = this.#host
    const reliable = transportOf(this.#to) !== 'udp'
    const step = this.request.method === 'INVITE' ? startInviteClient(reliable, timers) : startNonInviteClient(reliable, timers)
    this.#state = step.state
    this.#perform(step.actions)
  }

  #feed(event: Event): void {
    if (this.#state === undefined) return
    const { timers } = this.#host
    const step =
      this.request.method === 'INVITE'
        ? stepInviteClient(this.#state as InviteClientState, event as InviteClientEvent, timers)
        : stepNonInviteClient(this.#state as NonInviteClientState, event as NonInviteClientEvent, timers)
    this.#state = step.state
    this.#perform(step.actions)
  }

  #perform(actions: readonly Action[]): void {
    for (const action of actions) {
      switch (action.type) {
        case 'send':
          this.#send()
          break
        case 'acknowledge':
          this.#acknowledge()
          break
        case 'deliver':
          this.#user.onResponse(this.#response!, this.#responseConnection!)
          break
        case 'start':
          this.#timers.start(action.timer, action.ms)
          break
        case 'stop':
          this.#timers.stop(action.timer)
          break
        case 'fail':
          this.#fail(action.why)
          break
        case 'end':
          this.#timers.stopAll()
          this.#host.ended(this)
          break
      }
    }
  }

  #fail(why: 'timeout' | 'transport'): void {
    // A final response was delivered: what fails now is its ACK or the wait for its repeats, nobody's concern.
    if (this.#response !== undefined && this.#response.status >= 200) return
    const { method, uri } = this.request
    if (why === 'timeout') this.#user.onFailure(new RequestError('timeout', `no response to ${method} ${uri}`))
    else this.#user.onFailure(new RequestError('transport', `${method} ${uri} could not be sent: ${messageOf(this.#cause)}`, this.#cause))
  }

  #send(): void {
    const to = this.#to
    this.#host.send(this.request, to).then(
      (connection) => {
        if (this.phase === 'terminated') return
        this.#connection ??= connection
        this.#host.sent(this)
      },
      (error: unknown) => {
        if (to !== this.#to) return
        this.#cause = error
        if (!this.#fallBack()) this.#feed({ type: 'transport-error' })
      },
    )
  }

  /** RFC 3261 18.1.1: an element that speaks no TCP there is tried over UDP after all. */
  #fallBack(): boolean {
    if (this.#fallback === undefined || this.phase === 'terminated') return false
    this.#to = this.#fallback
    this.#fallback = undefined
    this.#timers.stopAll()
    this.#stamp()
    this.#begin()
    return true
  }

  /** The ACK for a non-2xx: same branch, same way (RFC 3261 17.1.1.3). */
  #acknowledge(): void {
    const ack = this.#sibling('ACK')
    const to = this.#response!.headers.get('To')
    if (to !== undefined) ack.headers.set('To', to)
    this.#host.send(ack, this.#sameWay()).catch(() => this.#feed({ type: 'transport-error' }))
  }

  #sameWay(): Destination {
    return this.#connection?.open === true ? { flow: this.#connection } : this.#to
  }

  #sibling(method: string): SipRequest {
    const { headers } = this.request
    const sibling = makeRequest(method, this.request.uri, [])
    for (const name of ['Via', 'Max-Forwards', 'Route', 'From', 'To', 'Call-ID']) {
      for (const value of headers.rows(name)) sibling.headers.append(name, value)
    }
    sibling.headers.append('CSeq', `${parseCSeq(headers.get('CSeq'))?.number} ${method}`)
    return sibling
  }
}

export const transportOf = (to: Destination): Transport => ('flow' in to ? to.flow.transport : to.transport)

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

type Event = InviteClientEvent | NonInviteClientEvent
type Action = InviteClientAction | NonInviteClientAction
