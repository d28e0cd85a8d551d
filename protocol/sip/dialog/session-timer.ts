/**
 * Session timers, RFC 4028: who keeps a session alive, how often, and when the other
 * side may take it for dead. Decisions only; the timers run in the endpoint.
 */
import { parseSessionExpires } from '../headers.ts'
import type { SipRequest, SipResponse } from '../message.ts'

type Row = [name: string, value: string]

/** What both sides settled on; absent where the session does not expire. */
export interface SessionTerms {
  readonly seconds: number
  /** Of the transaction that settled it. */
  readonly refresher: 'uac' | 'uas'
}

/** Section 4: no session interval may be shorter. */
export const leastMinSe = 90

/** Headers of an INVITE or UPDATE that asks for `seconds` (section 7.1). `refresher` is named in refreshes only. */
export function requestRows(seconds: number, minSe: number, refresher?: 'uac' | 'uas'): Row[] {
  const rows: Row[] = [['Session-Expires', refresher === undefined ? String(seconds) : `${seconds};refresher=${refresher}`]]
  if (minSe > leastMinSe) rows.push(['Min-SE', String(minSe)])
  return rows
}

export type ServerDecision =
  | { readonly accepted: true; readonly terms: SessionTerms | undefined; readonly rows: readonly Row[] }
  /** Answer 422 with these rows (section 6). */
  | { readonly accepted: false; readonly rows: readonly Row[] }

/** What the receiver of an INVITE or UPDATE answers in its 2xx (section 9). `minSe` is the shortest interval it wants. */
export function decideAsServer(request: SipRequest, minSe: number = leastMinSe): ServerDecision {
  const asked = parseSessionExpires(request.headers.get('Session-Expires'))
  if (asked === undefined) return { accepted: true, terms: undefined, rows: [] }
  const peerSupports = request.headers.list('Supported').includes('timer')
  if (asked.seconds < minSe && peerSupports) return { accepted: false, rows: [['Min-SE', String(minSe)]] }
  // A proxy may have put the header in for a caller that knows no timers: then the refreshing is ours, and no 422 would be understood.
  const refresher = peerSupports ? (asked.refresher ?? 'uac') : 'uas'
  const seconds = Math.max(asked.seconds, minSe)
  const rows: Row[] = [['Session-Expires', `${seconds};refresher=${refresher}`]]
  if (refresher === 'uac') rows.unshift(['Require', 'timer'])
  return { accepted: true, terms: { seconds, refresher }, rows }
}

/** What a 2xx settles for the sender of the request (section 7.2). */
export function settledByResponse(response: SipResponse): SessionTerms | undefined {
  const granted = parseSessionExpires(response.headers.get('Session-Expires'))
  return granted === undefined ? undefined : { seconds: granted.seconds, refresher: granted.refresher ?? 'uac' }
}

/** The interval to ask for after a 422; undefined when the response names none (section 7.3). */
export function secondsAfter422(response: SipResponse): number | undefined {
  return parseSessionExpires(response.headers.get('Min-SE'))?.seconds
}

export type SessionPlan = { readonly refreshMs: number; readonly expireMs: number }

/**
 * When to refresh, and when to hang up because nobody did (section 10): the refresher
 * acts at half the interval; either side gives up 32 s, or a third of the interval if
 * that is less, before its end.
 */
export function planSession(terms: SessionTerms): SessionPlan {
  const ms = terms.seconds * 1000
  return { refreshMs: ms / 2, expireMs: ms - Math.min(32_000, ms / 3) }
}
