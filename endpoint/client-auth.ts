/** Answers digest challenges (RFC 3261 22.2, 22.3; RFC 7616) and remembers them, so that later requests need no second try. */
import { answerChallenge, parseChallenge } from '../protocol/sip/digest.ts'
import type { SipResponse } from '../protocol/sip/message.ts'
import { randomToken } from './token.ts'
import type { Credentials, HeaderRow } from './user-agent-types.ts'

/** Protection spaces answered at once: a proxy or two, and the peer. */
const spacesHeld = 8

interface Space {
  readonly header: 'Authorization' | 'Proxy-Authorization'
  readonly challenges: readonly string[]
  /** One for all requests with this nonce: the session forms of RFC 7616 hash the first. */
  readonly cnonce: string
  nonceCount: number
}

export class ClientAuth {
  readonly #credentials: Credentials
  readonly #spaces = new Map<string, Space>()

  constructor(credentials: Credentials) {
    this.#credentials = credentials
  }

  /** Credentials for a request, for every space that has challenged before. */
  rows(method: string, uri: string, body?: Uint8Array): HeaderRow[] {
    const { username, password } = this.#credentials
    const rows: HeaderRow[] = []
    for (const space of this.#spaces.values()) {
      space.nonceCount += 1
      const { challenges, cnonce, nonceCount } = space
      const given = { challenges, method, uri, username, password, nonceCount, cnonce }
      const answer = answerChallenge(body === undefined ? given : { ...given, body })
      if (answer !== undefined) rows.push([space.header, answer.value])
    }
    return rows
  }

  /**
   * Takes the challenges of a 401 or 407. False when trying again is of no use: none can
   * be answered, or a space in `tried` refused what it got and does not say that only
   * the nonce was old. The spaces taken are added to `tried`.
   */
  take(response: SipResponse, tried: Set<string>): boolean {
    const [from, header] =
      response.status === 401 ? (['WWW-Authenticate', 'Authorization'] as const) : (['Proxy-Authenticate', 'Proxy-Authorization'] as const)
    const byRealm = new Map<string, { values: string[]; stale: boolean }>()
    for (const value of response.headers.list(from)) {
      const challenge = parseChallenge(value)
      if (challenge === undefined || (this.#credentials.realm ?? challenge.realm) !== challenge.realm) continue
      const known = byRealm.get(challenge.realm)
      if (known === undefined) byRealm.set(challenge.realm, { values: [value], stale: challenge.stale === true })
      else known.values.push(value)
    }
    let useful = false
    for (const [realm, { values, stale }] of byRealm) {
      const key = `${header} ${realm}`
      if (tried.has(key) && !stale) return false
      if (this.#spaces.size >= spacesHeld && !this.#spaces.has(key)) continue
      tried.add(key)
      this.#spaces.set(key, { header, challenges: values, cnonce: randomToken(), nonceCount: 0 })
      useful = true
    }
    return useful
  }
}
