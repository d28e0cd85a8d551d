/**
 * What must come of a call between two sides that each have a policy on encrypted audio.
 * Pure: RFC 8643, RFC 4568 and RFC 5763 as one table, whoever plays the sides.
 */
import type { Axes } from './axes.ts'

/** What one side offers and agrees to. Optional: RTP/AVP with keys (RFC 8643); mandatory: a secure profile. */
export const mediaPolicies = ['rtp-only', 'optional-sdes', 'optional-dtls', 'optional-both', 'mandatory-sdes', 'mandatory-dtls'] as const
export type MediaPolicy = (typeof mediaPolicies)[number]

type Keying = 'sdes' | 'dtls'

interface PolicyFacts {
  /** The keyings this side knows, offers and answers. */
  readonly keyings: readonly Keying[]
  /** Whether it goes without. */
  readonly plain: boolean
}

export const policyFacts: Readonly<Record<MediaPolicy, PolicyFacts>> = {
  'rtp-only': { keyings: [], plain: true },
  'optional-sdes': { keyings: ['sdes'], plain: true },
  'optional-dtls': { keyings: ['dtls'], plain: true },
  'optional-both': { keyings: ['sdes', 'dtls'], plain: true },
  'mandatory-sdes': { keyings: ['sdes'], plain: false },
  'mandatory-dtls': { keyings: ['dtls'], plain: false },
}

/** The value of the media axis that sets a product up for a policy; none where the axis has no such value. */
export const mediaOfPolicy: Readonly<Record<MediaPolicy, Axes['media'] | undefined>> = {
  'rtp-only': 'rtp',
  'optional-sdes': 'osrtp-sdes',
  'optional-dtls': 'osrtp-dtls',
  'optional-both': undefined,
  'mandatory-sdes': 'sdes',
  'mandatory-dtls': 'dtls',
}

/** `keyings`: what SRTP may be keyed by; none: plain RTP. Undefined: there is no call. */
export interface MediaOutcome {
  readonly keyings: readonly Keying[] | undefined
  /** The clause that settles it. */
  readonly rule: string
}

/**
 * What must come of an offer of one side to the other. An answerer that knows several of the
 * keyings offered picks one of them; which, is its own affair.
 */
export function mediaOutcome(offerer: MediaPolicy, answerer: MediaPolicy): MediaOutcome {
  const offered = policyFacts[offerer]
  const known = policyFacts[answerer]
  const common = offered.keyings.filter((keying) => known.keyings.includes(keying))
  if (!offered.plain) {
    // A secure profile is taken as it is or not at all: nobody may answer it with RTP/AVP (RFC 3264 section 6).
    const rule = offered.keyings[0] === 'sdes' ? 'RFC 4568 section 7.1.2' : 'RFC 5763 section 5'
    return { keyings: common.length > 0 ? common : undefined, rule }
  }
  const rule = offered.keyings.length > 0 ? 'RFC 8643 section 3' : 'RFC 3264 section 6'
  if (common.length > 0) return { keyings: common, rule }
  // Keys that mean nothing to an answerer are passed over, and it answers as it would without them.
  return { keyings: known.plain ? [] : undefined, rule }
}
