/**
 * What a run will try: scenarios × cells, chosen by strategy, each with the reason it was
 * chosen, or, where it cannot be tried, the reason it is skipped. The same options and seed
 * plan the same run on every machine, which is what shards and reruns rest on.
 */
import type { Cell } from '../matrix/cell.ts'
import { type CellSelection, selects } from '../matrix/cell-selection.ts'
import { expand, obstacle } from '../matrix/expand.ts'
import { loadMatrix, type Matrix } from '../matrix/load.ts'
import { shuffled } from '../matrix/random.ts'
import { InvalidFiles } from '../matrix/yaml-file.ts'
import { loadScenarios, scenarioFiles } from '../scenarios/load.ts'
import type { Scenario } from '../scenarios/scenario.ts'
import { UsageError } from './errors.ts'
import { type Coverage, chooseCells } from './plan-choice.ts'
import { emptySelection, knownPlatforms, wantedScenarios } from './plan-names.ts'
import { defaultSeed, type PlanOptions, type Shard, type Strategy } from './plan-options.ts'

/** Why an item is tried: to prove a claim, or to find out what the guide or a platform file leaves open. */
type Purpose = 'claim' | 'probe-unclaimed' | 'probe-peer-cannot'

/** One cell under one scenario. */
export interface PlannedItem {
  readonly cell: Cell
  readonly scenario: Scenario
  /** Clauses this scenario proves in this cell. */
  readonly clauses: readonly string[]
  /** Why it was chosen, or why it is skipped. */
  readonly reason: string
}

export interface PlanItem extends PlannedItem {
  readonly purpose: Purpose
}

export interface Plan {
  readonly strategy: Strategy
  readonly seed: number
  readonly shard: Shard | undefined
  readonly matrix: Matrix
  /** The scenarios that have a part in it. */
  readonly scenarios: readonly Scenario[]
  /** To be tried, in the order of the guide's rows. */
  readonly items: readonly PlanItem[]
  /** Not to be tried, with reasons such as `not built yet: media=sdes`. */
  readonly skipped: readonly PlannedItem[]
  /** One for each covering selection that was made. Counted before the plan was divided into shards. */
  readonly coverage: readonly Coverage[]
}

/** What plans are made from. */
export interface PlanSources {
  readonly matrix: Matrix
  readonly cells: readonly Cell[]
  readonly scenarios: readonly Scenario[]
}

/** Reads the claims and the scenarios, `files` instead of the project's own if given. Throws `InvalidFiles` with every problem found. */
export function loadSources(files: readonly string[] = scenarioFiles()): PlanSources {
  const matrix = loadMatrix()
  const cells = expand(matrix)
  const { scenarios, problems } = loadScenarios(files, { matrix, cells })
  if (problems.length > 0) throw new InvalidFiles(problems)
  return { matrix, cells, scenarios }
}

/** Plans a run. Throws `UsageError` for unknown names and for selections that hold no cell, `InvalidFiles` for bad scenario files. */
export function makePlan(options: PlanOptions, sources?: PlanSources): Plan {
  const named = options.scenarios ?? []
  const { matrix, cells, scenarios } = sources ?? loadSources([...scenarioFiles(), ...named.filter(isScenarioFile)])
  knownPlatforms(options.platforms ?? [], matrix)
  const strategy = options.strategy ?? 'full'
  const seed = options.seed ?? defaultSeed
  const selection: CellSelection = { ...options.axes, platform: options.platforms }
  const selected = cells.filter((cell) => (cell.claimed || options.includeUnclaimed) && selects(selection, cell))
  if (selected.length === 0) throw emptySelection(selection, matrix, cells)

  const coverage: Coverage[] = []
  const entries = wantedScenarios(scenarios, named, strategy).flatMap((scenario) => {
    const applicable = selected.filter((cell) => selects(scenario.applies, cell) && (cell.claimed || scenario.runs === 'every-cell'))
    if (applicable.length === 0 && named.length > 0) {
      throw new UsageError(`the scenario "${scenario.id}" applies to none of the selected cells`, `${scenario.file} says where it applies`)
    }
    const choice = chooseCells(applicable, { scenario, strategy, seed, matrix })
    coverage.push(...choice.coverage)
    return entriesOf(scenario, choice.chosen, matrix)
  })
  const part = options.shard ? shardOf(entries, options.shard) : entries
  return {
    strategy,
    seed,
    shard: options.shard,
    matrix,
    scenarios: scenarios.filter((scenario) => part.some((entry) => entry.scenario === scenario)),
    items: part.filter((entry) => entry.purpose !== undefined),
    skipped: part.filter((entry) => entry.purpose === undefined),
    coverage,
  }
}

const isScenarioFile = (name: string): boolean => /\.ya?ml$/.test(name)

type Entry = (PlanItem & { readonly skip?: never }) | (PlannedItem & { readonly purpose?: undefined })

function entriesOf(scenario: Scenario, chosen: readonly { cell: Cell; reason: string }[], matrix: Matrix): Entry[] {
  const probed = new Set<string>()
  return chosen.map(({ cell, reason }) => {
    const item = { cell, scenario, clauses: cell.clauses.filter((id) => scenario.clauses.includes(id)) }
    const inTheWay = obstacle(cell, matrix)
    if (inTheWay === undefined) return { ...item, reason, purpose: cell.claimed ? 'claim' : 'probe-unclaimed' }
    // A product declared unable is still asked once a run: a newer version may be able.
    const asked = `${cell.platform} ${inTheWay.reason}`
    if (inTheWay.kind === 'peer-cannot' && scenario.runs === 'every-cell' && !probed.has(asked)) {
      probed.add(asked)
      return { ...item, reason: `still so? ${inTheWay.reason}`, purpose: 'probe-peer-cannot' }
    }
    return { ...item, reason: inTheWay.reason }
  })
}

/** Every `count`th entry of a fixed shuffle: neighbours, which resemble each other, go to different shards. */
function shardOf<T>(entries: readonly T[], { index, count }: Shard): T[] {
  const mine = new Set(shuffled(entries, defaultSeed).filter((_, place) => place % count === index - 1))
  return entries.filter((entry) => mine.has(entry))
}
