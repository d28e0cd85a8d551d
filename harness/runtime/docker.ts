/**
 * The runtime in containers: the edge, a real Asterisk for Asterisk's row, and a persona
 * for the rows no container can hold. Addresses are planned before anything starts,
 * because certificates and Asterisk's configuration name them.
 */
import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { identify } from '../cell/identity.ts'
import { PlannedLab, type ServiceName } from '../docker/lab.ts'
import { EdgeClient } from '../edge/edge-client.ts'
import { AsteriskPeer, writeAsteriskConfiguration } from '../peers/asterisk/asterisk-peer.ts'
import type { StartedPeer } from '../peers/peer.ts'
import { RemotePersona } from '../peers/persona/remote-persona.ts'
import { osrtpIdentity } from '../probes/osrtp-identity.ts'
import { TlsLab } from '../probes/tls-lab.ts'
import { writeCertificates } from './certificates.ts'
import type { RuntimeOptions, StartedRuntime } from './runtime.ts'

/** Ports inside containers, which nobody else uses. */
const ports = { http: 32_680, sip: 32_681, tls: 32_682 } as const
/** Where every container has the certificates. */
const pki = '/etc/trunkproof/pki'

/** What the edge's container calls this machine, by docker-compose.yml. */
const hostName = 'host.pbx.trunkproof.test'

const isAsterisk = (platform: string): boolean => platform === 'asterisk'

/** Brings the lab up. Throws UnableError; removes everything again then. */
export async function startDocker(options: RuntimeOptions): Promise<StartedRuntime> {
  const { items, faults } = options
  const real = items.some((item) => isAsterisk(item.cell.platform))
  const emulated = items.some((item) => !isAsterisk(item.cell.platform))
  const services: ServiceName[] = ['edge', ...(real ? ['asterisk' as const] : []), ...(emulated ? ['generic-pbx' as const] : [])]
  const planned = await PlannedLab.make({ runId: options.runId, runDir: options.runDir, services, say: options.say })
  const { addresses, folders } = planned
  await using stack = new AsyncDisposableStack()
  // Keys are good for this run only, and do not outlive it.
  stack.defer(() => rm(folders.pki, { recursive: true, force: true }))
  const { certificates } = await writeCertificates(
    folders.pki,
    { edge: [addresses.edge], asterisk: [addresses.asterisk], 'generic-pbx': [addresses.genericPbx] },
    addresses.host,
  )

  const casting = items.map((item, place) => {
    const { transport } = item.cell.axes
    return { item, identity: identify(item, place, { host: addresses.edge, port: transport === 'tls' ? ports.tls : ports.sip, transport }) }
  })
  const asteriskCells = casting
    .filter(({ item }) => isAsterisk(item.cell.platform))
    .flatMap(({ item: { cell, scenario }, identity }) => [
      { cell, identity },
      ...scenario.steps.flatMap((step) => ('osrtp' in step ? [{ cell, identity: osrtpIdentity(identity, step.osrtp) }] : [])),
    ])
  const manager = { username: 'harness', secret: randomBytes(16).toString('hex') }
  if (real) await writeAsteriskConfiguration(folders.asterisk, asteriskCells, manager)

  const token = randomBytes(16).toString('hex')
  const lab = stack.use(
    await planned.start(
      {
        edge: [
          ...[
            '--host',
            addresses.edge,
            '--sip-port',
            String(ports.sip),
            '--tls-port',
            String(ports.tls),
            '--http-port',
            String(ports.http),
          ],
          ...[
            '--token',
            token,
            '--grace-ms',
            '500',
            ...tlsArguments('edge'),
            '--tls-crl',
            `${pki}/ca.crl`,
            ...faults.edge.flatMap((fault) => ['--fault', fault]),
          ],
        ],
        genericPbx: [
          ...['--host', addresses.genericPbx, '--http-port', String(ports.http), '--token', token],
          ...[...tlsArguments('generic-pbx'), ...faults.peer.flatMap((fault) => ['--fault', fault])],
        ],
      },
      options.signal,
    ),
  )
  const edge = new EdgeClient({ host: addresses.edge, port: ports.http }, token)
  const edgeInfo = await edge.info()
  const place = { address: addresses.asterisk, configuration: folders.asterisk, capture: folders.capture, cells: asteriskCells }
  const asterisk = real ? stack.use(await AsteriskPeer.connect(place, manager)) : undefined
  const persona = emulated
    ? stack.use(await RemotePersona.connect({ host: addresses.genericPbx, port: ports.http, token }, async () => {}))
    : undefined
  const peerOf = (platform: string): StartedPeer => (isAsterisk(platform) ? asterisk! : persona!)
  const parts = stack.move()
  return {
    edge,
    edgeInfo,
    roles: casting.map(({ item, identity }) => ({ item, identity, peer: peerOf(item.cell.platform) })),
    edgeLogFile: join(options.runDir, 'lab', 'edge.log'),
    tlsLab: new TlsLab({ host: addresses.host, domain: hostName, ...certificates }),
    peerAddresses: [`${addresses.asterisk}/32`, `${addresses.genericPbx}/32`],
    versions: {
      edge: edgeInfo.version,
      ...(asterisk === undefined ? {} : { asterisk: asterisk.version }),
      ...(persona === undefined ? {} : { persona: persona.version }),
    },
    standIns: new Map(
      [...new Set(items.map((item) => item.cell.platform))].map((platform) => [
        platform,
        { note: isAsterisk(platform) ? `Asterisk ${asterisk?.version} in a container` : `persona ${persona?.version}, generic dialect` },
      ]),
    ),
    async latenessMs() {
      const [info, personaMs] = await Promise.all([edge.info(), persona?.latenessMs() ?? 0])
      return Math.max(info.pacer.lateness_p99_ms ?? 0, personaMs, asterisk?.latenessMs() ?? 0)
    },
    died: lab.died,
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  }
}

function tlsArguments(party: 'edge' | 'generic-pbx'): string[] {
  return ['--tls-cert', `${pki}/${party}.crt`, '--tls-key', `${pki}/${party}.key`, '--tls-ca', `${pki}/ca.crt`]
}
