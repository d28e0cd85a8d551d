/**
 * What must hold of a message before any transaction sees it: the headers that routing and matching stand on.
 * Everything else stays opaque: RFC 3261 section 16.3 asks elements not to look at what they do not need, and
 * section 8.2 asks to ignore malformed headers that are not necessary for processing.
 * One function a rule, run in the order below; the first broken one is reported.
 */
import type { HeaderMap } from './header-map.ts'
import { parseCSeq, readNameAddr, readVia } from './headers.ts'
import type { SipMessage } from './message.ts'
import { isSpaceCode, parseNumber, splitList } from './scan.ts'

/** A broken rule; `header` and `row` (from 0) say where. */
export interface Violation {
  readonly rule: string
  readonly detail: string
  readonly header?: string
  readonly row?: number
}

type Check = (message: SipMessage) => Violation | undefined

/** RFC 3261 section 8.1.1: without these nothing can be matched or answered. Max-Forwards is forgiven (RFC 2543 had none). */
const mandatory = ['Via', 'From', 'To', 'Call-ID', 'CSeq'] as const

/** Headers that may stand once only and whose second row would make two elements disagree (RFC 4475 section 3.3.8). */
const once = ['From', 'To', 'Call-ID', 'CSeq', 'Max-Forwards', 'Content-Length']

const rfc3261_8_1_1_mandatory: Check = ({ headers }) => {
  for (const header of mandatory) {
    if (!headers.has(header)) return { rule: 'rfc3261/8.1.1', detail: `no ${header} header`, header }
  }
  return undefined
}

const rfc3261_7_3_1_once: Check = ({ headers }) => {
  for (const header of once) {
    if (headers.count(header) > 1) return { rule: 'rfc3261/7.3.1', detail: `more than one ${header} header`, header, row: 1 }
  }
  return undefined
}

const rfc3261_20_16_cseq: Check = (message) => {
  const cseq = parseCSeq(message.headers.get('CSeq'))
  if (cseq === undefined) return { rule: 'rfc3261/20.16', detail: 'CSeq is not a number below 2**31 and a method', header: 'CSeq' }
  if (message.type === 'request' && cseq.method !== message.method) {
    return { rule: 'rfc3261/8.1.1.5', detail: `CSeq names ${cseq.method}, the request is ${message.method}`, header: 'CSeq' }
  }
  return undefined
}

const rfc3261_20_42_via: Check = ({ headers }) => {
  const values: string[] = []
  const clean = splitList(headers.get('Via') ?? '', values)
  if (!clean || values[0] === undefined || readVia(values[0]) === undefined) {
    return { rule: 'rfc3261/20.42', detail: 'the top Via cannot be read', header: 'Via' }
  }
  return undefined
}

const rfc3261_20_8_callId: Check = ({ headers }) => {
  const value = headers.get('Call-ID') ?? ''
  if (value.length === 0) return { rule: 'rfc3261/20.8', detail: 'Call-ID is empty', header: 'Call-ID' }
  for (let at = 0; at < value.length; at += 1) {
    if (isSpaceCode(value.charCodeAt(at))) return { rule: 'rfc3261/20.8', detail: 'Call-ID holds white space', header: 'Call-ID' }
  }
  return undefined
}

const rfc3261_20_20_fromTo: Check = ({ headers }) => {
  for (const header of ['From', 'To']) {
    if (readNameAddr(headers.get(header) ?? '') === undefined) {
      return { rule: 'rfc3261/20.10', detail: `${header} is not an address`, header }
    }
  }
  return undefined
}

const rfc3261_20_10_contact: Check = ({ headers }) =>
  addresses(headers, 'Contact', (value) => value === '*') ?? addresses(headers, 'Route') ?? addresses(headers, 'Record-Route')

function addresses(headers: HeaderMap, header: string, also?: (value: string) => boolean): Violation | undefined {
  if (!headers.has(header)) return undefined
  const rows = headers.rows(header)
  for (let row = 0; row < rows.length; row += 1) {
    const values: string[] = []
    const clean = splitList(rows[row]!, values)
    for (const value of values) {
      if (readNameAddr(value) === undefined && also?.(value) !== true) {
        return { rule: 'rfc3261/20.10', detail: `${header} holds what is not an address`, header, row }
      }
    }
    if (!clean) return { rule: 'rfc3261/20.10', detail: `${header} holds an empty value`, header, row }
  }
  return undefined
}

const rfc3261_20_22_maxForwards: Check = ({ headers }) => {
  const value = headers.get('Max-Forwards')
  if (value === undefined || parseNumber(value, 255) !== undefined) return undefined
  return { rule: 'rfc3261/20.22', detail: 'Max-Forwards is not a number up to 255', header: 'Max-Forwards' }
}

const checks: readonly Check[] = [
  rfc3261_8_1_1_mandatory,
  rfc3261_7_3_1_once,
  rfc3261_20_42_via,
  rfc3261_20_16_cseq,
  rfc3261_20_8_callId,
  rfc3261_20_20_fromTo,
  rfc3261_20_10_contact,
  rfc3261_20_22_maxForwards,
]

/** The first rule this message breaks. */
export function firstViolation(message: SipMessage): Violation | undefined {
  for (const check of checks) {
    const violation = check(message)
    if (violation !== undefined) return violation
  }
  return undefined
}
