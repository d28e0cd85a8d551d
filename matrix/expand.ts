import { type Axes, combinations } from './axes.ts'
import { isLegal, notInForce } from './axes-file.ts'
import { type Cell, cellId } from './cell.ts'
import { selects } from './cell-selection.ts'
import type { Matrix } from './load.ts'
import { type Platform, unclaimedValues } from './platform.ts'

/** Every legal cell of every platform, claimed and unclaimed, in the order of the guide's rows and of the axes. */
export function expand(matrix: Matrix): Cell[] {
  const legal = combinations().filter((axes) => isLegal(axes, matrix.axes))
  return matrix.platforms.flatMap((platform) => legal.map((axes) => cellOf(matrix, platform, axes)))
}

function cellOf(matrix: Matrix, platform: Platform, axes: Axes): Cell {
  const place = { platform: platform.id, axes }
  return {
    id: cellId(platform.id, axes),
    ...place,
    claimed: unclaimedValues(platform, axes).length === 0,
    clauses: matrix.clauses.filter((clause) => clause.cells && selects(clause.cells, place)).map((clause) => clause.id),
  }
}

/** Why a cell is not tried: nothing can try it yet, or its product is declared unable. */
export interface Obstacle {
  readonly kind: 'not-built-yet' | 'peer-cannot'
  /** As reports show it: `not built yet: media=sdes`, `peer-cannot: …`. */
  readonly reason: string
}

/** What stands in the way of a cell; nothing for a cell in force. */
export function obstacle(cell: Cell, matrix: Matrix): Obstacle | undefined {
  const waiting = notInForce(cell.axes, matrix.axes)
  if (waiting.length > 0) return { kind: 'not-built-yet', reason: `not built yet: ${waiting.join(', ')}` }
  const platform = matrix.platforms.find(({ id }) => id === cell.platform)
  const cannot = platform?.peerCannot.find((entry) => entry.in_force && selects(entry.where, cell))
  return cannot && { kind: 'peer-cannot', reason: `peer-cannot: ${cannot.id}: ${cannot.observation}` }
}
