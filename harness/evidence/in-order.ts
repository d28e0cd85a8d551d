import type { PeerEvidence } from '../peers/peer.ts'

/** The wire in order of time and without keep-alives, so that message numbers are those of the ladder. */
export function inOrder(evidence: PeerEvidence): PeerEvidence {
  const isKeepAlive = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0x0d || byte === 0x0a || byte === 0)
  return {
    ...evidence,
    sip: evidence.sip.filter((wire) => !isKeepAlive(wire.bytes)).toSorted((a, b) => a.at - b.at),
    rtp: evidence.rtp.toSorted((a, b) => a.at - b.at),
  }
}
