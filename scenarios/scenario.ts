import { z } from 'zod'
import { cellSelectionSchema } from '../matrix/cell-selection.ts'
import { expectationIds } from './expectations.ts'
import { type Step, stepSchema } from './steps.ts'

const head = {
  id: z
    .string()
    .regex(/^[a-z][a-z0-9-]*$/, 'lower-case letters, digits and hyphens')
    .describe('What people type to select it'),
  title: z.string().min(1),
  clauses: z
    .array(z.string())
    .min(1, 'a scenario proves at least one clause')
    .describe('Clauses of the guide it proves; "secure" stands for everything under it'),
  applies: cellSelectionSchema.default({}).describe('The cells it applies to; all of them if empty'),
  runs: z
    .enum(['every-cell', 'covering', 'once-per-platform'])
    .describe('On every cell it applies to, on a selection with every pair of values in it, or on one cell of each platform'),
  deadline_ms: z.int().min(100).max(3_600_000).default(15_000).describe('The whole scenario, in milliseconds'),
  expectations: z
    .array(z.enum(expectationIds))
    .min(1, 'a scenario that expects nothing proves nothing')
    .describe('What must hold afterwards'),
}

/** Everything but the steps, which are checked one by one so that complaints name the verb that was meant. */
export const scenarioHeadSchema = z.strictObject({ ...head, steps: z.array(z.unknown()).min(1, 'a scenario has at least one step') })

/** The whole file, for the published schema. */
const scenarioFileSchema = z.strictObject({ ...head, steps: z.array(stepSchema).min(1) })

/** How one cell is tried, as read from its file: defaults filled in, clauses spelled out. */
export interface Scenario extends Omit<z.infer<typeof scenarioHeadSchema>, 'steps'> {
  readonly steps: readonly Step[]
  /** The file it was read from, as shown in messages. */
  readonly file: string
}

/** The JSON Schema editors complete scenario files with. */
export function scenarioJsonSchema(): object {
  return { title: 'Trunkproof scenario', ...z.toJSONSchema(scenarioFileSchema, { io: 'input', target: 'draft-7' }) }
}
