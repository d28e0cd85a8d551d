/** What the edge says of itself: /health, /metrics, /openapi.json, /v1/info, /v1/registrations. */

import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { ApiContext } from './context.ts'
import { infoViewSchema, registrationViewSchema } from './views.ts'

const healthSchema = z.strictObject({ status: z.enum(['ok', 'draining']) })

export function serviceRoutes(app: FastifyInstance, context: ApiContext): void {
  app.get(
    '/health',
    {
      config: { public: true },
      schema: { summary: 'Whether the edge takes work. Needs no token.', security: [], response: { 200: healthSchema, 503: healthSchema } },
    },
    async (_, reply) => {
      const { draining } = context.info()
      return reply.code(draining ? 503 : 200).send({ status: draining ? 'draining' : 'ok' })
    },
  )

  app.get('/metrics', { schema: { summary: 'Figures in the Prometheus text format.' } }, async (_, reply) =>
    reply
      .type(context.metrics.contentType)
      .serializer((text: string) => text)
      .send(await context.metrics.text()),
  )

  app.get('/openapi.json', { schema: { summary: 'This API as an OpenAPI document.' } }, async () => app.swagger())

  app.get('/v1/info', { schema: { summary: 'Version, listeners, planted faults.', response: { 200: infoViewSchema } } }, async () =>
    context.info(),
  )

  app.get(
    '/v1/registrations',
    {
      schema: {
        summary: 'Who is registered, and where.',
        response: { 200: z.strictObject({ registrations: z.array(registrationViewSchema) }) },
      },
    },
    async () => ({ registrations: context.registrations() }),
  )
}
