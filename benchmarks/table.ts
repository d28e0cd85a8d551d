/** Figures as aligned columns: what, value, unit, budget. */
import type { BenchmarkRow } from './benchmark.ts'

/** Whole numbers in groups of three; small ones with the digits that carry something. */
export const formatValue = (value: number): string =>
  value.toLocaleString('en-US', Math.abs(value) >= 100 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 3 })

/** The lines of the table, heading first. */
export function table(rows: readonly BenchmarkRow[]): string[] {
  const cells = rows.map(({ what, value, unit, budget }) => [what, formatValue(value), unit, budget ?? ''] as const)
  const all = [['what', 'value', 'unit', 'budget'] as const, ...cells]
  const width = (column: 0 | 1 | 2): number => Math.max(...all.map((row) => row[column].length))
  return all.map(([what, value, unit, budget]) =>
    `${what.padEnd(width(0))}  ${value.padStart(width(1))}  ${unit.padEnd(width(2))}  ${budget}`.trimEnd(),
  )
}
