/** Every TLS case against the reference edge, and against one that looks at no certificate, and one of TLS 1.2. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { tlsCaseIds } from '../../scenarios/tls-cases.ts'
import { startChild } from '../child.ts'
import { EdgeClient, listenerOf } from '../edge/edge-client.ts'
import { writeCertificates } from '../runtime/certificates.ts'
import type { Probe } from './probe.ts'
import { TlsBench, tlsCases } from './tls-bench.ts'
import { TlsLab } from './tls-lab.ts'

const host = '127.0.0.1'
const token = 'a-token-for-this-test'
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trunkproof-tls-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Plays all cases at once, as a scenario does. */
async function playAll(name: string, faults: readonly string[] = []): Promise<Probe[]> {
  const { files, certificates } = await writeCertificates(join(folder, name), { edge: [host], peer: [host] }, host)
  await using edge = await startChild({
    name: 'the edge',
    script: join(import.meta.dirname, '..', '..', 'edge', 'main.ts'),
    args: [
      ...['--host', host, '--sip-port', '0', '--tls-port', '0', '--http-port', '0', '--rtp-ports', '10000-16999', '--grace-ms', '0'],
      ...['--tls-cert', files.edge.certificate, '--tls-key', files.edge.key, '--tls-ca', files.edge.authority],
      ...['--tls-crl', files.edge.revoked, '--token', token, ...faults.flatMap((fault) => ['--fault', fault])],
    ],
    logFile: join(folder, `${name}.log`),
  })
  const client = new EdgeClient((edge.ready as { http: { host: string; port: number } }).http, token)
  const identity = { number: '+99910000000', edge: { ...listenerOf(await client.info(), 'tls'), transport: 'tls' as const } }
  const lab = new TlsLab({ host, domain: 'peer.pbx.localhost', ...certificates })
  const bench = new TlsBench({ lab, identity, client })
  return await Promise.all([...tlsCases.keys()].map((one) => bench.play(one)))
}

const unmet = (probes: readonly Probe[]) => probes.filter(({ met }) => !met)

describe('the edge', { timeout: 60_000 }, () => {
  test('can be asked every case a scenario can name', () => {
    expect([...tlsCases.keys()]).toEqual([...tlsCaseIds])
  })

  test('does what each case demands', async () => {
    const probes = await playAll('good')
    expect(probes).toHaveLength(tlsCases.size)
    expect(unmet(probes).map((probe) => `${probe.case}: ${probe.seen}`)).toEqual([])
  })

  test('is caught when it looks at no certificate', async () => {
    const probes = unmet(await playAll('careless', ['skip-certificate-verification']))
    expect(new Set(probes.map(({ about }) => about))).toEqual(new Set(['identity']))
    expect(probes.map((probe) => probe.case)).toEqual(
      [...tlsCases].flatMap(([name, { demand }]) => (/not called|lets nobody in/.test(demand) ? [name] : [])),
    )
  })

  test('is caught when it speaks TLS 1.2', async () => {
    const probes = unmet(await playAll('old', ['tls12']))
    expect(probes.map((probe) => probe.case)).toEqual(expect.arrayContaining(['server-tls12', 'server-aes-128-gcm']))
  })
})
