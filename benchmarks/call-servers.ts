/**
 * The edge and Asterisk 22 side by side, each in a container of its own on one network,
 * and SIPp in a third: what is asked of one is asked of the other by the same command
 * over the same kind of wire. CPU is what the server's container used, nothing else's.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type Docker from 'dockerode'
import { type Authority, makeAuthority } from '../endpoint/certificates.ts'
import { removeLeftovers, removeRun } from '../harness/docker/cleanup.ts'
import { connectEngine } from '../harness/docker/engine.ts'
import { type ImageName, provideImage } from '../harness/docker/images.ts'
import { ownerLabel, ownerOf, runLabel } from '../harness/docker/labels.ts'
import { Service } from '../harness/docker/service.ts'
import { chooseAddresses, type LabAddresses } from '../harness/docker/subnet.ts'
import type { SippOptions } from '../harness/load/sipp-wrapper/options.ts'
import { inContainer, type SippPlace } from '../harness/load/sipp-wrapper/place.ts'
import { runSipp, type SippResult } from '../harness/load/sipp-wrapper/sipp.ts'
import { coreConfiguration, section } from '../harness/peers/asterisk/core-config.ts'

/** `edge-with-media` opens ports and a media clock for each call, as Asterisk does; `edge` answers that there will be no media. */
export type CallServerName = 'edge' | 'edge-with-media' | 'asterisk'

export type SignallingTransport = 'udp' | 'tls'

/** What is asked of a server; where it is comes from its name. */
export interface Load extends Omit<SippOptions, 'target' | 'transport' | 'tls'> {
  /** Default: UDP. */
  readonly transport?: SignallingTransport
}

export interface Measured extends SippResult {
  /** CPU seconds the server used from the first call until after the last. */
  readonly cpuSeconds: number
}

const ports = { udp: 5060, tls: 5061 } as const
const pki = '/etc/trunkproof/pki'
/** A server goes on a little after SIPp is done: its last calls' ends are part of them. */
const settleMs = 500

export class CallServers implements AsyncDisposable {
  readonly #engine: Docker
  readonly #runId = `bench-${process.pid}`
  readonly #folder = mkdtempSync(join(tmpdir(), 'trunkproof-bench-'))
  readonly #services = new Map<CallServerName, Service>()
  readonly #subnet: string
  readonly #gateway: string
  readonly #addresses: Readonly<Record<CallServerName, string>>
  #sipp: SippPlace | undefined
  #authority: Authority | undefined

  private constructor(engine: Docker, { subnet, host, edge, asterisk, genericPbx }: LabAddresses) {
    this.#engine = engine
    this.#subnet = subnet
    this.#gateway = host
    this.#addresses = { edge, asterisk, 'edge-with-media': genericPbx }
  }

