/** The INVITE that begins a call of ours, made anew for each try: RFC 3261 8.1.1 and 13.2.1. */
import { maxForwards, type RoutedRequest } from '../protocol/sip/dialog/dialog.ts'
import { leastMinSe, requestRows } from '../protocol/sip/dialog/session-timer.ts'
import { formatNameAddr, type NameAddr } from '../protocol/sip/headers.ts'
import { makeRequest, type SipRequest } from '../protocol/sip/message.ts'
import { addressOf } from './address-of.ts'
import { looseRoute } from './out-of-dialog.ts'
import { allow, applyRows, sdpType, supportedOptions } from './rows.ts'
import { randomToken } from './token.ts'
import type { HeaderRow, InviteOptions } from './user-agent-types.ts'

export class InviteRequest {
  readonly from: NameAddr
  readonly to: NameAddr
  /** SDP; none in an INVITE that leaves the offer to the peer. */
  offer: string | undefined
  readonly #options: InviteOptions
  readonly #callId: string
  readonly #userAgent: string
  #number = 0
  #sessionSeconds: number | undefined
  #minSe = leastMinSe

  /** Throws a TypeError when `to` or `from` is no address. */
  constructor(options: InviteOptions, callId: string, userAgent: string) {
    this.#options = options
    this.#callId = callId
    this.#userAgent = userAgent
    this.#sessionSeconds = options.sessionExpires
    this.from = addressOf(options.from)
    this.from.params.set('tag', randomToken())
    this.to = addressOf(options.to)
  }

  /** The next try, with its own CSeq number. */
  next(): RoutedRequest {
    this.#number += 1
    return { request: this.#make(this.#number), nextHop: this.#options.outboundProxy ?? this.#uri }
  }

  /** What the first try will look like, before its media is known. */
  preview(): SipRequest {
    return this.#make(1)
  }

  /** After a 422 (RFC 4028 7.3). False when we asked for as much already. */
  raiseSession(seconds: number): boolean {
    if (seconds <= (this.#sessionSeconds ?? 0)) return false
    this.#sessionSeconds = seconds
    this.#minSe = seconds
    return true
  }

  get #uri(): string {
    return this.#options.requestUri ?? this.to.uri
  }

  #make(number: number): SipRequest {
    const { outboundProxy, routeThroughProxy, reliable = 'supported', headers = [] } = this.#options
    const rows: HeaderRow[] = [
      ['Max-Forwards', maxForwards],
      ['From', formatNameAddr(this.from)],
      ['To', formatNameAddr(this.to)],
      ['Call-ID', this.#callId],
      ['CSeq', `${number} INVITE`],
    ]
    if (outboundProxy !== undefined && routeThroughProxy === true) rows.push(['Route', looseRoute(outboundProxy)])
    // The Contact depends on the way the request goes, which is known only when it leaves.
    rows.push(['Contact', `<${this.from.uri}>`], ['User-Agent', this.#userAgent], ['Allow', allow])
    rows.push(['Supported', supportedOptions.filter((option) => option !== '100rel' || reliable !== 'none').join(', ')])
    if (reliable === 'required') rows.push(['Require', '100rel'])
    if (this.#sessionSeconds !== undefined) rows.push(...requestRows(this.#sessionSeconds, this.#minSe))
    if (this.offer !== undefined) rows.push(['Content-Type', sdpType])
    const request = makeRequest('INVITE', this.#uri, rows, this.offer)
    applyRows(request.headers, headers)
    return request
  }
}
