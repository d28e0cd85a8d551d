/**
 * Failures by what broke, not by cell: forty red cells are usually two mistakes. A group
 * also says what its cells, and checks of cells, have in common that those which pass do not. Pure; shared by
 * the Markdown summary and report.html.
 */
import type { AxisValues, CellResult, Verdict } from './schema/results.ts'

/** What grouping needs of a cell. */
export interface GroupedCell {
  readonly platform: string
  readonly scenario: string
  readonly check?: true | undefined
  readonly axes: AxisValues
  readonly claimed: boolean
  readonly verdict: Verdict
  readonly reason?: string | undefined
  readonly expectations: readonly BrokenExpectation[]
}
export type BrokenExpectation = Pick<
  CellResult['expectations'][number],
  'id' | 'title' | 'verdict' | 'expected' | 'seen' | 'cause' | 'remedy'
>

export interface SharedValue {
  readonly name: string
  readonly value: string
}

export interface FailureGroup<Cell extends GroupedCell> {
  /** Id of the first broken expectation; undefined where none tells (an error, or a failure without one). */
  readonly expectation: string | undefined
  readonly title: string
  readonly cells: Cell[]
  /** Expected and seen of the first cell. */
  readonly example: BrokenExpectation | undefined
  /** What the cells have in common, as one pattern where that explains them all, else one per platform. */
  readonly patterns: FailurePattern[]
}

/** Axis values, platform and scenario that some failing cells share although what was tried varies in them. */
export interface FailurePattern {
  readonly shared: SharedValue[]
  readonly failing: number
  /** How many of the same scenarios that were tried have all shared values. */
  readonly tried: number
}

/** Groups the failing cells, the largest group first. */
export function failureGroups<Cell extends GroupedCell>(cells: readonly Cell[]): FailureGroup<Cell>[] {
  const tried = cells.filter((cell) => cell.claimed && cell.verdict !== 'skipped')
  const groups = Map.groupBy(
    tried.filter((cell) => cell.verdict === 'fail'),
    (cell) => firstBroken(cell)?.id ?? `reason: ${cell.reason ?? ''}`,
  )
  return [...groups.values()]
    .map((group) => {
      // A call that is refused on purpose says nothing of one that is not: scenarios are only compared with their like.
      const scenarios = new Set(group.map((cell) => cell.scenario))
      return describeGroup(
        group,
        tried.filter((cell) => scenarios.has(cell.scenario)),
      )
    })
    .sort((a, b) => b.cells.length - a.cells.length)
}

function firstBroken(cell: GroupedCell): BrokenExpectation | undefined {
  return cell.expectations.find((expectation) => expectation.verdict === 'fail')
}

function describeGroup<Cell extends GroupedCell>(group: Cell[], tried: readonly Cell[]): FailureGroup<Cell> {
  const first = group[0]!
  const example = firstBroken(first)
  return {
    expectation: example?.id,
    title: example?.title ?? first.reason ?? 'failed without a reason',
    cells: group,
    example,
    patterns: patternsOf(group, tried),
  }
}

/** One pattern that only failing cells fit is the best explanation there is; otherwise platforms fail for their own reasons. */
function patternsOf(group: readonly GroupedCell[], tried: readonly GroupedCell[]): FailurePattern[] {
  const whole = patternOf(group, tried)
  const byPlatform = Map.groupBy(group, (cell) => cell.platform)
  if (byPlatform.size === 1 || whole.tried === whole.failing) return [whole]
  return [...byPlatform.values()].map((cells) => patternOf(cells, tried)).sort((a, b) => b.failing - a.failing)
}

function patternOf(cells: readonly GroupedCell[], tried: readonly GroupedCell[]): FailurePattern {
  const shared = sharedValues(cells, tried)
  const alike = tried.filter((cell) => shared.every(({ name, value }) => axisValue(cell, name) === value))
  return { shared, failing: cells.length, tried: alike.length }
}

function sharedValues(group: readonly GroupedCell[], tried: readonly GroupedCell[]): SharedValue[] {
  const names = ['scenario', 'platform', ...Object.keys(group[0]!.axes)]
  return names.flatMap((name) => {
    const value = axisValue(group[0]!, name)
    const varies = tried.some((cell) => axisValue(cell, name) !== value)
    return varies && group.every((cell) => axisValue(cell, name) === value) ? [{ name, value }] : []
  })
}

function axisValue(cell: GroupedCell, name: string): string {
  return name === 'platform' || name === 'scenario' ? cell[name] : cell.axes[name as keyof AxisValues]
}
