/**
 * Encryption as judged by others: Wireshark's dissectors and libsrtp, in a container, look at the
 * evidence of real calls. The keys beside a capture must open it, and nothing must be readable without.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { connectEngine } from '../harness/docker/engine.ts'
import { provideImage } from '../harness/docker/images.ts'
import { ownerLabel, ownerOf, runLabel } from '../harness/docker/labels.ts'
import type { CellResult, Results } from '../reports/schema/results.ts'
import { trunkproof } from './command.ts'

/** What docker/tools/judge.py says of one cell. */
interface Looked {
  readonly folder: string
  /** TLS versions, as numbers, of the handshakes. */
  readonly tls: readonly string[]
  /** Datagrams with a certificate in a DTLS handshake. */
  readonly dtls: number
  readonly methods: readonly string[]
  readonly methods_without_secrets: readonly string[]
  readonly streams: readonly {
    readonly packets: number
    readonly different: number
    readonly opened: number
    readonly opened_different: number | null
    readonly suite: string | null
    readonly from: 'peer' | 'edge' | null
  }[]
}

let folder: string
// Each try has its own: a run is never written over another.
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trunkproof-encryption-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function judged(runDir: string, cells: readonly CellResult[]): Promise<Map<string, Looked>> {
  const engine = await connectEngine()
  const container = await engine.createContainer({
    Image: await provideImage(engine, 'tools', () => {}),
    Cmd: cells.map(({ id }) => `/evidence/${id}`),
    Labels: { [runLabel]: `encryption-${process.pid}`, [ownerLabel]: ownerOf(process.pid) ?? '' },
    HostConfig: { NetworkMode: 'none', Binds: [`${join(runDir, 'evidence')}:/evidence:ro`] },
  })
  try {
    await container.start()
    const { StatusCode: code } = (await container.wait()) as { StatusCode: number }
    const log = await container.logs({ stdout: true, stderr: true })
    const [stdout, stderr] = [new PassThrough(), new PassThrough()]
    const said = Promise.all([stdout, stderr].map(textOf))
    const whole = new PassThrough()
    engine.modem.demuxStream(whole, stdout, stderr)
    whole.end(log)
    whole.once('end', () => {
      stdout.end()
      stderr.end()
    })
    const [text = '', errors = ''] = await said
    expect({ code, errors }).toEqual({ code: 0, errors: '' })
    const looked = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Looked)
    return new Map(looked.map((one) => [one.folder, one]))
  } finally {
    await container.remove({ force: true })
  }
}

async function textOf(stream: PassThrough): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

/** A tone of ours repeats itself within a tenth of a second: of a hundred payloads few differ. Ciphertext never comes again. */
const tone = 0.5

test.each([
  ['generic', 'embedded'],
  ['asterisk', 'docker'],
])(
  '%s: TLS opens by the secrets in the capture alone, audio by the keys beside it, and plain audio is plain',
  async (platform, runtime) => {
    const axes = ['transport=tls', 'nat=none', 'registration=static', 'dtmf=rfc4733', 'codec=pcmu']
    const what = ['--platform', platform, ...axes.flatMap((axis) => ['--axis', axis]), '--scenario', 'proof-call']
    const out = join(folder, platform)
    const { stdout } = await trunkproof(['run', ...what, '--runtime', runtime, '--json', '--out', out])
    const tried = (JSON.parse(stdout) as Results).cells.filter(({ verdict }) => verdict !== 'skipped')
    expect(tried.length).toBeGreaterThan(0)
    expect(tried.filter(({ verdict }) => verdict !== 'pass')).toEqual([])

    const looked = await judged(out, tried)
    for (const {
      id,
      axes: { media = '' },
    } of tried) {
      const { tls, dtls, methods, methods_without_secrets: without, streams } = looked.get(id)!
      expect(tls, id).toEqual(['0x0304'])
      expect(methods, id).toEqual(expect.arrayContaining(['ACK', 'BYE', 'INVITE']))
      expect(without, id).toEqual([])
      expect(streams, id).toHaveLength(2)
      expect(dtls > 0, id).toBe(media.endsWith('dtls'))
      if (media === 'rtp') {
        for (const stream of streams) {
          expect(stream, id).toMatchObject({ opened: 0, suite: null })
          expect(stream.different, id).toBeLessThan(tone)
        }
        continue
      }
      expect(new Set(streams.map(({ from }) => from)), id).toEqual(new Set(['peer', 'edge']))
      for (const stream of streams) {
        expect(stream.opened, id).toBe(stream.packets)
        expect(stream.different, id).toBe(1)
        expect(stream.opened_different, id).toBeLessThan(tone)
        expect(stream.suite, id).toMatch(/^A/)
      }
    }
  },
)
