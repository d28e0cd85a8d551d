/** What every transaction machine returns: where it stands now and what its owner must do, in this order. */
export interface Step<State, Action> {
  readonly state: State
  readonly actions: readonly Action[]
}

/** Set (or set again) the named timer; its event comes back after `ms`. Timers left over when a machine ends are dropped. */
export interface StartTimer<Name extends string> {
  readonly type: 'start'
  readonly timer: Name
  readonly ms: number
}

export interface StopTimer<Name extends string> {
  readonly type: 'stop'
  readonly timer: Name
}

export interface TimerFired<Name extends string> {
  readonly type: 'timer'
  readonly timer: Name
}

/** Why a client transaction has no final response, or a server transaction no ACK. */
export type TransactionFailure = 'timeout' | 'transport'
