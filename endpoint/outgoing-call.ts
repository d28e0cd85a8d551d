/** A call of ours: RFC 3261 13.2, with forked early dialogs, reliable provisionals (RFC 3262) and the races of CANCEL. */
import { bodyPart } from '../protocol/sip/body-part.ts'
import { Dialog, type RoutedRequest } from '../protocol/sip/dialog/dialog.ts'
import { isNextProvisional } from '../protocol/sip/dialog/reliable-provisional.ts'
import { secondsAfter422, settledByResponse } from '../protocol/sip/dialog/session-timer.ts'
import { parseCSeq, tagOf } from '../protocol/sip/headers.ts'
import type { SipRequest, SipResponse } from '../protocol/sip/message.ts'
import type { Address, TlsFacts, Transport } from '../protocol/wire.ts'
import type { AgentCore } from './agent-core.ts'
import { CallSession } from './call.ts'
import { ClientAuth } from './client-auth.ts'
import type { Timer } from './clock.ts'
import { requestInDialog, sendAck } from './dialog-request.ts'
import { Exchange } from './exchange.ts'
import { InviteRequest } from './invite-request.ts'
import { transportParam } from './next-hop.ts'
import type { RequestError } from './request-error.ts'
import { applyRows, sdpType } from './rows.ts'
import { randomToken } from './token.ts'
import type { Connection } from './transport/connection.ts'
import type { CallEnd, HeaderRow, InviteOptions, OutgoingCall } from './user-agent-types.ts'

/** Branches of a forked INVITE we keep apart; more is a peer's mistake or malice. */
const mostForks = 16

/** One callee that answered, early or finally. */
interface Branch {
  readonly dialog: Dialog
  /** RSeq taken last (RFC 3262 section 4). */
  rseq?: number
  ack?: RoutedRequest
}

export class OutgoingCallSession extends CallSession implements OutgoingCall {
  override readonly direction = 'out'
  readonly callId = randomToken(12)
  readonly remoteUri: string
  readonly localUri: string
  readonly #options: InviteOptions
  readonly #request: InviteRequest
  readonly #exchange: Exchange
  readonly #branches = new Map<string, Branch>()
  #invite: SipRequest
  /** The branch whose answer (or offer) is agreed beyond doubt. */
  #settledBy: string | undefined
  #winner: string | undefined
  /** Why we gave the call up before it was up. */
  #givenUp: CallEnd | undefined
  #timeout: Timer | undefined

  constructor(core: AgentCore, options: InviteOptions) {
    super(core, options.credentials === undefined ? undefined : new ClientAuth(options.credentials))
    this.#options = options
    this.#request = new InviteRequest(options, this.callId, core.name)
    this.remoteUri = this.#request.to.uri
    this.localUri = this.#request.from.uri
    this.#invite = this.#request.preview()
    this.#exchange = this.#newExchange()
  }

  get invite(): SipRequest {
    return this.#invite
  }

  /** Known for certain once a response has come. */
  override get transport(): Transport {
    const { target, outboundProxy, requestUri } = this.#options
    return this.flow?.transport ?? target?.transport ?? transportParam(outboundProxy ?? requestUri ?? this.remoteUri) ?? 'udp'
  }

