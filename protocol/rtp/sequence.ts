/** Arithmetic on the counters of RTP, which wrap around. */

/** How far 16-bit sequence number `to` lies after `from`: -32768 to 32767. */
export function sequenceDistance(from: number, to: number): number {
  return ((to - from) << 16) >> 16
}

/** How far 32-bit timestamp `to` lies after `from`: -2^31 to 2^31 - 1. */
export function timestampDistance(from: number, to: number): number {
  return (to - from) | 0
}
