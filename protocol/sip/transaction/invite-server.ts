/**
 * INVITE server transaction, RFC 3261 17.2.1 with RFC 6026's Accepted state.
 *
 *                        | INVITE: deliver, start the 100 timer (200 ms)
 *      INVITE: send last v
 *      +------------+------------+  1xx from TU: send
 *      +----------->| Proceeding |<--+ 100 timer, nothing sent yet: trying
 *                   +------------+---+
 *                    |          |
 *    300-699 from TU |          | 2xx from TU: send, start L
 *    send, G, H      |          |
 *                    v          v
 *   INVITE: send +-----------+ +----------+  INVITE: nothing
 *   G: send, 2G  | Completed | | Accepted |  2xx from TU: send (the TU repeats it)
 *      to T2     +-----------+ +----------+  ACK: deliver
 *                 |      |           |
 *     ACK: start I|      | H: fail   | L
 *                 v      |           |
 *        +-----------+   |           |
 *        | Confirmed |   |           |   ACK, INVITE: nothing
 *        +-----------+   |           |
 *              | I       v           v
 *              |      +------------------+
 *              +----->|    Terminated    |
 *                     +------------------+
 *
 * A transport error is reported and changes no phase (RFC 6026 8.8): the next
 * retransmission may get through.
 */
import { lifetime, type SipTimers } from '../timers.ts'
import type { StartTimer, Step, StopTimer, TimerFired, TransactionFailure } from './step.ts'

type Phase = 'proceeding' | 'completed' | 'confirmed' | 'accepted' | 'terminated'
type TimerName = '100' | 'G' | 'H' | 'I' | 'L'

export interface InviteServerState {
  readonly phase: Phase
  readonly reliable: boolean
  /** A response has been sent, so there is one to repeat. */
  readonly responded: boolean
  /** What timer G runs for now. */
  readonly retransmitMs: number
}

export type InviteServerEvent =
  | { readonly type: 'request' | 'ack' | 'transport-error' }
  | { readonly type: 'respond'; readonly status: number }
  | TimerFired<TimerName>

/** `send` the response given last; `trying`: make a 100 and send it; `deliver` the request (INVITE or ACK) to the TU. */
export type InviteServerAction =
  | { readonly type: 'send' | 'trying' | 'deliver' | 'end' }
  | { readonly type: 'fail'; readonly why: TransactionFailure }
  | StartTimer<TimerName>
  | StopTimer<TimerName>

type InviteServerStep = Step<InviteServerState, InviteServerAction>

/** RFC 3261 17.2.1: a 100 is due when the TU says nothing for this long. */
const tryingAfterMs = 200

/** The first step: the INVITE goes up. `reliable` is true for TCP and TLS. */
export function startInviteServer(reliable: boolean, timers: SipTimers): InviteServerStep {
  return {
    state: { phase: 'proceeding', reliable, responded: false, retransmitMs: timers.t1 },
    actions: [{ type: 'start', timer: '100', ms: tryingAfterMs }, { type: 'deliver' }],
  }
}

/** Total: an event a phase does not know changes nothing. */
export function stepInviteServer(state: InviteServerState, event: InviteServerEvent, timers: SipTimers): InviteServerStep {
  if (event.type === 'transport-error' && state.phase !== 'terminated') return { state, actions: [{ type: 'fail', why: 'transport' }] }
  return phases[state.phase](state, event, timers) ?? { state, actions: [] }
}

type Handler = (state: InviteServerState, event: InviteServerEvent, timers: SipTimers) => InviteServerStep | undefined

const phases: Record<Phase, Handler> = {
  proceeding(state, event, timers) {
    if (event.type === 'request') return state.responded ? { state, actions: [{ type: 'send' }] } : undefined
    if (event.type === 'timer') {
      return event.timer === '100' && !state.responded ? { state: { ...state, responded: true }, actions: [{ type: 'trying' }] } : undefined
    }
    if (event.type !== 'respond') return undefined
    const actions: InviteServerAction[] = state.responded ? [{ type: 'send' }] : [{ type: 'stop', timer: '100' }, { type: 'send' }]
    if (event.status < 200) return { state: { ...state, responded: true }, actions }
    if (event.status < 300) {
      actions.push({ type: 'start', timer: 'L', ms: lifetime(timers) })
      return { state: { ...state, responded: true, phase: 'accepted' }, actions }
    }
    actions.push({ type: 'start', timer: 'H', ms: lifetime(timers) })
    if (!state.reliable) actions.push({ type: 'start', timer: 'G', ms: timers.t1 })
    return { state: { ...state, responded: true, phase: 'completed' }, actions }
  },

  completed(state, event, timers) {
    if (event.type === 'request') return { state, actions: [{ type: 'send' }] }
    if (event.type === 'ack') return confirm(state, timers)
    if (event.type !== 'timer') return undefined
    if (event.timer === 'H')
      return { state: { ...state, phase: 'terminated' }, actions: [{ type: 'fail', why: 'timeout' }, { type: 'end' }] }
    if (event.timer !== 'G') return undefined
    const retransmitMs = Math.min(state.retransmitMs * 2, timers.t2)
    return { state: { ...state, retransmitMs }, actions: [{ type: 'send' }, { type: 'start', timer: 'G', ms: retransmitMs }] }
  },

  /** Absorbs further ACKs for timer I. */
  confirmed: (state, event) => (event.type === 'timer' && event.timer === 'I' ? end(state) : undefined),

  accepted(state, event) {
    if (event.type === 'ack') return { state, actions: [{ type: 'deliver' }] }
    if (event.type === 'respond') return event.status >= 200 && event.status < 300 ? { state, actions: [{ type: 'send' }] } : undefined
    return event.type === 'timer' && event.timer === 'L' ? end(state) : undefined
  },

  terminated: () => undefined,
}

function confirm(state: InviteServerState, timers: SipTimers): InviteServerStep {
  if (state.reliable) return end(state)
  return {
    state: { ...state, phase: 'confirmed' },
    actions: [
      { type: 'stop', timer: 'G' },
      { type: 'stop', timer: 'H' },
      { type: 'start', timer: 'I', ms: timers.t4 },
    ],
  }
}

const end = (state: InviteServerState): InviteServerStep => ({ state: { ...state, phase: 'terminated' }, actions: [{ type: 'end' }] })
