/** From the URI a request is sent towards to the places to try (RFC 3261 8.1.2). */
import { formatUri, parseUri, type SipUri } from '../protocol/sip/uri.ts'
import type { Transport } from '../protocol/wire.ts'
import { RequestError } from './request-error.ts'
import type { Resolver } from './resolver.ts'
import type { Target } from './target.ts'
import { canonicalAddress } from './transport/address.ts'
import type { Destination } from './transport/transport-layer.ts'
import { defaultPort } from './transport/via-routing.ts'

/** Rejects with a RequestError (`unresolvable`). */
export async function resolveUri(resolver: Resolver, text: string): Promise<readonly Target[]> {
  const uri = parseUri(text)
  if (uri === undefined || uri.scheme === 'tel') throw new RequestError('unresolvable', `${text} names no place to send to`)
  try {
    return await resolver.resolve(uri)
  } catch (error) {
    throw new RequestError('unresolvable', `${text}: ${error instanceof Error ? error.message : error}`, error)
  }
}

/** A target whose host may be a name becomes targets that are addresses. Rejects with a RequestError. */
export async function resolveTarget(resolver: Resolver, target: Target): Promise<readonly Target[]> {
  if (target.flow !== undefined || canonicalAddress(target.host) !== undefined) return [target]
  const uri: SipUri = { scheme: 'sip', host: target.host, params: new Map([['transport', target.transport]]), headers: new Map() }
  if (target.port !== undefined) uri.port = target.port
  return resolveUri(resolver, formatUri(uri))
}

/** What the transport layer needs to be told. A flow that has closed is replaced by the address it led to. */
export function destinationOf(target: Target): Destination {
  if (target.flow?.open === true) return { flow: target.flow }
  const remote = { address: target.host, port: target.port ?? defaultPort(target.transport) }
  return { transport: target.transport, remote, servername: target.servername }
}

/** The transport a URI asks for, where it asks for one. */
export function transportParam(text: string): Transport | undefined {
  const uri = parseUri(text)
  const named = uri === undefined || uri.scheme === 'tel' ? undefined : uri.params.get('transport')?.toLowerCase()
  return named === 'udp' || named === 'tcp' || named === 'tls' ? named : undefined
}
