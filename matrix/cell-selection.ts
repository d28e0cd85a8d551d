import { z } from 'zod'
import { type AxisName, type AxisSelection, axisValues, matches } from './axes.ts'
import type { Cell } from './cell.ts'

/** Some platforms and some values of some axes; what is absent stands for all. */
export type CellSelection = AxisSelection & { readonly platform?: readonly string[] | undefined }

export function selects(selection: CellSelection, cell: Pick<Cell, 'platform' | 'axes'>): boolean {
  return (selection.platform?.includes(cell.platform) ?? true) && matches(cell.axes, selection)
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
