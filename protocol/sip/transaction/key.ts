/**
 * Which transaction a message belongs to: RFC 3261 17.1.3 (responses) and 17.2.3
 * (requests, RFC 2543 peers included). Keys are strings for use in a Map.
 */
import { parseCSeq, tagOf, topVia } from '../headers.ts'
import type { SipMessage, SipRequest } from '../message.ts'

/** Branches beginning so are unique by themselves (RFC 3261 8.1.1.7). */
export const magicCookie = 'z9hG4bK'

/** What a request's transaction is filed under; an ACK has its INVITE's key. Undefined without a readable Via. */
export function serverKey(request: SipRequest): string | undefined {
  return requestKey(request, request.method === 'ACK' ? 'INVITE' : request.method)
}

/** The key of the INVITE that a CANCEL speaks of (RFC 3261 9.2). */
export const cancelledKey = (cancel: SipRequest): string | undefined => requestKey(cancel, 'INVITE')

function requestKey(request: SipRequest, method: string): string | undefined {
  const via = topVia(request)
  if (via === undefined) return undefined
  const branch = via.params.get('branch')
  if (branch?.startsWith(magicCookie)) return `${branch}|${via.host}:${via.port ?? ''}|${method}`
  // RFC 2543. The To tag stays out: the ACK carries the one our response added, its INVITE had none.
  const { headers } = request
  const cseq = parseCSeq(headers.get('CSeq'))
  const from = tagOf(headers.get('From')) ?? ''
  return `${request.uri}|${headers.get('Call-ID')}|${from}|${cseq?.number}|${headers.get('Via')}|${method}`
}

/** What our own request is filed under, and what a response to it leads to. */
export const clientKey = (branch: string, method: string): string => `${branch}|${method}`

/** The client transaction a response belongs to. Undefined without a readable Via branch and CSeq. */
export function responseKey(response: SipMessage): string | undefined {
  const branch = topVia(response)?.params.get('branch')
  const cseq = parseCSeq(response.headers.get('CSeq'))
  return branch === undefined || cseq === undefined ? undefined : clientKey(branch, cseq.method)
}
