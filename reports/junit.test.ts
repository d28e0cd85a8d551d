import { expect, test } from 'vitest'
import { sampleCells } from './fixture/sample-matrix.ts'
import { junitXml } from './junit.ts'
import { buildResults } from './results.ts'
import { type CellResult, schemaVersion } from './schema/results.ts'

const at = '2026-11-23T10:00:00.000Z'
const [planned] = sampleCells('proof-call')

function xmlOf(result: Partial<CellResult>): string {
  const { cell: id, ...rest } = planned!
  const run = { id: 'r<1>', started: at, runtime: 'embedded', strategy: 'full', seed: 1, versions: {}, edge: { kind: 'reference' } }
  const base: CellResult = { ...rest, id, verdict: 'fail', deviations: [], duration_ms: 1500, expectations: [], evidence: [], attempts: 1 }
  const line = { schema_version: schemaVersion as 1, at }
  const plan = { cells: [planned!], clauses: [], platforms: [{ id: 'asterisk', title: 'Asterisk & "friends"' }] }
  return junitXml(
    buildResults([
      { ...line, event: 'run.started', run, plan },
      { ...line, event: 'cell.finished', attempt: 1, result: { ...base, ...result } },
      { ...line, event: 'run.finished', finished: at },
    ]),
  )
}

test('what XML cannot hold is dropped, what it must escape is escaped', () => {
  const xml = xmlOf({ reason: 'seen "<\u0000\u001b[31m\ud800&>"\ud83d\ude00' })
  expect(xml).toContain('message="seen &quot;&lt;[31m\ufffd&amp;&gt;&quot;\ud83d\ude00"')
  expect(xml).toContain('<testsuite name="Asterisk &amp; &quot;friends&quot;"')
  expect(xml).toContain('value="r&lt;1&gt;"')
})

test('a cell without a reason is told by its first broken expectation', () => {
  const expectation = {
    id: 'dtmf',
    title: 'Digits arrive',
    verdict: 'fail',
    expected: '159#',
    seen: '19#',
    evidence: { message: 5, packet: 42 },
  } as const
  const xml = xmlOf({ expectations: [expectation], rerun: 'trunkproof run --cell x' })
  expect(xml).toContain('<failure message="Digits arrive: expected 159#, seen 19#" type="fail">fail dtmf: Digits arrive')
  expect(xml).toContain('evidence: message 5, packet 42')
  expect(xml).toContain('rerun: trunkproof run --cell x')
})

test('times are in seconds and the start has no zone', () => {
  const xml = xmlOf({ verdict: 'pass' })
  expect(xml).toContain('time="1.500"')
  expect(xml).toContain('timestamp="2026-11-23T10:00:00"')
})
