/**
 * Changing a call that is up: re-INVITE (RFC 3261 section 14) and UPDATE (RFC 3311),
 * sent and received, one offer at a time.
 */

import { bodyPart } from '../protocol/sip/body-part.ts'
import { collision, type Negotiations, retryAfterGlare } from '../protocol/sip/dialog/collision.ts'
import type { Dialog } from '../protocol/sip/dialog/dialog.ts'
import {
  decideAsServer,
  leastMinSe,
  requestRows,
  type SessionTerms,
  secondsAfter422,
  settledByResponse,
} from '../protocol/sip/dialog/session-timer.ts'
import { parseCSeq } from '../protocol/sip/headers.ts'
import { makeResponse, type SipRequest, type SipResponse } from '../protocol/sip/message.ts'
import { AnswerRepeater } from './answer-repeater.ts'
import type { Timer } from './clock.ts'
import { type DialogWay, dialogTargets, endsDialog, requestInDialog, sendAck } from './dialog-request.ts'
import { Exchange } from './exchange.ts'
import type { MediaSession } from './media/types.ts'
import { allow, sdpType, supportedOptions, warning, withSdp } from './rows.ts'
import type { ServerTransaction } from './server-transaction.ts'
import type { SessionKeeper } from './session-keeper.ts'
import type { HeaderRow, SessionChange } from './user-agent-types.ts'

/** What the call lends to its renegotiations. */
export interface RenegotiationHost {
  readonly direction: 'in' | 'out'
  readonly media: MediaSession | undefined
  readonly keeper: SessionKeeper
  /** Shared with the INVITE that made the call. */
  readonly negotiations: { -readonly [K in keyof Negotiations]: Negotiations[K] }
  way(dialog?: Dialog): DialogWay
  contact(): string
  peerAllows(method: string): boolean
  renegotiated(by: 'local' | 'remote'): void
  /** The call cannot go on. */
  collapse(status: number, reason: string): void
}

/** A 491 is waited out this often before it is given to the caller. */
const glareTries = 4

export class Renegotiation {
  readonly #call: RenegotiationHost
  /** Our own changes wait for one another. */
  #turn: Promise<unknown> = Promise.resolve()
  #exchange: Exchange | undefined
  #repeater: AnswerRepeater | undefined
  /** Resolves a pause after a 491 early when the call ends. */
  #pause: { readonly timer: Timer; readonly resolve: () => void } | undefined
  /** Our changes that wait for the peer's ACK to its own. */
  readonly #waiting: (() => void)[] = []
  #stopped = false

  constructor(call: RenegotiationHost) {
    this.#call = call
  }

  /** Resolves with the final response; never rejects. */
  propose(change: SessionChange): Promise<SipResponse> {
    const result = this.#turn.then(() => this.#propose(change))
    this.#turn = result.catch(() => {})
    return result
  }

