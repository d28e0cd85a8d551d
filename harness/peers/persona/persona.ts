/** A programmable phone system: one process, many cells, each with a session of its own. */

import type { FaultSet } from '../../../endpoint/faults.ts'
import { MediaEngine } from '../../../endpoint/media/media-engine.ts'
import type { Cell } from '../../../matrix/cell.ts'
import type { PeerIdentity, StartedPeer } from '../peer.ts'
import { type PersonaResources, PersonaSession } from './session.ts'

export interface PersonaOptions {
  readonly host: string
  /** PEM texts; without them TLS cells cannot be opened. */
  readonly tls: PersonaResources['tls']
  /** First and last SIP port, and first and last RTP port, inclusive. */
  readonly sipPorts: readonly [number, number]
  readonly rtpPorts: readonly [number, number]
  readonly faults: FaultSet
  readonly version: string
}

export class Persona implements StartedPeer {
  readonly fidelity = 'persona'
  readonly version: string
  readonly #media: MediaEngine
  readonly #resources: PersonaResources
  readonly #sessions = new Set<PersonaSession>()

  constructor(options: PersonaOptions) {
    this.version = options.version
    this.#media = new MediaEngine({ ports: { first: options.rtpPorts[0], last: options.rtpPorts[1] }, faults: options.faults })
    this.#resources = {
      host: options.host,
      tls: options.tls,
      media: this.#media,
      nextPort: roundRobin(options.sipPorts),
      faults: options.faults,
      name: `Trunkproof persona ${options.version}`,
    }
  }

  async open(cell: Cell, identity: PeerIdentity): Promise<PersonaSession> {
    const session = await PersonaSession.open(cell, identity, this.#resources)
    this.#sessions.add(session)
    return session
  }

  async close(session: PersonaSession): Promise<void> {
    this.#sessions.delete(session)
    await session[Symbol.asyncDispose]()
  }

  /** 99th percentile of how late media packets left in the last seconds, milliseconds. */
  get latenessMs(): number {
    return this.#media.lateness()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#sessions].map((session) => this.close(session)))
    await this.#media.close()
  }
}

/**
 * Port numbers one after another: a number comes up again as late as can be, long after its last
 * call's stragglers. Begins anywhere, so that two personas on one machine seldom want the same one.
 */
function roundRobin([first, last]: readonly [number, number]): () => number {
  let next = first + Math.floor(Math.random() * (last - first))
  return () => {
    const port = next
    next = next >= last ? first : next + 1
    return port
  }
}
