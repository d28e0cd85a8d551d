import { type NameAddr, parseNameAddr } from '../protocol/sip/headers.ts'

/**
 * Reads what a user of the endpoint writes: a name-addr, or a URI. In a header the
 * parameters after a bare URI would be the header's (RFC 3261 20); here they are the URI's.
 * Throws a TypeError: the caller made it up.
 */
export function addressOf(text: string): NameAddr {
  const address = parseNameAddr(text.includes('<') ? text : `<${text}>`)
  if (address === undefined) throw new TypeError(`not an address: ${text}`)
  return address
}
