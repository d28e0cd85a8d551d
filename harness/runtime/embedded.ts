/**
 * The runtime that needs nothing but Node: the edge and one persona for all platforms as
 * processes of ours, everything on loopback.
 */
import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { identify } from '../cell/identity.ts'
import { type StartedChild, startChild } from '../child.ts'
import { EdgeClient, listenerOf } from '../edge/edge-client.ts'
import { RemotePersona } from '../peers/persona/remote-persona.ts'
import { TlsLab } from '../probes/tls-lab.ts'
import { type PartyFiles, writeCertificates } from './certificates.ts'
import type { RuntimeOptions, StartedRuntime } from './runtime.ts'

const host = '127.0.0.1'
const projectRoot = join(import.meta.dirname, '..', '..')

/** Ports by purpose, apart from each other and below the range the kernel hands out by itself (32768 up). */
const ports = { edgeRtp: '10000-16999', personaSip: '17000-21999', personaRtp: '22000-31999' } as const

const readySchema = z.object({ http: z.object({ host: z.string(), port: z.number() }) })

/** Starts edge and persona side by side. Throws UnableError when one of them does not come up; leaves nothing behind then. */
export async function startEmbedded(options: RuntimeOptions): Promise<StartedRuntime> {
  await using stack = new AsyncDisposableStack()
  const pki = join(options.runDir, 'pki')
  // Keys are good for this run only, and do not outlive it.
  stack.defer(() => rm(pki, { recursive: true, force: true }))
  const { files, certificates } = await writeCertificates(pki, { edge: [host, 'localhost'], peer: [host] }, host)
  const tlsArguments = ({ certificate, key, authority }: PartyFiles): string[] => [
    ...['--tls-cert', certificate],
    ...['--tls-key', key],
    ...['--tls-ca', authority],
  ]
  const token = randomBytes(16).toString('hex')
  const start = async (name: string, script: string, args: string[], faults: readonly string[]): Promise<StartedChild> =>
    stack.use(
      await startChild({
        name: `the ${name}`,
        script: join(projectRoot, script),
        args: [...args, '--token', token, ...faults.flatMap((fault) => ['--fault', fault])],
        logFile: join(options.runDir, `${name}.log`),
      }),
    )
  const [edgeChild, personaChild] = await Promise.all([
    start(
      'edge',
      'edge/main.ts',
      [
        '--host',
        host,
        '--sip-port',
        '0',
        '--tls-port',
        '0',
        '--http-port',
        '0',
        '--rtp-ports',
        ports.edgeRtp,
        '--grace-ms',
        '500',
        ...tlsArguments(files.edge),
        ...['--tls-crl', files.edge.revoked],
      ],
      options.faults.edge,
    ),
    start(
      'persona',
      'harness/peers/persona/main.ts',
      ['--host', host, '--sip-ports', ports.personaSip, '--rtp-ports', ports.personaRtp, ...tlsArguments(files.peer)],
      options.faults.peer,
    ),
  ])
  const edge = new EdgeClient(readySchema.parse(edgeChild.ready).http, token)
  const [edgeInfo, persona] = await Promise.all([
    edge.info(),
    RemotePersona.connect({ ...readySchema.parse(personaChild.ready).http, token }, async () => {}),
  ])
  const roles = options.items.map((item, place) => {
    const { transport } = item.cell.axes
    return { item, identity: identify(item, place, { ...listenerOf(edgeInfo, transport), transport }), peer: persona }
  })
  const parts = stack.move()
  return {
    edge,
    edgeInfo,
    roles,
    edgeLogFile: join(options.runDir, 'edge.log'),
    // The edge asks nobody where this is (RFC 6761 section 6.3).
    tlsLab: new TlsLab({ host, domain: 'peer.pbx.localhost', ...certificates }),
    peerAddresses: [`${host}/32`],
    versions: { edge: edgeInfo.version, persona: persona.version },
    standIns: new Map(
      [...new Set(options.items.map((item) => item.cell.platform))].map((platform) => [
        platform,
        { note: `persona ${persona.version}, generic dialect` },
      ]),
    ),
    async latenessMs() {
      const [info, personaMs] = await Promise.all([edge.info(), persona.latenessMs()])
      return Math.max(info.pacer.lateness_p99_ms ?? 0, personaMs)
    },
    died: Promise.race([edgeChild.died, personaChild.died]),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  }
}
