/** /v1/trunks and /v1/bulk. */

import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { Problem } from '../problem.ts'
import type { ApiContext } from './context.ts'
import { refusals } from './problem-schema.ts'
import { type Bulk, bulkSchema, type TrunkImport, trunkImportSchema } from './schemas.ts'
import { bulkViewSchema, numberView, trunkView, trunkViewSchema } from './views.ts'

const params = z.object({ id: z.string() })
const removal = z.strictObject({ cascade: z.enum(['true', 'false']).default('false').describe('Remove its numbers too.') })

export function trunkRoutes(app: FastifyInstance, { directory }: ApiContext): void {
  const view = (id: string): z.output<typeof trunkViewSchema> => {
    const trunk = directory.trunk(id)
    if (trunk === undefined) throw new Problem('not-found', `there is no trunk ${id}`)
    return trunkView(trunk, directory.numbersOf(id))
  }

  app.post<{ Body: TrunkImport }>(
    '/v1/trunks',
    { schema: { summary: 'Make a trunk.', body: trunkImportSchema, response: { 201: trunkViewSchema, ...refusals(409, 422) } } },
    async (request, reply) => {
      const { id } = directory.importTrunk(request.body)
      return reply.code(201).header('location', `/v1/trunks/${id}`).send(view(id))
    },
  )

  app.get(
    '/v1/trunks',
    { schema: { summary: 'List the trunks.', response: { 200: z.strictObject({ trunks: z.array(trunkViewSchema) }) } } },
    async () => ({ trunks: [...directory.trunks()].map((trunk) => trunkView(trunk, directory.numbersOf(trunk.id))) }),
  )

  app.get<{ Params: z.output<typeof params> }>(
    '/v1/trunks/:id',
    { schema: { summary: 'Read a trunk.', params, response: { 200: trunkViewSchema, ...refusals(404) } } },
    async (request) => view(request.params.id),
  )

  app.delete<{ Params: z.output<typeof params>; Querystring: z.output<typeof removal> }>(
    '/v1/trunks/:id',
    {
      schema: {
        summary: 'Remove a trunk.',
        params,
        querystring: removal,
        response: { 204: { type: 'null', description: 'Removed.' }, ...refusals(404, 409) },
      },
    },
    async (request, reply) => {
      directory.removeTrunk(request.params.id, request.query.cascade === 'true')
      return reply.code(204).send()
    },
  )

  app.post<{ Body: Bulk }>(
    '/v1/bulk',
    {
      schema: {
        summary: 'Import trunks and numbers at once, all of them or none.',
        body: bulkSchema,
        response: { 201: bulkViewSchema, ...refusals(409, 422) },
      },
    },
    async (request, reply) => {
      const { trunks, numbers } = directory.importBulk(request.body)
      return reply.code(201).send({
        trunks: trunks.map((trunk) => trunkView(trunk, directory.numbersOf(trunk.id))),
        numbers: numbers.map(numberView),
      })
    },
  )
}
