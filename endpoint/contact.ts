import { formatUri, type SipUri } from '../protocol/sip/uri.ts'
import type { Address, Transport } from '../protocol/wire.ts'

/** Our Contact value (RFC 3261 8.1.1.8): UDP is what a URI means without a transport parameter. */
export function contactValue(user: string | undefined, local: Address, transport: Transport): string {
  const uri: SipUri = { scheme: 'sip', host: local.address, port: local.port, params: new Map(), headers: new Map() }
  if (user !== undefined) uri.user = user
  if (transport !== 'udp') uri.params.set('transport', transport)
  return `<${formatUri(uri)}>`
}
