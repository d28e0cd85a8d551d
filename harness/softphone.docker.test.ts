/**
 * The edge against a softphone that shares no code with this project (baresip), in a
 * container beside it: a call with audio both ways. The edge says what it heard; what the
 * softphone heard is read from its own recording.
 */
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type Docker from 'dockerode'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ToneGenerator, type TonePair, tonePair } from '../protocol/audio/tone.ts'
import { ToneDetector } from '../protocol/audio/tone-detector.ts'
import { connectEngine } from './docker/engine.ts'
import { provideImage } from './docker/images.ts'
import { type DockerLab, PlannedLab } from './docker/lab.ts'
import { ownerLabel, ownerOf, runLabel } from './docker/labels.ts'
import { EdgeClient } from './edge/edge-client.ts'
import { EdgeDesk } from './edge/edge-desk.ts'

const ports = { http: 32_680, sip: 32_681, control: 4444 } as const
const sampleRate = 8000
const seconds = 30
const runId = `softphone-${process.pid}`
const token = 'for-this-test'
const number = '+99970000001'
const [edgeTone, phoneTone] = [tonePair(3), tonePair(8)]

let folder: string
let engine: Docker
let plan: PlannedLab
let lab: DockerLab

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'trunkproof-softphone-'))
  engine = await connectEngine()
  plan = await PlannedLab.make({ runId, runDir: folder, services: ['edge'], say: () => {} })
  const { edge } = plan.addresses
  lab = await plan.start({ edge: ['--host', edge, '--sip-port', `${ports.sip}`, '--http-port', `${ports.http}`, '--token', token] })
})
afterAll(async () => {
  await lab?.stop()
  rmSync(folder, { recursive: true, force: true })
})

test('a softphone calls the edge: each hears the other, and the softphone hangs up', async () => {
  const edge = new EdgeClient({ host: plan.addresses.edge, port: ports.http }, token)
  await edge.provision({
    number,
    domain: plan.addresses.edge,
    username: '',
    password: '',
    registration: 'static',
    allow: [plan.addresses.subnet],
    dtmf: 'rfc4733',
    codecs: ['pcmu'],
    tone: edgeTone,
    encryption: 'best-effort',
    keepKeys: false,
    outboundProxy: undefined,
  })
  await using desk = await EdgeDesk.open(edge)
  using log = desk.watch(number)
  using phone = await Softphone.start()

  await phone.command('dial', `sip:${number}@${plan.addresses.edge}:${ports.sip}`)
  await phone.event('CALL_ESTABLISHED')
  const heard = await log.until(() => log.events.find(({ type, data }) => type === 'call.tone' && samePair(data.pair, phoneTone)), 10_000)
  expect(heard, 'the edge hears the tone of the softphone').toBeDefined()
  await recorded(phone.recording, 1)
  await phone.command('hangup')
  await phone.event('CALL_CLOSED')
  const ended = await log.until(() => log.events.find(({ type }) => type === 'call.ended'), 5_000)
  expect(ended?.data).toMatchObject({ ended: { by: 'remote' } })

  const windows = tonesIn(readFileSync(phone.recording))
  expect(windows.filter((pair) => samePair(pair, edgeTone)).length, 'windows with the tone of the edge').toBeGreaterThan(5)
  expect(windows.filter((pair) => samePair(pair, phoneTone))).toEqual([])
})

/** Waits until a recording holds so many seconds of audio. */
async function recorded(path: string, duration: number): Promise<void> {
  const enough = wavHeaderLength + 2 * sampleRate * duration
  for (const deadline = Date.now() + 10_000; ; await delay(50)) {
    if (existsSync(path) && statSync(path).size >= enough) return
    if (Date.now() > deadline) throw new Error(`the softphone did not record ${duration} s of audio`)
  }
}

const samePair = (seen: unknown, wanted: TonePair): boolean => Array.isArray(seen) && seen[0] === wanted[0] && seen[1] === wanted[1]

/** baresip in a container of the lab, driven over its control port: netstrings of JSON. */
class Softphone implements Disposable {
  readonly recording: string
  readonly #socket: Socket
  readonly #events: string[] = []
  #rest = Buffer.alloc(0)
  #waiting: { type: string; resolve: () => void }[] = []

