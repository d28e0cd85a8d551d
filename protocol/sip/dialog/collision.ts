/**
 * Whether a re-INVITE or UPDATE may be taken now: one offer at a time per dialog.
 * RFC 3261 14.2, RFC 3311 5.2.
 */

export interface Negotiations {
  /** An INVITE of ours in this dialog has no final response yet. */
  readonly inviteSent: boolean
  /** An INVITE of the peer's has none. */
  readonly inviteReceived: boolean
  /** An offer that waits for its answer, and whose it is. */
  readonly offer: 'none' | 'ours' | 'theirs'
}

/** The status to refuse with: 491 (both sides began) or 500 with Retry-After (the peer did not wait); undefined: go ahead. */
export function collision(now: Negotiations, method: 'INVITE' | 'UPDATE', hasOffer: boolean): 491 | 500 | undefined {
  if (method === 'INVITE') {
    if (now.inviteReceived) return 500
    return now.inviteSent || now.offer === 'ours' ? 491 : undefined
  }
  if (!hasOffer) return undefined
  if (now.offer === 'ours') return 491
  return now.offer === 'theirs' ? 500 : undefined
}

/** RFC 3261 14.1: how long to wait after a 491, in ms. The owner of the Call-ID (the caller) waits longer, so that the two never meet again. */
export function retryAfterGlare(ownsCallId: boolean, random: number): number {
  const steps = ownsCallId ? 210 + Math.floor(random * 191) : Math.floor(random * 201)
  return steps * 10
}
