/**
 * INVITE client transaction, RFC 3261 17.1.1 with RFC 6026's Accepted state.
 *
 *                    | INVITE from TU: send, start A (unreliable), B
 *                    v
 *      A: send, 2A  +---------+  B or transport error: fail
 *      +------------| Calling |------------------------------------+
 *      +----------->+---------+---------- 2xx: deliver, M --------+ |
 *                    |      |                                     | |
 *        1xx deliver |      | 300-699: ACK, deliver, start D      | |
 *                    v      |                                     | |
 *      1xx deliver  +------------+                                | |
 *      +------------| Proceeding |-------- 2xx: deliver, M ----+  | |
 *      +----------->+------------+                             |  | |
 *                    |      |                                  |  | |
 *            300-699 |      |                                  v  v |
 *                    v      v                          +----------+ |
 *      300-699: ACK +-----------+     2xx: deliver     | Accepted | |
 *      +------------| Completed |     +----------------|          | |
 *      +----------->+-----------+     +--------------->+----------+ |
 *                    |                                  | M         |
 *                    | D or transport error             v           |
 *                    |                            +------------+    |
 *                    +--------------------------->| Terminated |<---+
 *                                                 +------------+
 *
 * The ACK for a 2xx is no part of the transaction: the user agent core sends it.
 */
import { lifetime, type SipTimers } from '../timers.ts'
import type { StartTimer, Step, StopTimer, TimerFired, TransactionFailure } from './step.ts'

type Phase = 'calling' | 'proceeding' | 'completed' | 'accepted' | 'terminated'
type TimerName = 'A' | 'B' | 'D' | 'M'

export interface InviteClientState {
  readonly phase: Phase
  readonly reliable: boolean
  /** What timer A runs for now. */
  readonly retransmitMs: number
}

export type InviteClientEvent =
  | { readonly type: 'response'; readonly status: number }
  | TimerFired<TimerName>
  | { readonly type: 'transport-error' }

/** `send` the INVITE; `acknowledge` and `deliver` the response that came with the event. */
export type InviteClientAction =
  | { readonly type: 'send' | 'acknowledge' | 'deliver' | 'end' }
  | { readonly type: 'fail'; readonly why: TransactionFailure }
  | StartTimer<TimerName>
  | StopTimer<TimerName>

type InviteClientStep = Step<InviteClientState, InviteClientAction>

/** Timer D must exceed 32 s for unreliable transports, however T1 was chosen (RFC 3261 17.1.1.2); it scales with T1 here so that tests can. */
const timerD = (state: InviteClientState, timers: SipTimers) => (state.reliable ? 0 : lifetime(timers))

/** The first step: the INVITE leaves. `reliable` is true for TCP and TLS. */
export function startInviteClient(reliable: boolean, timers: SipTimers): InviteClientStep {
  const actions: InviteClientAction[] = [{ type: 'send' }, { type: 'start', timer: 'B', ms: lifetime(timers) }]
  if (!reliable) actions.push({ type: 'start', timer: 'A', ms: timers.t1 })
  return { state: { phase: 'calling', reliable, retransmitMs: timers.t1 }, actions }
}

/** Total: an event a phase does not know changes nothing. */
export function stepInviteClient(state: InviteClientState, event: InviteClientEvent, timers: SipTimers): InviteClientStep {
  return phases[state.phase](state, event, timers) ?? { state, actions: [] }
}

type Handler = (state: InviteClientState, event: InviteClientEvent, timers: SipTimers) => InviteClientStep | undefined

const phases: Record<Phase, Handler> = {
  calling(state, event, timers) {
    if (event.type === 'response') {
      if (event.status >= 200) return final(state, event.status, timers)
      return {
        state: { ...state, phase: 'proceeding' },
        actions: [{ type: 'stop', timer: 'A' }, { type: 'stop', timer: 'B' }, { type: 'deliver' }],
      }
    }
    if (event.type === 'transport-error') return fail(state, 'transport')
    if (event.timer === 'B') return fail(state, 'timeout')
    if (event.timer !== 'A') return undefined
    const retransmitMs = state.retransmitMs * 2
    return { state: { ...state, retransmitMs }, actions: [{ type: 'send' }, { type: 'start', timer: 'A', ms: retransmitMs }] }
  },

  proceeding(state, event, timers) {
    if (event.type !== 'response') return undefined
    if (event.status >= 200) return final(state, event.status, timers)
    return { state, actions: [{ type: 'deliver' }] }
  },

  completed(state, event) {
    if (event.type === 'response') return event.status >= 300 ? { state, actions: [{ type: 'acknowledge' }] } : undefined
    if (event.type === 'transport-error') return fail(state, 'transport')
    return event.timer === 'D' ? end(state) : undefined
  },

  /** RFC 6026 7.2: every 2xx, repeated or from another fork, goes up; nothing else does. */
  accepted(state, event) {
    if (event.type === 'response') return event.status >= 200 && event.status < 300 ? { state, actions: [{ type: 'deliver' }] } : undefined
    return event.type === 'timer' && event.timer === 'M' ? end(state) : undefined
  },

  terminated: () => undefined,
}

function final(state: InviteClientState, status: number, timers: SipTimers): InviteClientStep {
  const actions: InviteClientAction[] = [
    { type: 'stop', timer: 'A' },
    { type: 'stop', timer: 'B' },
  ]
  if (status < 300) {
    actions.push({ type: 'start', timer: 'M', ms: lifetime(timers) }, { type: 'deliver' })
    return { state: { ...state, phase: 'accepted' }, actions }
  }
  actions.push({ type: 'acknowledge' }, { type: 'deliver' })
  const ms = timerD(state, timers)
  if (ms === 0) {
    actions.push({ type: 'end' })
    return { state: { ...state, phase: 'terminated' }, actions }
  }
  actions.push({ type: 'start', timer: 'D', ms })
  return { state: { ...state, phase: 'completed' }, actions }
}

const fail = (state: InviteClientState, why: TransactionFailure): InviteClientStep => ({
  state: { ...state, phase: 'terminated' },
  actions: [{ type: 'fail', why }, { type: 'end' }],
})

const end = (state: InviteClientState): InviteClientStep => ({ state: { ...state, phase: 'terminated' }, actions: [{ type: 'end' }] })
