/**
 * How the audio of a call may be protected: SRTP wherever signalling is encrypted, plain
 * RTP only where the trunk leaves that open, and never a key over signalling that is not.
 */

import type { FaultSet } from '../endpoint/faults.ts'
import type { CallEnd } from '../endpoint/user-agent-types.ts'
import type { Protection } from '../protocol/sdp/types.ts'
import { defaultMediaPolicy } from './api/fields.ts'
import type { Trunk } from './api/schemas.ts'

export interface PolicyFacts {
  /** Undefined for an open number, which is best-effort. */
  readonly trunk: Pick<Trunk, 'media'> | undefined
  /** Whether the signalling of the call is TLS, all of the way we can see. */
  readonly secure: boolean
  readonly faults: FaultSet
}

/** One for each INVITE, in order. */
export type Protections = readonly [Protection, ...Protection[]]

/**
 * What a call of ours offers, one INVITE after another until one is taken: first
 * opportunistic SRTP (RFC 8643), then each secure profile by itself, for those who take
 * RTP/AVP for a wish for plain RTP, then RTP, for those who refuse what they do not know
 * instead of leaving it out of their answer. A call to us goes by the first.
 */
export function protections({ trunk, secure, faults }: PolicyFacts): Protections {
  const { policy, keyings } = trunk?.media ?? defaultMediaPolicy
  const required = policy === 'required' && !faults.has('downgrade-required')
  const allowed = (secure && policy !== 'never' && !faults.has('ignore-keying')) || faults.has('crypto-on-clear')
  const plain: Protection = { offer: 'rtp', keyings, required, allowed }
  if (!allowed) return [plain]
  const demands = keyings.map((keying): Protection => ({ offer: keying, keyings, required: true, allowed }))
  return [{ offer: 'osrtp', keyings, required, allowed }, ...demands, ...(required ? [] : [plain])]
}

/** RFC 3261 sections 21.4.13, 21.4.26 and 21.6.4: it is the description that was not acceptable. */
const descriptionRefused: ReadonlySet<number> = new Set([415, 488, 606])

/** Whether a call ended before it was up because its description was refused, or answered with nothing that can be used. */
export function refusedForMedia(end: CallEnd): boolean {
  return (end.by === 'remote' || end.by === 'error') && end.status !== undefined && descriptionRefused.has(end.status)
}

/** Milliseconds before the next INVITE: refusals come back fast, and many calls may be refused at once. */
export const attemptPauseMs = (random: () => number): number => 60 + Math.floor(random() * 120)
