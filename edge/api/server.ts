/**
 * The HTTP API: JSON in snake_case behind a bearer token, problems by RFC 9457, and an
 * OpenAPI document made of the same schemas that validate.
 */

import { createHash, timingSafeEqual } from 'node:crypto'
import swagger from '@fastify/swagger'
import fastify, { type FastifyError, type FastifyInstance } from 'fastify'
import { z } from 'zod'
import { fieldError, invalidFields, Problem } from '../problem.ts'
import { callRoutes } from './calls.ts'
import type { ApiContext } from './context.ts'
import { eventRoutes } from './event-stream.ts'
import { numberRoutes } from './numbers.ts'
import { serviceRoutes } from './service.ts'
import { trunkRoutes } from './trunks.ts'

/** A bulk import of thousands fits; nothing larger is read. */
const bodyLimit = 8 << 20
const requestTimeoutMs = 30_000

/** Builds the API. The caller listens and closes. */
export async function createApi(context: ApiContext): Promise<FastifyInstance> {
  const app = fastify({
    logger: false,
    bodyLimit,
    requestTimeout: requestTimeoutMs,
    // Open event streams must not hold a shutdown up.
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 256 },
  })
  app.setValidatorCompiler(
    ({ schema }) =>
      (data) =>
        validate(schema as z.ZodType, data),
  )
  app.setSerializerCompiler(() => (data) => JSON.stringify(data))
  app.setErrorHandler((error, request, reply) => {
    const problem = toProblem(error)
    if (problem.kind === 'internal') context.log.error('api request failed', { method: request.method, path: request.url, error })
    if (problem.kind === 'unauthorized') {
      context.metrics.api.add('unauthorized')
      reply.header('www-authenticate', 'Bearer realm="trunkproof edge"')
    }
    if (problem.retryAfter !== undefined) reply.header('retry-after', String(problem.retryAfter))
    return reply
      .code(problem.status)
      .type('application/problem+json')
      .send(Buffer.from(JSON.stringify(problem)))
  })
  app.setNotFoundHandler((request) => {
    throw new Problem('not-found', `${request.method} ${request.url.split('?')[0]} is no route of this API; see /openapi.json`)
  })
  app.addHook('onRequest', async (request) => {
    if (request.routeOptions.config.public === true) return
    if (!rightToken(request.headers.authorization, context.token)) {
      throw new Problem('unauthorized', 'send the API token as: Authorization: Bearer TOKEN')
    }
  })
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Trunkproof reference edge', version: context.info().version },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      security: [{ token: [] }],
    },
    transform: ({ schema, url }) => ({ schema: toOpenApi(schema as Record<string, unknown> | undefined), url }),
  })
  for (const routes of [serviceRoutes, trunkRoutes, numberRoutes, callRoutes, eventRoutes]) {
    // After the plugin, inside a scope of their own: swagger only sees routes added later than itself.
    await app.register(async (scope) => routes(scope, context))
  }
  return app
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Served without the API token. */
    public?: boolean
  }
}

/** Equal digests instead of equal strings: neither the length nor the place of a difference shows in the time taken. */
function rightToken(header: string | undefined, token: string): boolean {
  const given = /^bearer +(\S+)$/i.exec(header ?? '')?.[1] ?? ''
  const digest = (text: string): Uint8Array => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(token)) && given !== ''
}

function validate(schema: z.ZodType, data: unknown): { value: unknown } | { error: Problem } {
  const result = schema.safeParse(data)
  if (result.success) return { value: result.data }
  return { error: invalidFields(result.error.issues.flatMap(fieldErrors)) }
}

/** Zod's issues as fields: each unknown key is a field of its own. */
function fieldErrors(issue: z.core.$ZodIssue): ReturnType<typeof fieldError>[] {
  const { path } = issue
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => fieldError([...path, key], 'is not a field here'))
  if (issue.code === 'invalid_key') return [fieldError(path, issue.issues[0]?.message ?? issue.message)]
  if (issue.code === 'invalid_type' && issue.input === undefined && issue.message.includes('received undefined')) {
    return [fieldError(path, 'is required')]
  }
  return [fieldError(path, issue.message)]
}

function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error
  const { code, statusCode } = error as Partial<FastifyError>
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new Problem('body-too-large', `a body may have ${bodyLimit} bytes`)
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return new Problem('unsupported-media-type', 'send the body as application/json')
  if (statusCode !== undefined && statusCode < 500) return new Problem('unreadable-body', (error as Error).message)
  return new Problem('internal', 'the edge failed to handle this request; its log has the reason')
}

const openApiParts = ['body', 'querystring', 'params'] as const

/** A route's zod schemas as JSON Schema: requests as they may be sent, responses as they come. */
function toOpenApi(schema: Record<string, unknown> | undefined): Record<string, unknown> {
  if (schema === undefined) return {}
  const { response, ...rest } = schema
  const converted: Record<string, unknown> = { ...rest }
  for (const part of openApiParts) {
    if (schema[part] !== undefined) converted[part] = jsonSchema(schema[part], 'input')
  }
  if (response !== undefined) {
    converted.response = Object.fromEntries(
      Object.entries(response as Record<string, unknown>).map(([status, body]) => [
        status,
        body instanceof z.ZodType ? jsonSchema(body, 'output') : body,
      ]),
    )
  }
  return converted
}

function jsonSchema(schema: unknown, io: 'input' | 'output'): unknown {
  const { $schema: _, ...rest } = z.toJSONSchema(schema as z.ZodType, { io, unrepresentable: 'any', target: 'draft-2020-12' })
  return rest
}
