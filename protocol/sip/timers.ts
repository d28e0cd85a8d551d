/** RFC 3261 table 4, in milliseconds. Every other timer is made of these. */
export interface SipTimers {
  /** Estimate of the round-trip time. */
  readonly t1: number
  /** Longest interval between retransmissions of non-INVITE requests and INVITE responses. */
  readonly t2: number
  /** How long a message can stay in the network. */
  readonly t4: number
}

export const defaultTimers: SipTimers = { t1: 500, t2: 4000, t4: 5000 }

/** 64*T1: how long a transaction keeps trying (timers B, F, H) or stays to absorb repeats (J, L, M). */
export const lifetime = (timers: SipTimers): number => 64 * timers.t1
