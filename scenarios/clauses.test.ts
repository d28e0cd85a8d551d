import { describe, expect, test } from 'vitest'
import { selects } from '../matrix/cell-selection.ts'
import { expand, obstacle } from '../matrix/expand.ts'
import { loadMatrix } from '../matrix/load.ts'
import { loadScenarios, scenarioFiles } from './load.ts'

const matrix = loadMatrix()
const cells = expand(matrix)
const { scenarios } = loadScenarios(scenarioFiles(), { matrix, cells })
const claimedCellsOf = (clause: (typeof matrix.clauses)[number]): typeof cells =>
  cells.filter((cell) => cell.claimed && cell.clauses.includes(clause.id))

describe('clauses and scenarios name each other', () => {
  test.each(matrix.clauses.map((clause) => [clause.id, clause] as const))('%s', (id, clause) => {
    expect([...(clause.scenarios ?? [])].sort()).toEqual(
      scenarios
        .filter((scenario) => scenario.clauses.includes(id))
        .map((scenario) => scenario.id)
        .sort(),
    )
  })
})

describe('a clause is as proven as it says', () => {
  test.each(matrix.clauses.map((clause) => [clause.id, clause] as const))('%s', (_, clause) => {
    const proving = scenarios.filter((scenario) => clause.scenarios?.includes(scenario.id))
    const triable = claimedCellsOf(clause).filter(
      (cell) => obstacle(cell, matrix) === undefined && proving.some((scenario) => selects(scenario.applies, cell)),
    )
    expect(triable.length > 0 ? 'proven-by-cells' : 'not-built-yet').toBe(clause.state)
  })

  test('cells that bear on a clause exist', () => {
    for (const clause of matrix.clauses) if (clause.cells) expect(claimedCellsOf(clause), clause.id).not.toEqual([])
  })
})

test('every scenario can prove each of its clauses somewhere', () => {
  for (const scenario of scenarios) {
    const own = cells.filter((cell) => cell.claimed && selects(scenario.applies, cell))
    for (const id of scenario.clauses)
      expect(
        own.some((cell) => cell.clauses.includes(id)),
        `${scenario.id} ${id}`,
      ).toBe(true)
  }
})
