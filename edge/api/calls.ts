/** /v1/calls: calling out, looking at calls, and acting on them. */

import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { Problem } from '../problem.ts'
import type { ApiContext } from './context.ts'
import { queryNumberSchema } from './fields.ts'
import { refusals } from './problem-schema.ts'
import { type CallAction, type CallRequest, callActionSchema, callRequestSchema } from './schemas.ts'
import { callViewSchema, traceViewSchema } from './views.ts'

const params = z.object({ id: z.string() })

const filterSchema = z.strictObject({
  number: queryNumberSchema.optional().describe('Calls of this number alone.'),
  call_id: z.string().optional().describe('Calls with this Call-ID alone.'),
  state: z.enum(['active', 'ended']).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
})

export function callRoutes(app: FastifyInstance, { calls }: ApiContext): void {
  const gone = (id: string): Problem => new Problem('not-found', `there is no call ${id}, or it is no longer kept`)

  app.post<{ Body: CallRequest }>(
    '/v1/calls',
    { schema: { summary: 'Call out.', body: callRequestSchema, response: { 201: callViewSchema, ...refusals(409, 422, 503) } } },
    async (request, reply) => {
      const call = await calls.place(request.body)
      return reply.code(201).header('location', `/v1/calls/${call.id}`).send(call)
    },
  )

  app.get<{ Querystring: z.output<typeof filterSchema> }>(
    '/v1/calls',
    {
      schema: {
        summary: 'List calls, newest first.',
        querystring: filterSchema,
        response: { 200: z.strictObject({ calls: z.array(callViewSchema) }) },
      },
    },
    async ({ query }) => ({ calls: calls.list({ ...query, callId: query.call_id }) }),
  )

  app.get<{ Params: z.output<typeof params> }>(
    '/v1/calls/:id',
    { schema: { summary: 'Read a call.', params, response: { 200: callViewSchema, ...refusals(404) } } },
    async (request) => {
      const call = calls.get(request.params.id)
      if (call === undefined) throw gone(request.params.id)
      return call
    },
  )

  app.post<{ Params: z.output<typeof params>; Body: CallAction }>(
    '/v1/calls/:id/actions',
    {
      schema: {
        summary: 'Act on a call; answered when it is done.',
        params,
        body: callActionSchema,
        response: { 200: callViewSchema, ...refusals(404, 409, 422) },
      },
    },
    async (request) => {
      await calls.act(request.params.id, request.body)
      const call = calls.get(request.params.id)
      if (call === undefined) throw gone(request.params.id)
      return call
    },
  )

  app.get<{ Params: z.output<typeof params> }>(
    '/v1/calls/:id/trace',
    {
      schema: {
        summary: 'The SIP messages of a call whose agent asked for a trace.',
        params,
        response: { 200: traceViewSchema, ...refusals(404) },
      },
    },
    async (request) => {
      const trace = calls.trace(request.params.id)
      if (trace === undefined)
        throw new Problem('not-found', `no trace of call ${request.params.id} is kept: its agent needs "trace": true`)
      return trace
    },
  )
}
