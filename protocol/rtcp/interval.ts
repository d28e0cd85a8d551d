/**
 * When to send the next RTCP packet (RFC 3550 sections 6.2 and 6.3, appendix A.7), for a session
 * of two members. At telephone bandwidths 5 % of the session allow less than 5 s between packets,
 * so the minimum rules: 5 s, halved before the first packet, spread by 0.5 to 1.5, and divided
 * by e - 3/2, which makes up for reconsideration.
 */

const minimumMs = 5000
const compensation = Math.E - 1.5

/** Milliseconds until the next packet; `random` is uniform in 0 to 1. */
export function rtcpIntervalMs(initial: boolean, random: number): number {
  return ((initial ? minimumMs / 2 : minimumMs) * (random + 0.5)) / compensation
}
