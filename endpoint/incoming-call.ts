/** A call from the other side: RFC 3261 13.3, with reliable provisionals (RFC 3262). */
import { bodyPart } from '../protocol/sip/body-part.ts'
import { Dialog } from '../protocol/sip/dialog/dialog.ts'
import { decideAsServer } from '../protocol/sip/dialog/session-timer.ts'
import { readNameAddr } from '../protocol/sip/headers.ts'
import { makeResponse, type SipRequest, type SipResponse } from '../protocol/sip/message.ts'
import type { AgentCore } from './agent-core.ts'
import { AnswerRepeater } from './answer-repeater.ts'
import { CallSession } from './call.ts'
import type { Timer } from './clock.ts'
import type { MediaOptions, MediaSession } from './media/types.ts'
import { ReliableProvisionals } from './reliable-provisionals.ts'
import { RequestError } from './request-error.ts'
import { allow, applyRows, sdpType, supportedOptions, warning, withSdp } from './rows.ts'
import type { ServerTransaction } from './server-transaction.ts'
import type { HeaderRow, IncomingCall, ProvisionalOptions } from './user-agent-types.ts'

/** RFC 3261 13.3.1.1: a provisional response at least once a minute, or proxies give the call up. */
const reminderMs = 60_000

/** A caller that neither waits nor cancels is not kept longer; RFC 3261 13.3.1 leaves the figure to us. */
const longestSetupSeconds = 600

export class IncomingCallSession extends CallSession implements IncomingCall {
  override readonly direction = 'in'
  readonly callId: string
  readonly remoteUri: string
  readonly localUri: string
  readonly invite: SipRequest
  readonly #transaction: ServerTransaction
  readonly #dialog: Dialog
  readonly #offer: string | undefined
  readonly #acknowledged = Promise.withResolvers<void>()
  #reminder: Timer | undefined
  readonly #expiry: Timer
  #repeater: AnswerRepeater | undefined
  #mediaStart: Timer | undefined
  #reliableProvisionals: ReliableProvisionals | undefined
  #answering = false
  /** The caller's offer has been answered by an early response that it PRACKs. */
  #settledEarly = false

