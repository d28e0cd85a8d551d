import type { AxisSelection } from '../matrix/axes.ts'

export const strategies = {
  full: 'every claimed cell',
  pairwise: 'a selection in which every pair of values occurs',
  smoke: 'one call per platform',
} as const
export type Strategy = keyof typeof strategies

/** Which cells and scenarios are wanted. What is absent stands for all. */
export interface PlanOptions {
  /** Platforms by id. */
  readonly platforms?: readonly string[] | undefined
  readonly axes?: AxisSelection | undefined
  /** Scenarios by id, or by the path of a file that ends in `.yaml` or `.yml`. */
  readonly scenarios?: readonly string[] | undefined
  /** `full` if absent. */
  readonly strategy?: Strategy | undefined
  /** Whether cells the guide does not claim are tried as well, as probes. */
  readonly includeUnclaimed?: boolean | undefined
  /** Part `index` (from 1) of `count` equal parts. */
  readonly shard?: Shard | undefined
  /** Decides every choice that is arbitrary; the same seed plans the same cells. 1 if absent. */
  readonly seed?: number | undefined
}

export interface Shard {
  readonly index: number
  readonly count: number
}

export const defaultSeed = 1