  static async start(): Promise<Softphone> {
    const media = join(folder, 'media')
    const settings = join(folder, 'baresip')
    for (const path of [media, settings]) mkdirSync(path)
    writeFileSync(join(media, 'tone.wav'), wav(phoneTone))
    writeFileSync(join(settings, 'config'), configuration)
    writeFileSync(join(settings, 'accounts'), `<sip:phone@${plan.addresses.edge};transport=udp>;regint=0;audio_codecs=PCMU\n`)
    const [network] = await engine.listNetworks({ filters: { label: [`${runLabel}=${runId}`] } })
    const container = await engine.createContainer({
      Image: await provideImage(engine, 'softphone', () => {}),
      Labels: { [runLabel]: runId, [ownerLabel]: ownerOf(process.pid) ?? '' },
      HostConfig: { NetworkMode: network!.Name, Binds: [`${settings}:/etc/baresip`, `${media}:/media`] },
    })
    await container.start()
    const { NetworkSettings } = await container.inspect()
    const address = NetworkSettings.Networks[network!.Name]!.IPAddress
    return new Softphone(await reach(address), join(media, 'heard.wav'))
  }

  private constructor(socket: Socket, recording: string) {
    this.#socket = socket
    this.recording = recording
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    socket.on('error', () => {})
  }

  async command(command: string, params?: string): Promise<void> {
    const text = JSON.stringify({ command, ...(params === undefined ? {} : { params }), token: command })
    this.#socket.write(`${text.length}:${text},`)
    await this.event(`response ${command}`)
  }

  /** Resolves when the event has happened, now or before. */
  async event(type: string): Promise<void> {
    if (this.#events.includes(type)) return
    await new Promise<void>((resolve) => this.#waiting.push({ type, resolve }))
  }

  [Symbol.dispose](): void {
    this.#socket.destroy()
  }

  #read(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk])
    for (;;) {
      const colon = this.#rest.indexOf(':')
      const length = Number(this.#rest.subarray(0, Math.max(colon, 0)).toString())
      if (colon < 1 || this.#rest.length < colon + 1 + length + 1) return
      const text = this.#rest.subarray(colon + 1, colon + 1 + length).toString()
      this.#rest = this.#rest.subarray(colon + 1 + length + 1)
      const message = JSON.parse(text) as { event?: boolean; type?: string; response?: boolean; token?: string }
      const type = message.event ? (message.type ?? '') : `response ${message.token}`
      this.#events.push(type)
      for (const waiting of this.#waiting) if (waiting.type === type) waiting.resolve()
      this.#waiting = this.#waiting.filter((waiting) => waiting.type !== type)
    }
  }
}

/** Modules in an order baresip is picky about: the account reads which codecs there are when it is loaded. */
const configuration = `poll_method epoll
sip_listen 0.0.0.0:5060
audio_source aufile,/media/tone.wav
audio_player aufile,/media/heard.wav
audio_alert aufile,/dev/null
ausrc_srate ${sampleRate}
auplay_srate ${sampleRate}
ausrc_channels 1
auplay_channels 1
module_path /usr/lib/baresip/modules
module g711.so
module aufile.so
module account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 0.0.0.0:${ports.control}
`

/** The control port, as soon as it is open. */
async function reach(host: string): Promise<Socket> {
  for (const deadline = Date.now() + 10_000; ; await delay(50)) {
    const socket = connect({ host, port: ports.control })
    try {
      await once(socket, 'connect')
      return socket
    } catch (error) {
      socket.destroy()
      if (Date.now() > deadline) throw error
    }
  }
}

const wavHeaderLength = 44

/** Sixteen-bit mono PCM in a RIFF file. */
function wav(pair: TonePair): Buffer {
  const samples = new Int16Array(sampleRate * seconds)
  new ToneGenerator(pair, { sampleRate }).fill(samples)
  const header = Buffer.alloc(wavHeaderLength)
  header.write('RIFF', 0)
  header.writeUInt32LE(wavHeaderLength - 8 + samples.byteLength, 4)
  header.write('WAVEfmt ', 8)
  header.writeUInt32LE(16, 16)
  header.writeUInt16LE(1, 20)
  header.writeUInt16LE(1, 22)
  header.writeUInt32LE(sampleRate, 24)
  header.writeUInt32LE(sampleRate * 2, 28)
  header.writeUInt16LE(2, 32)
  header.writeUInt16LE(16, 34)
  header.write('data', 36)
  header.writeUInt32LE(samples.byteLength, 40)
  return Buffer.concat([header, Buffer.from(samples.buffer)])
}

/** The tone pair of every window of a recording that has one. */
function tonesIn(file: Buffer): TonePair[] {
  const pcm = file.subarray(file.indexOf('data') + 8)
  const samples = new Int16Array(Uint8Array.from(pcm.subarray(0, pcm.length & ~1)).buffer)
  return new ToneDetector({ sampleRate })
    .push(samples)
    .map((reading) => reading.pair)
    .filter((pair) => pair !== undefined)
}
