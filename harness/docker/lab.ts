/**
 * The lab in containers. Planned first (images, addresses, folders), so that certificates
 * and configuration can name addresses; started by Compose; asked through the engine;
 * removed by label on every path. What a dead run left behind is removed at the next plan.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type Docker from 'dockerode'
import { UnableError } from '../errors.ts'
import { removeLeftovers, removeRun } from './cleanup.ts'
import { compose } from './compose.ts'
import { connectEngine } from './engine.ts'
import { type ImageName, projectRoot, provideImage } from './images.ts'
import { ownerOf, runLabel } from './labels.ts'
import { Service, type Usage } from './service.ts'
import { chooseAddresses, type LabAddresses } from './subnet.ts'

/** Containers of docker-compose.yml by the names they have there. */
export type ServiceName = 'edge' | 'asterisk' | 'generic-pbx'

export interface LabOptions {
  readonly runId: string
  /** The run's folder; the lab's files go to `lab/` in it. */
  readonly runDir: string
  /** Which containers the plan needs. */
  readonly services: readonly ServiceName[]
  /** Progress for people, one line each. */
  readonly say: (line: string) => void
}

/** Folders on this machine that the containers will see. */
export interface LabFolders {
  /** Certificates and keys, at `/etc/trunkproof/pki` in every container. */
  readonly pki: string
  /** Asterisk's configuration, at `/etc/asterisk`. Files in it are rewritten in place, never replaced. */
  readonly asterisk: string
  /** Captures and Asterisk's log, at `/capture`. */
  readonly capture: string
}

export interface LabCommands {
  /** Arguments of the edge's and the persona's command line. */
  readonly edge?: readonly string[]
  readonly genericPbx?: readonly string[]
}

const readyMs = 30_000

/** A lab whose addresses are known and whose images exist, but that is not running. */
export class PlannedLab {
  readonly addresses: LabAddresses
  readonly folders: LabFolders
  readonly #options: LabOptions
  readonly #engine: Docker
  readonly #images: ReadonlyMap<ServiceName, string>

  private constructor(options: LabOptions, engine: Docker, addresses: LabAddresses, images: ReadonlyMap<ServiceName, string>) {
    this.#options = options
    this.#engine = engine
    this.#images = images
    this.addresses = addresses
    const folder = (name: string): string => join(options.runDir, 'lab', name)
    this.folders = { pki: folder('pki'), asterisk: folder('asterisk'), capture: folder('capture') }
    for (const path of Object.values(this.folders)) mkdirSync(path, { recursive: true })
  }

  /** Throws UnableError, or an Error with the end of an image's build log. */
  static async make(options: LabOptions): Promise<PlannedLab> {
    const engine = await connectEngine()
    for (const run of await removeLeftovers(engine)) options.say(`removed what the dead run ${run} left behind`)
    const images = await Promise.all(
      options.services.map(async (name) => [name, await provideImage(engine, name satisfies ImageName, options.say)] as const),
    )
    return new PlannedLab(options, engine, await chooseAddresses(engine), new Map(images))
  }

