import type { SipMessage } from './message.ts'

/** Why bytes are not a SIP message we can work with: where, by which rule, and what to answer. */
export interface Malformed {
  /** Byte where it was noticed. */
  readonly offset: number
  /** Line of the header section, from 1. */
  readonly line: number
  /** The rule broken, as `rfc3261/7.1`. */
  readonly rule: string
  readonly detail: string
  /** The status a request is to be answered with. Absent for a response, for an ACK, and where no answer could be routed: discard. */
  readonly status?: number
  /** As much as was understood, to answer it. */
  readonly message?: SipMessage
}

export type Parsed = { readonly ok: true; readonly message: SipMessage } | { readonly ok: false; readonly error: Malformed }
