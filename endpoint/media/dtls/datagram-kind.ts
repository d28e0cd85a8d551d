export type DatagramKind = 'stun' | 'dtls' | 'rtp' | 'rtcp' | 'unknown'

/**
 * What arrived on a media port, by its first bytes (RFC 7983 section 7), RTP and RTCP told apart
 * by RFC 5761 section 4. Says nothing on whether the rest can be read.
 */
export function kindOfDatagram(bytes: Uint8Array): DatagramKind {
  const [first, second] = bytes
  if (first === undefined) return 'unknown'
  if (first <= 3) return 'stun'
  if (first >= 20 && first <= 63) return 'dtls'
  if (first < 128 || first > 191 || second === undefined) return 'unknown'
  // Payload types 64-95 with the marker bit: not to be used for RTP where RTCP shares the port.
  return second >= 192 && second <= 223 ? 'rtcp' : 'rtp'
}