  constructor(core: AgentCore, transaction: ServerTransaction) {
    super(core)
    const { request } = transaction
    this.#transaction = transaction
    this.invite = request
    this.callId = request.headers.get('Call-ID') ?? ''
    this.remoteUri = uriOf(request.headers.get('From'))
    this.localUri = uriOf(request.headers.get('To'))
    this.heard(request, transaction.connection)
    this.#dialog = Dialog.ofServer(request, transaction.toTag)
    this.#offer = bodyPart(request, sdpType)
    this.negotiations.inviteReceived = true
    if (this.#offer !== undefined) this.negotiations.offer = 'theirs'
    // Nobody needs to listen to an answer() that was never called.
    this.#acknowledged.promise.catch(() => {})
    transaction.onCancel = (cancel) => this.#cancelled(487, cancel.headers.get('Reason') ?? 'cancelled')
    transaction.onAck = (ack) => this.receiveAck(ack, this.#dialog)
    transaction.onFailure = (why) => core.log('sip:call', this.id, 'response: %s', why)
    const expires = Number(request.headers.get('Expires') ?? Number.NaN)
    const seconds = expires > 0 ? Math.min(expires, longestSetupSeconds) : longestSetupSeconds
    this.#expiry = core.clock.setTimer(seconds * 1000, () => this.#cancelled(487, 'the INVITE expired'))
  }

  ring(options: ProvisionalOptions = {}): void {
    const response = this.#provisional(180, options)
    if (response !== undefined) this.emit('ringing', response)
  }

  async progress(options: ProvisionalOptions & { media?: MediaOptions } = {}): Promise<void> {
    let description: string | undefined
    if (options.media !== undefined && this.media === undefined) {
      const media = await this.openMedia(options.media)
      if (media === undefined || this.#over) return
      description = this.#describe(media, options)
      if (description === undefined && this.#over) return
    }
    this.#provisional(183, options, this.#settledEarly ? undefined : (description ?? this.media?.localSdp))
    if (this.media?.negotiated !== undefined) this.media.start()
  }

  async answer(options: { media: MediaOptions; headers?: readonly HeaderRow[] }): Promise<void> {
    if (this.#answering || this.state === 'answered' || this.state === 'confirmed') throw new Error('the call is answered already')
    this.#answering = true
    if (this.#reliableProvisionals !== undefined) await this.#reliableProvisionals.settled()
    const media = this.state === 'ended' ? undefined : (this.media ?? (await this.#open(options.media)))
    if (media === undefined || this.#over) throw this.#gone()
    const timer = decideAsServer(this.invite)
    if (!timer.accepted) {
      this.reject(422, { headers: timer.rows })
      throw this.#gone()
    }
    const description = this.#settledEarly ? undefined : (media.localSdp ?? this.#describe(media, { reliable: true }))
    if (this.#over) throw this.#gone()
    const rows = withSdp(this.#rows([...timer.rows, ...(options.headers ?? [])]), description)
    const response = makeResponse(this.invite, 200, { toTag: this.#transaction.toTag, body: description ?? '' })
    applyRows(response.headers, rows)
    this.#final(response)
    this.negotiations.inviteReceived = false
    if (this.negotiations.offer === 'theirs') this.negotiations.offer = 'none'
    this.#confirmDialog()
    this.advance('answered')
    this.#repeater = new AnswerRepeater(
      this.core,
      () => this.#transaction.respond(response),
      () => void this.bye({ by: 'timeout', status: 408, reason: 'no ACK' }),
    )
    this.keeper.apply(timer.terms, 'uas')
    this.#mediaStart = this.core.clock.setTimer(this.core.timers.t1, () => this.#startMedia())
    this.emit('answered', response)
    return this.#acknowledged.promise
  }

  reject(status: number, options: { reason?: string; headers?: readonly HeaderRow[] } = {}): void {
    if (status < 300 || status > 699) throw new RangeError(`${status} rejects nothing`)
    if (this.#over) return
    const { reason, headers = [] } = options
    const response = makeResponse(this.invite, status, { toTag: this.#transaction.toTag, ...(reason === undefined ? {} : { reason }) })
    applyRows(response.headers, [['Server', this.core.name], ...headers])
    this.#final(response)
    this.finish({ by: 'local', status, reason: response.reason })
  }

  challenge(values: readonly string[]): void {
    this.reject(401, { headers: values.map((value) => ['WWW-Authenticate', value]) })
  }

  protected override withdraw(reason: string | undefined): void {
    if (!this.#over) {
      this.reject(603, reason === undefined ? {} : { reason })
      return
    }
    // RFC 3261 15: the callee may not send BYE before the ACK; the repeater gives up in time.
    const end = reason === undefined ? ({ by: 'local' } as const) : ({ by: 'local', reason } as const)
    this.#acknowledged.promise.then(
      () => this.bye(end),
      () => {},
    )
  }

  override receiveAck(ack: SipRequest, dialog: Dialog): void {
    if (this.state !== 'answered') {
      super.receiveAck(ack, dialog)
      return
    }
    this.#repeater?.stop()
    if (this.negotiations.offer === 'ours') {
      this.negotiations.offer = 'none'
      const answer = bodyPart(ack, sdpType)
      const taken = answer === undefined ? undefined : this.media?.acceptAnswer(answer)
      if (taken?.ok !== true) {
        this.collapse(488, taken?.why ?? 'the ACK brought no answer')
        return
      }
    }
    this.#startMedia()
    this.advance('confirmed')
    this.emit('confirmed')
    this.#acknowledged.resolve()
  }

  protected override receivePrack(transaction: ServerTransaction): void {
    this.#reliable.receive(transaction)
  }

  /** A caller may send BYE to an early dialog too: its INVITE is answered 487 then (RFC 3261 15.1.2). */
  protected override leftByPeer(bye: SipRequest): void {
    if (!this.#over) this.#final(makeResponse(this.invite, 487, { toTag: this.#transaction.toTag }))
    super.leftByPeer(bye)
  }

  protected override finish(end: Parameters<CallSession['finish']>[0]): void {
    this.#reminder?.cancel()
    this.#expiry.cancel()
    this.#repeater?.stop()
    this.#mediaStart?.cancel()
    const confirmed = this.state === 'confirmed'
    super.finish(end)
    if (!confirmed) this.#acknowledged.reject(this.#gone())
    this.#transaction.release()
  }

  /** Made when first wanted: few calls use them. */
  get #reliable(): ReliableProvisionals {
    this.#reliableProvisionals ??= new ReliableProvisionals(this.core, this.#transaction, {
      confirmed: (response, prack) => this.#pracked(response, prack),
      failed: () => this.reject(504, { reason: 'No PRACK' }),
    })
    return this.#reliableProvisionals
  }

  /** The INVITE has its final response. */
  get #over(): boolean {
    return this.response !== undefined || this.state === 'ended'
  }

  /**
   * At the ACK, or after T1 where that is lost: a server that begins at its 2xx sends most
   * where it can least, to callers that its own lateness keeps from acknowledging.
   */
  #startMedia(): void {
    this.#mediaStart?.cancel()
    if (this.media?.negotiated !== undefined) this.media.start()
  }

  #gone(): RequestError {
    return new RequestError('aborted', `the call ended before it was up: ${this.end?.reason ?? this.end?.by ?? 'answered'}`)
  }

  async #open(options: MediaOptions): Promise<MediaSession | undefined> {
    try {
      return await this.openMedia(options)
    } catch (error) {
      this.reject(500, { reason: 'No Media', headers: [warning(String(error))] })
      throw error
    }
  }

  /** Our description for a response: an answer to the caller's offer, or where it may be, an offer. Rejects the call with 488 when there is none. */
  #describe(media: MediaSession, { reliable = false }: ProvisionalOptions): string | undefined {
    if (this.#offer === undefined) {
      // An offer may only travel where its arrival is certain: in a 2xx or a reliable provisional (RFC 3262 section 5).
      if (!reliable && !this.#peerRequires) return undefined
      this.negotiations.offer = 'ours'
      return media.createOffer()
    }
    const accepted = media.acceptOffer(this.#offer)
    if (accepted.ok) return accepted.answer
    this.reject(accepted.status, { headers: [warning(accepted.why)] })
    return undefined
  }

  #provisional(status: number, options: ProvisionalOptions, description?: string): SipResponse | undefined {
    if (this.#over) return undefined
    const reliable = this.#peerRequires || (options.reliable === true && this.#peerSupports)
    const response = makeResponse(this.invite, status, { toTag: this.#transaction.toTag, body: description ?? '' })
    applyRows(
      response.headers,
      withSdp(this.#rows([...(reliable ? [['Require', '100rel'] as HeaderRow] : []), ...(options.headers ?? [])]), description),
    )
    this.#confirmDialog()
    this.advance('early')
    this.#reminder?.cancel()
    if (reliable) this.#reliable.send(response)
    else {
      this.#transaction.respond(response)
      this.#remind(response)
    }
    return response
  }

  #remind(response: SipResponse): void {
    this.#reminder = this.core.clock.setTimer(reminderMs, () => {
      this.#transaction.respond(response)
      this.#remind(response)
    })
  }

  #pracked(response: SipResponse, prack: ServerTransaction): void {
    const described = bodyPart(response, sdpType) !== undefined
    const brought = bodyPart(prack.request, sdpType)
    if (described) this.#settledEarly = true
    if (this.negotiations.offer === 'ours' && described) {
      this.negotiations.offer = 'none'
      const taken = brought === undefined ? { ok: false as const, why: 'the PRACK brought no answer' } : this.media?.acceptAnswer(brought)
      prack.reply(200)
      if (taken?.ok === true) this.media?.start()
      else this.reject(488, { headers: [warning(taken?.why ?? 'there is no media')] })
      return
    }
    if (described) this.negotiations.offer = 'none'
    // A PRACK may carry an offer of its own once the first one is answered (RFC 3262 section 5).
    const accepted = brought === undefined ? undefined : this.media?.acceptOffer(brought)
    if (accepted === undefined) prack.reply(200)
    else if (accepted.ok) prack.reply(200, { rows: [['Content-Type', sdpType]], body: accepted.answer })
    else prack.reply(488, { rows: [warning(accepted.why)] })
  }

  #cancelled(status: number, reason: string): void {
    if (this.#over) return
    this.#final(makeResponse(this.invite, status, { toTag: this.#transaction.toTag }))
    this.finish({ by: 'remote', status, reason })
  }

  #final(response: SipResponse): void {
    this.response = response
    this.#reminder?.cancel()
    this.#expiry.cancel()
    this.#reliableProvisionals?.stop()
    this.#transaction.respond(response)
  }

  #confirmDialog(): void {
    this.dialog = this.#dialog
    this.file(this.#dialog)
  }

  /** What a response that makes a dialog carries (RFC 3261 12.1.1). */
  #rows(more: readonly HeaderRow[]): HeaderRow[] {
    const routes = this.invite.headers.rows('Record-Route').map((value): HeaderRow => ['Record-Route', value])
    const own: HeaderRow[] = [
      ['Contact', this.contact()],
      ['Allow', allow],
      ['Supported', supportedOptions.join(', ')],
      ['Server', this.core.name],
    ]
    return [...routes, ...own, ...more]
  }

  get #peerRequires(): boolean {
    return this.invite.headers.list('Require').includes('100rel')
  }

  get #peerSupports(): boolean {
    return this.#peerRequires || this.invite.headers.list('Supported').includes('100rel')
  }
}

/** The URI of a From or To value. */
const uriOf = (value: string | undefined): string => readNameAddr(value ?? '')?.uri ?? ''
