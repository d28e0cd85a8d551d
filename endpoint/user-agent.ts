/**
 * The user agent core: what sits on the transaction layer and speaks for one address.
 * Hands requests to the dialog they belong to, checks the others and offers them to its
 * owner, and keeps the list of calls. Whom to let in is decided above.
 */
import { type Dialog, dialogKeyOf } from '../protocol/sip/dialog/dialog.ts'
import { tagOf } from '../protocol/sip/headers.ts'
import { makeResponse, type SipRequest, type SipResponse } from '../protocol/sip/message.ts'
import { defaultTimers, lifetime } from '../protocol/sip/timers.ts'
import type { Address, Transport } from '../protocol/wire.ts'
import type { AgentCore, DialogOwner } from './agent-core.ts'
import type { CallSession } from './call.ts'
import type { ClientAuth } from './client-auth.ts'
import { systemClock } from './clock.ts'
import { contactValue } from './contact.ts'
import { noFaults } from './faults.ts'
import { IncomingCallSession } from './incoming-call.ts'
import { log as defaultLog } from './log.ts'
import { resolveTarget, resolveUri } from './next-hop.ts'
import { type Answer, requestOutOfDialog } from './out-of-dialog.ts'
import { OutgoingCallSession } from './outgoing-call.ts'
import { capabilities, refusalOf } from './request-checks.ts'
import { Resolver } from './resolver.ts'
import { applyRows } from './rows.ts'
import type { ServerTransaction } from './server-transaction.ts'
import { TargetHealth } from './target-health.ts'
import { TimerWheel } from './timer-wheel.ts'
import { TransactionLayer } from './transaction-layer.ts'
import type { Connection } from './transport/connection.ts'
import type {
  IncomingCall,
  IncomingRequest,
  InviteOptions,
  OutgoingCall,
  OutgoingRequest,
  RequestOptions,
  UserAgentOptions,
} from './user-agent-types.ts'

const defaultLimits = { dialogs: 20_000, serverTransactions: 400_000, lateMs: Number.POSITIVE_INFINITY }
/** The fault `wrong-contact`: the discard port of this very host. */
const deadEnd: Address = { address: '127.0.0.1', port: 9 }

export class UserAgent {
  /** A new call that passed RFC 3261 8.2's checks. Without a listener every INVITE is answered 480. */
  onInvite?: (call: IncomingCall) => void
  /** Any other request outside a dialog. Without a listener OPTIONS is answered 200, the rest 405. */
  onRequest?: (request: IncomingRequest) => void
  readonly #options: UserAgentOptions
  readonly #limits: typeof defaultLimits
  readonly #wheel: TimerWheel
  readonly #core: AgentCore
  readonly #dialogs = new Map<string, { readonly dialog: Dialog; readonly owner: DialogOwner }>()
  readonly #calls = new Set<DialogOwner>()
  /** INVITEs that made a call of ours, so that a second copy of one by another path is told from a new call. */
  readonly #invites = new Map<string, DialogOwner>()
  readonly #flowListeners = new Set<(flow: Connection) => void>()
  #closing = false

  constructor(options: UserAgentOptions) {
    const { transports, name, media, faults = noFaults, log = defaultLog, resolver = new Resolver() } = options
    this.#options = options
    this.#limits = { ...defaultLimits, ...options.limits }
    this.#wheel = new TimerWheel(options.clock ?? systemClock)
    const timers = { ...defaultTimers, ...options.timers }
    const transactions = new TransactionLayer({
      transports,
      clock: this.#wheel,
      timers,
      advertisedHost: options.advertised?.host,
      serverTransactions: this.#limits.serverTransactions,
      overloaded: () => this.#wheel.latenessMs > this.#limits.lateMs,
      faults,
      log,
    })
    transactions.onRequest = (transaction) => this.#receive(transaction)
    transactions.onAck = (ack) => this.#receiveAck(ack)
    transactions.onFlowClosed = (flow) => {
      for (const listener of this.#flowListeners) listener(flow)
    }
    this.#core = {
      name,
      media,
      faults,
      log,
      transactions,
      timers,
      clock: this.#wheel,
      health: new TargetHealth(),
      random: Math.random,
      contact: (transport, remote) => this.contact(transport, remote),
      targets: (uri) => resolveUri(resolver, uri),
      resolveTarget: (target) => resolveTarget(resolver, target),
      file: (dialog, owner) => this.#dialogs.set(dialog.key, { dialog, owner }),
      unfile: (dialog) => this.#dialogs.delete(dialog.key),
      ended: (owner) => this.#forget(owner as CallSession),
    }
  }

  /** Calls that have not ended. */
  get calls(): number {
    return this.#calls.size
  }

  /** Our Contact value for a peer reached this way. */
  contact(transport: Transport, remote: Address): string {
    const { transports, contactUser, advertised, faults = noFaults } = this.#options
    const local = faults.has('wrong-contact') ? deadEnd : transports.localFor(transport, remote)
    const host = faults.has('wrong-contact') ? local.address : (advertised?.host ?? local.address)
    return contactValue(contactUser, { address: host, port: local.port }, transport)
  }

  /** Sends a request outside a dialog, over the resolver's targets in turn, and answers challenges. Rejects with a RequestError when no response came at all. */
  async request(request: OutgoingRequest, options: RequestOptions = {}): Promise<SipResponse> {
    return (await this.exchange(request, options)).response
  }

