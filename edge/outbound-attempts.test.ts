import { expect, test } from 'vitest'
import { FakeClock } from '../endpoint/fake-clock.ts'
import { noFaults } from '../endpoint/faults.ts'
import type { CallEnd } from '../endpoint/user-agent-types.ts'
import { protections } from './media-policy.ts'
import { OutboundAttempts } from './outbound-attempts.ts'

const refused: CallEnd = { by: 'remote', status: 488 }

function outbound(policy: 'best-effort' | 'required' = 'best-effort') {
  const clock = new FakeClock()
  const offered: string[] = []
  const ends: CallEnd[] = []
  const attempts = new OutboundAttempts({
    protections: protections({ trunk: { media: { policy, keyings: ['sdes', 'dtls'] } }, secure: true, faults: noFaults }),
    clock,
    random: () => 0.5,
    again: ({ offer }) => offered.push(offer),
    over: (end) => ends.push(end),
  })
  return { clock, offered, ends, attempts }
}

test('each refusal is followed by the next offer, and not at once', () => {
  const { clock, offered, attempts } = outbound()
  for (const offer of ['sdes', 'dtls', 'rtp']) {
    expect(attempts.isLast).toBe(false)
    expect(attempts.retry(refused)).toBe(true)
    clock.advance(50)
    expect(offered).not.toContain(offer)
    clock.advance(200)
    expect(offered.at(-1)).toBe(offer)
  }
  expect(attempts.isLast).toBe(true)
  expect(attempts.retry(refused)).toBe(false)
  clock.advance(1_000)
  expect(offered).toEqual(['sdes', 'dtls', 'rtp'])
})

test('who demands SRTP is not followed down to RTP', () => {
  const { clock, offered, attempts } = outbound('required')
  while (attempts.retry(refused)) clock.advance(1_000)
  expect(offered).toEqual(['sdes', 'dtls'])
})

test('a busy number is not asked again', () => {
  const { attempts } = outbound()
  expect(attempts.retry({ by: 'remote', status: 486 })).toBe(false)
})

test('a call can be given up between two offers, once', () => {
  const { clock, offered, ends, attempts } = outbound()
  expect(attempts.giveUp({ by: 'local' })).toBe(false)
  attempts.retry(refused)
  expect(attempts.giveUp({ by: 'local' })).toBe(true)
  expect(attempts.giveUp({ by: 'local' })).toBe(false)
  clock.advance(1_000)
  expect({ offered, ends }).toEqual({ offered: [], ends: [{ by: 'local' }] })
  attempts.retry(refused)
  attempts.giveUp()
  expect(ends.at(-1)).toEqual(refused)
})
