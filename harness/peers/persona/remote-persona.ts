/** A persona in another process or container, driven through its control server. */
import { z } from 'zod'
import type { Cell } from '../../../matrix/cell.ts'
import { UnableError } from '../../errors.ts'
import { CallFailed, type PeerEvidence, type PeerIdentity, type PeerSession, type RegisterOutcome, type StartedPeer } from '../peer.ts'
import {
  answerSchema,
  type Command,
  evidenceSchema,
  openedSchema,
  personaInfoSchema,
  refusalSchema,
  registeredSchema,
  statusSchema,
} from './control.ts'

export interface ControlAddress {
  readonly host: string
  readonly port: number
  readonly token: string
}

export class RemotePersona implements StartedPeer {
  readonly fidelity = 'persona'
  readonly version: string
  readonly #control: Control
  readonly #release: () => Promise<void>

  /** `release` ends whatever runs the persona. Throws UnableError when it does not answer. */
  static async connect(address: ControlAddress, release: () => Promise<void>): Promise<RemotePersona> {
    const control = new Control(address)
    const info = personaInfoSchema.parse(await control.request('GET', '/info'))
    return new RemotePersona(control, info.version, release)
  }

  private constructor(control: Control, version: string, release: () => Promise<void>) {
    this.#control = control
    this.version = version
    this.#release = release
  }

  async open(cell: Cell, identity: PeerIdentity): Promise<PeerSession> {
    const opened = openedSchema.parse(await this.#control.request('POST', '/sessions', { cell, identity }))
    return new RemoteSession(this.#control, opened.id, opened.contact_uri)
  }

  /** 99th percentile of how late its media packets left, milliseconds. */
  async latenessMs(): Promise<number> {
    return personaInfoSchema.parse(await this.#control.request('GET', '/info')).lateness_ms
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#release()
  }
}

class RemoteSession implements PeerSession {
  readonly contactUri: string
  readonly #control: Control
  readonly #path: string

  constructor(control: Control, id: string, contactUri: string) {
    this.#control = control
    this.#path = `/sessions/${id}`
    this.contactUri = contactUri
  }

  async register(options: { password?: string } = {}): Promise<RegisterOutcome> {
    return registeredSchema.parse(await this.#tell({ command: 'register', ...options }))
  }

  async call(options: { number?: string } = {}): Promise<void> {
    await this.#tell({ command: 'call', ...options })
  }

  async waitForCall(): Promise<void> {
    await this.#tell({ command: 'wait-for-call' })
  }

  async heard(withinMs: number): Promise<boolean> {
    return answerSchema.parse(await this.#tell({ command: 'heard', within_ms: withinMs })).answer
  }

  async understood(digits: number, withinMs: number): Promise<boolean> {
    return answerSchema.parse(await this.#tell({ command: 'understood', digits, within_ms: withinMs })).answer
  }

  async sendDigits(digits: string): Promise<void> {
    await this.#tell({ command: 'digits', digits })
  }

  async hangup(): Promise<void> {
    await this.#tell({ command: 'hangup' })
  }

  async waitForEnd(withinMs: number): Promise<boolean> {
    return answerSchema.parse(await this.#tell({ command: 'wait-for-end', within_ms: withinMs })).answer
  }

  async ping(): Promise<number> {
    return statusSchema.parse(await this.#tell({ command: 'ping' })).status
  }

  async sendRaw(bytes: Uint8Array): Promise<number> {
    return statusSchema.parse(await this.#tell({ command: 'raw', base64: Buffer.from(bytes).toString('base64') })).status
  }

  async evidence(): Promise<PeerEvidence> {
    return evidenceSchema.parse(await this.#tell({ command: 'evidence' }))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#control.request('DELETE', this.#path)
  }

  #tell(command: Command): Promise<unknown> {
    return this.#control.request('POST', this.#path, command)
  }
}

/** The HTTP side of it. A refused call becomes a CallFailed again, anything else an UnableError. */
class Control {
  readonly #base: string
  readonly #authorization: string

  constructor({ host, port, token }: ControlAddress) {
    this.#base = `http://${host.includes(':') ? `[${host}]` : host}:${port}`
    this.#authorization = `Bearer ${token}`
  }

  async request(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${this.#base}${path}`, {
      method,
      headers: { authorization: this.#authorization, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    if (response.status === 204) return undefined
    const answer: unknown = await response.json()
    if (response.ok) return answer
    const refusal = z.safeParse(refusalSchema, answer)
    const why = refusal.success ? refusal.data.error : `HTTP ${response.status}`
    if (refusal.success && refusal.data.status !== undefined) throw new CallFailed(refusal.data.status, why)
    throw new UnableError(`the persona could not do ${method} ${path}: ${why}`)
  }
}
