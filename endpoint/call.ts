/**
 * A call once it has a dialog: what both directions share. How a call begins is in
 * incoming-call.ts and outgoing-call.ts, how it changes in renegotiation.ts.
 */
import { EventEmitter } from 'node:events'
import { mediaType } from '../protocol/sip/body-part.ts'
import type { Negotiations } from '../protocol/sip/dialog/collision.ts'
import type { Dialog } from '../protocol/sip/dialog/dialog.ts'
import type { SipMessage, SipRequest, SipResponse } from '../protocol/sip/message.ts'
import type { Address, TlsFacts, Transport } from '../protocol/wire.ts'
import type { AgentCore, DialogOwner } from './agent-core.ts'
import type { ClientAuth } from './client-auth.ts'
import { type DialogWay, endsDialog, requestInDialog } from './dialog-request.ts'
import type { MediaOptions, MediaSession } from './media/types.ts'
import { Renegotiation, type RenegotiationHost } from './renegotiation.ts'
import { RequestError } from './request-error.ts'
import { allow, allowedMethods, infoTypes } from './rows.ts'
import type { ServerTransaction } from './server-transaction.ts'
import { SessionKeeper } from './session-keeper.ts'
import { randomToken } from './token.ts'
import type { Connection } from './transport/connection.ts'
import type { Call, CallEnd, CallEvents, CallState, HeaderRow, SessionChange } from './user-agent-types.ts'

export abstract class CallSession extends EventEmitter<CallEvents> implements Call, DialogOwner, RenegotiationHost {
  readonly id = randomToken(6)
  abstract readonly direction: 'in' | 'out'
  abstract readonly callId: string
  abstract readonly remoteUri: string
  abstract readonly localUri: string
  abstract readonly invite: SipRequest
  readonly keeper: SessionKeeper
  readonly negotiations: { -readonly [K in keyof Negotiations]: Negotiations[K] } = {
    inviteSent: false,
    inviteReceived: false,
    offer: 'none',
  }
  media: MediaSession | undefined
  response: SipResponse | undefined
  end: CallEnd | undefined
  /** The flow the peer was seen on last. */
  flow!: Connection
  protected readonly core: AgentCore
  protected readonly auth: ClientAuth | undefined
  /** The confirmed dialog, or the early one that spoke last. */
  protected dialog: Dialog | undefined
  #state: CallState = 'setup'
  readonly #dialogs = new Set<Dialog>()
  #renegotiation: Renegotiation | undefined
  #peerAllows: readonly string[] = []
  #leaving: Promise<void> | undefined

  constructor(core: AgentCore, auth?: ClientAuth) {
    super()
    this.core = core
    this.auth = auth
    this.keeper = new SessionKeeper(core.clock, {
      refresh: () => void this.#changes.refresh(),
      expire: () => void this.bye({ by: 'timeout', status: 408, reason: 'the session was not refreshed' }),
    })
  }

  get state(): CallState {
    return this.#state
  }

  get transport(): Transport {
    return this.flow.transport
  }

  get remoteAddress(): Address {
    return this.flow.remote
  }

  get tls(): TlsFacts | undefined {
    return this.flow.tls
  }