  /** Brings the containers up and waits until each says it is ready. Removes them again when that fails. */
  async start(commands: LabCommands, signal?: AbortSignal): Promise<DockerLab> {
    const { runId, services, say } = this.#options
    const lab = new DockerLab(this.#engine, runId, this.addresses)
    try {
      const environment = this.#environment(commands)
      const file = join(projectRoot, 'docker-compose.yml')
      const up = ['up', '--detach', '--no-build', '--pull', 'never', ...services]
      say(`starting containers: ${services.join(', ')}`)
      await compose(file, projectName(runId), up, { env: environment, ...(signal ? { signal } : {}) })
      await lab.watch(join(this.#options.runDir, 'lab'), services)
      return lab
    } catch (error) {
      await lab.stop()
      throw error
    }
  }

  #environment(commands: LabCommands): Record<string, string> {
    const { addresses, folders } = this
    const environment: Record<string, string> = {
      TRUNKPROOF_RUN: this.#options.runId,
      TRUNKPROOF_OWNER: ownerOf(process.pid) ?? '',
      // The containers read files of this user's, and nothing else.
      TRUNKPROOF_USER: `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`,
      TRUNKPROOF_SUBNET: addresses.subnet,
      TRUNKPROOF_ADDRESS_HOST: addresses.host,
      TRUNKPROOF_ADDRESS_EDGE: addresses.edge,
      TRUNKPROOF_ADDRESS_ASTERISK: addresses.asterisk,
      TRUNKPROOF_ADDRESS_GENERIC_PBX: addresses.genericPbx,
      TRUNKPROOF_PKI: folders.pki,
      TRUNKPROOF_ASTERISK: folders.asterisk,
      TRUNKPROOF_CAPTURE: folders.capture,
    }
    for (const [name, image] of this.#images) environment[`TRUNKPROOF_IMAGE_${variable(name)}`] = image
    if (commands.edge) environment.TRUNKPROOF_COMMAND_EDGE = commandLine(commands.edge)
    if (commands.genericPbx) environment.TRUNKPROOF_COMMAND_GENERIC_PBX = commandLine(commands.genericPbx)
    return environment
  }
}

/** A running lab. */
export class DockerLab implements AsyncDisposable {
  readonly addresses: LabAddresses
  readonly #engine: Docker
  readonly #runId: string
  readonly #services = new Map<ServiceName, Service>()
  #stopped: Promise<void> | undefined

  constructor(engine: Docker, runId: string, addresses: LabAddresses) {
    this.#engine = engine
    this.#runId = runId
    this.addresses = addresses
  }

  /** Rejects with UnableError when a container ends by itself; never resolves. */
  get died(): Promise<never> {
    return Promise.race([...this.#services.values()].map((service) => service.died))
  }

  /** The line with which a service said it was ready. Throws UnableError for one that is not part of this lab. */
  async readyLine(name: ServiceName): Promise<Record<string, unknown>> {
    const service = this.#services.get(name)
    if (!service) throw new UnableError(`the ${name} container is not part of this lab`)
    return await service.ready
  }

  /** CPU and memory of each container, as used since it started. */
  async usage(): Promise<ReadonlyMap<ServiceName, Usage>> {
    const readings = await Promise.all([...this.#services].map(async ([name, service]) => [name, await service.usage()] as const))
    return new Map(readings.filter((reading): reading is [ServiceName, Usage] => reading[1] !== undefined))
  }

  /** Finds the containers and waits for their ready lines. Throws UnableError. */
  async watch(logFolder: string, names: readonly ServiceName[]): Promise<void> {
    const containers = await this.#engine.listContainers({ all: true, filters: { label: [`${runLabel}=${this.#runId}`] } })
    for (const name of names) {
      const found = containers.find(({ Labels }) => Labels['com.docker.compose.service'] === name)
      if (!found) throw new UnableError(`Compose did not start the ${name} container`)
      const container = this.#engine.getContainer(found.Id)
      this.#services.set(name, Service.watch({ engine: this.#engine, container, name, logFile: join(logFolder, `${name}.log`) }))
    }
    const late = Promise.withResolvers<never>()
    const timer = setTimeout(() => late.reject(new UnableError(`not ready within ${readyMs} ms`)), readyMs)
    try {
      await Promise.race([Promise.all([...this.#services.values()].map((service) => service.ready)), late.promise])
    } finally {
      clearTimeout(timer)
    }
  }

  /** Removes the run's containers and networks. May be called twice. */
  stop(): Promise<void> {
    this.#stopped ??= this.#remove()
    return this.#stopped
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  async #remove(): Promise<void> {
    for (const service of this.#services.values()) service.release()
    await removeRun(this.#engine, this.#runId)
  }
}

/** Compose allows lower-case letters, digits, "-" and "_" only. */
function projectName(runId: string): string {
  return `trunkproof-${runId.toLowerCase().replace(/[^a-z0-9_-]/g, '-')}`
}

function variable(name: ServiceName): string {
  return name.toUpperCase().replaceAll('-', '_')
}

/** Compose splits a command as a shell would. */
function commandLine(args: readonly string[]): string {
  return args.map((arg) => (/^[\w./:@%+=,-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", `'\\''`)}'`)).join(' ')
}
