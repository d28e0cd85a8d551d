/**
 * A dialog, RFC 3261 section 12: the state two user agents share between an INVITE and
 * a BYE, and the requests made inside it. Holds no transactions and sends nothing.
 */
import { parseCSeq, readNameAddr, tagOf } from '../headers.ts'
import { makeRequest, type SipMessage, type SipRequest, type SipResponse } from '../message.ts'
import { plot, type RouteSet, routeSetOfRequest, routeSetOfResponse } from './route-set.ts'

/** What a dialog is filed under (12: Call-ID, local tag, remote tag). */
const dialogKey = (callId: string, localTag: string, remoteTag: string): string => `${callId}|${localTag}|${remoteTag}`

/** The dialog a request from the peer belongs to; undefined outside any (no To tag). */
export function dialogKeyOf(request: SipRequest): string | undefined {
  const localTag = tagOf(request.headers.get('To'))
  if (localTag === undefined) return undefined
  return dialogKey(request.headers.get('Call-ID') ?? '', localTag, tagOf(request.headers.get('From')) ?? '')
}

/** A request ready but for its Via, and the URI that says where it goes. */
export interface RoutedRequest {
  readonly request: SipRequest
  readonly nextHop: string
}

export const maxForwards = '70'

interface DialogOrigin {
  readonly callId: string
  /** From or To value of our side, tag included. */
  readonly local: string
  readonly remote: string
  readonly localTag: string
  readonly remoteTag: string
  readonly remoteTarget: string
  readonly routeSet: RouteSet
  readonly localSeq: number
  readonly remoteSeq: number | undefined
}

export class Dialog {
  readonly callId: string
  readonly localTag: string
  /** Empty for a peer older than tags (RFC 2543). */
  readonly remoteTag: string
  readonly #local: string
  readonly #remote: string
  #remoteTarget: string
  #routeSet: RouteSet
  #localSeq: number
  #remoteSeq: number | undefined

  private constructor(origin: DialogOrigin) {
    this.callId = origin.callId
    this.localTag = origin.localTag
    this.remoteTag = origin.remoteTag
    this.#local = origin.local
    this.#remote = origin.remote
    this.#remoteTarget = origin.remoteTarget
    this.#routeSet = origin.routeSet
    this.#localSeq = origin.localSeq
    this.#remoteSeq = origin.remoteSeq
  }

  /** As the callee of this INVITE, whose responses carry `localTag` (12.1.1). */
  static ofServer(invite: SipRequest, localTag: string): Dialog {
    const { headers } = invite
    const from = headers.get('From') ?? ''
    const to = headers.get('To') ?? ''
    return new Dialog({
      callId: headers.get('Call-ID') ?? '',
      local: tagOf(to) === undefined ? `${to};tag=${localTag}` : to,
      remote: from,
      localTag,
      remoteTag: tagOf(from) ?? '',
      remoteTarget: contactUri(invite) ?? readNameAddr(from)?.uri ?? '',
      routeSet: routeSetOfRequest(invite),
      localSeq: 0,
      remoteSeq: parseCSeq(headers.get('CSeq'))?.number,
    })
  }

  /** As the caller that sent this INVITE and got this response (12.1.2). */
  static ofClient(invite: SipRequest, response: SipResponse): Dialog {
    const from = invite.headers.get('From') ?? ''
    const to = response.headers.get('To') ?? ''
    return new Dialog({
      callId: invite.headers.get('Call-ID') ?? '',
      local: from,
      remote: to,
      localTag: tagOf(from) ?? '',
      remoteTag: tagOf(to) ?? '',
      remoteTarget: contactUri(response) ?? invite.uri,
      routeSet: routeSetOfResponse(response),
      localSeq: parseCSeq(invite.headers.get('CSeq'))?.number ?? 0,
      remoteSeq: undefined,
    })
  }

  get key(): string {
    return dialogKey(this.callId, this.localTag, this.remoteTag)
  }

  get remoteTarget(): string {
    return this.#remoteTarget
  }

  /** The 2xx that confirms an early dialog replaces its route set too (13.2.2.4). */
  confirm(response: SipResponse): void {
    this.#routeSet = routeSetOfResponse(response)
    this.refreshTarget(response)
  }

  /** A re-INVITE or UPDATE, or its 2xx, names the peer's present Contact (12.2.1.2, 12.2.2). */
  refreshTarget(message: SipMessage): void {
    this.#remoteTarget = contactUri(message) ?? this.#remoteTarget
  }

  /** Requests arrive in the order of their numbers, with gaps; false means: answer 500 (12.2.2). */
  takeSequence(request: SipRequest): boolean {
    const number = parseCSeq(request.headers.get('CSeq'))?.number ?? 0
    if (this.#remoteSeq !== undefined && number < this.#remoteSeq) return false
    this.#remoteSeq = number
    return true
  }

  /** The next request (12.2.1.1). */
  request(method: string, rows: Iterable<readonly [string, string]> = [], body?: Uint8Array | string): RoutedRequest {
    this.#localSeq += 1
    return this.#make(method, this.#localSeq, rows, body)
  }

  /** The ACK for a 2xx: the INVITE's number, no number of its own (13.2.2.4). */
  ack(inviteNumber: number, rows: Iterable<readonly [string, string]> = [], body?: Uint8Array | string): RoutedRequest {
    return this.#make('ACK', inviteNumber, rows, body)
  }

  #make(method: string, number: number, rows: Iterable<readonly [string, string]>, body?: Uint8Array | string): RoutedRequest {
    const { requestUri, routes, nextHop } = plot(this.#routeSet, this.#remoteTarget)
    const request = makeRequest(
      method,
      requestUri,
      [
        ['Max-Forwards', maxForwards],
        ['From', this.#local],
        ['To', this.#remote],
        ['Call-ID', this.callId],
        ['CSeq', `${number} ${method}`],
      ],
      body,
    )
    for (const route of routes) request.headers.append('Route', route)
    for (const [name, value] of rows) request.headers.append(name, value)
    return { request, nextHop }
  }
}

function contactUri(message: SipMessage): string | undefined {
  const contact = message.headers.get('Contact')
  return contact === undefined ? undefined : readNameAddr(message.headers.list('Contact')[0] ?? '')?.uri
}
