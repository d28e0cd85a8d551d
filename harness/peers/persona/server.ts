/** A persona's control server: the harness opens sessions, tells them what to do and takes their evidence. */
import { randomUUID, timingSafeEqual } from 'node:crypto'
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify'
import type { Cell } from '../../../matrix/cell.ts'
import { CallFailed, type PeerIdentity, type PeerSession } from '../peer.ts'
import { type Command, commandSchema, openRequestSchema, writeEvidence } from './control.ts'

/** A plan's cells with their identities are small; evidence only travels the other way. */
const bodyLimit = 1_000_000

/** What a persona does for its server. */
interface SessionHost<Session> {
  readonly version: string
  readonly latenessMs: number
  open(cell: Cell, identity: PeerIdentity): Promise<Session>
  close(session: Session): Promise<void>
}

/** Builds the server; the caller listens and closes. */
export function personaServer<Session extends Required<PeerSession>>(persona: SessionHost<Session>, token: string): FastifyInstance {
  const app = fastify({ bodyLimit, forceCloseConnections: true })
  const sessions = new Map<string, Session>()

  app.addHook('onRequest', async (request, reply) => {
    const given = Buffer.from(request.headers.authorization ?? '')
    const wanted = Buffer.from(`Bearer ${token}`)
    if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) await reply.code(401).send({ error: 'wrong token' })
  })

  app.get('/info', async () => ({ version: persona.version, lateness_ms: persona.latenessMs }))

  app.post('/sessions', async (request, reply) => {
    const body = openRequestSchema.safeParse(request.body)
    if (!body.success) return reply.code(422).send({ error: body.error.message })
    const id = randomUUID()
    try {
      const session = await persona.open(body.data.cell, body.data.identity)
      sessions.set(id, session)
      return reply.code(201).send({ id, contact_uri: session.contactUri })
    } catch (error) {
      return refuse(reply, error)
    }
  })

  app.post<{ Params: { id: string } }>('/sessions/:id', async (request, reply) => {
    const session = sessions.get(request.params.id)
    if (session === undefined) return reply.code(404).send({ error: 'no such session' })
    const body = commandSchema.safeParse(request.body)
    if (!body.success) return reply.code(422).send({ error: body.error.message })
    try {
      return (await carryOut(session, body.data)) ?? {}
    } catch (error) {
      return refuse(reply, error)
    }
  })

  app.delete<{ Params: { id: string } }>('/sessions/:id', async (request, reply) => {
    const session = sessions.get(request.params.id)
    sessions.delete(request.params.id)
    if (session !== undefined) await persona.close(session)
    return reply.code(204).send()
  })

  return app
}

/** A call that failed is an answer; anything else is ours. */
function refuse(reply: FastifyReply, error: unknown): FastifyReply {
  if (error instanceof CallFailed) return reply.code(409).send({ error: error.message, status: error.status })
  return reply.code(500).send({ error: error instanceof Error ? error.message : String(error) })
}

async function carryOut(session: Required<PeerSession>, command: Command): Promise<unknown> {
  switch (command.command) {
    case 'register':
      return session.register(command.password === undefined ? {} : { password: command.password })
    case 'call':
      return session.call(command.number === undefined ? {} : { number: command.number })
    case 'wait-for-call':
      return session.waitForCall()
    case 'heard':
      return { answer: await session.heard(command.within_ms) }
    case 'understood':
      return { answer: await session.understood(command.digits, command.within_ms) }
    case 'digits':
      return session.sendDigits(command.digits)
    case 'hangup':
      return session.hangup()
    case 'ping':
      return { status: await session.ping() }
    case 'raw':
      return { status: await session.sendRaw(Buffer.from(command.base64, 'base64')) }
    case 'wait-for-end':
      return { answer: await session.waitForEnd(command.within_ms) }
    case 'evidence':
      return writeEvidence(await session.evidence())
  }
}
