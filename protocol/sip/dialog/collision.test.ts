import { expect, test } from 'vitest'
import { collision, type Negotiations, retryAfterGlare } from './collision.ts'

const quiet: Negotiations = { inviteSent: false, inviteReceived: false, offer: 'none' }

test.each<[string, Partial<Negotiations>, 'INVITE' | 'UPDATE', boolean, number | undefined]>([
  ['quiet', {}, 'INVITE', true, undefined],
  ['both sent a re-INVITE', { inviteSent: true, offer: 'ours' }, 'INVITE', true, 491],
  ['our UPDATE is out', { offer: 'ours' }, 'INVITE', false, 491],
  ['the peer did not wait for the answer to its INVITE', { inviteReceived: true, offer: 'theirs' }, 'INVITE', true, 500],
  ['UPDATE with an offer against ours', { inviteSent: true, offer: 'ours' }, 'UPDATE', true, 491],
  ['UPDATE with an offer on top of theirs', { inviteReceived: true, offer: 'theirs' }, 'UPDATE', true, 500],
  ['UPDATE without an offer is never in the way', { inviteSent: true, offer: 'ours' }, 'UPDATE', false, undefined],
  ['UPDATE with an offer in a call still ringing, its own offer answered', { inviteReceived: true }, 'UPDATE', true, undefined],
])('%s', (_what, now, method, hasOffer, status) => expect(collision({ ...quiet, ...now }, method, hasOffer)).toBe(status))

test('after a 491 the caller waits 2.1 to 4 s, the callee up to 2 s, in steps of 10 ms (14.1)', () => {
  const nearOne = 1 - Number.EPSILON
  expect([retryAfterGlare(true, 0), retryAfterGlare(true, nearOne)]).toEqual([2100, 4000])
  expect([retryAfterGlare(false, 0), retryAfterGlare(false, nearOne)]).toEqual([0, 2000])
})
