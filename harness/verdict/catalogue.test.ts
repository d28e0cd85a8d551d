import { expect, test } from 'vitest'
import { combinations } from '../../matrix/axes.ts'
import { isLegal } from '../../matrix/axes-file.ts'
import { loadMatrix } from '../../matrix/load.ts'
import { expectationIds } from '../../scenarios/expectations.ts'
import { expectations } from './catalogue.ts'
import { goodProbes, kinds, proofCall } from './evidence-fixture.ts'
import { judge } from './judge.ts'

const matrix = loadMatrix()
const legal = combinations().filter((axes) => isLegal(axes, matrix.axes))

test('holds exactly the expectations a scenario can name', () => {
  expect([...expectations.keys()].toSorted()).toEqual([...expectationIds].toSorted())
})

test('every clause an expectation can name, in any cell, stands in the guide', () => {
  const known = new Set(matrix.clauses.map(({ id }) => id))
  const named = new Map<string, string>()
  for (const { id, clause, applies } of expectations.values()) {
    for (const axes of legal) if (applies?.(axes) ?? true) named.set(clause(axes), id)
  }
  expect(named.size).toBeGreaterThan(10)
  expect([...named].filter(([clause]) => !known.has(clause))).toEqual([])
})

test('rests on nothing that is not in it', () => {
  for (const { id, after } of expectations.values()) {
    for (const foundation of after) expect(expectations.has(foundation), `${id} rests on ${foundation}`).toBe(true)
  }
})

test('says what to look at for each', () => {
  for (const { title, remedy } of expectations.values()) {
    expect(title).toMatch(/^[A-Z].*[^.]$/)
    expect(remedy).toMatch(/^[a-z].*[^.]$/)
  }
})

test.each(kinds)('a good proof call meets all that applies to it: %o', (axes) => {
  const evidence = proofCall(axes, { facts: { wrongPassword: 403, refusal: 488, probes: goodProbes } })
  const judged = judge(expectationIds, evidence)
  // Nobody offers keys in clear in a good call.
  expect(judged.filter(({ id, verdict }) => verdict !== 'pass' && id !== 'secure.keys-overlooked')).toEqual([])
  const applicable = [...expectations.values()].filter((one) => one.applies?.(evidence.cell.axes) ?? true)
  expect(judged.map(({ id }) => id)).toEqual(applicable.map(({ id }) => id))
})

test('the kinds of call above reach every expectation', () => {
  const reached = kinds.flatMap((axes) => judge(expectationIds, proofCall(axes)).map(({ id }) => id))
  expect(new Set(reached)).toEqual(new Set(expectationIds))
})
