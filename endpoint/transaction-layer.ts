/**
 * The transaction layer, RFC 3261 section 17: matches every message to the exchange it
 * belongs to. Below it is the transport layer, above it the user agent core, which sees
 * each request once, each response that matters, and the ACKs for its 2xx.
 */

import { tagOf } from '../protocol/sip/headers.ts'
import type { Malformed } from '../protocol/sip/malformed.ts'
import { makeResponse, type SipMessage, type SipRequest, type SipResponse } from '../protocol/sip/message.ts'
import type { SipTimers } from '../protocol/sip/timers.ts'
import { cancelledKey, magicCookie, responseKey, serverKey } from '../protocol/sip/transaction/key.ts'
import type { Transport } from '../protocol/wire.ts'
import { ClientTransaction, type ClientTransactionHost, type ClientTransactionUser, transportOf } from './client-transaction.ts'
import type { Clock } from './clock.ts'
import type { FaultSet } from './faults.ts'
import type { Log } from './log.ts'
import { sendByAnotherTransport } from './other-transport.ts'
import { ServerTransaction, type ServerTransactionHost } from './server-transaction.ts'
import { randomToken } from './token.ts'
import type { Connection } from './transport/connection.ts'
import type { Destination, TransportLayer } from './transport/transport-layer.ts'
import { type PackedResponse, packResponse } from './transport/via-routing.ts'

export interface TransactionLayerOptions {
  readonly transports: TransportLayer
  readonly clock: Clock
  readonly timers: SipTimers
  /** Host for Via, when it is not the address sent from. */
  readonly advertisedHost: string | undefined
  /** Server transactions at once; a request beyond them is refused without keeping anything. */
  readonly serverTransactions: number
  /** True while new calls are to be refused in the same way. */
  readonly overloaded: () => boolean
  readonly faults: FaultSet
  readonly log: Log
}

export class TransactionLayer {
  /** A request seen for the first time; never an ACK. */
  onRequest?: (transaction: ServerTransaction) => void
  /** An ACK that belongs to no transaction: one for a 2xx. */
  onAck?: (ack: SipRequest, connection: Connection) => void
  /** A stream closed; transactions that waited on it have been told. */
  onFlowClosed?: (flow: Connection) => void
  readonly #options: TransactionLayerOptions
  readonly #servers = new Map<string, ServerTransaction>()
  readonly #clients = new Map<string, ClientTransaction>()
  /** Client transactions by the id of the stream they were written to. */
  readonly #byStream = new Map<string, Set<ClientTransaction>>()
  readonly #serverHost: ServerTransactionHost
  readonly #clientHost: ClientTransactionHost

