/**
 * Non-INVITE server transaction, RFC 3261 17.2.2.
 *
 *                   | request: deliver
 *                   v
 *   request:     +--------+ 200-699 from TU: send, start J
 *   nothing      | Trying |---------------------------------+
 *                +--------+                                 |
 *                   | 1xx from TU: send                     |
 *                   v                                       |
 *   request,     +------------+ 200-699 from TU: send, J    |
 *   1xx: send    | Proceeding |---------------------------->|
 *                +------------+                             v
 *                                      request: send +-----------+
 *                +------------+           J          | Completed |
 *                | Terminated |<---------------------+-----------+
 *                +------------+
 *
 * A transport error is reported and changes no phase (RFC 6026 8.8).
 */
import { lifetime, type SipTimers } from '../timers.ts'
import type { StartTimer, Step, TimerFired, TransactionFailure } from './step.ts'

type Phase = 'trying' | 'proceeding' | 'completed' | 'terminated'

export interface NonInviteServerState {
  readonly phase: Phase
  readonly reliable: boolean
}

export type NonInviteServerEvent =
  | { readonly type: 'request' | 'transport-error' }
  | { readonly type: 'respond'; readonly status: number }
  | TimerFired<'J'>

/** `send` the response given last; `deliver` the request to the TU. */
export type NonInviteServerAction =
  | { readonly type: 'send' | 'deliver' | 'end' }
  | { readonly type: 'fail'; readonly why: TransactionFailure }
  | StartTimer<'J'>

type NonInviteServerStep = Step<NonInviteServerState, NonInviteServerAction>

/** The first step: the request goes up. `reliable` is true for TCP and TLS. */
export const startNonInviteServer = (reliable: boolean): NonInviteServerStep => ({
  state: { phase: 'trying', reliable },
  actions: [{ type: 'deliver' }],
})

/** Total: an event a phase does not know changes nothing. */
export function stepNonInviteServer(state: NonInviteServerState, event: NonInviteServerEvent, timers: SipTimers): NonInviteServerStep {
  const same = { state, actions: [] }
  if (state.phase === 'terminated') return same
  switch (event.type) {
    case 'transport-error':
      return { state, actions: [{ type: 'fail', why: 'transport' }] }
    case 'request':
      return state.phase === 'trying' ? same : { state, actions: [{ type: 'send' }] }
    case 'respond':
      return state.phase === 'completed' ? same : respond(state, event.status, timers)
    case 'timer':
      return state.phase === 'completed' ? { state: { ...state, phase: 'terminated' }, actions: [{ type: 'end' }] } : same
  }
}

function respond(state: NonInviteServerState, status: number, timers: SipTimers): NonInviteServerStep {
  if (status < 200) return { state: { ...state, phase: 'proceeding' }, actions: [{ type: 'send' }] }
  if (state.reliable) return { state: { ...state, phase: 'terminated' }, actions: [{ type: 'send' }, { type: 'end' }] }
  return { state: { ...state, phase: 'completed' }, actions: [{ type: 'send' }, { type: 'start', timer: 'J', ms: lifetime(timers) }] }
}