  hangup(options: { reason?: string } = {}): Promise<void> {
    if (this.#state === 'ended') return Promise.resolve()
    this.#leaving ??= new Promise((resolve) => {
      this.once('ended', () => resolve())
      this.withdraw(options.reason)
    })
    return this.#leaving
  }

  /** Begins to end the call, as its state asks. */
  protected abstract withdraw(reason: string | undefined): void

  async sendInfo(contentType: string, body: string): Promise<SipResponse> {
    if (this.dialog === undefined || this.#state === 'ended') throw new RequestError('aborted', 'the call is not up')
    const response = await requestInDialog(this.way(), 'INFO', [['Content-Type', contentType]], body)
    if (endsDialog(response.status)) this.collapse(response.status, `INFO was answered ${response.status}`)
    return response
  }

  async reinvite(change: SessionChange): Promise<SipResponse> {
    if (this.#state !== 'confirmed') throw new RequestError('aborted', 'the call is not up')
    return this.#changes.propose(change)
  }

  /** Ends the call here without a word to the peer. */
  drop(reason: string): void {
    this.finish({ by: 'local', reason })
  }

  /** A request inside one of this call's dialogs. */
  receive(transaction: ServerTransaction, dialog: Dialog): void {
    const { request } = transaction
    if (!dialog.takeSequence(request)) {
      transaction.reply(500, { reason: 'CSeq Out of Order' })
      return
    }
    this.heard(request, transaction.connection)
    const leaving = this.#leaving !== undefined && request.method !== 'BYE' && request.method !== 'PRACK'
    if (this.#state === 'ended' || (leaving && this.#state === 'confirmed')) {
      transaction.reply(481)
      return
    }
    switch (request.method) {
      case 'BYE':
        transaction.reply(200, { rows: [['Server', this.core.name]] })
        this.leftByPeer(request)
        break
      case 'INVITE':
      case 'UPDATE':
        this.#changes.receive(transaction, dialog)
        break
      case 'INFO':
        this.#receiveInfo(transaction)
        break
      case 'PRACK':
        this.receivePrack(transaction)
        break
      case 'OPTIONS':
        transaction.reply(200, { rows: [['Allow', allow]] })
        break
      default:
        transaction.reply(allowedMethods.includes(request.method as 'ACK') ? 405 : 501, { rows: [['Allow', allow]] })
    }
  }

  receiveAck(ack: SipRequest, _dialog: Dialog): void {
    this.#renegotiation?.receiveAck(ack)
  }

  peerAllows(method: string): boolean {
    return this.#peerAllows.includes(method)
  }

  way(dialog = this.dialog): DialogWay {
    if (dialog === undefined) throw new Error(`call ${this.id} has no dialog`)
    return { core: this.core, dialog, auth: this.auth, flow: this.flow }
  }

  contact(): string {
    return this.core.contact(this.flow.transport, this.flow.remote)
  }

  renegotiated(by: 'local' | 'remote'): void {
    this.emit('renegotiated', by)
  }

  collapse(status: number, reason: string): void {
    void this.bye({ by: 'error', status, reason })
  }

  /** Notes what any message of the peer tells: the flow it uses, the methods it takes. */
  protected heard(message: SipMessage, flow: Connection): void {
    this.flow = flow
    if (message.headers.has('Allow')) this.#peerAllows = message.headers.list('Allow')
  }

  protected advance(state: 'early' | 'answered' | 'confirmed'): void {
    if (this.#state !== 'ended') this.#state = state
  }

  /** From now on requests in this dialog come here. */
  protected file(dialog: Dialog): void {
    if (this.#dialogs.has(dialog)) return
    this.#dialogs.add(dialog)
    this.core.file(dialog, this)
  }

  protected unfile(dialog: Dialog): void {
    if (this.#dialogs.delete(dialog)) this.core.unfile(dialog)
  }

  protected receivePrack(transaction: ServerTransaction): void {
    transaction.reply(481)
  }

  protected leftByPeer(bye: SipRequest): void {
    const reason = bye.headers.get('Reason')
    this.finish(reason === undefined ? { by: 'remote' } : { by: 'remote', reason })
  }

  /** Opens media, wired to this call. When the call ends meanwhile it is closed again and undefined returned. */
  protected async openMedia(options: MediaOptions): Promise<MediaSession | undefined> {
    const media = await this.core.media.create(options)
    if (this.#state === 'ended') {
      await media.close()
      return undefined
    }
    media.sendInfo = async (contentType, body) => {
      const { status, reason } = await this.sendInfo(contentType, body)
      if (status >= 300) throw new Error(`INFO was answered ${status} ${reason}`)
    }
    this.media = media
    return media
  }

  /** BYE, and the end once it was answered or given up. */
  protected async bye(end: CallEnd): Promise<void> {
    if (this.#state === 'ended') return
    this.keeper.stop()
    this.#renegotiation?.stop()
    void this.media?.close()
    if (this.dialog !== undefined && !this.core.faults.has('never-bye')) {
      const rows: HeaderRow[] =
        end.reason === undefined ? [] : [['Reason', `SIP;cause=${end.status ?? 200};text="${end.reason.replace(/["\\\r\n]/g, "'")}"`]]
      await requestInDialog(this.way(), 'BYE', rows)
    }
    this.finish(end)
  }

  /** The call is over. The first to say so wins. */
  protected finish(end: CallEnd): void {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    this.end = end
    this.keeper.stop()
    this.#renegotiation?.stop()
    for (const dialog of this.#dialogs) this.core.unfile(dialog)
    this.#dialogs.clear()
    void this.media?.close()
    this.core.ended(this)
    this.emit('ended', end)
  }

  /** Made when first wanted: most calls never change. */
  get #changes(): Renegotiation {
    this.#renegotiation ??= new Renegotiation(this)
    return this.#renegotiation
  }

  #receiveInfo(transaction: ServerTransaction): void {
    const { request } = transaction
    const contentType = request.headers.get('Content-Type')
    const type = mediaType(contentType)
    // RFC 2976: an INFO without a body asks nothing but whether we are still here.
    if (request.body.length === 0) {
      transaction.reply(200)
      return
    }
    if (!infoTypes.includes(type as 'application/dtmf')) {
      transaction.reply(415, { rows: [['Accept', infoTypes.join(', ')]] })
      return
    }
    if (this.media?.receiveInfoDigit(contentType ?? type, request.body) === false) {
      transaction.reply(400, { reason: 'Unreadable DTMF' })
      return
    }
    transaction.reply(200)
    this.emit('info', { contentType: contentType ?? type, body: request.body, request })
  }
}
