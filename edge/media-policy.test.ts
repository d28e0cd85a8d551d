import { describe, expect, test } from 'vitest'
import { type FaultSet, noFaults } from '../endpoint/faults.ts'
import type { Trunk } from './api/schemas.ts'
import { attemptPauseMs, protections, refusedForMedia } from './media-policy.ts'

const bestEffort: Trunk['media'] = { policy: 'best-effort', keyings: ['sdes', 'dtls'] }
const required: Trunk['media'] = { ...bestEffort, policy: 'required' }

const offers = (media: Trunk['media'] | undefined, secure: boolean, faults: FaultSet = noFaults) =>
  protections({ trunk: media && { media }, secure, faults }).map(({ offer }) => offer)

describe('over TLS', () => {
  test('a call is offered opportunistically, then by each secure profile, then plain', () => {
    expect(offers(bestEffort, true)).toEqual(['osrtp', 'sdes', 'dtls', 'rtp'])
    expect(offers(undefined, true)).toEqual(['osrtp', 'sdes', 'dtls', 'rtp'])
  })

  test('plain is never offered nor taken where the trunk requires SRTP', () => {
    const all = protections({ trunk: { media: required }, secure: true, faults: noFaults })
    expect(all.map(({ offer }) => offer)).toEqual(['osrtp', 'sdes', 'dtls'])
    expect(all.every((one) => one.required)).toBe(true)
  })

  test('who is offered a secure profile cannot answer it with plain', () => {
    const [first, ...others] = protections({ trunk: { media: bestEffort }, secure: true, faults: noFaults })
    expect(first.required).toBe(false)
    expect(others.map(({ offer, required }) => [offer, required])).toEqual([
      ['sdes', true],
      ['dtls', true],
      ['rtp', false],
    ])
  })

  test('no keys are offered or taken where the trunk never encrypts', () => {
    expect(protections({ trunk: { media: { ...bestEffort, policy: 'never' } }, secure: true, faults: noFaults })).toMatchObject([
      { offer: 'rtp', allowed: false, required: false },
    ])
  })

  test('keyings are those of the trunk, in its order', () => {
    const media: Trunk['media'] = { policy: 'best-effort', keyings: ['dtls', 'sdes'] }
    expect(protections({ trunk: { media }, secure: true, faults: noFaults })[0].keyings).toEqual(['dtls', 'sdes'])
    expect(offers(media, true)).toEqual(['osrtp', 'dtls', 'sdes', 'rtp'])
    expect(offers({ policy: 'required', keyings: ['dtls'] }, true)).toEqual(['osrtp', 'dtls'])
  })
})

test('over signalling that is not encrypted no keys are offered or taken', () => {
  expect(protections({ trunk: { media: bestEffort }, secure: false, faults: noFaults })).toMatchObject([
    { offer: 'rtp', allowed: false, required: false },
  ])
  expect(protections({ trunk: { media: required }, secure: false, faults: noFaults })).toMatchObject([
    { offer: 'rtp', allowed: false, required: true },
  ])
})

describe('planted faults', () => {
  test('crypto-on-clear', () => {
    expect(offers(bestEffort, false, new Set(['crypto-on-clear']))[0]).toBe('osrtp')
  })

  test('downgrade-required', () => {
    const faults = new Set(['downgrade-required'] as const)
    expect(protections({ trunk: { media: required }, secure: true, faults })[0].required).toBe(false)
    expect(offers(required, true, faults).at(-1)).toBe('rtp')
  })
})

test.each([
  [{ by: 'remote', status: 488 }, true],
  [{ by: 'remote', status: 606 }, true],
  [{ by: 'remote', status: 415 }, true],
  [{ by: 'error', status: 488, reason: 'the audio line was refused' }, true],
  [{ by: 'remote', status: 486 }, false],
  [{ by: 'remote', status: 603 }, false],
  [{ by: 'local', status: 488 }, false],
  [{ by: 'timeout', status: 408 }, false],
  [{ by: 'remote' }, false],
] as const)('%j asks for another description: %s', (end, expected) => {
  expect(refusedForMedia(end)).toBe(expected)
})

test('a pause is never shorter than 50 ms, and not the same for every call', () => {
  expect(attemptPauseMs(() => 0)).toBeGreaterThanOrEqual(50)
  expect(attemptPauseMs(() => 0.999)).toBeLessThan(250)
  expect(attemptPauseMs(() => 0.5)).not.toBe(attemptPauseMs(() => 0))
})
