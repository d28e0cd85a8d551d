import { expect, test } from 'vitest'
import type { PolicyDeparture } from '../../matrix/platform.ts'
import type { OsrtpPair } from './osrtp-identity.ts'
import { judgeOutcome, type Outcome } from './osrtp-outcome.ts'

const wires: Outcome['wires'] = { peer: { sip: [], rtp: [] }, srtpKeys: { peer: [], edge: [] } }
const plain: Outcome = { keying: 'none', sound: true, seen: 'plain both ways', wires }
const refused: Outcome = { keying: undefined, sound: true, seen: 'refused with 488', wires }
const srtp: Outcome = { keying: 'sdes', sound: true, seen: 'srtp both ways', wires }
const departure: PolicyDeparture = {
  id: 'acme-dtls',
  policy: 'optional-dtls',
  comes_to: 'mandatory-dtls',
  versions: '1',
  observation: 'it offers a secure profile',
}
const pair = (peer: OsrtpPair['peer'], edge: OsrtpPair['edge']): OsrtpPair => ({ offerer: 'peer', edge, peer })

test.each<[string, OsrtpPair, Outcome, boolean]>([
  ['plain where one side knows no keys', pair('optional-sdes', 'rtp-only'), plain, true],
  ['SRTP where both know the keying', pair('optional-sdes', 'mandatory-sdes'), srtp, true],
  ['plain where SRTP is demanded', pair('optional-sdes', 'mandatory-sdes'), plain, false],
  ['a refusal where SRTP is demanded and unknown', pair('rtp-only', 'mandatory-sdes'), refused, true],
  ['a refusal where plain RTP would have done', pair('optional-sdes', 'rtp-only'), refused, false],
  ['SRTP signalled and not sent', pair('optional-sdes', 'mandatory-sdes'), { ...srtp, sound: false }, false],
  ['a refusal with audio behind it', pair('rtp-only', 'mandatory-sdes'), { ...refused, sound: false }, false],
])('%s', (_, tried, came, met) => {
  const probe = judgeOutcome(tried, came, [departure])
  expect(probe).toMatchObject({ met, seen: came.seen, about: 'media', rule: expect.stringMatching(/^RFC \d+ section/) })
  expect(probe).not.toHaveProperty('departure')
})

test('a way of the product’s own is lived with where it is known, and told', () => {
  const tried = pair('optional-dtls', 'rtp-only')
  expect(judgeOutcome(tried, refused, [departure])).toMatchObject({ met: true, departure: 'acme-dtls' })
  expect(judgeOutcome(tried, refused, [])).toMatchObject({ met: false })
  // A newer version that does as the RFC says departs from nothing.
  expect(judgeOutcome(tried, plain, [departure])).not.toHaveProperty('departure')
  expect(judgeOutcome(tried, { ...plain, sound: false }, [departure])).toMatchObject({ met: false })
})
