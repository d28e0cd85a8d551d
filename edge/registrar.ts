/** The registrar, RFC 3261 section 10.3: one address-of-record a trunk that registers. */

import type { Clock } from '../endpoint/clock.ts'
import type { FaultSet } from '../endpoint/faults.ts'
import type { HeaderRow, IncomingRequest } from '../endpoint/user-agent-types.ts'
import { formatNameAddr, type NameAddr, parseCSeq, parseNameAddr } from '../protocol/sip/headers.ts'
import type { SipRequest } from '../protocol/sip/message.ts'
import { parseUri, type SipUri, uriEquals } from '../protocol/sip/uri.ts'
import type { Trunk } from './api/schemas.ts'
import type { Authorizer } from './authorizer.ts'
import type { Binding, Bindings } from './bindings.ts'
import type { Directory } from './directory.ts'
import type { Tally } from './tally.ts'

export interface RegistrarOptions {
  readonly directory: Directory
  readonly authorizer: Authorizer
  readonly bindings: Bindings
  readonly clock: Clock
  /** Seconds. A shorter wish is answered 423. */
  readonly minExpires: number
  readonly faults?: FaultSet
  /** Counts REGISTERs by outcome. */
  readonly outcomes: Tally
}

/** Seconds: what is granted to who asks for more, or for nothing in particular. */
const longestExpires = 3600
const maxContacts = 8

/** One contact as a REGISTER names it; `expires` 0 removes it. */
interface Wish {
  readonly address: NameAddr
  readonly uri: SipUri
  readonly expires: number
}

interface Answer {
  readonly status: number
  readonly reason?: string
  readonly headers?: readonly HeaderRow[]
}

type Wishes = { ok: true; wishes: Wish[] | 'remove-all' } | { ok: false; answer: Answer }

export class Registrar {
  readonly #options: RegistrarOptions

  constructor(options: RegistrarOptions) {
    this.#options = options
  }

  /** Answers a REGISTER. */
  handle(incoming: IncomingRequest): void {
    const { status, ...more } = this.#decide(incoming)
    this.#options.outcomes.add(String(status))
    incoming.reply(status, more)
  }

  #decide({ request, flow, tls }: IncomingRequest): Answer {
    const trunk = this.#trunkOf(request.headers.get('To'))
    const verdict = this.#options.authorizer.register(request, trunk, tls)
    if (verdict.kind === 'challenge') return { status: 401, headers: verdict.values.map((value) => ['WWW-Authenticate', value]) }
    if (verdict.kind === 'forbidden' || trunk === undefined) return { status: 403 }
    const wanted = readWishes(request, this.#options.minExpires)
    if (!wanted.ok) return wanted.answer
    const cseq = parseCSeq(request.headers.get('CSeq'))?.number
    const callId = request.headers.get('Call-ID')
    if (cseq === undefined || callId === undefined) return { status: 400 }
    if (!this.#apply(trunk.id, wanted.wishes, { callId, cseq, flow })) return { status: 500, reason: 'Out Of Order' }
    return { status: 200, headers: this.#options.faults?.has('register-no-binding') ? [] : this.#contacts(trunk.id) }
  }

  /** The trunk an address-of-record names: its username, in its SIP domain or, when there is no doubt, in any. */
  #trunkOf(to: string | undefined): Trunk | undefined {
    const uri = parseUri(parseNameAddr(to ?? '')?.uri ?? '')
    if (uri === undefined || uri.scheme === 'tel' || uri.user === undefined) return undefined
    const candidates = this.#options.directory.registering(uri.user)
    const host = uri.host.includes(':') ? `[${uri.host}]` : uri.host
    return candidates.find((trunk) => trunk.sip_domain === host) ?? (candidates.length === 1 ? candidates[0] : undefined)
  }

  /** All or nothing (section 10.3 step 7); false when a newer request of the same Call-ID was seen before. */
  #apply(trunkId: string, wishes: Wish[] | 'remove-all', from: Pick<Binding, 'callId' | 'cseq' | 'flow'>): boolean {
    const { bindings, clock } = this.#options
    const existing = bindings.of(trunkId)
    const outdated = (binding: Binding): boolean => binding.callId === from.callId && binding.cseq >= from.cseq
    if (wishes === 'remove-all') {
      if (existing.some(outdated)) return false
      bindings.clear(trunkId)
      return true
    }
    if (wishes.length === 0) return true
    const touched = existing.filter((binding) => wishes.some((wish) => uriEquals(wish.uri, binding.uri)))
    if (touched.some(outdated)) return false
    const put = wishes
      .filter((wish) => wish.expires > 0)
      .map((wish) => ({ contact: wish.address.uri, uri: wish.uri, expiresAt: clock.now() + wish.expires * 1000, ...from }))
    const gone = wishes.filter((wish) => wish.expires === 0).map((wish) => wish.uri)
    bindings.update(trunkId, put, gone)
    return true
  }

  #contacts(trunkId: string): HeaderRow[] {
    const { bindings, clock } = this.#options
    return bindings.of(trunkId).map((binding) => {
      const left = Math.max(1, Math.round((binding.expiresAt - clock.now()) / 1000))
      return ['Contact', formatNameAddr({ uri: binding.contact, params: new Map([['expires', String(left)]]) })]
    })
  }
}

const refuse = (answer: Answer): Wishes => ({ ok: false, answer })

/** What a REGISTER asks for. No Contact at all is a question: an empty list. */
function readWishes(request: SipRequest, minExpires: number): Wishes {
  const values = request.headers.list('Contact')
  const common = readExpires(request.headers.get('Expires'))
  if (values.includes('*')) {
    // Section 10.2.2: only alone, and only to remove.
    if (values.length > 1 || common !== 0) return refuse({ status: 400, reason: 'Contact Star Needs Expires 0' })
    return { ok: true, wishes: 'remove-all' }
  }
  if (values.length > maxContacts) return refuse({ status: 403, reason: 'Too Many Contacts' })
  const wishes: Wish[] = []
  for (const value of values) {
    const address = parseNameAddr(value)
    const uri = parseUri(address?.uri ?? '')
    if (address === undefined || uri === undefined || uri.scheme === 'tel') return refuse({ status: 400, reason: 'Unreadable Contact' })
    const asked = readExpires(address.params.get('expires')) ?? common ?? longestExpires
    if (asked > 0 && asked < minExpires) {
      return refuse({ status: 423, reason: 'Interval Too Brief', headers: [['Min-Expires', String(minExpires)]] })
    }
    wishes.push({ address, uri, expires: Math.min(asked, longestExpires) })
  }
  return { ok: true, wishes }
}

/** Section 10.3 step 7: an unreadable value counts as not given. */
const readExpires = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : undefined
