/**
 * A real Asterisk as a peer: one instance in its container, a session for each cell it was
 * configured for. Its configuration is written before it starts (see config.ts).
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Cell } from '../../../matrix/cell.ts'
import { UnableError } from '../../errors.ts'
import type { PeerIdentity, PeerSession, StartedPeer } from '../peer.ts'
import { AmiClient } from './ami.ts'
import type { AmiEvent } from './ami-event.ts'
import { WireCapture } from './capture.ts'
import { type AsteriskCell, asteriskConfiguration, registrationFileName, sipPort, tlsPorts } from './config.ts'
import { type ManagerLogin, managerPort } from './core-config.ts'
import { Registrations } from './registrations.ts'
import { AsteriskSession } from './session.ts'
import { toneFile, toneFileName, toneFolder } from './tone-file.ts'

export interface AsteriskPlace {
  /** The container's address. */
  readonly address: string
  /** Folders on this machine that the container has at `/etc/asterisk` and `/capture`. */
  readonly configuration: string
  readonly capture: string
  /** Those its configuration was written for. */
  readonly cells: readonly AsteriskCell[]
}

/** Writes the files Asterisk will start with. Before its container starts. */
export async function writeAsteriskConfiguration(folder: string, cells: readonly AsteriskCell[], manager: ManagerLogin): Promise<void> {
  await mkdir(folder, { recursive: true })
  const files = asteriskConfiguration(cells, manager)
  const tones = join(folder, toneFolder)
  await mkdir(tones, { recursive: true })
  const pairs = new Map(cells.map(({ identity }) => [toneFileName(identity.peerTone), identity.peerTone]))
  await Promise.all([
    ...[...files].map(([name, text]) => writeFile(join(folder, name), text)),
    ...[...pairs].map(([name, pair]) => writeFile(join(tones, `${name}.ulaw`), toneFile(pair))),
  ])
}

export class AsteriskPeer implements StartedPeer {
  readonly fidelity = 'real'
  readonly version: string
  readonly #ami: AmiClient
  readonly #capture: WireCapture
  readonly #registrations: Registrations
  readonly #place: AsteriskPlace
  readonly #manager: ManagerLogin
  readonly #tlsPorts: ReadonlyMap<string, number>
  readonly #sessions = new Map<string, AsteriskSession>()
  /** Which session a channel belongs to, by unique id. */
  readonly #channels = new Map<string, AsteriskSession>()

  private constructor(place: AsteriskPlace, manager: ManagerLogin, ami: AmiClient, capture: WireCapture, version: string) {
    this.#place = place
    this.#tlsPorts = tlsPorts(place.cells)
    this.#manager = manager
    this.#ami = ami
    this.#capture = capture
    this.version = version
    this.#registrations = new Registrations(ami, join(place.configuration, registrationFileName))
    ami.on('event', (event) => this.#route(event))
  }

  /** Connects to an Asterisk that has started. Throws UnableError when it cannot be controlled or watched. */
  static async connect(place: AsteriskPlace, manager: ManagerLogin): Promise<AsteriskPeer> {
    let ami: AmiClient | undefined
    try {
      ami = await AmiClient.open({ host: place.address, port: managerPort, events: true, ...manager })
      const capture = await WireCapture.open({ folder: place.capture, address: place.address })
      const version = /^Asterisk (\S+)/.exec(await ami.command('core show version'))?.[1] ?? 'unknown'
      return new AsteriskPeer(place, manager, ami, capture, version)
    } catch (error) {
      ami?.close()
      throw new UnableError(`Asterisk cannot be driven: ${(error as Error).message}`, `its log is ${place.capture}/asterisk.log`, error)
    }
  }

  /** How late its media left lately: the 99th percentile, milliseconds. */
  latenessMs(): number {
    return this.#capture.index.lateness.p99Ms
  }

  async open(cell: Cell, identity: PeerIdentity): Promise<PeerSession> {
    if (this.#sessions.has(identity.number)) throw new Error(`a session for ${identity.number} is open already`)
    const session = new AsteriskSession(cell, identity, {
      ami: this.#ami,
      connectAmi: () => AmiClient.open({ host: this.#place.address, port: managerPort, events: false, ...this.#manager }),
      capture: this.#capture,
      registrations: this.#registrations,
      address: this.#place.address,
      port: this.#tlsPorts.get(identity.number) ?? sipPort,
      logLines: (word) => this.#logLines(word),
      closed: (closed) => this.#forget(closed),
      lostBefore: await this.#capture.lost(),
    })
    this.#sessions.set(identity.number, session)
    return session
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled([...this.#sessions.values()].map((session) => session[Symbol.asyncDispose]()))
    await this.#capture[Symbol.asyncDispose]()
    this.#ami.close()
  }

  #route(event: AmiEvent): void {
    if (event.type === 'registration') {
      const user = /^sips?:([^@]+)@/.exec(event.clientUri)?.[1]
      for (const session of this.#sessions.values()) if (session.identity.username === user) session.take(event)
      return
    }
    if (event.type === 'channel-new') {
      const owner = this.#sessions.get(endpointOf(event.channel) ?? '')
      if (owner) this.#channels.set(event.uniqueId, owner)
    }
    this.#channels.get(event.uniqueId)?.take(event)
    if (event.type === 'channel-gone') this.#channels.delete(event.uniqueId)
  }

  #forget(session: AsteriskSession): void {
    this.#sessions.delete(session.identity.number)
    for (const [uniqueId, owner] of this.#channels) if (owner === session) this.#channels.delete(uniqueId)
  }

  async #logLines(word: string): Promise<string[]> {
    const text = await readFile(join(this.#place.capture, 'asterisk.log'), 'utf8').catch(() => '')
    return text.split('\n').filter((line) => line.includes(word))
  }
}

/** `PJSIP/+12025550100-0000002a` belongs to the endpoint `+12025550100`. */
function endpointOf(channel: string): string | undefined {
  return /^PJSIP\/(.+)-[0-9a-f]{8}$/.exec(channel)?.[1]
}