  /** Port 0 until a response has come. */
  override get remoteAddress(): Address {
    return this.flow?.remote ?? { address: this.#options.target?.host ?? '', port: this.#options.target?.port ?? 0 }
  }

  override get tls(): TlsFacts | undefined {
    return this.flow?.tls
  }

  /** Opens media and sends the INVITE. What goes wrong ends the call. */
  async start(): Promise<void> {
    const { media: wanted, lateOffer, lenientAnswer, timeoutMs } = this.#options
    try {
      const media = await this.openMedia(lenientAnswer === undefined ? wanted : { ...wanted, lenientAnswer })
      if (media === undefined) return
      if (lateOffer !== true) {
        this.#request.offer = media.createOffer()
        this.negotiations.offer = 'ours'
      }
    } catch (error) {
      this.finish({ by: 'error', status: 500, reason: `no media: ${error instanceof Error ? error.message : error}` })
      return
    }
    if (timeoutMs !== undefined) {
      this.#timeout = this.core.clock.setTimer(timeoutMs, () => this.#giveUp({ by: 'timeout', status: 408, reason: 'no answer in time' }))
    }
    this.negotiations.inviteSent = true
    await this.#exchange.start()
  }

  protected override withdraw(reason: string | undefined): void {
    if (this.#winner === undefined) this.#giveUp(reason === undefined ? { by: 'local', status: 487 } : { by: 'local', status: 487, reason })
    else void this.bye(reason === undefined ? { by: 'local' } : { by: 'local', reason })
  }

  protected override finish(end: CallEnd): void {
    this.#timeout?.cancel()
    super.finish(end)
  }

  #giveUp(end: CallEnd): void {
    if (this.#winner !== undefined || this.#givenUp !== undefined) return
    this.#givenUp = end
    this.#timeout?.cancel()
    if (this.#exchange.request === undefined) this.finish(end)
    else
      this.#exchange.cancel(
        end.reason === undefined ? [] : [['Reason', `SIP;cause=${end.status};text="${end.reason.replace(/["\\\r\n]/g, "'")}"`]],
      )
  }

  #newExchange(): Exchange {
    const { core, auth } = this
    const { target } = this.#options
    return new Exchange(core, {
      auth,
      make: (authorize) => {
        const routed = this.#request.next()
        applyRows(routed.request.headers, authorize('INVITE', routed.request.uri, routed.request.body))
        this.#invite = routed.request
        return routed
      },
      targets: (nextHop) => (target === undefined ? core.targets(nextHop) : core.resolveTarget(target)),
      prepare: (request, to) => {
        this.#invite = request
        const contact = 'flow' in to ? core.contact(to.flow.transport, to.flow.remote) : core.contact(to.transport, to.remote)
        request.headers.set('Contact', contact)
      },
      onProvisional: (response, request, connection) => this.#provisional(response, request, connection),
      onFinal: (response, request, connection) => this.#final(response, request, connection),
      onFurther2xx: (response, request) => this.#further(response, request),
      onFailure: (error) => this.#failed(error),
    })
  }

  #provisional(response: SipResponse, request: SipRequest, connection: Connection): void {
    this.heard(response, connection)
    if (response.status === 100) return
    const branch = this.#branch(response, request)
    if (branch !== undefined) {
      this.dialog = branch.dialog
      this.advance('early')
      const rseq = Number(response.headers.get('RSeq') ?? Number.NaN)
      if (response.headers.list('Require').includes('100rel') && Number.isInteger(rseq)) {
        if (!isNextProvisional(branch.rseq, rseq)) return
        branch.rseq = rseq
        this.#prack(branch, response, request, rseq)
      } else if (!this.#options.lateOffer) this.#takeAnswer(response, false)
    }
    if (response.status >= 180 && response.status < 190 && this.state !== 'ended') this.emit('ringing', response)
  }

  /** Acknowledges a reliable provisional, and settles the session where it carries a description (RFC 3262 sections 4, 5). */
  #prack(branch: Branch, response: SipResponse, request: SipRequest, rseq: number): void {
    const rows: HeaderRow[] = [['RAck', `${rseq} ${parseCSeq(request.headers.get('CSeq'))?.number} INVITE`]]
    let answer: string | undefined
    const described = bodyPart(response, sdpType)
    if (described !== undefined && this.#settledBy === undefined) {
      if (this.#options.lateOffer === true) {
        const accepted = this.media?.acceptOffer(described)
        if (accepted?.ok === true) answer = accepted.answer
        else this.#giveUp({ by: 'error', status: 488, reason: accepted?.why ?? 'there is no media' })
        if (answer !== undefined) this.media?.start()
      } else this.#takeAnswer(response, true)
      if (this.#givenUp === undefined) this.#settledBy = branch.dialog.remoteTag
    }
    if (answer !== undefined) rows.push(['Content-Type', sdpType])
    void requestInDialog(this.way(branch.dialog), 'PRACK', rows, answer)
  }

  /** An answer before the 2xx. One in an unreliable response is a preview: media starts, nothing is settled by it. */
  #takeAnswer(response: SipResponse, reliable: boolean): void {
    const answer = bodyPart(response, sdpType)
    if (answer === undefined || this.#settledBy !== undefined) return
    const taken = this.media?.acceptAnswer(answer)
    if (taken?.ok === true) {
      this.media?.start()
      if (reliable) this.negotiations.offer = 'none'
    } else if (reliable) this.#giveUp({ by: 'error', status: 488, reason: taken?.why ?? 'there is no media' })
  }

  #final(response: SipResponse, request: SipRequest, connection: Connection): void {
    this.heard(response, connection)
    this.negotiations.inviteSent = false
    this.negotiations.offer = 'none'
    if (response.status < 300) {
      this.#accepted(response, request)
      return
    }
    const seconds = response.status === 422 ? secondsAfter422(response) : undefined
    if (seconds !== undefined && this.#givenUp === undefined && this.#request.raiseSession(seconds)) {
      this.negotiations.inviteSent = true
      if (this.#request.offer !== undefined) this.negotiations.offer = 'ours'
      void this.#exchange.again()
      return
    }
    this.response = response
    this.finish(this.#givenUp ?? { by: 'remote', status: response.status, reason: response.reason })
  }

  /** The first 2xx: its branch is the call, the other early dialogs are over. */
  #accepted(response: SipResponse, request: SipRequest): void {
    const tag = tagOf(response.headers.get('To')) ?? ''
    const branch = this.#branches.get(tag) ?? { dialog: Dialog.ofClient(request, response) }
    this.#timeout?.cancel()
    this.#winner = tag
    this.response = response
    for (const other of this.#branches.values()) if (other !== branch) this.unfile(other.dialog)
    this.#branches.set(tag, branch)
    branch.dialog.confirm(response)
    this.dialog = branch.dialog
    this.file(branch.dialog)
    const { answer, wrong } = this.#givenUp === undefined ? this.#settle(response, tag) : {}
    const sent = this.#acknowledge(branch, request, answer)
    this.advance('answered')
    if (this.#givenUp !== undefined) {
      // RFC 3261 9.1: the CANCEL came too late. The call is up, so it takes a BYE.
      void this.bye(this.#givenUp)
      return
    }
    this.emit('answered', response)
    void sent.then(() => this.#confirmed(response, wrong))
  }

  #confirmed(response: SipResponse, wrong: string | undefined): void {
    if (this.state !== 'answered') return
    if (wrong !== undefined) {
      void this.bye({ by: 'error', status: 488, reason: wrong })
      return
    }
    this.advance('confirmed')
    this.media?.start()
    this.keeper.apply(settledByResponse(response), 'uac')
    this.emit('confirmed')
  }

  /** What the 2xx says about the session; `wrong` when there can be none. */
  #settle(response: SipResponse, tag: string): { answer?: string; wrong?: string } {
    const described = bodyPart(response, sdpType)
    if (this.#settledBy === tag) return {}
    if (this.#options.lateOffer === true) {
      const accepted = described === undefined ? undefined : this.media?.acceptOffer(described)
      return accepted?.ok === true ? { answer: accepted.answer } : { wrong: accepted?.why ?? 'the 2xx brought no offer' }
    }
    if (described === undefined) {
      // Some answer in a 183 only, and unreliably at that; what was previewed then has to do.
      return this.media?.negotiated === undefined ? { wrong: 'the 2xx brought no answer' } : {}
    }
    const taken = this.media?.acceptAnswer(described)
    return taken?.ok === true ? {} : { wrong: taken?.why ?? 'there is no media' }
  }

  /** 2xx repeated, or from another fork, which gets its ACK and a BYE (RFC 3261 13.2.2.4). */
  #further(response: SipResponse, request: SipRequest): void {
    const tag = tagOf(response.headers.get('To')) ?? ''
    const known = this.#branches.get(tag)
    if (known?.ack !== undefined) {
      void this.#sendAck(known)
      return
    }
    if (known === undefined && this.#branches.size >= mostForks) return
    const branch = known ?? { dialog: Dialog.ofClient(request, response) }
    this.#branches.set(tag, branch)
    branch.dialog.confirm(response)
    void this.#acknowledge(branch, request, undefined).then(() => requestInDialog(this.way(branch.dialog), 'BYE', []))
  }

  #acknowledge(branch: Branch, request: SipRequest, answer: string | undefined): Promise<void> {
    // The ACK carries the INVITE's credentials: nobody may challenge it (RFC 3261 13.2.2.4, 22.1).
    const rows: HeaderRow[] = ['Authorization', 'Proxy-Authorization'].flatMap((name) =>
      request.headers.rows(name).map((value): HeaderRow => [name, value]),
    )
    if (answer !== undefined) rows.push(['Content-Type', sdpType])
    branch.ack = branch.dialog.ack(parseCSeq(request.headers.get('CSeq'))?.number ?? 0, rows, answer)
    return this.#sendAck(branch)
  }

  async #sendAck({ dialog, ack }: Branch): Promise<void> {
    try {
      if (ack !== undefined) await sendAck(this.way(dialog), ack)
    } catch (error) {
      // The peer repeats its 2xx, and each repeat is acknowledged anew.
      this.core.log('sip:call', this.id, 'ACK: %s', error)
    }
  }

  #failed(error: RequestError): void {
    this.negotiations.inviteSent = false
    if (this.#givenUp !== undefined) this.finish(this.#givenUp)
    else this.finish({ by: error.code === 'timeout' ? 'timeout' : 'error', status: error.status, reason: error.message })
  }

  /** The early dialog a provisional response belongs to; undefined where it makes none. */
  #branch(response: SipResponse, request: SipRequest): Branch | undefined {
    const tag = tagOf(response.headers.get('To'))
    if (tag === undefined) return undefined
    const known = this.#branches.get(tag)
    if (known !== undefined || this.#branches.size >= mostForks) return known
    const branch: Branch = { dialog: Dialog.ofClient(request, response) }
    this.#branches.set(tag, branch)
    this.file(branch.dialog)
    return branch
  }
}
