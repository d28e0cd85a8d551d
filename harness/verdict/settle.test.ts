import { describe, expect, test } from 'vitest'
import type { ExpectationResult } from '../../reports/schema/results.ts'
import { planItem } from '../plan-fixture.ts'
import { machineBoundMs, settleVerdict } from './settle.ts'

const one = (id: string, verdict: ExpectationResult['verdict'], seen = 'what was seen'): ExpectationResult => ({
  id,
  title: `Title of ${id}`,
  verdict,
  expected: 'what was expected',
  seen,
})

const inTime = async () => 0
const late = async () => machineBoundMs + 1
const neverAsked = async (): Promise<number> => {
  throw new Error('lateness was asked for although nothing failed')
}
const claim = planItem()

describe('a claim', () => {
  test('passes when all holds, whatever the machine', async () => {
    expect(await settleVerdict(claim, [one('call.established', 'pass'), one('dtmf.digits', 'pass')], neverAsked)).toEqual({
      verdict: 'pass',
    })
  })

  test('fails with the first failure for a reason', async () => {
    const judged = [one('call.established', 'pass'), one('codec.media', 'fail', '3 packets of pcma'), one('dtmf.digits', 'fail')]
    expect(await settleVerdict(claim, judged, inTime)).toEqual({
      verdict: 'fail',
      reason: 'Title of codec.media: 3 packets of pcma',
      attribution: 'unknown',
    })
  })

  test.each(['media.loss', 'media.heard-by-edge', 'dtmf.digits', 'call.established', 'call.ended'])(
    'is inconclusive when a late machine breaks %s',
    async (id) => {
      const settled = await settleVerdict(claim, [one(id, 'fail')], late)
      expect(settled).toEqual({ verdict: 'inconclusive', reason: 'machine-bound: this machine was 61 ms late', attribution: 'environment' })
    },
  )

  test.each(['media.loss', 'dtmf.digits'])('fails by %s on a machine that kept time', async (id) => {
    expect(await settleVerdict(claim, [one(id, 'fail')], async () => machineBoundMs)).toMatchObject({ verdict: 'fail' })
  })

  test.each([
    'codec.media',
    'dialog.contact',
    'transport.signalling',
    'registration.mode',
    'auth.challenged',
    'via.rport',
    'codec.negotiated',
    'media.identity',
    'media.level',
    'dtmf.leak',
  ])('fails by %s however late the machine: lateness changes no bytes', async (id) => {
    expect(await settleVerdict(claim, [one('media.loss', 'fail'), one(id, 'fail')], late)).toMatchObject({ verdict: 'fail' })
  })

  test('is inconclusive when something could not be judged', async () => {
    const judged = [one('call.established', 'pass'), one('call.ended', 'inconclusive', 'the call did not get as far as its end')]
    expect(await settleVerdict(claim, judged, neverAsked)).toEqual({
      verdict: 'inconclusive',
      reason: 'Title of call.ended: the call did not get as far as its end',
      attribution: 'unknown',
    })
  })

  test('a failure outweighs what could not be judged', async () => {
    expect(await settleVerdict(claim, [one('call.ended', 'inconclusive'), one('codec.media', 'fail')], inTime)).toMatchObject({
      verdict: 'fail',
    })
  })
})

describe('a probe of what nobody claims', () => {
  const probe = planItem({}, { purpose: 'probe-unclaimed' })

  test.each([
    ['works', [one('call.established', 'pass')]],
    ['refused', [one('call.established', 'fail', 'INVITE was refused: 488 Not Acceptable Here')]],
    ['refused', [one('registration.mode', 'fail'), one('call.established', 'fail', 'INVITE was refused: 603 Decline')]],
    ['misbehaves', [one('call.established', 'fail', 'INVITE without a final response')]],
    ['misbehaves', [one('call.established', 'pass'), one('dtmf.digits', 'fail')]],
  ] as const)('%s', async (outcome, judged) => {
    expect(await settleVerdict(probe, judged, inTime)).toMatchObject({ probe: outcome })
  })

  test('says nothing when nothing can be said', async () => {
    expect(await settleVerdict(probe, [one('media.loss', 'fail')], late)).not.toHaveProperty('probe')
    expect(await settleVerdict(probe, [one('call.ended', 'inconclusive')], inTime)).not.toHaveProperty('probe')
  })
})

describe('a probe of what a product is declared unable to do', () => {
  const probe = planItem({}, { purpose: 'probe-peer-cannot', reason: 'still so? peer-cannot: osrtp-dtls: offers another profile' })

  test('passes when a newer version can', async () => {
    expect(await settleVerdict(probe, [one('call.established', 'pass')], neverAsked)).toEqual({ verdict: 'pass' })
  })

  test('is skipped like the cells it stands for when it still cannot', async () => {
    expect(await settleVerdict(probe, [one('call.established', 'fail', 'INVITE was refused: 488')], inTime)).toEqual({
      verdict: 'skipped',
      reason: 'peer-cannot: osrtp-dtls: offers another profile (still so: Title of call.established: INVITE was refused: 488)',
      attribution: 'peer',
    })
  })

  test('stays open when the machine spoiled it', async () => {
    expect(await settleVerdict(probe, [one('media.loss', 'fail')], late)).toMatchObject({ verdict: 'inconclusive' })
  })
})

describe('audio of a product that plays in real time', () => {
  test.each(['media.level', 'media.identity'])('%s is machine-bound on the product itself, and a failure on a persona', async (id) => {
    expect(await settleVerdict(claim, [one(id, 'fail')], late, 'real')).toMatchObject({ verdict: 'inconclusive' })
    expect(await settleVerdict(claim, [one(id, 'fail')], late, 'persona')).toMatchObject({ verdict: 'fail' })
  })
})
