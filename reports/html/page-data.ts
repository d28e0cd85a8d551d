/**
 * What report.html carries: an index of all cells that is read at once, and their details in
 * compressed groups that are read when a cell is opened. Types only; both the writer
 * (document.ts) and the page (app/) stand on them.
 */
import type { BrokenExpectation } from '../failure-groups.ts'
import type { Ladder } from '../schema/evidence.ts'
import type { CellResult, ClauseResult, PlatformInfo, RunFacts, Summary } from '../schema/results.ts'

type Shown = Pick<
  CellResult,
  | 'id'
  | 'platform'
  | 'axes'
  | 'claimed'
  | 'scenario'
  | 'check'
  | 'fidelity'
  | 'verdict'
  | 'reason'
  | 'duration_ms'
  | 'attempts'
  | 'probe'
  | 'clauses'
>

/** A cell, or a check of one. */
export interface PageCell extends Shown {
  /** Only what did not hold. */
  readonly expectations: readonly BrokenExpectation[]
  readonly deviations: readonly string[]
  /** Where the details are: which group, and the place in it. Absent for a cell that was never tried. */
  readonly details?: readonly [group: number, place: number]
}

export interface PageData {
  readonly run: RunFacts
  readonly summary: Summary
  readonly platforms: readonly PlatformInfo[]
  readonly clauses: readonly Omit<ClauseResult, 'cells'>[]
  readonly cells: readonly PageCell[]
  readonly checks: readonly PageCell[]
  /** What the scenarios of the checks expect, by scenario. */
  readonly checkTitles: Readonly<Record<string, string>>
  readonly sentence: string
  readonly fidelity: readonly { readonly fidelity: string; readonly platforms: readonly string[]; readonly meaning: string }[]
  readonly skipped: readonly { readonly reason: string; readonly cells: number; readonly checks: number }[]
  readonly deviations: readonly {
    readonly id: string
    readonly detail: string
    readonly reference?: string | undefined
    /** How many cells and checks show it. */
    readonly seen: number
  }[]
  /** Message texts of passed cells were left out to keep the file small. */
  readonly compact: boolean
}

export interface CellDetails {
  readonly cell: CellResult
  /** One per attempt: the shown one first, then `earlier_attempts` in their order; null where no ladder was kept. */
  readonly ladders: readonly (Ladder | null)[]
}
