/**
 * Reliable provisional responses, RFC 3262: the callee repeats a numbered 1xx until the
 * caller's PRACK names it; the caller takes them strictly in order.
 *
 *            1xx from TU: number it, send, start retransmit T1, give-up 64*T1
 *   +------+ ----------------------------------------------> +---------+  retransmit: send, 2x
 *   | Idle |                                                 | Waiting |<--+
 *   +------+ <---------------------------------------------- +---------+---+
 *            PRACK that names it: confirm, next one queued
 *            final response: stop          give-up: fail
 *
 * Only one is unacknowledged at a time; RFC 3262 section 3 asks for that until the first
 * PRACK and allows more after it, which nothing here needs.
 */
import { lifetime, type SipTimers } from '../timers.ts'
import type { StartTimer, Step, StopTimer, TimerFired } from '../transaction/step.ts'

type TimerName = 'retransmit' | 'give-up'

export interface ProvisionalServerState {
  /** Number of the response sent last. */
  readonly rseq: number
  readonly waiting: boolean
  /** Responses the TU gave while one was unacknowledged. */
  readonly queued: number
  readonly retransmitMs: number
}

export type ProvisionalServerEvent =
  | { readonly type: 'respond' | 'final' }
  /** `matches`: the RAck's CSeq number and method are the INVITE's. */
  | { readonly type: 'prack'; readonly rseq: number; readonly matches: boolean }
  | TimerFired<TimerName>

/**
 * `send`: the oldest response not yet acknowledged, numbered `rseq`. `confirm`: that response has arrived, answer the
 * PRACK 200. `refuse`: answer the PRACK 481. `fail`: no PRACK in time, reject the INVITE (section 3: 5xx).
 */
export type ProvisionalServerAction =
  | { readonly type: 'send'; readonly rseq: number }
  | { readonly type: 'confirm' | 'refuse' | 'fail' }
  | StartTimer<TimerName>
  | StopTimer<TimerName>

type ProvisionalServerStep = Step<ProvisionalServerState, ProvisionalServerAction>

/** `firstRseq` is chosen at random from 1 to 2^31 - 1 (section 3). */
export const newProvisionalServer = (firstRseq: number): ProvisionalServerState => ({
  rseq: firstRseq - 1,
  waiting: false,
  queued: 0,
  retransmitMs: 0,
})

export function stepProvisionalServer(
  state: ProvisionalServerState,
  event: ProvisionalServerEvent,
  timers: SipTimers,
): ProvisionalServerStep {
  switch (event.type) {
    case 'respond':
      return state.waiting ? { state: { ...state, queued: state.queued + 1 }, actions: [] } : send(state, timers, [])
    case 'final':
      return { state: { ...state, waiting: false, queued: 0 }, actions: stopAll }
    case 'prack': {
      if (!state.waiting || !event.matches || event.rseq !== state.rseq) return { state, actions: [{ type: 'refuse' }] }
      const actions: ProvisionalServerAction[] = [...stopAll, { type: 'confirm' }]
      if (state.queued === 0) return { state: { ...state, waiting: false }, actions }
      return send({ ...state, queued: state.queued - 1 }, timers, actions)
    }
    case 'timer': {
      if (!state.waiting) return { state, actions: [] }
      if (event.timer === 'give-up') return { state: { ...state, waiting: false, queued: 0 }, actions: [...stopAll, { type: 'fail' }] }
      const retransmitMs = state.retransmitMs * 2
      return {
        state: { ...state, retransmitMs },
        actions: [
          { type: 'send', rseq: state.rseq },
          { type: 'start', timer: 'retransmit', ms: retransmitMs },
        ],
      }
    }
  }
}

const stopAll: readonly ProvisionalServerAction[] = [
  { type: 'stop', timer: 'retransmit' },
  { type: 'stop', timer: 'give-up' },
]

function send(state: ProvisionalServerState, timers: SipTimers, before: readonly ProvisionalServerAction[]): ProvisionalServerStep {
  const rseq = state.rseq + 1
  return {
    state: { ...state, rseq, waiting: true, retransmitMs: timers.t1 },
    actions: [
      ...before,
      { type: 'send', rseq },
      { type: 'start', timer: 'retransmit', ms: timers.t1 },
      { type: 'start', timer: 'give-up', ms: lifetime(timers) },
    ],
  }
}

/** Whether the caller PRACKs a numbered 1xx of one early dialog; `last` is the number it took before (section 4). */
export function isNextProvisional(last: number | undefined, rseq: number): boolean {
  return last === undefined || rseq === last + 1
}
