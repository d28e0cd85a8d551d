/**
 * Trunks and numbers as the running edge sees them: maps in memory, each change first
 * written to the store and then applied, so that a change that fails changes nothing.
 */

import { randomUUID } from 'node:crypto'
import type { BlockList } from 'node:net'
import { addressList, defaultMediaPolicy } from './api/fields.ts'
import {
  type AgentScript,
  agentSchema,
  type Bulk,
  type NumberImport,
  type NumberRecord,
  type Trunk,
  type TrunkImport,
} from './api/schemas.ts'
import { type FieldError, fieldError, invalidFields, Problem } from './problem.ts'
import type { Store, StoreChange } from './store.ts'

export interface DirectoryOptions {
  readonly store: Store
  /** What a number does that was imported without an agent. */
  readonly defaultAgent?: AgentScript
  readonly limits?: { readonly trunks: number; readonly numbers: number }
  /** Epoch milliseconds. */
  readonly now?: () => number
}

const defaultLimits = { trunks: 20_000, numbers: 100_000 }

export class Directory {
  readonly #trunks = new Map<string, Trunk>()
  readonly #numbers = new Map<string, NumberRecord>()
  readonly #numbersOfTrunk = new Map<string, Set<string>>()
  readonly #registering = new Map<string, Trunk[]>()
  readonly #accessLists = new Map<string, BlockList>()
  readonly #store: Store
  readonly #defaultAgent: AgentScript
  readonly #limits: { readonly trunks: number; readonly numbers: number }
  readonly #now: () => number
  #tracing = 0
  /** Called with each trunk that goes, while it is still known, so that its bindings can go too. */
  onTrunkGoing?: (trunk: Trunk) => void

  constructor(options: DirectoryOptions) {
    this.#store = options.store
    this.#defaultAgent = options.defaultAgent ?? agentSchema.parse({})
    this.#limits = options.limits ?? defaultLimits
    this.#now = options.now ?? Date.now
    const { trunks, numbers } = this.#store.load()
    for (const trunk of trunks) this.#putTrunk(trunk)
    for (const number of numbers) this.#putNumber(number)
  }

  trunks(): Iterable<Trunk> {
    return this.#trunks.values()
  }

  numbers(): Iterable<NumberRecord> {
    return this.#numbers.values()
  }

  trunk(id: string): Trunk | undefined {
    return this.#trunks.get(id)
  }

  number(number: string): NumberRecord | undefined {
    return this.#numbers.get(number)
  }

