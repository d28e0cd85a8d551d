/** Makes the media sessions of one endpoint, over one port pool and the process's clock. */

import type { RtpTap } from '../../protocol/wire.ts'
import { type FaultSet, noFaults } from '../faults.ts'
import { type DtlsIdentity, processIdentity } from './dtls/identity.ts'
import { type Pacer, processPacer } from './pacer.ts'
import { PortPool, type PortPoolOptions } from './port-pool.ts'
import { RtpSession } from './session.ts'
import { MediaError, type MediaFactory, type MediaOptions, type MediaSession } from './types.ts'

export interface MediaEngineOptions extends PortPoolOptions {
  readonly faults?: FaultSet
  /** Sees the packets of every session. */
  readonly tap?: RtpTap
  /** Default: the clock of the process. */
  readonly pacer?: Pacer
  /** More sessions than this at a time are refused with `no-port`. Default: as many as there are ports. */
  readonly mostSessions?: number
  /** Who this endpoint is in DTLS handshakes. Default: the identity of the process. */
  readonly identity?: DtlsIdentity
}

export class MediaEngine implements MediaFactory {
  readonly pacer: Pacer
  readonly #ports: PortPool
  readonly #options: MediaEngineOptions
  readonly #sessions = new Set<RtpSession>()
  #closed = false

  constructor(options: MediaEngineOptions = {}) {
    this.#options = options
    this.pacer = options.pacer ?? processPacer
    this.#ports = new PortPool(options)
  }

  /** Sessions that are not closed. */
  get sessions(): number {
    return this.#sessions.size
  }

  async create(options: MediaOptions): Promise<MediaSession> {
    const { faults = noFaults, tap, mostSessions = Number.POSITIVE_INFINITY } = this.#options
    if (this.#closed) throw new MediaError('closed', 'the media engine is closed')
    if (this.#sessions.size >= mostSessions) throw new MediaError('no-port', `${mostSessions} media sessions are open already`)
    const identity = wantsDtls(options) ? await (this.#options.identity ?? processIdentity()) : undefined
    const ports = await this.#ports.acquire(options.host)
    const session = new RtpSession({
      options,
      identity,
      ports,
      pacer: this.pacer,
      faults,
      taps: [tap, options.tap].filter((each) => each !== undefined),
      onClosed: (closed) => this.#sessions.delete(closed),
    })
    this.#sessions.add(session)
    return session
  }

  /** Closes every session and every socket; ports do not drain. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#sessions].map((session) => session.close()))
    await this.#ports.close()
  }
}

function wantsDtls({ protection }: MediaOptions): boolean {
  return protection?.allowed === true && protection.keyings.includes('dtls')
}
