import { expect, test } from 'vitest'
import type { Probe } from '../probes/probe.ts'
import { proofCall } from './evidence-fixture.ts'
import { judge } from './judge.ts'

const ids = ['secure.tls-protocol', 'secure.tls-identity']
const probe = (name: string, about: Probe['about'], met: boolean): Probe => ({
  case: name,
  about,
  rule: 'RFC 8446 section 1',
  demand: 'it does so',
  met,
  seen: met ? 'it did' : 'it did not',
})
const verdicts = (probes: readonly Probe[]) => judge(ids, proofCall({ transport: 'tls' }, { facts: { probes } }))

test('every case met passes', () => {
  expect(verdicts([probe('one', 'protocol', true), probe('two', 'protocol', true), probe('three', 'identity', true)])).toMatchObject([
    { verdict: 'pass', seen: '2 of 2 met' },
    { verdict: 'pass', seen: '1 of 1 met' },
  ])
})

test('the first that is not met is told with its clause, the others by name', () => {
  const [protocol, identity] = verdicts([
    probe('one', 'protocol', true),
    probe('two', 'identity', false),
    probe('three', 'identity', true),
    probe('four', 'identity', false),
  ])
  expect(protocol).toMatchObject({ verdict: 'pass' })
  expect(identity).toMatchObject({
    verdict: 'fail',
    expected: 'it does so (RFC 8446 section 1)',
    seen: 'two: it did not; not met either: four',
    clause: 'secure.certificate-refused',
  })
})

test('certificates are not judged where the version is wrong already', () => {
  expect(verdicts([probe('one', 'protocol', false), probe('two', 'identity', false)])).toMatchObject([
    { verdict: 'fail' },
    { verdict: 'skipped' },
  ])
})

test('without a case there is nothing to say', () => {
  expect(verdicts([])).toMatchObject([{ verdict: 'inconclusive' }, { verdict: 'inconclusive' }])
})
