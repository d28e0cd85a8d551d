import { describe, expect, test } from 'vitest'
import type { PageCell } from '../page-data.ts'
import { cellHref, cellsHref, filterCells, parseRoute } from './route.ts'

const axes = { direction: 'inbound', transport: 'udp', registration: 'static', dtmf: 'info', nat: 'none', codec: 'opus', media: 'rtp' }
const cell: PageCell = {
  ...{ id: 'cisco.x', platform: 'cisco', axes, claimed: true, scenario: 'proof-call', fidelity: 'persona', verdict: 'fail' },
  ...{ reason: 'digits were lost', duration_ms: 1, attempts: 1, clauses: ['dtmf.info'], deviations: ['via.rport'] },
  expectations: [
    { id: 'dtmf.to_edge', title: 'Digits arrive', verdict: 'fail', expected: '159#', seen: '19#', cause: undefined, remedy: undefined },
  ],
}

test('a filter survives the way through the address', () => {
  const filter = new Map([
    ['verdict', ['fail', 'flaky']],
    ['reason', ['a, b & c = d #5?']],
  ])
  const route = parseRoute(cellsHref(filter, '-time'))
  expect(route).toEqual({ page: 'cells', filter, sort: '-time' })
})

test('a cell keeps id, scenario, filter, attempt and message', () => {
  const filter = new Map([['platform', ['cisco']]])
  const route = parseRoute(cellHref({ id: 'a b/c', scenario: 's' }, filter, { attempt: 2, message: 7 }))
  expect(route).toEqual({ page: 'cell', id: 'a b/c', scenario: 's', filter, attempt: 2, message: 7 })
})

test.each([
  ['', { page: 'matrix', view: 'axes' }],
  ['#/map', { page: 'matrix', view: 'cells' }],
  ['#/clauses', { page: 'clauses' }],
  ['#/nonsense/%E0%A4%A', { page: 'matrix', view: 'axes' }],
])('%j', (hash, route) => expect(parseRoute(hash)).toEqual(route))

describe('filters', () => {
  test.each<[Record<string, string | string[]>, boolean]>([
    [{ verdict: 'fail', platform: 'cisco' }, true],
    [{ verdict: ['pass', 'fail'] }, true],
    [{ verdict: 'pass' }, false],
    [{ codec: 'opus', transport: 'tcp' }, false],
    [{ claimed: 'yes' }, true],
    [{ expectation: 'dtmf.to_edge' }, true],
    [{ clause: 'dtmf.info' }, true],
    [{ clause: 'dtmf.rfc4733' }, false],
    [{ deviation: 'via.rport' }, true],
    [{ reason: 'digits were lost' }, true],
    [{ q: '19#' }, true],
    [{ q: 'LOST' }, true],
    [{ q: 'elsewhere' }, false],
    [{ cell: 'cisco.x' }, true],
  ])('%j', (record, passes) => {
    const route = parseRoute(cellsHref(record))
    expect(route.page === 'cells' && filterCells([cell], route.filter).length > 0).toBe(passes)
  })
})