  /** Each answers anyone who calls `service`: Asterisk with Answer() and `then`, the edge with media by echo. */
  static async start(names: readonly CallServerName[], then: 'Wait(60)' | 'Echo()'): Promise<CallServers> {
    const engine = await connectEngine()
    await removeLeftovers(engine)
    const servers = new CallServers(engine, await chooseAddresses(engine))
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => void servers[Symbol.asyncDispose]().finally(() => process.exit(130)))
    }
    try {
      await servers.#start(names, then)
      return servers
    } catch (error) {
      await servers[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Puts a load on one server and waits for its end. */
  async load(name: CallServerName, load: Load): Promise<Measured> {
    const before = await this.cpuSeconds(name)
    const { transport = 'udp' } = load
    const target = { address: this.#addresses[name], port: ports[transport] }
    const tls = transport === 'tls' ? { tls: { version: '1.3' as const } } : {}
    const result = await runSipp({ ...load, target, transport, ...tls }, { place: this.#sipp! })
    await new Promise((resolve) => setTimeout(resolve, settleMs))
    return { ...result, cpuSeconds: (await this.cpuSeconds(name)) - before }
  }

  /** What `service` on a server is called over TLS. */
  secureUri(name: CallServerName): string {
    return `sip:service@${this.#addresses[name]}:${ports.tls};transport=tls`
  }

  /** This machine as the servers see it, and the authority they and their callers trust. */
  get caller(): { readonly host: string; readonly authority: Authority } {
    return { host: this.#gateway, authority: this.#authority! }
  }

  /** CPU a server has used since it started. */
  async cpuSeconds(name: CallServerName): Promise<number> {
    const usage = await this.#services.get(name)?.usage()
    if (usage === undefined) throw new Error(`the ${name} container is gone`)
    return usage.cpuSeconds
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const service of this.#services.values()) service.release()
    await removeRun(this.#engine, this.#runId)
    rmSync(this.#folder, { recursive: true, force: true })
  }

  get #labels(): Record<string, string> {
    return { [runLabel]: this.#runId, [ownerLabel]: ownerOf(process.pid) ?? '' }
  }

  async #start(names: readonly CallServerName[], then: string): Promise<void> {
    const network = `trunkproof-${this.#runId}`
    const image = (name: ImageName): Promise<string> => provideImage(this.#engine, name, (line) => console.error(line))
    const sippImage = image('sipp')
    await this.#writeCertificates(names)
    await this.#engine.createNetwork({
      Name: network,
      Internal: true,
      Labels: this.#labels,
      IPAM: { Config: [{ Subnet: this.#subnet, Gateway: this.#gateway }] },
    })
    await Promise.all(
      names.map(async (name) => {
        if (name === 'asterisk') await this.#run(name, network, { Image: await image(name), ...this.#asterisk(then) })
        else
          await this.#run(name, network, { Image: await image('edge'), Cmd: this.#edgeArguments(name), HostConfig: { Binds: [this.#pki] } })
      }),
    )
    this.#sipp = inContainer({ engine: this.#engine, image: await sippImage, network, runId: this.#runId })
  }

  async #writeCertificates(names: readonly CallServerName[]): Promise<void> {
    const folder = join(this.#folder, 'pki')
    mkdirSync(folder, { mode: 0o755 })
    this.#authority = await makeAuthority()
    writeFileSync(join(folder, 'ca.crt'), this.#authority.certPem)
    for (const name of names) {
      const { certPem, keyPem } = await this.#authority.issue({ names: [this.#addresses[name]] })
      writeFileSync(join(folder, `${name}.crt`), certPem)
      writeFileSync(join(folder, `${name}.key`), keyPem)
    }
  }

  get #pki(): string {
    return `${join(this.#folder, 'pki')}:${pki}:ro`
  }

  #edgeArguments(name: CallServerName): string[] {
    return [
      ...['--host', this.#addresses[name], '--sip-port', String(ports.udp), '--rtp-ports', '10000-29999'],
      ...[
        '--tls-port',
        String(ports.tls),
        '--tls-cert',
        `${pki}/${name}.crt`,
        '--tls-key',
        `${pki}/${name}.key`,
        '--tls-ca',
        `${pki}/ca.crt`,
      ],
      ...['--token', 'for-nobody', '--open-number', 'service', '--log-level', 'warn'],
      ...(name === 'edge-with-media' ? ['--echo-default'] : []),
    ]
  }

  #asterisk(then: string): Partial<Docker.ContainerCreateOptions> {
    const binds = [...asteriskFiles(then)].map(([name, text]) => {
      const path = join(this.#folder, `asterisk-${name}`)
      writeFileSync(path, text)
      return `${path}:/etc/asterisk/${name}:ro`
    })
    // Without the image's own start: it captures, and that costs CPU.
    return { Entrypoint: ['bash', '-c', asteriskStart], HostConfig: { Binds: [...binds, this.#pki], Tmpfs: { '/capture': '' } } }
  }

  async #run(name: CallServerName, network: string, options: Docker.ContainerCreateOptions): Promise<void> {
    const container = await this.#engine.createContainer({
      ...options,
      Labels: this.#labels,
      HostConfig: { ...options.HostConfig, NetworkMode: network, Init: true },
      NetworkingConfig: { EndpointsConfig: { [network]: { IPAMConfig: { IPv4Address: this.#addresses[name] } } } },
    })
    await container.start()
    const service = Service.watch({ engine: this.#engine, container, name, logFile: join(this.#folder, `${name}.log`) })
    this.#services.set(name, service)
    await service.ready
  }
}

const asteriskStart = `
asterisk -f -U root -G root & server=$!
trap 'kill -TERM $server' TERM INT
until asterisk -rx 'core waitfullybooted' 2>/dev/null | grep -q 'fully booted'; do sleep 0.05; done
echo '{"event":"ready"}'
wait $server`

/** Only what a call that is answered needs; no log line a call. */
function asteriskFiles(then: string): Map<string, string> {
  const files = coreConfiguration({ username: 'nobody', secret: 'for-nobody' })
  const [cert, key] = [`${pki}/asterisk.crt`, `${pki}/asterisk.key`]
  const endpoint = { type: 'endpoint', context: 'calls', disallow: 'all', allow: 'ulaw', direct_media: 'no', rtp_symmetric: 'yes' }
  files.set('modules.conf', `${files.get('modules.conf')}load = app_echo.so\n`)
  files.set(
    'pjsip.conf',
    section('global', { type: 'global', endpoint_identifier_order: 'username' }) +
      section('udp', { type: 'transport', protocol: 'udp', bind: `0.0.0.0:${ports.udp}` }) +
      section('tls', {
        type: 'transport',
        protocol: 'tls',
        bind: `0.0.0.0:${ports.tls}`,
        method: 'tlsv1_3',
        cert_file: cert,
        priv_key_file: key,
      }) +
      // SIPp's own user part: takes plain RTP and SRTP keyed by SDES.
      section('sipp', { ...endpoint, media_encryption: 'sdes', media_encryption_optimistic: 'yes' }) +
      section('dtls', { ...endpoint, media_encryption: 'dtls', dtls_cert_file: cert, dtls_private_key: key }),
  )
  files.set('extensions.conf', `[calls]\nexten => service,1,Answer()\n same => n,${then}\n`)
  return files
}