  get size(): { readonly trunks: number; readonly numbers: number } {
    return { trunks: this.#trunks.size, numbers: this.#numbers.size }
  }

  /** How many numbers have an agent that keeps SIP traces. */
  get tracing(): number {
    return this.#tracing
  }

  /** The number a Request-URI's user part means: E.164, with or without its plus sign. */
  numberOfUser(user: string): NumberRecord | undefined {
    return this.#numbers.get(user) ?? this.#numbers.get(`+${user}`)
  }

  numbersOf(trunkId: string): Iterable<string> {
    return this.#numbersOfTrunk.get(trunkId) ?? []
  }

  /** The addresses an ACL trunk lets in. */
  accessList(trunk: Trunk): BlockList | undefined {
    let list = this.#accessLists.get(trunk.id)
    if (list === undefined && trunk.auth.type === 'acl') {
      list = addressList(trunk.auth.addresses)
      this.#accessLists.set(trunk.id, list)
    }
    return list
  }

  /** Trunks that register with this username; more than one when their SIP domains differ. */
  registering(username: string): readonly Trunk[] {
    return this.#registering.get(username) ?? []
  }

  importTrunk(wanted: TrunkImport): Trunk {
    const { trunks } = this.#importAll({ trunks: [wanted], numbers: [] }, () => [])
    return trunks[0]!
  }

  importNumber(wanted: NumberImport): NumberRecord {
    const { numbers } = this.#importAll({ trunks: [], numbers: [wanted] }, () => [])
    return numbers[0]!
  }

  importBulk(bulk: Bulk): { trunks: Trunk[]; numbers: NumberRecord[] } {
    return this.#importAll(bulk, (kind, index) => [kind, index])
  }

  /** Checks everything, naming every conflict, then writes everything in one transaction. */
  #importAll(bulk: Bulk, at: (kind: 'trunks' | 'numbers', index: number) => PropertyKey[]): { trunks: Trunk[]; numbers: NumberRecord[] } {
    const conflicts: FieldError[] = []
    const wrong: FieldError[] = []
    const newTrunks = new Map<string, Trunk>()
    const newNumbers = new Map<string, NumberRecord>()
    const newRegistrations = new Set<string>()

    const addTrunk = (trunk: Trunk, idPath: PropertyKey[], usernamePath: PropertyKey[]): void => {
      if (this.#trunks.has(trunk.id) || newTrunks.has(trunk.id)) {
        conflicts.push(fieldError(idPath, `trunk ${trunk.id} exists already`))
        return
      }
      const registration = registrationKey(trunk)
      if (registration !== undefined) {
        if (newRegistrations.has(registration) || this.#registersAlready(trunk, registration)) {
          conflicts.push(fieldError(usernamePath, `another trunk registers as this username in ${trunk.sip_domain}`))
        }
        newRegistrations.add(registration)
      }
      newTrunks.set(trunk.id, trunk)
    }

    bulk.trunks.forEach((wanted, index) => {
      const path = at('trunks', index)
      const trunk: Trunk = { ...wanted, id: wanted.id ?? randomUUID(), created_at: this.#now() }
      addTrunk(trunk, [...path, 'id'], [...path, 'auth', 'username'])
    })
    bulk.numbers.forEach((wanted, index) => {
      const path = at('numbers', index)
      if (this.#numbers.has(wanted.number) || newNumbers.has(wanted.number)) {
        conflicts.push(fieldError([...path, 'number'], `${wanted.number} is imported already`))
        return
      }
      let trunkId = wanted.trunk
      if (trunkId === undefined) {
        const own = ownTrunk(wanted, this.#now())
        addTrunk(own, [...path, 'number'], [...path, 'credentials', 'username'])
        trunkId = own.id
      } else if (!this.#trunks.has(trunkId) && !newTrunks.has(trunkId)) {
        wrong.push(fieldError([...path, 'trunk'], `there is no trunk ${trunkId}`))
        return
      }
      newNumbers.set(wanted.number, {
        number: wanted.number,
        trunk: trunkId,
        agent: wanted.agent ?? this.#defaultAgent,
        created_at: this.#now(),
        ...(wanted.sip_domain !== undefined && { sip_domain: wanted.sip_domain }),
        ...(wanted.credentials !== undefined && { credentials: wanted.credentials }),
        ...(wanted.outbound_proxy !== undefined && { outbound_proxy: wanted.outbound_proxy }),
      })
    })

    if (wrong.length > 0) throw invalidFields([...wrong, ...conflicts])
    if (conflicts.length > 0) {
      throw new Problem('conflict', `${conflicts[0]!.field}: ${conflicts[0]!.detail}`, { errors: conflicts })
    }
    if (this.#trunks.size + newTrunks.size > this.#limits.trunks)
      throw new Problem('capacity', `the edge holds at most ${this.#limits.trunks} trunks`)
    if (this.#numbers.size + newNumbers.size > this.#limits.numbers)
      throw new Problem('capacity', `the edge holds at most ${this.#limits.numbers} numbers`)
    const trunks = [...newTrunks.values()]
    const numbers = [...newNumbers.values()]
    this.#apply({ putTrunks: trunks, putNumbers: numbers })
    return { trunks, numbers }
  }

  #registersAlready(trunk: Trunk, registration: string): boolean {
    return trunk.auth.type === 'digest' && this.registering(trunk.auth.username).some((other) => registrationKey(other) === registration)
  }

  /** Puts another agent on a number, from the next call on. */
  patchAgent(number: string, agent: AgentScript): NumberRecord {
    const changed = { ...this.#known(number), agent }
    this.#apply({ putNumbers: [changed] })
    return changed
  }

  /** Removes a number, and the trunk that was made for it alone. */
  removeNumber(number: string): void {
    const { trunk: trunkId } = this.#known(number)
    const trunk = this.#trunks.get(trunkId)
    const last = this.#numbersOfTrunk.get(trunkId)?.size === 1
    const goes = trunk?.created_for === number && last ? [trunkId] : []
    this.#apply({ deleteNumbers: [number], deleteTrunks: goes })
  }

  /** Removes a trunk; with numbers on it only when `cascade` says so. */
  removeTrunk(id: string, cascade: boolean): void {
    if (!this.#trunks.has(id)) throw new Problem('not-found', `there is no trunk ${id}`)
    const numbers = [...this.numbersOf(id)]
    if (numbers.length > 0 && !cascade) {
      throw new Problem('conflict', `${numbers.length} number(s) use trunk ${id}; remove them first, or ask with ?cascade=true`)
    }
    this.#apply({ deleteNumbers: numbers, deleteTrunks: [id] })
  }

  #known(number: string): NumberRecord {
    const record = this.#numbers.get(number)
    if (record === undefined) throw new Problem('not-found', `${number} is not imported here`)
    return record
  }

  #apply(change: StoreChange): void {
    this.#store.write(change)
    for (const number of change.deleteNumbers ?? []) this.#dropNumber(number)
    for (const id of change.deleteTrunks ?? []) this.#dropTrunk(id)
    for (const trunk of change.putTrunks ?? []) this.#putTrunk(trunk)
    for (const number of change.putNumbers ?? []) this.#putNumber(number)
  }

  #putTrunk(trunk: Trunk): void {
    this.#trunks.set(trunk.id, trunk)
    if (registrationKey(trunk) !== undefined && trunk.auth.type === 'digest') {
      const { username } = trunk.auth
      this.#registering.set(username, [...this.registering(username), trunk])
    }
  }

  #dropTrunk(id: string): void {
    const trunk = this.#trunks.get(id)
    if (trunk === undefined) return
    this.onTrunkGoing?.(trunk)
    this.#trunks.delete(id)
    this.#accessLists.delete(id)
    this.#numbersOfTrunk.delete(id)
    if (trunk.auth.type === 'digest') {
      const { username } = trunk.auth
      const left = this.registering(username).filter((other) => other.id !== id)
      if (left.length > 0) this.#registering.set(username, left)
      else this.#registering.delete(username)
    }
  }

  #putNumber(number: NumberRecord): void {
    if (this.#numbers.get(number.number)?.agent.trace) this.#tracing -= 1
    if (number.agent.trace) this.#tracing += 1
    this.#numbers.set(number.number, number)
    const siblings = this.#numbersOfTrunk.get(number.trunk)
    if (siblings) siblings.add(number.number)
    else this.#numbersOfTrunk.set(number.trunk, new Set([number.number]))
  }

  #dropNumber(number: string): void {
    const record = this.#numbers.get(number)
    this.#numbers.delete(number)
    if (record?.agent.trace) this.#tracing -= 1
    if (record) this.#numbersOfTrunk.get(record.trunk)?.delete(number)
  }
}

/** What must be unique among trunks that register: the address-of-record. */
const registrationKey = (trunk: Trunk): string | undefined =>
  trunk.registration === 'register' && trunk.auth.type === 'digest' ? `${trunk.auth.username}@${trunk.sip_domain}` : undefined

/** The trunk a number gets when it is imported without one; its fields were checked by the import schema. */
function ownTrunk(wanted: NumberImport, now: number): Trunk {
  const { credentials, allowed_addresses: addresses = [] } = wanted
  return {
    id: randomUUID(),
    name: wanted.number,
    auth: credentials ? { type: 'digest', ...credentials, algorithms: ['sha-256', 'md5'] } : { type: 'acl', addresses },
    registration: wanted.registration ?? 'static',
    sip_domain: wanted.sip_domain ?? '',
    dtmf: wanted.dtmf ?? 'rfc4733',
    codecs: wanted.codecs ?? ['pcmu', 'pcma', 'opus'],
    media: wanted.media ?? defaultMediaPolicy,
    client_certificate: 'optional',
    created_for: wanted.number,
    created_at: now,
    ...(wanted.outbound_proxy !== undefined && { outbound_proxy: wanted.outbound_proxy }),
    ...(credentials && { outbound_credentials: credentials }),
  }
}
