import { z } from 'zod'
import { type AxisName, type AxisSelection, axisNames, axisValues, matches } from './axes.ts'
import type { Cell } from './cell.ts'

/** Some platforms and some values of some axes; what is absent stands for all. */
export type CellSelection = AxisSelection & { readonly platform?: readonly string[] | undefined }

export function selects(selection: CellSelection, cell: Pick<Cell, 'platform' | 'axes'>): boolean {
  return (selection.platform?.includes(cell.platform) ?? true) && matches(cell.axes, selection)
}

/** What two selections have in common; an axis without a common value keeps an empty list, which selects nothing. */
export function intersection(a: CellSelection, b: CellSelection): CellSelection {
  const common: Record<string, readonly string[]> = {}
  for (const key of [...axisNames, 'platform'] as const) {
    const [left, right]: (readonly string[] | undefined)[] = [a[key], b[key]]
    const values = left && right ? left.filter((value) => right.includes(value)) : (left ?? right)
    if (values) common[key] = values
  }
  return common as CellSelection
}

const someOf = <A extends AxisName>(axis: A) =>
  z
    .array(z.enum(axisValues[axis]))
    .min(1, 'name at least one value')
    .optional()
    .describe(`Values of the axis ${axis}; all of them if absent`)

export const axisSelectionSchema = z.strictObject({
  direction: someOf('direction'),
  transport: someOf('transport'),
  media: someOf('media'),
  registration: someOf('registration'),
  dtmf: someOf('dtmf'),
  codec: someOf('codec'),
  nat: someOf('nat'),
})

export const cellSelectionSchema = axisSelectionSchema.extend({
  platform: z.array(z.string()).min(1, 'name at least one platform').optional().describe('Platforms by id; all of them if absent'),
})
