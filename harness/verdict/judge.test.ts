import { describe, expect, test } from 'vitest'
import { proofScenario } from '../plan-fixture.ts'
import { altering, proofCall, without } from './evidence-fixture.ts'
import { judge } from './judge.ts'

const all = proofScenario().expectations

const verdicts = (evidence: ReturnType<typeof proofCall>, ids: readonly string[] = all) =>
  Object.fromEntries(judge(ids, evidence).map(({ id, verdict }) => [id, verdict]))

const failed = (evidence: ReturnType<typeof proofCall>) =>
  judge(all, evidence)
    .filter(({ verdict }) => verdict === 'fail')
    .map(({ id }) => id)

describe('judge', () => {
  test('throws on an id nobody knows', () => {
    expect(() => judge(['call.established', 'call.estabished'], proofCall())).toThrow(
      new RangeError('no expectation is called "call.estabished"'),
    )
  })

  test('judges in the order of the catalogue, whatever order is asked for, and each once', () => {
    const evidence = proofCall()
    const inOrder = judge(all, evidence).map(({ id }) => id)
    expect(judge([...all, ...all].toReversed(), evidence).map(({ id }) => id)).toEqual(inOrder)
  })

  test('leaves out what does not apply to the cell', () => {
    expect(Object.keys(verdicts(proofCall({ transport: 'tcp' })))).not.toContain('transport.tls13')
    expect(Object.keys(verdicts(proofCall({ transport: 'tls' })))).toContain('transport.tls13')
  })

  test('a good call leaves nothing to be desired', () => {
    expect(new Set(Object.values(verdicts(proofCall())))).toEqual(new Set(['pass']))
  })
})

describe('foundations', () => {
  test('a call that was not set up is one fault: what rests on it is skipped, what does not is judged', () => {
    const found = verdicts(proofCall({}, { sip: without('200 to INVITE', 'ACK', 'BYE', '200 to BYE'), rtp: () => [] }))
    expect(found).toMatchObject({
      'call.established': 'fail',
      'codec.negotiated': 'skipped',
      'codec.media': 'skipped',
      'media.heard-by-peer': 'skipped',
      'media.identity': 'skipped',
      'dtmf.method': 'skipped',
      'dtmf.leak': 'skipped',
      'dtmf.digits': 'skipped',
      'call.ended': 'skipped',
      'transport.signalling': 'pass',
      'via.rport': 'pass',
      'registration.mode': 'pass',
    })
  })

  test('what was skipped says why, and breaks what rests on it in turn', () => {
    const evidence = proofCall({}, { speech: { edge: { tone: undefined } } })
    const found = judge(all, evidence).find(({ id }) => id === 'media.identity')
    expect(found).toMatchObject({ verdict: 'skipped', seen: 'not judged, because media.heard-by-peer does not hold' })
    expect(found).not.toHaveProperty('remedy')
  })

  test('a foundation that nobody asked about does not count', () => {
    const evidence = proofCall({}, { sip: without('200 to INVITE', 'ACK') })
    expect(verdicts(evidence, ['call.ended'])).toEqual({ 'call.ended': 'pass' })
    expect(verdicts(evidence, ['call.ended', 'call.established'])).toEqual({ 'call.ended': 'skipped', 'call.established': 'fail' })
  })

  test('a foundation nothing can be said of does not silence what rests on it', () => {
    const evidence = proofCall({}, { facts: { told: { peer: '', edge: '' } } })
    expect(verdicts(evidence, ['dtmf.method', 'dtmf.leak', 'dtmf.digits'])).toEqual({
      'dtmf.method': 'inconclusive',
      'dtmf.leak': 'inconclusive',
      'dtmf.digits': 'inconclusive',
    })
  })

  const wrongContact = (message: { headers: { set(name: string, value: string): void } }) =>
    message.headers.set('Contact', '<sip:edge@198.51.100.20:9;transport=udp>')
  test.each([
    [
      'dialog.contact',
      proofCall(
        {},
        { sip: (message, about) => altering('200 to INVITE', wrongContact)(without('ACK', 'BYE')(message, about) ?? message, about) },
      ),
    ],
    ['dtmf.method', proofCall({}, { speech: { peer: { digits: '' } }, infoDigits: { peer: '1234*#' } })],
    ['dtmf.leak', proofCall({}, { infoDigits: { peer: '1234*#' }, understood: { edge: '11223344**##' } })],
    [
      'codec.negotiated',
      proofCall(
        {},
        {
          sip: altering('200 to INVITE', (message) => {
            message.body = new TextEncoder().encode(new TextDecoder().decode(message.body).replace('audio 40000', 'audio 0'))
          }),
          rtp: () => [],
        },
      ),
    ],
  ])('one wrong deed, one red expectation: %s', (id, evidence) => {
    expect(failed(evidence)).toEqual([id])
  })
})

test('a failure comes with its clause, its remedy and its place; a platform’s own remedy goes first', () => {
  const evidence = proofCall({ dtmf: 'info' }, { sip: without('200 to BYE') })
  expect(judge(['call.ended'], evidence)[0]).toEqual({
    id: 'call.ended',
    title: 'The call ends on both sides',
    clause: 'transport.udp',
    verdict: 'fail',
    expected: 'BYE from the peer, answered with 200',
    seen: 'BYE without a 200',
    remedy: 'check that BYE follows the route set and Contact of the call',
    evidence: { message: expect.any(Number) },
  })
  const remedies = { 'call.ended': 'tick “send BYE”' }
  expect(judge(['call.ended'], evidence, remedies)[0]!.remedy).toBe('tick “send BYE”')
  expect(judge(['call.ended'], proofCall(), remedies)[0]).not.toHaveProperty('remedy')
})
