/**
 * What a request outside any dialog must pass before anyone above hears of it: RFC 3261
 * section 8.2, one function a rule, in the order they are run. The Request-URI's user
 * (404) and who may call (401, 403) are the listener's business.
 *
 * Max-Forwards is not looked at: a request that has arrived may have spent its last hop
 * (RFC 3261 16.3 refuses 0 only where the request is to be forwarded).
 */
import { mediaType } from '../protocol/sip/body-part.ts'
import { decideAsServer } from '../protocol/sip/dialog/session-timer.ts'
import type { SipRequest } from '../protocol/sip/message.ts'
import { parseUri } from '../protocol/sip/uri.ts'
import { allow, sdpType, supportedOptions } from './rows.ts'
import type { HeaderRow } from './user-agent-types.ts'

export interface Refusal {
  readonly status: number
  readonly rows: readonly HeaderRow[]
}

type Check = (request: SipRequest) => Refusal | undefined

/** More proxies than a Max-Forwards of 70 lets a request pass: it has been going in circles. */
const mostHops = 70
/** Methods anyone may define a use for outside a dialog; those that need a dialog are 481 there. */
const needDialog = new Set(['BYE', 'INFO', 'UPDATE', 'PRACK'])

const rfc3261_8_2_1_method: Check = ({ method }) => (needDialog.has(method) ? { status: 481, rows: [] } : undefined)

const rfc3261_8_2_2_1_scheme: Check = ({ uri }) => (parseUri(uri) === undefined ? { status: 416, rows: [] } : undefined)

const rfc3261_16_3_loop: Check = ({ headers }) => (headers.count('Via') > mostHops ? { status: 483, rows: [] } : undefined)

const rfc3261_8_2_2_3_require: Check = ({ headers }) => {
  const unknown = headers.list('Require').filter((option) => !supportedOptions.includes(option.toLowerCase() as 'timer'))
  return unknown.length === 0 ? undefined : { status: 420, rows: [['Unsupported', unknown.join(', ')]] }
}

/** A body in a type or coding we cannot read, unless it may be ignored (`handling=optional`). */
const rfc3261_8_2_3_content: Check = ({ method, headers, body }) => {
  if (method !== 'INVITE' || body.length === 0) return undefined
  if (/;\s*handling\s*=\s*optional/i.test(headers.get('Content-Disposition') ?? '')) return undefined
  const coding = headers.get('Content-Encoding')?.trim().toLowerCase()
  if (coding !== undefined && coding !== 'identity') return { status: 415, rows: [['Accept-Encoding', 'identity']] }
  const type = mediaType(headers.get('Content-Type'))
  return type === sdpType || type.startsWith('multipart/') ? undefined : { status: 415, rows: [['Accept', sdpType]] }
}

const rfc4028_6_interval: Check = (request) => {
  if (request.method !== 'INVITE') return undefined
  const decision = decideAsServer(request)
  return decision.accepted ? undefined : { status: 422, rows: decision.rows }
}

const checks: readonly Check[] = [
  rfc3261_8_2_1_method,
  rfc3261_8_2_2_1_scheme,
  rfc3261_16_3_loop,
  rfc3261_8_2_2_3_require,
  rfc3261_8_2_3_content,
  rfc4028_6_interval,
]

/** The first rule broken, as what to answer. */
export function refusalOf(request: SipRequest): Refusal | undefined {
  for (const check of checks) {
    const refusal = check(request)
    if (refusal !== undefined) return refusal
  }
  return undefined
}

/** Rows of a 405 or 501, and of an answer to OPTIONS (RFC 3261 11.2). */
export const capabilities: readonly HeaderRow[] = [
  ['Allow', allow],
  ['Accept', sdpType],
  ['Supported', supportedOptions.join(', ')],
]
