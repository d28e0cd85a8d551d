import type { Cell } from '../matrix/cell.ts'
import { obstacle } from '../matrix/expand.ts'
import type { Matrix } from '../matrix/load.ts'
import { cover, pairsOf } from '../matrix/pairwise.ts'
import type { Scenario } from '../scenarios/scenario.ts'
import type { Strategy } from './plan-options.ts'

export interface ChosenCell {
  readonly cell: Cell
  readonly reason: string
}

/** What a covering selection covers. */
export interface Coverage {
  readonly scenario: string
  readonly cells: number
  /** Pairs of values that occur in the cells there were to choose from. */
  readonly pairs: number
  /** Of those, the ones only cells not built yet have. */
  readonly waiting: number
  /** Pairs no chosen cell has. Empty, or the selection is wrong. */
  readonly uncovered: readonly string[]
}

interface ChoiceContext {
  readonly scenario: Scenario
  readonly strategy: Strategy
  readonly seed: number
  readonly matrix: Matrix
}

/** The cells a scenario is tried on, out of those it applies to. */
export function chooseCells(
  cells: readonly Cell[],
  { scenario, strategy, seed, matrix }: ChoiceContext,
): { chosen: ChosenCell[]; coverage: Coverage[] } {
  const inForce = (cell: Cell): boolean => obstacle(cell, matrix) === undefined
  if (strategy === 'smoke' || scenario.runs === 'once-per-platform') return { chosen: firstOfEach(cells, inForce), coverage: [] }
  if (strategy === 'full' && scenario.runs === 'every-cell') {
    return { chosen: cells.map((cell) => ({ cell, reason: cell.claimed ? 'claimed' : 'not claimed' })), coverage: [] }
  }
  // What is not built yet is already told by the scenarios made for every cell; a covering one looks at what can be tried.
  const triable = scenario.runs === 'covering' && cells.some(inForce) ? cells.filter(inForce) : cells
  // Probes are covered apart, so that none stands in for a claim.
  const groups = [triable.filter((cell) => cell.claimed), triable.filter((cell) => !cell.claimed)].filter((group) => group.length > 0)
  const coverings = groups.map((group) => cover(group, seed, inForce))
  const chosen = inOrderOf(
    cells,
    coverings.flatMap((covering) => covering.rows),
  )
  const coverage = coverings.map(({ rows, pairs, uncovered }) => {
    const now = new Set(rows.filter((row) => inForce(row.cell)).flatMap((row) => pairsOf(row.cell)))
    return { scenario: scenario.id, cells: rows.length, pairs, waiting: pairs - uncovered.length - now.size, uncovered }
  })
  return { chosen, coverage }
}

/** One cell of each platform: the first in force, else the first. */
function firstOfEach(cells: readonly Cell[], inForce: (cell: Cell) => boolean): ChosenCell[] {
  return [...Map.groupBy(cells, (cell) => cell.platform)].map(([platform, own]) => ({
    cell: own.find((cell) => cell.claimed && inForce(cell)) ?? own.find(inForce) ?? own[0]!,
    reason: `one of ${own.length} cells of ${platform}`,
  }))
}

function inOrderOf(cells: readonly Cell[], chosen: readonly ChosenCell[]): ChosenCell[] {
  const byId = new Map(chosen.map((row) => [row.cell.id, row]))
  return cells.flatMap((cell) => byId.get(cell.id) ?? [])
}
