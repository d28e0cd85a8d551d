/** Where a call of ours goes: outbound proxy, else the registered binding, else the SIP domain. */

import type { Target } from '../endpoint/target.ts'
import type { Credentials } from '../endpoint/user-agent-types.ts'
import { formatUri, parseUri, type SipUri } from '../protocol/sip/uri.ts'
import type { NumberRecord, Trunk } from './api/schemas.ts'
import type { Binding } from './bindings.ts'

/** What the user agent needs to place the call. */
export interface OutboundRoute {
  readonly requestUri: string
  readonly to: string
  readonly from: string
  readonly outboundProxy?: string
  readonly target?: Target
  readonly credentials?: Credentials
}

export type Routing = { readonly ok: true; readonly route: OutboundRoute } | { readonly ok: false; readonly why: string }

/** `to` is an E.164 number or a SIP URI; `bindings` are the trunk's, the newest first. */
export function routeOutbound(number: NumberRecord, trunk: Trunk, to: string, bindings: readonly Binding[]): Routing {
  const domain = number.sip_domain ?? trunk.sip_domain
  const isNumber = to.startsWith('+')
  const toUri = isNumber ? `sip:${to}@${domain}` : to
  const uri = parseUri(toUri)
  if (uri === undefined || uri.scheme === 'tel') return { ok: false, why: `${to} cannot be called` }
  const proxy = number.outbound_proxy ?? trunk.outbound_proxy
  const credentials = number.credentials ?? trunk.outbound_credentials
  const common = {
    to: toUri,
    from: `sip:${number.number}@${domain}`,
    ...(credentials !== undefined && { credentials }),
  }
  if (proxy !== undefined) return { ok: true, route: { ...common, requestUri: toUri, outboundProxy: proxy } }
  const elsewhere = !isNumber && !sameDomain(uri, domain)
  if (trunk.registration !== 'register' || elsewhere) return { ok: true, route: { ...common, requestUri: toUri } }
  const [binding] = bindings
  if (binding === undefined) return { ok: false, why: `trunk ${trunk.id} is not registered` }
  return { ok: true, route: { ...common, requestUri: contactFor(binding, uri), target: targetOf(binding) } }
}

const sameDomain = (uri: SipUri, domain: string): boolean => (uri.host.includes(':') ? `[${uri.host}]` : uri.host) === domain

/**
 * The binding's contact with the called number as its user: a trunk's contact stands for
 * a range of numbers, and the phone system finds the extension in the Request-URI (as
 * RFC 6140 section 7.1.1 does it). Its parameters stay, so it still knows its own.
 */
function contactFor(binding: Binding, called: SipUri): string {
  const { password: _, ...rest } = binding.uri
  return formatUri({ ...rest, ...(called.user !== undefined && { user: called.user }), headers: new Map() })
}

/**
 * Where the REGISTER came from, not what its Contact says: behind a NAT only the former
 * can be reached. A connection that is gone leaves the contact to be connected to anew.
 */
function targetOf(binding: Binding): Target {
  const { flow, uri } = binding
  const { transport, remote } = flow
  if (transport === 'udp' || flow.open) return { transport, host: remote.address, port: remote.port, flow }
  return { transport, host: uri.host, ...(uri.port !== undefined && { port: uri.port }) }
}
