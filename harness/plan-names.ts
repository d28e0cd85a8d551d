/** What was asked for by name: checked, and where it leads nowhere, explained. */

import { relative } from 'node:path'
import { axisNames } from '../matrix/axes.ts'
import type { Cell } from '../matrix/cell.ts'
import { type CellSelection, selects } from '../matrix/cell-selection.ts'
import type { Matrix } from '../matrix/load.ts'
import { suggestion } from '../matrix/nearest.ts'
import type { Scenario } from '../scenarios/scenario.ts'
import { UsageError } from './errors.ts'
import type { Strategy } from './plan-options.ts'

/** Throws for the first platform nobody knows. */
export function knownPlatforms(names: readonly string[], matrix: Matrix): void {
  const ids = matrix.platforms.map(({ id }) => id)
  const unknown = names.find((name) => !ids.includes(name))
  if (unknown !== undefined) throw new UsageError(`unknown platform "${unknown}"`, suggestion(unknown, ids))
}

/** The scenarios asked for, by id or by file; without names all of them, or for a smoke run those made for every cell. */
export function wantedScenarios(scenarios: readonly Scenario[], names: readonly string[], strategy: Strategy): readonly Scenario[] {
  if (names.length === 0) return strategy === 'smoke' ? scenarios.filter(({ runs }) => runs === 'every-cell') : scenarios
  const wanted = names.map((name) => {
    const found = scenarios.find(({ id, file }) => id === name || file === relative(process.cwd(), name))
    const ids = scenarios.map(({ id }) => id)
    if (found === undefined) throw new UsageError(`unknown scenario "${name}"`, suggestion(name, ids))
    return found
  })
  return scenarios.filter((scenario) => wanted.includes(scenario))
}

/** Why a selection holds no cell, as far as it can be told. */
export function emptySelection(selection: CellSelection, matrix: Matrix, cells: readonly Cell[]): UsageError {
  const message = 'no claimed cell is selected'
  if (cells.some((cell) => selects(selection, cell))) {
    const platforms = selection.platform ?? matrix.platforms.map(({ id }) => id)
    return new UsageError(
      message,
      `${platforms.join(', ')} ${platforms.length === 1 ? 'does' : 'do'} not claim ${selectionText(selection)}; --include unclaimed probes it`,
    )
  }
  const rule = matrix.axes.rules.find(({ where, needs }) =>
    [where, needs].every((side) => axisNames.some((axis) => side[axis] && selection[axis])),
  )
  return new UsageError(
    `no cell has ${selectionText(selection)}`,
    rule && `${selectionText(rule.where)} needs ${selectionText(rule.needs)} (${rule.clause})`,
  )
}

function selectionText(selection: CellSelection): string {
  const parts = axisNames.flatMap((axis) => (selection[axis] ? [`${axis}=${selection[axis].join('|')}`] : []))
  return parts.length === 0 ? 'anything' : parts.join(' with ')
}
