/** Requests inside a dialog: where they go, and what becomes of the dialog when they fail. */
import type { Dialog, RoutedRequest } from '../protocol/sip/dialog/dialog.ts'
import { makeResponse, type SipRequest, type SipResponse } from '../protocol/sip/message.ts'
import { parseUri } from '../protocol/sip/uri.ts'
import type { AgentCore } from './agent-core.ts'
import type { ClientAuth } from './client-auth.ts'
import { Exchange } from './exchange.ts'
import { destinationOf } from './next-hop.ts'
import type { Target } from './target.ts'
import type { Connection } from './transport/connection.ts'
import type { HeaderRow } from './user-agent-types.ts'

/** The dialog and what is known of the way to the peer. */
export interface DialogWay {
  readonly core: AgentCore
  readonly dialog: Dialog
  readonly auth: ClientAuth | undefined
  /** The flow the peer was seen on last. */
  readonly flow: Connection | undefined
}

/**
 * By the route set and remote target, with two allowances for streams. A target marked
 * `;ob` asks to be reached over the flow it registered or called on, whatever address it
 * names (RFC 5626 4.3). And a target at the far end of the flow, or one that cannot be
 * reached while the flow still stands (a NAT, a certificate without the address in its
 * Contact), is reached over the flow: it is the connection the dialog was made on.
 */
export async function dialogTargets({ core, flow }: DialogWay, nextHop: string): Promise<readonly Target[]> {
  const uri = parseUri(nextHop)
  const back = flow?.open === true ? { transport: flow.transport, host: flow.remote.address, port: flow.remote.port, flow } : undefined
  if (back !== undefined && uri !== undefined && uri.scheme !== 'tel' && uri.params.has('ob')) return [back]
  const targets = await core.targets(nextHop)
  if (back === undefined || back.transport === 'udp' || targets[0]?.transport !== back.transport) return targets
  const found = targets.map((target) => (target.host === back.host && target.port === back.port ? back : target))
  return found.includes(back) ? found : [...found, back]
}

/**
 * Resolves with the final response, and never rejects: where none came, with the 408 or
 * 503 that stands for it (RFC 3261 8.1.3.1).
 */
export function requestInDialog(way: DialogWay, method: string, rows: readonly HeaderRow[], body?: string): Promise<SipResponse> {
  const { core, dialog, auth } = way
  return new Promise((resolve) => {
    let sent: SipRequest | undefined
    const exchange = new Exchange(core, {
      auth,
      make: (authorize) => {
        const routed = dialog.request(method, [['User-Agent', core.name], ...rows], body)
        for (const [name, value] of authorize(method, routed.request.uri, routed.request.body)) routed.request.headers.append(name, value)
        sent = routed.request
        return routed
      },
      targets: (nextHop) => dialogTargets(way, nextHop),
      onFinal: resolve,
      onFailure: (error) => {
        core.log('sip:dialog', dialog.callId, '%s: %s', method, error.message)
        resolve(makeResponse(sent!, error.status, { reason: error.message }))
      },
    })
    void exchange.start()
  })
}

/** Sends the ACK for a 2xx to the first place that takes it. Rejects when none does. */
export async function sendAck(way: DialogWay, { request, nextHop }: RoutedRequest): Promise<void> {
  let last: unknown
  const { health, clock, transactions } = way.core
  for (const target of health.order(await dialogTargets(way, nextHop), clock.now())) {
    try {
      await transactions.acknowledge(request, destinationOf(target))
      return
    } catch (error) {
      last = error
    }
  }
  throw last ?? new Error(`nowhere to send the ACK: ${nextHop}`)
}

/** RFC 3261 12.2.1.2: after these the dialog is dead at the other end. */
export const endsDialog = (status: number): boolean => status === 481 || status === 408
