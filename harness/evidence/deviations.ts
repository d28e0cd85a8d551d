/** Ways in which the edge or the peer broke a rule and interoperated all the same. */
import type { Deviation } from '../../reports/schema/results.ts'
import type { CellEvidence } from './cell-evidence.ts'
import { protectionsOf } from './protection.ts'

export function deviationsOf(evidence: CellEvidence): Deviation[] {
  const { peer, trace } = evidence
  return [
    ...[...new Set(peer.media?.departures ?? [])].map((detail) => ({ id: 'sdp.departure', detail })),
    ...notOpportunistic(evidence),
    ...evidence.probes.flatMap(({ departure, demand, seen, rule }) =>
      departure === undefined ? [] : [{ id: departure, detail: `${demand}; seen: ${seen}`, reference: rule }],
    ),
    ...trace.unreadable.map(({ number, why }) => ({ id: 'sip.malformed', detail: why, message: number })),
  ]
}

/** A peer that means to encrypt by opportunity and offers a secure profile demands what it could leave open: who cannot encrypt must refuse. */
function notOpportunistic({ cell, call }: CellEvidence): Deviation[] {
  const { offer } = protectionsOf(call)
  if (!cell.axes.media.startsWith('osrtp') || call?.offer?.by !== 'peer' || offer === undefined || !offer.profile.includes('SAVP'))
    return []
  const detail = `the peer offers ${offer.profile} where opportunistic SRTP is RTP/AVP with keys`
  return [{ id: 'osrtp.profile', detail, reference: 'RFC 8643 section 3.1', message: call.offer.in.number }]
}
