/**
 * A covering selection of strength two: every pair of values (of two axes, or of a platform
 * and an axis) that some given cell has, some selected cell has too. Rows are picked from the
 * given cells, never made up, so constraints between axes hold by construction.
 */
import { axisNames } from './axes.ts'
import type { Cell } from './cell.ts'
import { shuffled } from './random.ts'

interface CoveringRow {
  readonly cell: Cell
  /** Why it was selected, in a sentence. */
  readonly reason: string
}

interface Covering {
  /** In the order they were picked: the first ones cover most. */
  readonly rows: readonly CoveringRow[]
  /** Pairs that the given cells have. */
  readonly pairs: number
  /** Pairs that no selected cell has, counted anew over the result. */
  readonly uncovered: readonly string[]
}

/**
 * Picks greedily: always a cell with the most pairs not yet covered, ties broken by `seed`;
 * then drops what later picks made superfluous. `preferred` cells cover all they can before any
 * other is looked at, so that what cannot be tried today takes no pair from what can.
 */
export function cover(cells: readonly Cell[], seed: number, preferred: (cell: Cell) => boolean = () => true): Covering {
  const order = shuffled(cells, seed)
  const first = pick(order.filter(preferred), new Set())
  const second = pick(
    order.filter((cell) => !preferred(cell)),
    pairsOfAll(first),
  )
  const selected = [...first, ...second]
  const covered = pairsOfAll(selected)
  const all = pairsOfAll(cells)
  return { rows: withReasons(selected), pairs: all.size, uncovered: [...all].filter((pair) => !covered.has(pair)) }
}

/** The pairs of values one cell has, each as `axis=value + axis=value`. */
export function pairsOf(cell: Pick<Cell, 'platform' | 'axes'>): string[] {
  const values = [`platform=${cell.platform}`, ...axisNames.map((axis) => `${axis}=${cell.axes[axis]}`)]
  return values.flatMap((value, index) => values.slice(index + 1).map((other) => `${value} + ${other}`))
}

function pairsOfAll(cells: readonly Cell[]): Set<string> {
  return new Set(cells.flatMap(pairsOf))
}

function pick(candidates: readonly Cell[], already: ReadonlySet<string>): Cell[] {
  const open = candidates.map((cell) => ({ cell, pairs: pairsOf(cell).filter((pair) => !already.has(pair)) }))
  const picked: Cell[] = []
  for (;;) {
    let best = open[0]
    for (const candidate of open) if (candidate.pairs.length > best!.pairs.length) best = candidate
    if (best === undefined || best.pairs.length === 0) break
    picked.push(best.cell)
    const covered = new Set(best.pairs)
    for (const candidate of open) candidate.pairs = candidate.pairs.filter((pair) => !covered.has(pair))
  }
  return withoutSuperfluous(picked, already)
}

/** Drops every cell, last picked first, whose pairs all the others have as well. */
function withoutSuperfluous(picked: readonly Cell[], already: ReadonlySet<string>): Cell[] {
  const holders = new Map<string, number>()
  for (const cell of picked) for (const pair of pairsOf(cell)) holders.set(pair, (holders.get(pair) ?? 0) + 1)
  const needed: Cell[] = []
  for (const cell of picked.toReversed()) {
    const pairs = pairsOf(cell)
    if (pairs.some((pair) => holders.get(pair) === 1 && !already.has(pair))) needed.push(cell)
    else for (const pair of pairs) holders.set(pair, holders.get(pair)! - 1)
  }
  return needed.reverse()
}

function withReasons(selected: readonly Cell[]): CoveringRow[] {
  const seen = new Set<string>()
  return selected.map((cell) => {
    const fresh = pairsOf(cell).filter((pair) => !seen.has(pair))
    for (const pair of fresh) seen.add(pair)
    const what = fresh.length === 1 ? 'the pair' : `${fresh.length} pairs, one of them`
    return { cell, reason: `first with ${what} ${fresh.at(-1)}` }
  })
}
