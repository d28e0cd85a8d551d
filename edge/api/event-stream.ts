/** /v1/events: the event hub as server-sent events, one bounded buffer a client. */

import type { ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { EdgeEvent } from '../events.ts'
import { Problem } from '../problem.ts'
import type { ApiContext } from './context.ts'
import { queryNumberSchema } from './fields.ts'
import { refusals } from './problem-schema.ts'

/** A client that leaves this much unread is dropped. */
const maxUnreadBytes = 1 << 20
const maxStreams = 256
/** Proxies in between give up on silence. */
const heartbeatMs = 15_000

const filterSchema = z.strictObject({
  number: z
    .union([queryNumberSchema.transform((number) => [number]), z.array(queryNumberSchema).max(1000)])
    .optional()
    .describe('Events of this number alone; may be repeated.'),
})

export function eventRoutes(app: FastifyInstance, { events, metrics }: ApiContext): void {
  app.get<{ Querystring: z.output<typeof filterSchema> }>(
    '/v1/events',
    {
      schema: {
        summary: 'Events as they happen (text/event-stream).',
        querystring: filterSchema,
        response: { 200: { description: 'Events, each with an id, an event name and JSON data.', type: 'string' }, ...refusals(422, 503) },
      },
    },
    async (request, reply) => {
      if (events.subscribers >= maxStreams) throw new Problem('capacity', `the edge serves at most ${maxStreams} event streams`)
      reply.hijack()
      stream(reply.raw, request.query.number ?? [], () => metrics.api.add('event-stream-dropped'))
    },
  )

  function stream(response: ServerResponse, numbers: readonly string[], onDropped: () => void): void {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
    // The first bytes at once: the client then knows that nothing can be missed any more.
    response.write(': listening\n\n')
    const subscription = events.subscribe(numbers, deliver, () => response.end())
    const heartbeat = setInterval(() => response.write(': still here\n\n'), heartbeatMs)
    response.on('close', () => {
      clearInterval(heartbeat)
      subscription.cancel()
    })

    function deliver(event: EdgeEvent): void {
      if (response.writableLength > maxUnreadBytes) {
        onDropped()
        response.destroy()
        return
      }
      response.write(`id: ${event.sequence}\nevent: ${event.type}\ndata: ${JSON.stringify(event.data)}\n\n`)
    }
  }
}
