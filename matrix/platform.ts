import { z } from 'zod'
import { type Axes, type AxisName, axisNames, axisValues } from './axes.ts'
import { axisSelectionSchema } from './cell-selection.ts'
import { mediaPolicies } from './media-policy.ts'

const claimSchema = <A extends AxisName>(axis: A) =>
  z.strictObject({
    values: z.array(z.enum(axisValues[axis])).min(1, 'a platform without a value on an axis has no cells'),
    from: z.array(z.string()).min(1, 'a claim rests on at least one clause'),
  })

const cannotSchema = z.strictObject({
  id: z.string(),
  where: axisSelectionSchema.describe('The cells the product cannot play'),
  in_force: z.boolean(),
  versions: z.string().describe('Versions of the product it was observed with'),
  observation: z.string().describe('What was seen on the wire that shows it'),
  note: z.string().optional(),
})

const departsSchema = z.strictObject({
  id: z.string(),
  policy: z.enum(mediaPolicies).describe('What the product is set to'),
  comes_to: z.enum(mediaPolicies).describe('What its calls come to instead'),
  versions: z.string().describe('Versions of the product it was observed with'),
  observation: z.string().describe('What was seen on the wire that shows it'),
})
/** A policy on encrypted audio that a product plays as if it were another. */
export type PolicyDeparture = z.infer<typeof departsSchema>

/** One file of `platforms/`: a row of the guide's matrix, what it claims on each axis, and what the product cannot do. */
export const platformSchema = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9-]*$/, 'lower-case letters, digits and hyphens, because it begins cell ids'),
  row: z.int().positive().describe('Its place in reports'),
  title: z.string(),
  guide_row: z.string().describe('The name of its row in the guide’s matrix'),
  claims: z.strictObject({
    direction: claimSchema('direction'),
    transport: claimSchema('transport'),
    media: claimSchema('media'),
    registration: claimSchema('registration'),
    dtmf: claimSchema('dtmf'),
    codec: claimSchema('codec'),
    nat: claimSchema('nat'),
  }),
  peerCannot: z.array(cannotSchema),
  policyDepartures: z.array(departsSchema).default([]),
})
export type Platform = z.infer<typeof platformSchema>

/** The axes on which the platform does not claim the value, as `axis=value`; empty for a claimed combination. */
export function unclaimedValues(platform: Platform, axes: Axes): string[] {
  return axisNames
    .filter((axis) => !(platform.claims[axis].values as readonly string[]).includes(axes[axis]))
    .map((axis) => `${axis}=${axes[axis]}`)
}
