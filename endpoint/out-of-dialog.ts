/** Requests of ours outside any dialog: REGISTER, OPTIONS and the like (RFC 3261 8.1). */
import { maxForwards } from '../protocol/sip/dialog/dialog.ts'
import { formatNameAddr } from '../protocol/sip/headers.ts'
import { makeRequest, type SipResponse } from '../protocol/sip/message.ts'
import { addressOf } from './address-of.ts'
import type { AgentCore } from './agent-core.ts'
import { ClientAuth } from './client-auth.ts'
import { Exchange } from './exchange.ts'
import { RequestError } from './request-error.ts'
import { applyRows } from './rows.ts'
import { randomToken } from './token.ts'
import type { Connection } from './transport/connection.ts'
import type { HeaderRow, OutgoingRequest, RequestOptions } from './user-agent-types.ts'

/** A final response and the flow it came by. */
export interface Answer {
  readonly response: SipResponse
  readonly flow: Connection
}

/** Throws a TypeError when `to` or `from` is no address; rejects with a RequestError when there is no response at all. `auth` keeps challenges from one request to the next. */
export function requestOutOfDialog(core: AgentCore, wanted: OutgoingRequest, options: RequestOptions, auth?: ClientAuth): Promise<Answer> {
  const { method, callId = randomToken(12), contact } = wanted
  const target = options.target ?? wanted.target
  const credentials = options.credentials ?? wanted.credentials
  const from = addressOf(wanted.from)
  const to = addressOf(wanted.to)
  from.params.set('tag', randomToken())
  const uri = wanted.requestUri ?? to.uri
  let number = 0
  const nextNumber = wanted.nextCSeq ?? (() => ++number)

  return new Promise((resolve, reject) => {
    const exchange = new Exchange(core, {
      auth: auth ?? (credentials === undefined ? undefined : new ClientAuth(credentials)),
      make: (authorize) => {
        const rows: HeaderRow[] = [
          ['Max-Forwards', maxForwards],
          ['From', formatNameAddr(from)],
          ['To', formatNameAddr(to)],
          ['Call-ID', callId],
          ['CSeq', `${nextNumber()} ${method}`],
        ]
        if (wanted.outboundProxy !== undefined && wanted.routeThroughProxy === true) rows.push(['Route', looseRoute(wanted.outboundProxy)])
        if (typeof contact === 'string') rows.push(['Contact', contact])
        rows.push(['User-Agent', core.name])
        if (wanted.contentType !== undefined) rows.push(['Content-Type', wanted.contentType])
        const request = makeRequest(method, uri, rows, wanted.body)
        applyRows(request.headers, wanted.headers ?? [])
        applyRows(request.headers, authorize(method, uri, request.body))
        return { request, nextHop: wanted.outboundProxy ?? uri }
      },
      targets: (nextHop) => (target === undefined ? core.targets(nextHop) : core.resolveTarget(target)),
      prepare: (request, to) => {
        if (contact !== undefined) return
        const way = 'flow' in to ? to.flow : to
        request.headers.set('Contact', core.contact(way.transport, way.remote))
      },
      onFinal: (response, _request, flow) => {
        options.signal?.removeEventListener('abort', abort)
        resolve({ response, flow })
      },
      onFailure: (error) => {
        options.signal?.removeEventListener('abort', abort)
        reject(error)
      },
    })
    const abort = () => exchange.abort('aborted by its sender')
    if (options.signal?.aborted === true) {
      reject(new RequestError('aborted', 'aborted by its sender'))
      return
    }
    options.signal?.addEventListener('abort', abort, { once: true })
    void exchange.start()
  })
}

/** A Route value for a proxy of ours: it must be a loose router (RFC 3261 8.1.2). */
export const looseRoute = (uri: string): string => (/;lr(?:[;=?]|$)/i.test(uri) ? `<${uri}>` : `<${uri};lr>`)
