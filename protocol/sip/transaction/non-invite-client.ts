/**
 * Non-INVITE client transaction, RFC 3261 17.1.2.
 *
 *                     | request from TU: send, start E (unreliable), F
 *                     v
 *   E: send, 2E to T2 +--------+  F or transport error: fail
 *      +--------------| Trying |---------------------------+
 *      +------------->+--------+                           |
 *                      |     | 200-699: deliver, start K   |
 *          1xx deliver |     |                             |
 *                      v     |                             |
 *   E: send, T2   +------------+  F or transport error     |
 *      +----------| Proceeding |-------------------------->|
 *      +--------->+------------+                           |
 *   1xx: deliver      |      |                             |
 *             200-699 |      |                             |
 *                     v      v                             v
 *                 +-----------+            K         +------------+
 *                 | Completed |--------------------->| Terminated |
 *                 +-----------+                      +------------+
 */
import { lifetime, type SipTimers } from '../timers.ts'
import type { StartTimer, Step, StopTimer, TimerFired, TransactionFailure } from './step.ts'

type Phase = 'trying' | 'proceeding' | 'completed' | 'terminated'
type TimerName = 'E' | 'F' | 'K'

export interface NonInviteClientState {
  readonly phase: Phase
  readonly reliable: boolean
  /** What timer E runs for now. */
  readonly retransmitMs: number
}

export type NonInviteClientEvent =
  | { readonly type: 'response'; readonly status: number }
  | TimerFired<TimerName>
  | { readonly type: 'transport-error' }

/** `send` the request; `deliver` the response that came with the event. */
export type NonInviteClientAction =
  | { readonly type: 'send' | 'deliver' | 'end' }
  | { readonly type: 'fail'; readonly why: TransactionFailure }
  | StartTimer<TimerName>
  | StopTimer<TimerName>

type NonInviteClientStep = Step<NonInviteClientState, NonInviteClientAction>

/** The first step: the request leaves. `reliable` is true for TCP and TLS. */
export function startNonInviteClient(reliable: boolean, timers: SipTimers): NonInviteClientStep {
  const actions: NonInviteClientAction[] = [{ type: 'send' }, { type: 'start', timer: 'F', ms: lifetime(timers) }]
  if (!reliable) actions.push({ type: 'start', timer: 'E', ms: timers.t1 })
  return { state: { phase: 'trying', reliable, retransmitMs: timers.t1 }, actions }
}

/** Total: an event a phase does not know changes nothing. */
export function stepNonInviteClient(state: NonInviteClientState, event: NonInviteClientEvent, timers: SipTimers): NonInviteClientStep {
  if (state.phase === 'completed') {
    return event.type === 'timer' && event.timer === 'K' ? end(state) : { state, actions: [] }
  }
  if (state.phase === 'terminated') return { state, actions: [] }
  return pending(state, event, timers)
}

/** Trying and Proceeding differ only in how fast timer E runs. */
function pending(state: NonInviteClientState, event: NonInviteClientEvent, timers: SipTimers): NonInviteClientStep {
  if (event.type === 'response') {
    return event.status < 200 ? { state: { ...state, phase: 'proceeding' }, actions: [{ type: 'deliver' }] } : final(state, timers)
  }
  if (event.type === 'transport-error') return fail(state, 'transport')
  if (event.timer === 'F') return fail(state, 'timeout')
  if (event.timer !== 'E') return { state, actions: [] }
  const retransmitMs = state.phase === 'trying' ? Math.min(state.retransmitMs * 2, timers.t2) : timers.t2
  return { state: { ...state, retransmitMs }, actions: [{ type: 'send' }, { type: 'start', timer: 'E', ms: retransmitMs }] }
}

function final(state: NonInviteClientState, timers: SipTimers): NonInviteClientStep {
  const actions: NonInviteClientAction[] = [{ type: 'stop', timer: 'E' }, { type: 'stop', timer: 'F' }, { type: 'deliver' }]
  if (state.reliable) {
    actions.push({ type: 'end' })
    return { state: { ...state, phase: 'terminated' }, actions }
  }
  actions.push({ type: 'start', timer: 'K', ms: timers.t4 })
  return { state: { ...state, phase: 'completed' }, actions }
}

const fail = (state: NonInviteClientState, why: TransactionFailure): NonInviteClientStep => ({
  state: { ...state, phase: 'terminated' },
  actions: [{ type: 'fail', why }, { type: 'end' }],
})

const end = (state: NonInviteClientState): NonInviteClientStep => ({ state: { ...state, phase: 'terminated' }, actions: [{ type: 'end' }] })
