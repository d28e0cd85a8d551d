import { z } from 'zod'
import { type Axes, type AxisName, axisNames, axisValues, matches } from './axes.ts'
import { axisSelectionSchema } from './cell-selection.ts'

const valueSchema = z.strictObject({
  title: z.string(),
  in_force: z.boolean().describe('false: its cells are planned, and skipped as not built yet'),
})

const axisSchema = <A extends AxisName>(axis: A) =>
  z.strictObject({ title: z.string(), values: z.record(z.enum(axisValues[axis]), valueSchema) })

/** `axes.yaml`: what every axis and value means, which are in force, and which combinations cannot be. */
export const axesFileSchema = z.strictObject({
  axes: z.strictObject({
    direction: axisSchema('direction'),
    transport: axisSchema('transport'),
    media: axisSchema('media'),
    registration: axisSchema('registration'),
    dtmf: axisSchema('dtmf'),
    codec: axisSchema('codec'),
    nat: axisSchema('nat'),
  }),
  rules: z.array(z.strictObject({ where: axisSelectionSchema, needs: axisSelectionSchema, clause: z.string() })),
})
export type AxesFile = z.infer<typeof axesFileSchema>

/** Whether no rule forbids the combination. */
export function isLegal(axes: Axes, file: Pick<AxesFile, 'rules'>): boolean {
  return file.rules.every((rule) => !matches(axes, rule.where) || matches(axes, rule.needs))
}

/** The values of a combination that nothing can try yet, as `axis=value`; empty where all are in force. */
export function notInForce(axes: Axes, file: Pick<AxesFile, 'axes'>): string[] {
  const values = file.axes as Record<AxisName, { values: Record<string, { in_force: boolean }> }>
  return axisNames.filter((axis) => !values[axis].values[axes[axis]]?.in_force).map((axis) => `${axis}=${axes[axis]}`)
}