  /** Keeps the session alive (RFC 4028 section 10): by an UPDATE without SDP where the peer takes it, else a re-INVITE. */
  refresh(): Promise<SipResponse> {
    return this.propose({ method: this.#call.peerAllows('UPDATE') ? 'UPDATE' : 'INVITE' })
  }

  /** A re-INVITE or UPDATE arrived. */
  receive(transaction: ServerTransaction, dialog: Dialog): void {
    const call = this.#call
    const { request } = transaction
    const method = request.method as 'INVITE' | 'UPDATE'
    const offer = bodyPart(request, sdpType)
    const refused = collision(call.negotiations, method, offer !== undefined)
    if (refused !== undefined) {
      const rows: HeaderRow[] = refused === 500 ? [['Retry-After', String(Math.floor(call.way(dialog).core.random() * 11))]] : []
      transaction.reply(refused, { rows: this.#rows(rows) })
      return
    }
    const timer = decideAsServer(request)
    if (!timer.accepted) {
      transaction.reply(422, { rows: this.#rows(timer.rows) })
      return
    }
    let answer: string | undefined
    if (offer !== undefined) {
      const accepted = call.media?.acceptOffer(offer) ?? { ok: false, why: 'there is no media to change' }
      if (!accepted.ok) {
        transaction.reply(488, { rows: this.#rows([warning(accepted.why)]) })
        return
      }
      answer = accepted.answer
    } else if (method === 'INVITE') {
      answer = call.media?.createOffer()
      call.negotiations.offer = 'ours'
    }
    dialog.refreshTarget(request)
    const response = makeResponse(request, 200, { rows: withSdp(this.#rows(timer.rows), answer), body: answer ?? '' })
    transaction.respond(response)
    call.keeper.apply(timer.terms, 'uas')
    if (method === 'INVITE') this.#repeat(transaction, response)
    if (offer !== undefined) call.renegotiated('remote')
  }

  /** The ACK of a re-INVITE we answered; with SDP when the offer was ours. False: it was not for us. */
  receiveAck(ack: SipRequest): boolean {
    if (this.#repeater === undefined) return false
    this.#stopRepeating()
    const call = this.#call
    if (call.negotiations.offer !== 'ours' || call.negotiations.inviteSent) return true
    call.negotiations.offer = 'none'
    const answer = bodyPart(ack, sdpType)
    const taken = answer === undefined ? { ok: false as const, why: 'the ACK brought no answer' } : call.media?.acceptAnswer(answer)
    if (taken?.ok === true) call.renegotiated('remote')
    else call.collapse(488, taken?.why ?? 'there is no media')
    return true
  }

  stop(): void {
    this.#stopped = true
    this.#stopRepeating()
    this.#pause?.timer.cancel()
    this.#pause?.resolve()
    this.#exchange?.abort('the call has ended')
  }

  #repeat(transaction: ServerTransaction, response: SipResponse): void {
    this.#repeater?.stop()
    this.#repeater = new AnswerRepeater(
      this.#call.way().core,
      () => transaction.respond(response),
      () => this.#call.collapse(408, 'no ACK for the re-INVITE'),
    )
    transaction.onAck = (ack) => this.receiveAck(ack)
  }

  #stopRepeating(): void {
    this.#repeater?.stop()
    this.#repeater = undefined
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  async #propose(change: SessionChange): Promise<SipResponse> {
    const call = this.#call
    let seconds = call.keeper.terms?.seconds
    for (let tries = 0; ; tries += 1) {
      const { response, terms } = await this.#attempt(change, seconds)
      if (response.status >= 200 && response.status < 300) {
        call.keeper.apply(terms, 'uac')
        return response
      }
      if (this.#stopped) return response
      if (endsDialog(response.status)) {
        call.collapse(response.status, `${change.method ?? 'INVITE'} was answered ${response.status}`)
        return response
      }
      if (tries >= glareTries) return response
      if (response.status === 491) await this.#wait(retryAfterGlare(call.direction === 'out', call.way().core.random()))
      else if (response.status === 422 && (secondsAfter422(response) ?? 0) > (seconds ?? 0)) seconds = secondsAfter422(response)
      else return response
    }
  }

  async #attempt(change: SessionChange, seconds: number | undefined): Promise<{ response: SipResponse; terms: SessionTerms | undefined }> {
    const call = this.#call
    // RFC 3261 14.1: not while another INVITE is in progress, in either direction.
    if (this.#repeater !== undefined) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    const way = call.way()
    if (this.#stopped) return { response: makeResponse(way.dialog.request('INVITE').request, 487), terms: undefined }
    // Ours to refresh once it is ours: the sender of a refresh names the same refresher as before (RFC 4028 7.4).
    const timerRows = seconds === undefined ? [] : requestRows(seconds, leastMinSe, this.#refresher())
    if (change.method === 'UPDATE') return this.#update(way, change, timerRows)
    return this.#reinvite(way, change, timerRows)
  }

  async #update(way: DialogWay, change: SessionChange, timerRows: readonly HeaderRow[]) {
    const call = this.#call
    const offering = change.direction !== undefined || change.codecs !== undefined
    const offer = offering ? call.media?.createOffer(change) : undefined
    if (offer !== undefined) call.negotiations.offer = 'ours'
    const response = await requestInDialog(way, 'UPDATE', withSdp(this.#rows(timerRows), offer), offer)
    if (response.status >= 200 && response.status < 300) {
      way.dialog.refreshTarget(response)
      if (offer !== undefined) this.#settle(response)
    } else if (offer !== undefined) call.media?.cancelOffer()
    if (offer !== undefined) call.negotiations.offer = 'none'
    return { response, terms: settledByResponse(response) }
  }

  #reinvite(
    way: DialogWay,
    change: SessionChange,
    timerRows: readonly HeaderRow[],
  ): Promise<{ response: SipResponse; terms: SessionTerms | undefined }> {
    const call = this.#call
    const { core, dialog, auth } = way
    const offer = change.lateOffer === true ? undefined : call.media?.createOffer(change)
    call.negotiations.inviteSent = true
    if (offer !== undefined) call.negotiations.offer = 'ours'
    return new Promise((resolve) => {
      let ack: (() => void) | undefined
      let sent: SipRequest | undefined
      const done = (response: SipResponse) => {
        call.negotiations.inviteSent = false
        if (offer !== undefined) call.negotiations.offer = 'none'
        this.#exchange = undefined
        resolve({ response, terms: settledByResponse(response) })
      }
      this.#exchange = new Exchange(core, {
        auth,
        make: (authorize) => {
          const routed = dialog.request('INVITE', withSdp([['User-Agent', core.name], ...this.#rows(timerRows)], offer), offer)
          for (const [name, value] of authorize('INVITE', routed.request.uri, routed.request.body))
            routed.request.headers.append(name, value)
          sent = routed.request
          return routed
        },
        targets: (nextHop) => dialogTargets(way, nextHop),
        onFinal: (response, request) => {
          if (response.status >= 300) {
            if (offer !== undefined) call.media?.cancelOffer()
            done(response)
            return
          }
          dialog.refreshTarget(response)
          const answer = offer === undefined ? this.#answerLate(response) : undefined
          const routed = dialog.ack(parseCSeq(request.headers.get('CSeq'))?.number ?? 0, withSdp([], answer), answer)
          ack = () => {
            sendAck(way, routed).catch((error: unknown) => core.log('sip:dialog', dialog.callId, 'ACK: %s', error))
          }
          ack()
          if (offer !== undefined) this.#settle(response)
          else if (answer !== undefined) call.renegotiated('local')
          done(response)
        },
        onFurther2xx: () => ack?.(),
        onFailure: (error) => {
          if (offer !== undefined) call.media?.cancelOffer()
          done(makeResponse(sent!, error.status, { reason: error.message }))
        },
      })
      void this.#exchange.start()
    })
  }

  /** The answer to our offer, in a 2xx. One we cannot use ends the call: the peer believes it is in force. */
  #settle(response: SipResponse): void {
    const call = this.#call
    const answer = bodyPart(response, sdpType)
    const taken = answer === undefined ? { ok: false as const, why: 'the 2xx brought no answer' } : call.media?.acceptAnswer(answer)
    if (taken?.ok === true) call.renegotiated('local')
    else call.collapse(488, taken?.why ?? 'there is no media')
  }

  #answerLate(response: SipResponse): string | undefined {
    const call = this.#call
    const offer = bodyPart(response, sdpType)
    const accepted = offer === undefined ? undefined : call.media?.acceptOffer(offer)
    if (accepted?.ok === true) return accepted.answer
    // RFC 3261 13.2.2.4: acknowledge all the same, then hang up.
    call.collapse(488, accepted?.why ?? 'the 2xx brought no offer')
    return undefined
  }

  /** Who refreshes, in the words of a request that we send: we are its uac. */
  #refresher(): 'uac' | 'uas' {
    return this.#call.keeper.refreshing ? 'uac' : 'uas'
  }

  #rows(more: readonly HeaderRow[]): HeaderRow[] {
    return [['Contact', this.#call.contact()], ['Allow', allow], ['Supported', supportedOptions.join(', ')], ...more]
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#pause = { timer: this.#call.way().core.clock.setTimer(ms, resolve), resolve }
    })
  }
}
