/** Header rows this endpoint says of itself, and how a caller's own rows join them. */
import type { HeaderMap } from '../protocol/sip/message.ts'
import type { HeaderRow } from './user-agent-types.ts'

/** Methods understood inside a dialog, or to begin one. */
export const allowedMethods = ['INVITE', 'ACK', 'CANCEL', 'BYE', 'OPTIONS', 'INFO', 'UPDATE', 'PRACK'] as const
export const allow = allowedMethods.join(', ')

/** Extensions a peer may require of us: RFC 3262, RFC 4028. */
export const supportedOptions = ['100rel', 'timer'] as const

export const sdpType = 'application/sdp'
export const infoTypes = ['application/dtmf-relay', 'application/dtmf'] as const

/** Adds rows to a message; a name the message has already is replaced by the caller's rows of that name. */
export function applyRows(headers: HeaderMap, rows: Iterable<readonly [string, string]>): void {
  const replaced = new Set<string>()
  for (const [name, value] of rows) {
    const key = name.toLowerCase()
    if (!replaced.has(key)) headers.delete(name)
    replaced.add(key)
    headers.append(name, value)
  }
}

export const withSdp = (rows: readonly HeaderRow[], sdp: string | undefined): readonly HeaderRow[] =>
  sdp === undefined ? rows : [...rows, ['Content-Type', sdpType]]

/** Warning of RFC 3261 20.43 with free text: what a person looks for first in a trace. */
export const warning = (why: string): HeaderRow => ['Warning', `399 trunkproof "${why.replace(/[\r\n]+/g, ' ').replace(/["\\]/g, "'")}"`]
