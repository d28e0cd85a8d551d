/** Route sets: how they are learnt (RFC 3261 12.1) and how they are obeyed (12.2.1.1). */
import { parseNameAddr } from '../headers.ts'
import type { SipRequest, SipResponse } from '../message.ts'
import { parseUri } from '../uri.ts'

/** Route values as they will stand in a Route header, nearest hop first. */
export type RouteSet = readonly string[]

/** As the callee sees it: Record-Route in order (12.1.1). */
export const routeSetOfRequest = (request: SipRequest): RouteSet => request.headers.list('Record-Route')

/** As the caller sees it: Record-Route in reverse order (12.1.2). */
export const routeSetOfResponse = (response: SipResponse): RouteSet => response.headers.list('Record-Route').reverse()

export interface Course {
  readonly requestUri: string
  readonly routes: RouteSet
  /** The URI whose host the request is sent to. */
  readonly nextHop: string
}

/** What a request to `remoteTarget` over these routes says, and where it goes first. */
export function plot(routeSet: RouteSet, remoteTarget: string): Course {
  const first = routeSet[0] === undefined ? undefined : parseNameAddr(routeSet[0])
  if (first === undefined) return { requestUri: remoteTarget, routes: [], nextHop: remoteTarget }
  if (isLoose(first.uri)) return { requestUri: remoteTarget, routes: routeSet, nextHop: first.uri }
  // A strict router (RFC 2543) expects itself in the Request-URI and the target at the end of the routes.
  return { requestUri: asRequestUri(first.uri), routes: [...routeSet.slice(1), `<${remoteTarget}>`], nextHop: first.uri }
}

function isLoose(uri: string): boolean {
  const parsed = parseUri(uri)
  return parsed !== undefined && parsed.scheme !== 'tel' && parsed.params.has('lr')
}

/** Strips what a Request-URI may not hold: headers, and a method parameter (RFC 3261 19.1.1). */
function asRequestUri(uri: string): string {
  const question = uri.indexOf('?')
  return (question < 0 ? uri : uri.slice(0, question)).replace(/;method=[^;]*/i, '')
}
