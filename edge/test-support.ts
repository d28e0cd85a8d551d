/** Values the edge's tests are made of. */

import type { Connection } from '../endpoint/transport/connection.ts'
import type { HeaderRow, IncomingRequest, ReplyOptions } from '../endpoint/user-agent-types.ts'
import { answerChallenge } from '../protocol/sip/digest.ts'
import { makeRequest, type SipRequest } from '../protocol/sip/message.ts'
import { trunkImportSchema } from './api/schemas.ts'
import { Directory } from './directory.ts'
import { ephemeralKey, SecretBox } from './secrets.ts'
import { Store } from './store.ts'

/** A directory over a store in memory. */
export function emptyDirectory(): Directory {
  return new Directory({ store: Store.open(':memory:', new SecretBox(ephemeralKey())), now: () => 0 })
}

export const aclTrunk = trunkImportSchema.parse({
  id: 'acl',
  name: 'by address',
  auth: { type: 'acl', addresses: ['192.0.2.0/24', '2001:db8::/32'] },
  sip_domain: 'pbx.example.com',
})

export const digestTrunk = trunkImportSchema.parse({
  id: 'digest',
  name: 'by password',
  auth: { type: 'digest', username: 'pbx1', password: 'correct horse' },
  sip_domain: 'pbx.example.com',
})

export const registeringTrunk = trunkImportSchema.parse({ ...digestTrunk, id: 'registering', registration: 'register' })

export function flow(more: Partial<Connection> = {}): Connection {
  return {
    id: 'flow',
    transport: 'udp',
    local: { address: '192.0.2.1', port: 32681 },
    remote: { address: '192.0.2.10', port: 5060 },
    open: true,
    ...more,
  }
}

/** The same request with credentials for the challenge. */
export function authorized(request: SipRequest, challenges: readonly string[], username: string, password: string): SipRequest {
  const { method, uri } = request
  const answer = answerChallenge({ challenges, method, uri, username, password, nonceCount: 1, cnonce: 'c0ffee' })
  if (answer === undefined) throw new Error('no challenge that can be answered')
  const rows = [...request.headers.entries()].filter(([name]) => name !== 'Authorization')
  return makeRequest(method, uri, [...rows, ['Authorization', answer.value]])
}

export interface Answered {
  readonly status: number
  readonly headers: readonly HeaderRow[]
  readonly reason: string | undefined
}

/** A request outside a dialog that remembers its answer. */
export function incoming(request: SipRequest, via: Connection = flow()): IncomingRequest & { readonly answers: Answered[] } {
  const answers: Answered[] = []
  const reply = (status: number, { headers = [], reason }: ReplyOptions = {}): void => void answers.push({ status, headers, reason })
  return { request, transport: via.transport, remote: via.remote, local: via.local, flow: via, tls: undefined, reply, answers }
}

/** Values of one header of an answer. */
export const headerValues = (answer: Answered | undefined, name: string): string[] =>
  (answer?.headers ?? []).filter(([key]) => key === name).map(([, value]) => value)
