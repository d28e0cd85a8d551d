/** Which number, agent and trunk an INVITE from outside is for. */

import { parseUri } from '../protocol/sip/uri.ts'
import type { AgentScript, Trunk } from './api/schemas.ts'
import type { Directory } from './directory.ts'

/** `trunk` is undefined for an open number: anyone may call it. */
export interface Selection {
  readonly number: string
  readonly agent: AgentScript
  readonly trunk: Trunk | undefined
}

export class TrunkSelection {
  readonly #directory: Directory
  readonly #open: ReadonlyMap<string, Selection>

  /** `openNumbers` are user parts that need no trunk; none unless the operator asked for them. */
  constructor(directory: Directory, openNumbers: readonly string[], openAgent: AgentScript) {
    this.#directory = directory
    this.#open = new Map(openNumbers.map((number) => [number, { number, agent: openAgent, trunk: undefined }]))
  }

  /** By the Request-URI, never by To: that is who the caller meant first, not who is asked now (RFC 3261 section 8.2.2.1). */
  select(requestUri: string): Selection | undefined {
    const user = userOf(requestUri)
    if (user === undefined) return undefined
    const open = this.#open.get(user)
    if (open !== undefined) return open
    const record = this.#directory.numberOfUser(user)
    const trunk = record && this.#directory.trunk(record.trunk)
    return record && trunk && { number: record.number, agent: record.agent, trunk }
  }
}

/** The number part of a URI: a tel number, or a SIP user without telephone parameters (RFC 3261 section 19.1.6). */
function userOf(requestUri: string): string | undefined {
  const uri = parseUri(requestUri)
  if (uri === undefined) return undefined
  if (uri.scheme === 'tel') return uri.number
  return uri.user?.split(';', 1)[0]
}
