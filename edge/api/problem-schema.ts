/** RFC 9457 as a schema, for the OpenAPI document. */

import { z } from 'zod'

const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number(),
    detail: z.string(),
    errors: z.array(z.object({ pointer: z.string(), field: z.string(), detail: z.string() })).optional(),
  })
  .describe('Problem details, RFC 9457, as application/problem+json.')

/** The refusals a route can answer with, for its `response` table. */
export const refusals = <S extends number>(...statuses: S[]): Record<S, typeof problemSchema> =>
  Object.fromEntries(statuses.map((status) => [status, problemSchema])) as Record<S, typeof problemSchema>
