import { expect, test } from 'vitest'
import { mediaPolicies } from '../../matrix/media-policy.ts'
import { proofCall } from '../verdict/evidence-fixture.ts'
import { osrtpIdentity } from './osrtp-identity.ts'

test('every pair of policies has a number and a user of its own, the same each time', () => {
  const { identity } = proofCall()
  const pairs = (['edge', 'peer'] as const).flatMap((offerer) =>
    mediaPolicies.flatMap((edge) => mediaPolicies.map((peer) => ({ offerer, edge, peer }))),
  )
  const identities = pairs.map((pair) => osrtpIdentity(identity, pair))
  expect(new Set(identities.map(({ number }) => number)).size).toBe(72)
  expect(new Set(identities.map(({ username }) => username)).size).toBe(72)
  for (const [index, { number, mediaPolicy }] of identities.entries()) {
    expect(number).toMatch(/^\+\d{7,15}$/)
    expect(mediaPolicy).toBe(pairs[index]!.peer)
  }
  expect(pairs.map((pair) => osrtpIdentity(identity, pair))).toEqual(identities)
})