  constructor(options: TransactionLayerOptions) {
    this.#options = options
    const { transports, clock, timers } = options
    this.#serverHost = {
      clock,
      timers,
      prepare: (response, transaction) => this.#prepare(response, transaction),
      deliver: (transaction) => this.onRequest?.(transaction),
      ended: (transaction) => this.#servers.delete(transaction.key),
    }
    this.#clientHost = {
      clock,
      timers,
      send: (request, to) => transports.send(request, to),
      wouldExceedUdp: (request) => transports.wouldExceedUdp(request),
      via: (transport, to, branch) => this.#via(transport, to, branch),
      sent: (transaction) => this.#note(transaction),
      ended: (transaction) => this.#forget(transaction),
    }
    transports.onMessage = (message, connection) => this.#receive(message, connection)
    transports.onMalformed = (error, connection) => this.#refuseMalformed(error, connection)
    transports.onConnectionClosed = (connection, error) => this.#connectionClosed(connection, error)
  }

  /** Transactions held now. */
  get size(): { readonly client: number; readonly server: number } {
    return { client: this.#clients.size, server: this.#servers.size }
  }

  /** Sends a request as a new transaction. Its Via is written here; everything else is the caller's. */
  request(request: SipRequest, to: Destination, user: ClientTransactionUser): ClientTransaction {
    return this.#start(new ClientTransaction(this.#clientHost, request, to, user))
  }

  /** Withdraws an INVITE that has had a provisional response (RFC 3261 9.1). */
  cancel(invite: ClientTransaction, rows: Iterable<readonly [string, string]> = []): void {
    this.#start(invite.cancel(rows, { onResponse: () => {}, onFailure: () => {} }))
  }

  /** Sends the ACK for a 2xx: a transaction of its own that nobody answers (RFC 3261 13.2.2.4). */
  async acknowledge(ack: SipRequest, to: Destination): Promise<void> {
    ack.headers.delete('Via')
    ack.headers.prepend('Via', this.#via(transportOf(to), to, `${magicCookie}${randomToken()}`))
    await this.#options.transports.send(ack, to)
  }

  /** The INVITE a CANCEL speaks of (RFC 3261 9.2). */
  cancelled(cancel: SipRequest): ServerTransaction | undefined {
    const key = cancelledKey(cancel)
    return key === undefined ? undefined : this.#servers.get(key)
  }

  /** Drops every transaction and lets go of the transports. */
  close(): void {
    const { transports } = this.#options
    delete transports.onMessage
    delete transports.onMalformed
    delete transports.onConnectionClosed
    for (const transaction of this.#servers.values()) transaction.drop()
    this.#servers.clear()
    for (const transaction of [...this.#clients.values()]) transaction.drop()
  }

  #start(transaction: ClientTransaction): ClientTransaction {
    // Started first: what cannot be written throws here, and must not stay. No answer is faster than this turn.
    transaction.start()
    this.#clients.set(transaction.key, transaction)
    return transaction
  }

  #receive(message: SipMessage, connection: Connection): void {
    if (message.type === 'response') {
      const key = responseKey(message)
      const transaction = key === undefined ? undefined : this.#clients.get(key)
      // RFC 3261 18.1.2: a response that answers nothing is dropped; a late 2xx finds its transaction in Accepted.
      if (transaction === undefined) this.#options.log('sip:transaction', connection.id, 'stray %d', message.status)
      else transaction.receive(message, connection)
      return
    }
    const key = serverKey(message)
    const transaction = key === undefined ? undefined : this.#servers.get(key)
    if (message.method === 'ACK') {
      if (transaction === undefined) this.onAck?.(message, connection)
      else transaction.acknowledge(message)
    } else if (transaction !== undefined) transaction.repeat()
    else if (key !== undefined) this.#admit(key, message, connection)
  }

  #admit(key: string, request: SipRequest, connection: Connection): void {
    const { serverTransactions, overloaded } = this.#options
    const beginsCall = request.method === 'INVITE' && tagOf(request.headers.get('To')) === undefined
    if (this.#servers.size >= serverTransactions || (beginsCall && overloaded())) {
      // Spread out, so that those turned away do not come back all at once.
      this.#refuse(request, connection, 503, [['Retry-After', String(1 + Math.floor(Math.random() * 10))]])
      return
    }
    const transaction = new ServerTransaction(this.#serverHost, key, request, connection)
    this.#servers.set(key, transaction)
    transaction.start()
  }

  /** What cannot be understood is still answered where that is possible, and nothing of it is kept. */
  #refuseMalformed(error: Malformed, connection: Connection): void {
    this.#options.log('sip:transaction', connection.id, 'malformed at byte %d: %s (%s)', error.offset, error.detail, error.rule)
    const { message, status } = error
    if (message?.type !== 'request' || status === undefined || message.method === 'ACK' || !message.headers.has('Via')) return
    this.#refuse(message, connection, status, [['Warning', `399 trunkproof "${error.detail.replace(/["\\]/g, "'")}"`]])
  }

  /** A stateless response (RFC 3261 8.2.7). Its To tag is made anew each time; nobody will come back to it. */
  #refuse(request: SipRequest, connection: Connection, status: number, rows: readonly (readonly [string, string])[]): void {
    const response = makeResponse(request, status, { toTag: randomToken(), rows })
    this.#options.transports.sendResponse(response, connection).catch((error: unknown) => {
      this.#options.log('sip:transaction', connection.id, 'refusal not sent: %s', error)
    })
  }

  #prepare(response: SipResponse, { method, connection }: ServerTransaction): () => Promise<void> {
    const { transports, faults } = this.#options
    if (faults.has('answer-other-transport') && method === 'INVITE') return astray(transports, response, connection)
    try {
      return back(transports, packResponse(response, connection.transport), connection)
    } catch (error) {
      return failing(error)
    }
  }

  #via(transport: Transport, to: Destination, branch: string): string {
    const { transports, advertisedHost } = this.#options
    const { address, port } = transports.localFor(transport, 'flow' in to ? to.flow.remote : to.remote)
    const host = advertisedHost ?? address
    return `SIP/2.0/${transport.toUpperCase()} ${host.includes(':') ? `[${host}]` : host}:${port};rport;branch=${branch}`
  }

  #note(transaction: ClientTransaction): void {
    const { connection } = transaction
    if (connection === undefined || connection.transport === 'udp') return
    const waiting = this.#byStream.get(connection.id)
    if (waiting === undefined) this.#byStream.set(connection.id, new Set([transaction]))
    else waiting.add(transaction)
  }

  #forget(transaction: ClientTransaction): void {
    // A CANCEL's key is its own, yet two transactions never share one: branch and method differ.
    this.#clients.delete(transaction.key)
    const { connection } = transaction
    if (connection === undefined) return
    const waiting = this.#byStream.get(connection.id)
    if (waiting?.delete(transaction) && waiting.size === 0) this.#byStream.delete(connection.id)
  }

  #connectionClosed(connection: Connection, error: Error | undefined): void {
    const waiting = this.#byStream.get(connection.id)
    this.#byStream.delete(connection.id)
    for (const transaction of waiting ?? []) transaction.connectionLost(error ?? new Error('the connection was closed'))
    this.onFlowClosed?.(connection)
  }
}

// Each a function of its own: one closure kept would keep what its neighbours see.
const back = (transports: TransportLayer, packed: PackedResponse, connection: Connection) => () => transports.sendPacked(packed, connection)
const astray = (transports: TransportLayer, response: SipResponse, connection: Connection) => () =>
  sendByAnotherTransport(transports, response, connection)
const failing = (error: unknown) => () => Promise.reject<void>(error)
