import { exitCodes } from '../exit-codes.ts'
import { makePlan, type Plan, type PlannedItem } from '../plan.ts'
import type { PlanOptions } from '../plan-options.ts'
import { printJson, printLine, styled } from './terminal.ts'

/** `trunkproof plan`: what a run with the same options would try, without trying it. */
export function planCommand(options: PlanOptions & { readonly json: boolean }): number {
  const plan = makePlan(options)
  if (options.json) printJson(planJson(plan))
  else printPlan(plan)
  return exitCodes.proven.code
}

/** The plan as other programs read it. Keys are snake_case because they are a file format. */
function planJson(plan: Plan): object {
  const row = ({ cell, scenario, clauses, reason }: PlannedItem): object => ({
    cell: cell.id,
    platform: cell.platform,
    axes: cell.axes,
    claimed: cell.claimed,
    scenario: scenario.id,
    clauses,
    reason,
  })
  return {
    schema_version: 1,
    guide_snapshot: plan.matrix.guide.snapshot,
    strategy: plan.strategy,
    seed: plan.seed,
    ...(plan.shard ? { shard: `${plan.shard.index}/${plan.shard.count}` } : {}),
    summary: summaryOf(plan),
    coverage: plan.coverage.map(({ scenario, cells, pairs, waiting, uncovered }) => ({
      scenario,
      cells,
      pairs,
      waiting,
      uncovered: uncovered.length,
    })),
    items: plan.items.map((item) => ({ ...row(item), purpose: item.purpose })),
    skipped: plan.skipped.map(row),
  }
}

/** Cells counted once, whatever the number of scenarios that try them. */
interface Counts {
  readonly cells: number
  readonly to_try: number
  readonly skipped: number
}

function summaryOf(plan: Plan): Counts & { platforms: Record<string, Counts> } {
  const platforms = plan.matrix.platforms.map(({ id }) => id)
  const counted = platforms.map((id) => [id, countsOf(plan, id)] as const).filter(([, counts]) => counts.cells > 0)
  return { ...countsOf(plan), platforms: Object.fromEntries(counted) }
}

function countsOf(plan: Plan, platform?: string): Counts {
  const idsOf = (items: readonly PlannedItem[]): Set<string> =>
    new Set(items.filter(({ cell }) => platform === undefined || cell.platform === platform).map(({ cell }) => cell.id))
  const tried = idsOf(plan.items)
  const skipped = idsOf(plan.skipped).difference(tried)
  return { cells: tried.size + skipped.size, to_try: tried.size, skipped: skipped.size }
}

function printPlan(plan: Plan): void {
  const { platforms, ...all } = summaryOf(plan)
  const width = Math.max(...plan.items.map(({ cell }) => cell.id.length), 0)
  for (const { cell, scenario, purpose, reason } of plan.items) {
    const mark = purpose === 'claim' ? '' : styled('yellow', ` ${purpose}`)
    printLine(`${cell.id.padEnd(width)}  ${scenario.id}${mark}  ${styled('dim', reason)}`)
  }
  for (const [reason, count] of countBy(plan.skipped, ({ reason }) => reason)) printLine(styled('yellow', `skipped (${reason}): ${count}`))
  printLine()
  printLine(styled('bold', `${'platform'.padEnd(12)}${'cells'.padStart(8)}${'to try'.padStart(8)}${'skipped'.padStart(9)}`))
  for (const [name, counts] of [...Object.entries(platforms), ['all', all] as const]) {
    printLine(
      `${name.padEnd(12)}${String(counts.cells).padStart(8)}${String(counts.to_try).padStart(8)}${String(counts.skipped).padStart(9)}`,
    )
  }
  printLine()
  for (const { scenario, cells, pairs, waiting, uncovered } of plan.coverage) {
    const wait = waiting === 0 ? '' : `, ${waiting} of them only in cells not built yet`
    printLine(
      `${scenario}: ${cells} cells cover ${pairs - uncovered.length} of ${pairs} pairs of values${wait}; uncovered pairs: ${uncovered.length}`,
    )
  }
  const scenarios = [...countBy(plan.items, ({ scenario }) => scenario.id)].map(([id, count]) => `${id} ${count}`).join(', ')
  printLine(`strategy ${plan.strategy}, seed ${plan.seed}, guide of ${plan.matrix.guide.snapshot}; to try: ${scenarios || 'nothing'}`)
}

function countBy<T>(items: readonly T[], key: (item: T) => string): Map<string, number> {
  const counts = new Map<string, number>()
  for (const item of items) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1)
  return counts
}
