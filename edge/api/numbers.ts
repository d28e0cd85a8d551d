/** /v1/numbers: importing, as the provider's guide describes it. */

import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { Problem } from '../problem.ts'
import type { ApiContext } from './context.ts'
import { refusals } from './problem-schema.ts'
import { type NumberImport, numberImportSchema, numberPatchSchema } from './schemas.ts'
import { numberView, numberViewSchema } from './views.ts'

const params = z.object({ number: z.string() })

export function numberRoutes(app: FastifyInstance, { directory }: ApiContext): void {
  app.post<{ Body: NumberImport }>(
    '/v1/numbers',
    { schema: { summary: 'Import a number.', body: numberImportSchema, response: { 201: numberViewSchema, ...refusals(409, 422) } } },
    async (request, reply) => {
      const number = directory.importNumber(request.body)
      return reply.code(201).header('location', `/v1/numbers/${number.number}`).send(numberView(number))
    },
  )

  app.get(
    '/v1/numbers',
    { schema: { summary: 'List the numbers.', response: { 200: z.strictObject({ numbers: z.array(numberViewSchema) }) } } },
    async () => ({ numbers: [...directory.numbers()].map(numberView) }),
  )

  app.get<{ Params: z.output<typeof params> }>(
    '/v1/numbers/:number',
    { schema: { summary: 'Read a number.', params, response: { 200: numberViewSchema, ...refusals(404) } } },
    async (request) => {
      const number = directory.number(request.params.number)
      if (number === undefined) throw new Problem('not-found', `${request.params.number} is not imported here`)
      return numberView(number)
    },
  )

  app.patch<{ Params: z.output<typeof params>; Body: z.output<typeof numberPatchSchema> }>(
    '/v1/numbers/:number',
    {
      schema: {
        summary: 'Put another agent on a number.',
        params,
        body: numberPatchSchema,
        response: { 200: numberViewSchema, ...refusals(404, 422) },
      },
    },
    async (request) => numberView(directory.patchAgent(request.params.number, request.body.agent)),
  )

  app.delete<{ Params: z.output<typeof params> }>(
    '/v1/numbers/:number',
    { schema: { summary: 'Remove a number.', params, response: { 204: { type: 'null', description: 'Removed.' }, ...refusals(404) } } },
    async (request, reply) => {
      directory.removeNumber(request.params.number)
      return reply.code(204).send()
    },
  )
}
