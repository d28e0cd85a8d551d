/**
 * Via's part in finding the way back: what a server writes into the topmost Via of a
 * request it receives, and where the response to it must then go. RFC 3261 sections
 * 18.2.1 and 18.2.2, RFC 3581 section 4.
 */

import { formatVia, readVia, topVia } from '../../protocol/sip/headers.ts'
import type { SipRequest, SipResponse } from '../../protocol/sip/message.ts'
import { serialize } from '../../protocol/sip/serializer.ts'
import type { Address, Transport } from '../../protocol/wire.ts'
import { canonicalAddress } from './address.ts'
import type { Connection } from './connection.ts'

/**
 * Writes `received` and `rport` into the topmost Via. Without `fillRport` it behaves as
 * a server older than RFC 3581, which does not know the parameter.
 * What the sender wrote there itself is never believed: `received` is ours to set.
 */
export function stampVia(request: SipRequest, remote: Address, fillRport: boolean): void {
  const values = request.headers.list('Via')
  const via = values[0] === undefined ? undefined : readVia(values[0])
  if (via === undefined) return
  const forged = via.params.has('received')
  const fillsRport = fillRport && via.params.has('rport')
  // RFC 3581 section 4: with rport, received is added even when it equals sent-by.
  const needsReceived = fillsRport || (via.host !== remote.address && canonicalAddress(via.host) !== remote.address)
  if (!needsReceived && !forged) return
  const params = new Map(via.params)
  params.delete('received')
  if (fillsRport) params.set('rport', String(remote.port))
  if (needsReceived) params.set('received', remote.address)
  values[0] = formatVia({ ...via, params })
  request.headers.set('Via', values)
}

/** A host (IP address, or a name still to be resolved) and, unless the host's records decide it, a port. */
export interface ResponseHop {
  readonly host: string
  readonly port?: number | undefined
}

/** A response as it leaves: all that sending it again takes, and nothing of the messages it was made from. */
export interface PackedResponse {
  readonly bytes: Uint8Array
  readonly hops: readonly ResponseHop[]
}

/** Throws on what cannot be written, as `serialize` does. */
export function packResponse(response: SipResponse, transport: Transport): PackedResponse {
  return { bytes: serialize(response), hops: responseHops(response, transport) }
}

/**
 * Where a response goes, most wanted first. For UDP: where the datagram goes. For streams:
 * where to connect once the connection the request came on has closed. Empty when there
 * is no readable Via.
 */
export function responseHops(response: SipResponse, transport: Transport): ResponseHop[] {
  const via = topVia(response)
  if (via === undefined) return []
  const { host, params } = via
  const port = isPort(via.port) ? via.port : undefined
  const sentBy = { host, port }
  const received = params.get('received')
  const place = received === undefined ? undefined : canonicalAddress(received)
  if (transport === 'udp') {
    const maddr = params.get('maddr')
    if (maddr !== undefined) return [{ host: maddr, port: port ?? defaultPort(transport) }]
    if (place === undefined) return [sentBy]
    const rport = Number(params.get('rport') ?? Number.NaN)
    return [{ host: place, port: isPort(rport) ? rport : (port ?? defaultPort(transport)) }]
  }
  // RFC 3261 section 18.2.2: a new connection goes to received and sent-by's port, never rport;
  // "if that connection attempt fails", to what sent-by resolves to.
  if (place === undefined || place === canonicalAddress(host)) return [sentBy]
  return [{ host: place, port: port ?? defaultPort(transport) }, sentBy]
}

/**
 * The address whose requests may go back over the connection this request came on: RFC
 * 5923 section 5. Only sent-by addresses equal to the connection's own are taken, and over
 * TLS only from a peer with a certificate we trust: nobody redirects another's calls.
 */
export function aliasOf(request: SipRequest, connection: Connection): Address | undefined {
  const via = topVia(request)
  if (via === undefined || !via.params.has('alias')) return undefined
  const { transport, remote, tls } = connection
  if (transport === 'tls' && !tls?.authorized) return undefined
  if (canonicalAddress(via.host) !== remote.address) return undefined
  return { address: remote.address, port: via.port ?? defaultPort(transport) }
}

/** RFC 3261 section 19.1.2. */
export function defaultPort(transport: Transport): number {
  return transport === 'tls' ? 5061 : 5060
}

function isPort(value: number | undefined): value is number {
  return value !== undefined && Number.isInteger(value) && value > 0 && value <= 65_535
}
