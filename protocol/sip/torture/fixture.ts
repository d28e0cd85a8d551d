/** How a torture message of RFC 4475 is written down, and what this parser is to make of it. */

export interface TortureMessage {
  /** Section of RFC 4475. */
  readonly section: string
  /** The RFC's short name. */
  readonly name: string
  readonly title: string
  readonly bytes: Uint8Array
  /**
   * accept: well formed, or wrong only for the layers above (transaction, transaction user).
   * tolerate: not well formed, and the RFC allows to be liberal; we are.
   * refuse: reported as malformed, with this rule, and this status where a request is to be answered.
   */
  readonly verdict: 'accept' | 'tolerate' | { readonly rule: string; readonly status?: number }
  /** Why, where the RFC leaves a choice, or which layer has the last word. */
  readonly note?: string
}

/** Lines and pieces to bytes: a string is a line of UTF-8 text that gets its CRLF, bytes are put in as they are. */
export function wire(...lines: readonly (string | Uint8Array)[]): Uint8Array {
  return Buffer.concat(lines.map((line) => (typeof line === 'string' ? Buffer.from(`${line}\r\n`, 'utf8') : line)))
}

/** The session description most messages carry: 150 bytes for an address of nine characters. */
export function sdp(address: string, time = '0 0'): string[] {
  return [
    'v=0',
    `o=mhandley 29739 7272939 IN IP4 ${address}`,
    's=-',
    `c=IN IP4 ${address}`,
    `t=${time}`,
    'm=audio 49217 RTP/AVP 0 12',
    'm=video 3227 RTP/AVP 31',
    'a=rtpmap:31 LPC',
  ]
}
