import { describe, expect, test } from 'vitest'
import { dtmfExpectations } from './dtmf.ts'
import { altering, type Broken, numberOf, proofCall, type without } from './evidence-fixture.ts'
import { judge } from './judge.ts'

const info = { dtmf: 'info' } as const

const rows: readonly Broken[] = [
  {
    id: 'dtmf.method',
    what: 'no digit on the wire',
    changes: { speech: { peer: { digits: '' } } },
    seen: 'no digit from the peer on the wire',
  },
  {
    id: 'dtmf.method',
    what: 'INFO instead of events',
    changes: { speech: { edge: { digits: '' } }, infoDigits: { edge: '59*0' } },
    seen: 'the edge sent "59*0" by SIP INFO',
    cause: /differs/,
    at: ['INFO'],
  },
  {
    id: 'dtmf.method',
    what: 'events instead of INFO',
    axes: info,
    changes: { speech: { peer: { digits: '1234*#' } }, infoDigits: { peer: '' } },
    seen: 'the peer sent "1234*#" by RTP events (RFC 4733)',
    cause: /differs/,
  },
  {
    id: 'dtmf.method',
    what: 'INFO nobody can read',
    axes: info,
    changes: { sip: altering('INFO', (message) => message.headers.set('Content-Type', 'text/plain'), 'peer') },
    seen: 'no digit from the peer on the wire',
  },
  {
    id: 'dtmf.leak',
    what: 'INFO beside events',
    changes: { infoDigits: { peer: '12' } },
    seen: 'the peer also sent "12" by SIP INFO',
    cause: /twice/,
    at: ['INFO'],
  },
  {
    id: 'dtmf.leak',
    what: 'events beside INFO, not even negotiated',
    axes: info,
    changes: { speech: { edge: { digits: '59*0' } } },
    seen: 'the edge also sent "59*0" by RTP events (RFC 4733)',
    cause: /twice/,
    at: ['INFO', 'edge'],
  },
  {
    id: 'dtmf.digits',
    what: 'a digit lost',
    changes: { understood: { edge: '134*#' } },
    seen: /^the edge understood "134\*#"/,
    cause: 'a digit was lost',
  },
  {
    id: 'dtmf.digits',
    what: 'a digit doubled',
    axes: info,
    changes: { understood: { peer: '559*0' } },
    seen: /^the peer understood "559\*0"/,
    cause: /came twice/,
  },
  {
    id: 'dtmf.digits',
    what: 'a digit changed',
    changes: { understood: { edge: '1235*#' } },
    seen: /on the wire: "1234\*#"/,
    cause: /changed/,
  },
  {
    id: 'dtmf.digits',
    what: 'no digit understood',
    changes: { understood: { peer: '' } },
    seen: /^the peer understood ""/,
    cause: /not recognised/,
  },
  {
    id: 'dtmf.digits',
    what: 'a digit lost on the way to an edge that says nothing',
    changes: { edge: null, speech: { peer: { digits: '12*#' } } },
    seen: 'the edge understood "12*#" from the peer (on the wire: "12*#")',
    cause: 'a digit was lost',
  },
]

describe('broken digits', () => {
  test.each(rows)('$id: $what', ({ id, axes, changes, seen, cause, at }) => {
    const evidence = proofCall(axes, changes)
    const [found] = judge([id], evidence)
    expect(found).toMatchObject({ verdict: 'fail', seen: typeof seen === 'string' ? seen : expect.stringMatching(seen) })
    expect(found!.remedy).toBeTruthy()
    if (cause !== undefined) expect(found!.cause).toMatch(cause)
    expect(found!.evidence?.message).toBe(at === undefined ? undefined : numberOf(evidence, ...at))
  })

  test('every expectation has a row', () => {
    expect(new Set(rows.map(({ id }) => id))).toEqual(new Set(dtmfExpectations.map(({ id }) => id)))
  })
})

test('nothing is said of digits nobody was told to send', () => {
  const evidence = proofCall({}, { facts: { told: { peer: '', edge: '' } } })
  for (const { id } of dtmfExpectations) expect(judge([id], evidence)[0]).toMatchObject({ verdict: 'inconclusive' })
})

test('a side that was told nothing need not send', () => {
  const evidence = proofCall({}, { facts: { told: { peer: '1234*#', edge: '' } }, speech: { edge: { digits: '' } } })
  expect(
    judge(
      dtmfExpectations.map(({ id }) => id),
      evidence,
    ).map(({ verdict }) => verdict),
  ).toEqual(['pass', 'pass', 'pass'])
})

test('an INFO that was sent again is one digit', () => {
  const evidence = proofCall(info, { wire: (wire, { name }) => (name === 'INFO' ? [wire, wire] : wire), edge: null })
  expect(judge(['dtmf.digits'], evidence)[0]).toMatchObject({ verdict: 'pass' })
})

test('a lost INFO shows where the edge says nothing', () => {
  let seen = 0
  const sip = (message: Parameters<ReturnType<typeof without>>[0], about: Parameters<ReturnType<typeof without>>[1]) =>
    about.name === 'INFO' && about.from === 'peer' && ++seen === 2 ? undefined : message
  expect(judge(['dtmf.digits'], proofCall(info, { sip, edge: null }))[0]).toMatchObject({ verdict: 'fail', cause: 'a digit was lost' })
})
