import { z } from 'zod'
import { cellSelectionSchema } from './cell-selection.ts'

const clauseIdSchema = z.string().regex(/^[a-z][a-z0-9-]*(\.[a-z0-9-]+)+$/, 'an id is lower-case words joined by dots, e.g. secure.tls13')

export const clauseSchema = z.strictObject({
  id: clauseIdSchema,
  section: z.string().describe('Where in the guide it stands'),
  title: z.string(),
  statement: z.string().describe('What the guide says, in our words'),
  state: z.enum(['proven-by-cells', 'not-built-yet']),
  cells: cellSelectionSchema.optional().describe('The cells that bear on it; none if absent'),
  scenarios: z.array(z.string()).min(1).optional().describe('The scenarios that prove it in those cells'),
  note: z.string().optional(),
})
/** One testable statement of the guide. */
export type Clause = z.infer<typeof clauseSchema>

/** `clauses.yaml`: every sentence of the guide that promises or requires something, and those that do not. */
export const clausesFileSchema = z.strictObject({
  guide: z.strictObject({ title: z.string(), snapshot: z.iso.date().describe('The day the guide was read') }),
  clauses: z.array(clauseSchema),
  left_out: z.array(z.strictObject({ section: z.string(), sentence: z.string(), because: z.string() })),
})
export type ClausesFile = z.infer<typeof clausesFileSchema>

/** Whether `selector` is the clause's id or one of its parents: `secure` selects `secure.tls13`. */
export function selectsClause(selector: string, clauseId: string): boolean {
  return clauseId === selector || clauseId.startsWith(`${selector}.`)
}
