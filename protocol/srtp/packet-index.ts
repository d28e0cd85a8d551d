/**
 * The index of an RTP packet: its sequence number with the rollover counter, which is not sent,
 * above it: 2^16 * ROC + SEQ, 48 bits (RFC 3711 section 3.3.1).
 */

/**
 * The index nearest to the highest one seen (appendix A), or the sequence number itself when
 * `highest` is -1: a context begins with a rollover counter of 0. Negative for a packet from
 * before the context's first cycle.
 */
export function estimateIndex(highest: number, sequenceNumber: number): number {
  if (highest < 0) return sequenceNumber
  // Not a bit operation: an index has 48 bits.
  const last = highest % 65536
  const index = highest - last + sequenceNumber
  if (last < 32768) return sequenceNumber - last > 32768 ? index - 65536 : index
  return last - 32768 > sequenceNumber ? index + 65536 : index
}

/** The rollover counter of an index. */
export function rolloverOf(index: number): number {
  return Math.floor(index / 65536)
}