  /** Like `request`, telling also which flow the response came by. `auth` keeps challenges from one request to the next. */
  exchange(request: OutgoingRequest, options: RequestOptions = {}, auth?: ClientAuth): Promise<Answer> {
    return requestOutOfDialog(this.#core, request, options, auth)
  }

  /** Starts a call. What goes wrong is told by the call's `ended` event. Throws a TypeError when `to` or `from` is no address. */
  invite(options: InviteOptions): OutgoingCall {
    const call = new OutgoingCallSession(this.#core, options)
    this.#calls.add(call)
    void call.start()
    return call
  }

  /** Calls back when a stream closes, until the function returned is called. */
  onFlowClosed(listener: (flow: Connection) => void): () => void {
    this.#flowListeners.add(listener)
    return () => this.#flowListeners.delete(listener)
  }

  /** Ends every call, waits up to `graceMs` for that, and lets go of all timers. The transports stay open. */
  async close(graceMs = 2000): Promise<void> {
    this.#closing = true
    const calls = [...this.#calls] as CallSession[]
    const gone = Promise.all(calls.map((call) => call.hangup({ reason: 'shutting down' })))
    if (calls.length > 0 && graceMs > 0) {
      const grace = Promise.withResolvers<void>()
      const timer = this.#wheel.setTimer(graceMs, grace.resolve)
      await Promise.race([gone, grace.promise])
      timer.cancel()
    }
    for (const call of calls) call.drop('shut down')
    this.#core.transactions.close()
    this.#wheel.close()
  }

  #receive(transaction: ServerTransaction): void {
    const { request } = transaction
    if (request.method === 'CANCEL') {
      this.#cancel(transaction)
      return
    }
    const key = dialogKeyOf(request)
    if (key !== undefined) {
      const found = this.#dialogs.get(key)
      if (found === undefined) transaction.reply(481)
      else found.owner.receive(transaction, found.dialog)
      return
    }
    const refusal = refusalOf(request)
    if (refusal !== undefined) transaction.reply(refusal.status, { rows: [['Server', this.#core.name], ...refusal.rows] })
    else if (request.method === 'INVITE') this.#offerCall(transaction)
    else this.#offerRequest(transaction)
  }

  #receiveAck(ack: SipRequest): void {
    const key = dialogKeyOf(ack)
    const found = key === undefined ? undefined : this.#dialogs.get(key)
    found?.owner.receiveAck(ack, found.dialog)
  }

  /** RFC 3261 9.2. The CANCEL is answered with the tag the INVITE's response will have. */
  #cancel(transaction: ServerTransaction): void {
    const cancel = transaction.request
    const invite = this.#core.transactions.cancelled(cancel)
    if (invite === undefined) {
      transaction.reply(481)
      return
    }
    transaction.respond(makeResponse(cancel, 200, { toTag: invite.toTag }))
    invite.onCancel?.(cancel)
  }

  #offerCall(transaction: ServerTransaction): void {
    const { request } = transaction
    const merged = inviteKey(request)
    if (this.#invites.has(merged)) {
      transaction.reply(482)
      return
    }
    if (this.#closing || this.#calls.size >= this.#limits.dialogs) {
      // Spread out, so that those turned away do not come back all at once.
      const seconds = 1 + Math.floor(this.#core.random() * 10)
      transaction.reply(503, {
        rows: [
          ['Server', this.#core.name],
          ['Retry-After', String(seconds)],
        ],
      })
      return
    }
    if (this.onInvite === undefined) {
      transaction.reply(480)
      return
    }
    const call = new IncomingCallSession(this.#core, transaction)
    this.#calls.add(call)
    this.#invites.set(merged, call)
    this.onInvite(call)
  }

  #offerRequest(transaction: ServerTransaction): void {
    const { request, connection } = transaction
    if (this.onRequest === undefined) {
      transaction.reply(request.method === 'OPTIONS' ? 200 : 405, { rows: [['Server', this.#core.name], ...capabilities] })
      return
    }
    // Its sender has given up by then; a listener that forgot it must not keep it for ever.
    const forgotten = this.#wheel.setTimer(lifetime(this.#core.timers), () => transaction.reply(500))
    this.onRequest({
      request,
      transport: connection.transport,
      remote: connection.remote,
      local: connection.local,
      flow: connection,
      tls: connection.tls,
      reply: (status, options = {}) => {
        if (status >= 200) forgotten.cancel()
        const { reason, headers = [], body } = options
        const made = { toTag: transaction.toTag, ...(reason === undefined ? {} : { reason }), ...(body === undefined ? {} : { body }) }
        const response = makeResponse(request, status, made)
        response.headers.append('Server', this.#core.name)
        applyRows(response.headers, headers)
        transaction.respond(response)
      },
    })
  }

  #forget(call: CallSession): void {
    this.#calls.delete(call)
    if (call.direction === 'in') this.#invites.delete(inviteKey(call.invite))
  }
}

/** What two copies of one INVITE have in common (RFC 3261 8.2.2.2). */
const inviteKey = ({ headers }: SipRequest): string => `${headers.get('Call-ID')}|${tagOf(headers.get('From'))}|${headers.get('CSeq')}`
