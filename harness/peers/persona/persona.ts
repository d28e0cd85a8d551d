/** A programmable phone system: one process, many cells, each with a session of its own. */

import type { FaultSet } from '../../../endpoint/faults.ts'
import { MediaEngine } from '../../../endpoint/media/engine.ts'
import type { Cell } from '../../../matrix/cell.ts'
import type { PeerIdentity, StartedPeer } from '../peer.ts'
import { type PersonaResources, PersonaSession } from './session.ts'

/** Inclusive. */
export interface PortRange {
  readonly from: number
  readonly to: number
}

export interface PersonaOptions {
  readonly host: string
  /** PEM texts; without them TLS cells cannot be opened. */
  readonly tls: PersonaResources['tls']
  readonly sipPorts: PortRange
  readonly rtpPorts: PortRange
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
    this.#media = new MediaEngine({ range: [options.rtpPorts.from, options.rtpPorts.to], faults: options.faults })
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
    return this.#media.pacer.latenessMs() ?? 0
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
function roundRobin({ from, to }: PortRange): () => number {
  let next = from + Math.floor(Math.random() * (to - from))
  return () => {
    const port = next
    next = next >= to ? from : next + 1
    return port
  }
}
