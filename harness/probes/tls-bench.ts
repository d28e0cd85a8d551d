/** Plays TLS cases against the edge of a run, each with a number of its own. */
import type { EdgeClient } from '../edge/edge-client.ts'
import { UnableError } from '../errors.ts'
import type { PeerIdentity } from '../peers/peer.ts'
import type { Probe } from './probe.ts'
import type { TlsCase } from './tls-case.ts'
import { tlsClientCases } from './tls-client-cases.ts'
import type { TlsLab } from './tls-lab.ts'
import { tlsServerCases } from './tls-server-cases.ts'

export const tlsCases: ReadonlyMap<string, TlsCase> = new Map(Object.entries({ ...tlsServerCases, ...tlsClientCases }))

export class TlsBench {
  readonly #lab: TlsLab
  readonly #identity: Pick<PeerIdentity, 'number' | 'edge'>
  readonly #client: Pick<EdgeClient, 'provision' | 'release' | 'call'>
  #played = 0

  constructor(parts: {
    lab: TlsLab
    identity: Pick<PeerIdentity, 'number' | 'edge'>
    client: Pick<EdgeClient, 'provision' | 'release' | 'call'>
  }) {
    this.#lab = parts.lab
    this.#identity = parts.identity
    this.#client = parts.client
  }

  /** Throws an UnableError when this machine, not the edge, cannot play it. */
  async play(name: string): Promise<Probe> {
    const found = tlsCases.get(name)
    if (found === undefined) throw new RangeError(`no TLS case is called "${name}"`)
    const { about, rule, demand } = found
    this.#played += 1
    // E.164 allows 15 digits; numbers of cells have 11.
    const number = `${this.#identity.number}${String(this.#played).padStart(3, '0')}`
    const stage = { lab: this.#lab, edge: this.#identity.edge, client: this.#client, number }
    try {
      return { case: name, about, rule, demand, ...(await this.#lab.turns.take(() => found.play(stage))) }
    } catch (error) {
      throw new UnableError(`the TLS case ${name} could not be played: ${(error as Error).message}`, undefined, error)
    }
  }
}
