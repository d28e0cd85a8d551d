/**
 * The SIP messages of one cell, parsed and sorted into what they belong to. Seen from
 * the peer's side: `out` was sent by the peer, `in` by the edge. Reads, never judges.
 */
import { bodyPart } from '../../protocol/sip/body-part.ts'
import { parseCSeq, tagOf } from '../../protocol/sip/headers.ts'
import type { SipMessage, SipRequest, SipResponse } from '../../protocol/sip/message.ts'
import { parseMessage } from '../../protocol/sip/parser.ts'
import type { SipWire } from '../../protocol/wire.ts'

/** Who sent a message. */
export type Side = 'peer' | 'edge'

/** A message with its place in the ladder. `number` counts from 1 as the report does. */
export interface Traced<M extends SipMessage = SipMessage> {
  readonly number: number
  readonly from: Side
  readonly wire: SipWire
  readonly message: M
}

export type TracedRequest = Traced<SipRequest>
export type TracedResponse = Traced<SipResponse>

export interface Trace {
  readonly messages: readonly Traced[]
  /** Frames that are no SIP message, by ladder number. */
  readonly unreadable: readonly { readonly number: number; readonly why: string }[]
}

/** A session description and the message it came in. */
export interface Description {
  readonly by: Side
  readonly sdp: string
  readonly in: Traced
}

/** Everything that belongs to the call of a cell. */
export interface TracedCall {
  readonly callId: string
  readonly caller: Side
  /** Every INVITE outside a dialog, retransmissions left out, in order: the first, then those with credentials. */
  readonly invites: readonly TracedRequest[]
  readonly responses: readonly TracedResponse[]
  /** 401 and 407 to the INVITE. */
  readonly challenges: readonly TracedResponse[]
  readonly success: TracedResponse | undefined
  readonly ack: TracedRequest | undefined
  readonly offer: Description | undefined
  readonly answer: Description | undefined
  readonly byes: readonly TracedRequest[]
  readonly byeResponses: readonly TracedResponse[]
  readonly infos: readonly TracedRequest[]
}

export const isRequest = (traced: Traced): traced is TracedRequest => traced.message.type === 'request'
export const isResponse = (traced: Traced): traced is TracedResponse => traced.message.type === 'response'

/** Parses what the tap took, in its order. Frames that are no message are listed. */
export function readTrace(wires: readonly SipWire[]): Trace {
  const messages: Traced[] = []
  const unreadable: { number: number; why: string }[] = []
  wires.forEach((wire, index) => {
    const parsed = parseMessage(wire.bytes)
    const from = wire.dir === 'out' ? 'peer' : 'edge'
    if (parsed.ok) messages.push({ number: index + 1, from, wire, message: parsed.message })
    else unreadable.push({ number: index + 1, why: `${parsed.error.rule}: ${parsed.error.detail}` })
  })
  return { messages, unreadable }
}

/** The method a message is about: its own, or that of the request it answers. */
function methodOf(message: SipMessage): string {
  return message.type === 'request' ? message.method : (parseCSeq(message.headers.get('CSeq'))?.method ?? '')
}

/** REGISTER requests and their responses, in order. */
export function registrations(trace: Trace): { requests: TracedRequest[]; responses: TracedResponse[] } {
  const about = trace.messages.filter((traced) => methodOf(traced.message) === 'REGISTER')
  return { requests: about.filter(isRequest), responses: about.filter(isResponse) }
}

/** The call of a trace: the last INVITE outside a dialog and what followed it. Undefined when nobody called. */
export function findCall(trace: Trace): TracedCall | undefined {
  const starts = trace.messages.filter(isRequest).filter((traced) => traced.message.method === 'INVITE' && !hasToTag(traced.message))
  const last = starts.at(-1)
  if (last === undefined) return undefined
  const callId = last.message.headers.get('Call-ID') ?? ''
  const mine = trace.messages.filter((traced) => traced.message.headers.get('Call-ID') === callId)
  const invites = withoutRetransmissions(starts.filter((traced) => traced.message.headers.get('Call-ID') === callId))
  const initialCSeqs = new Set(invites.map(cseqOf))
  const about = (method: string) => mine.filter((traced) => methodOf(traced.message) === method)
  // A re-INVITE of the other side may have the same number: each side counts for itself.
  const responses = about('INVITE')
    .filter(isResponse)
    .filter((traced) => traced.from !== last.from && initialCSeqs.has(cseqOf(traced)))
  const success = responses.find((traced) => traced.message.status >= 200 && traced.message.status < 300)
  const ack =
    success &&
    about('ACK')
      .filter(isRequest)
      .find((traced) => traced.number > success.number && traced.from === last.from && cseqOf(traced) === cseqOf(success))
  return {
    callId,
    caller: last.from,
    invites,
    responses,
    challenges: responses.filter((traced) => traced.message.status === 401 || traced.message.status === 407),
    success,
    ack,
    ...descriptions(last, responses, success, [...about('PRACK').filter(isRequest), ...(ack === undefined ? [] : [ack])]),
    byes: withoutRetransmissions(about('BYE').filter(isRequest)),
    byeResponses: about('BYE').filter(isResponse),
    infos: withoutRetransmissions(about('INFO').filter(isRequest)),
  }
}

/**
 * Offer and answer of the first exchange, early (INVITE and 2xx) or late (2xx and ACK, RFC 3261
 * section 13.2.1; reliable provisional response and PRACK, RFC 3262 section 5).
 */
function descriptions(
  invite: TracedRequest,
  responses: readonly TracedResponse[],
  success: TracedResponse | undefined,
  acknowledgements: readonly TracedRequest[],
): { offer: Description | undefined; answer: Description | undefined } {
  const early = describe(invite)
  const first = success && describe(success)
  const provisional = responses.map(describe).find((found) => found !== undefined)
  if (early !== undefined) return { offer: early, answer: first ?? provisional }
  return { offer: provisional, answer: acknowledgements.map(describe).find((found) => found !== undefined) }
}

function describe(traced: Traced): Description | undefined {
  const sdp = bodyPart(traced.message, 'application/sdp')
  return sdp === undefined ? undefined : { by: traced.from, sdp, in: traced }
}

const cseqOf = ({ message }: Traced): number | undefined => parseCSeq(message.headers.get('CSeq'))?.number

function hasToTag(message: SipMessage): boolean {
  return tagOf(message.headers.get('To')) !== undefined
}

/** The same request twice (same branch and CSeq) is one request that was sent again. */
function withoutRetransmissions(requests: readonly TracedRequest[]): TracedRequest[] {
  const seen = new Set<string>()
  return requests.filter((traced) => {
    const key = `${traced.from} ${traced.message.headers.get('CSeq')} ${/branch=([^;,\s]+)/i.exec(traced.message.headers.get('Via') ?? '')?.[1]}`
    if (seen.has(key)) return false
    seen.add(key)
    return true
  })
}
