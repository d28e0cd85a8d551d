import type { FaultName } from '../endpoint/faults.ts'
import type { PlanOptions } from './plan-options.ts'

export const runtimes = {
  embedded: 'everything in this machine’s processes; needs no root and no engine',
  docker: 'everything in containers, Asterisk the real one',
} as const
export type Runtime = keyof typeof runtimes

/** The edge under test: ours, started for the run, or any other by its SIP URI. */
export type EdgeChoice = { readonly kind: 'reference' } | { readonly kind: 'remote'; readonly uri: string }

/**
 * What `trunkproof run` was asked for. `runMatrix` plans with it (`makePlan`), lets that
 * function's `UsageError` pass to the command line, and resolves with an exit code.
 */
export interface RunOptions extends PlanOptions {
  readonly runtime: Runtime
  readonly edge: EdgeChoice
  /** Cells at a time; the scheduler decides if absent. */
  readonly jobs?: number | undefined
  /** How often a cell that did not pass is tried again. */
  readonly retries: number
  /** The run's folder; `runs/<id>` if absent. */
  readonly out?: string | undefined
  /** The folder of an interrupted run to go on with: what it already proved is not tried again. */
  readonly resume?: string | undefined
  /** Prints the content of results.json on stdout and nothing else; progress goes to stderr. */
  readonly json: boolean
  /** Faults planted on purpose, to see that the verdict catches them. */
  readonly faults: { readonly edge: readonly FaultName[]; readonly peer: readonly FaultName[] }
  /** The command as it was typed, for the report. */
  readonly command: string
}
