/**
 * The edge as the harness meets it: its HTTP API and its events. Knows nothing of how the
 * edge is built, so that another edge with the same API can stand in its place.
 */
import { z } from 'zod'
import type { SrtpKeys } from '../../endpoint/media/types.ts'
import type { TonePair } from '../../protocol/audio/tone.ts'
import { srtpProfileNames } from '../../protocol/srtp/profile.ts'
import type { Transport } from '../../protocol/wire.ts'
import { UnableError } from '../errors.ts'

const pairSchema = z.tuple([z.number(), z.number()]).nullable()

const callSchema = z.object({
  id: z.string(),
  call_id: z.string(),
  number: z.string(),
  state: z.string(),
  digits: z.array(z.object({ digit: z.string(), method: z.string() })),
  tones: z.array(z.object({ pair: pairSchema, level_dbm0: z.number().nullable(), purity: z.number(), windows: z.number().default(1) })),
  media: z
    .object({
      received: z.object({ packets: z.number(), lost: z.number() }).optional(),
      mos: z.number().nullish(),
    })
    .nullable(),
  ended: z.object({ by: z.string(), status: z.number().optional(), reason: z.string().optional() }).optional(),
})
export type EdgeCall = z.infer<typeof callSchema>

const base64Schema = z.string().transform((text) => new Uint8Array(Buffer.from(text, 'base64')))
const masterKeySchema = z.object({ key: base64Schema, salt: base64Schema })
const traceSchema = z.object({
  srtp_keys: z
    .array(
      z.object({
        at: z.number(),
        keying: z.enum(['sdes', 'dtls']),
        profile: z.enum(srtpProfileNames),
        local: masterKeySchema,
        remote: masterKeySchema,
      }),
    )
    .default([]),
})

const infoSchema = z.object({
  version: z.string(),
  sip: z.array(z.object({ transport: z.enum(['udp', 'tcp', 'tls']), address: z.string(), port: z.number() })),
  faults: z.array(z.string()),
  pacer: z.object({ lateness_p99_ms: z.number().nullable() }),
})
export type EdgeInfo = z.infer<typeof infoSchema>

export interface EdgeEvent {
  readonly type: string
  readonly data: Readonly<Record<string, unknown>>
}

/** What a number needs to be provisioned with, one trunk each, so that no cell shares anything with another. */
export interface Provision {
  readonly number: string
  readonly domain: string
  readonly username: string
  readonly password: string
  readonly registration: 'static' | 'register'
  /** CIDR ranges a static trunk may call from. */
  readonly allow: readonly string[]
  readonly dtmf: 'rfc4733' | 'info'
  readonly codecs: readonly string[]
  /** What the edge speaks on an inbound call. */
  readonly tone: TonePair
  /** Where the edge sends calls of a static trunk: a SIP URI without a user. */
  readonly outboundProxy: string | undefined
  /** Whether plain RTP may be agreed to. */
  readonly encryption: 'best-effort' | 'required' | 'never'
  /** What SRTP may be keyed by, in order of preference; the edge's own choice when absent. */
  readonly keyings?: readonly ('sdes' | 'dtls')[]
  /** Keep what the keys of calls to this number are; see {@link EdgeClient.srtpKeys}. */
  readonly keepKeys: boolean
  /** Whether callers must show a certificate for `domain`. */
  readonly clientCertificate?: 'required'
}

/** The edge could not do what it was told because of the state a call is in. */
export class EdgeRefused extends Error {
  override readonly name = 'EdgeRefused'
}

export class EdgeClient {
  readonly #base: string
  readonly #token: string

  constructor(http: { host: string; port: number }, token: string) {
    const host = http.host.includes(':') ? `[${http.host}]` : http.host
    this.#base = `http://${host}:${http.port}`
    this.#token = token
  }

  async info(): Promise<EdgeInfo> {
    return infoSchema.parse(await this.#request('GET', '/v1/info'))
  }

  /** Imports a number with a trunk of its own, or nothing. */
  async provision(one: Provision): Promise<void> {
    const id = trunkId(one.number)
    const trunk = {
      id,
      name: one.number,
      auth:
        one.registration === 'register'
          ? { type: 'digest', username: one.username, password: one.password }
          : { type: 'acl', addresses: one.allow },
      registration: one.registration,
      sip_domain: one.domain,
      dtmf: one.dtmf,
      codecs: one.codecs,
      media: { policy: one.encryption, ...(one.keyings === undefined ? {} : { keyings: one.keyings }) },
      ...(one.clientCertificate === undefined ? {} : { client_certificate: one.clientCertificate }),
    }
    const number = {
      number: one.number,
      trunk: id,
      agent: { answer: 'answer', tone: one.tone, trace: one.keepKeys },
      ...(one.outboundProxy === undefined ? {} : { outbound_proxy: one.outboundProxy }),
    }
    await this.#request('POST', '/v1/bulk', { trunks: [trunk], numbers: [number] })
  }

  /** Takes a number and its trunk back. */
  async release(number: string): Promise<void> {
    await this.#request('DELETE', `/v1/trunks/${trunkId(number)}?cascade=true`)
  }

  /** The edge calls a number: by its trunk's binding, or through its outbound proxy. */
  async call(request: { number: string; to: string; tone: TonePair; keepKeys: boolean }): Promise<EdgeCall> {
    const { number, to, tone, keepKeys } = request
    const body = { number, to, agent: { answer: 'answer', tone, trace: keepKeys } }
    return callSchema.parse(await this.#request('POST', '/v1/calls', body))
  }

  async read(id: string): Promise<EdgeCall> {
    return callSchema.parse(await this.#request('GET', `/v1/calls/${encodeURIComponent(id)}`))
  }

  /** SRTP master keys of a call from the time they came into use, `local` being what the edge sends under. Empty where none were kept. */
  async srtpKeys(id: string): Promise<SrtpKeys[]> {
    const trace = traceSchema.parse(await this.#request('GET', `/v1/calls/${encodeURIComponent(id)}/trace`))
    return trace.srtp_keys
  }

  /** The newest call of a number, if it had one. */
  async latest(number: string): Promise<EdgeCall | undefined> {
    const query = new URLSearchParams({ number, limit: '1' })
    const list = z.object({ calls: z.array(callSchema) }).parse(await this.#request('GET', `/v1/calls?${query}`))
    return list.calls[0]
  }

  /** Resolves when the last digit was sent. Throws EdgeRefused when the call is over or cannot carry them. */
  async sendDigits(id: string, digits: string): Promise<void> {
    await this.#act(id, { action: 'digits', digits })
  }

  /** Throws EdgeRefused when there is no such call any more. */
  async hangup(id: string): Promise<void> {
    await this.#act(id, { action: 'hangup' })
  }

  /** Events as they happen, until the signal aborts. Resolves `opened` once the stream is open, so that nothing is missed after it. */
  async events(deliver: (event: EdgeEvent) => void, signal: AbortSignal): Promise<{ ended: Promise<void> }> {
    const response = await fetch(`${this.#base}/v1/events`, { headers: this.#headers(), signal })
    if (!response.ok || response.body === null) throw new UnableError(`the edge refused its event stream: HTTP ${response.status}`)
    return { ended: readEvents(response.body, deliver, signal) }
  }

  async #act(id: string, action: Readonly<Record<string, string>>): Promise<void> {
    await this.#request('POST', `/v1/calls/${encodeURIComponent(id)}/actions`, action)
  }

  #headers(): Record<string, string> {
    return { authorization: `Bearer ${this.#token}` }
  }

  async #request(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${this.#base}${path}`, {
      method,
      headers: { ...this.#headers(), ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    // The state of a call is the subject's doing, not the harness's.
    if (response.status === 404 || response.status === 409) throw new EdgeRefused(`the edge: ${problemText(text)}`)
    if (!response.ok) throw new UnableError(`the edge answered ${method} ${path} with ${response.status}: ${text.slice(0, 500)}`)
    return text === '' ? undefined : JSON.parse(text)
  }
}

/** The sentence for people in problem details (RFC 9457), or the whole text. */
function problemText(text: string): string {
  try {
    const { detail, title } = JSON.parse(text) as { detail?: string; title?: string }
    return detail ?? title ?? text
  } catch {
    return text
  }
}

const trunkId = (number: string): string => `cell-${number.replace(/\D/g, '')}`

/** Server-sent events: `event:` and `data:` lines, a blank line ends one. */
async function readEvents(body: ReadableStream<Uint8Array>, deliver: (event: EdgeEvent) => void, signal: AbortSignal): Promise<void> {
  const decoder = new TextDecoder()
  let rest = ''
  try {
    for await (const chunk of body) {
      rest += decoder.decode(chunk, { stream: true })
      const blocks = rest.split('\n\n')
      rest = blocks.pop() ?? ''
      for (const block of blocks) {
        const lines = block.split('\n')
        const type = lines
          .find((line) => line.startsWith('event:'))
          ?.slice(6)
          .trim()
        const data = lines.filter((line) => line.startsWith('data:')).map((line) => line.slice(5).trim())
        if (type !== undefined && data.length > 0) deliver({ type, data: JSON.parse(data.join('\n')) as Record<string, unknown> })
      }
    }
  } catch (error) {
    if (!signal.aborted) throw new UnableError('the edge’s event stream broke off', undefined, error)
  }
}

/** Where the edge listens for a transport. Throws UnableError when it does not. */
export function listenerOf(info: EdgeInfo, transport: Transport): { host: string; port: number } {
  const found = info.sip.find((listener) => listener.transport === transport)
  if (found === undefined) throw new UnableError(`the edge does not listen on ${transport.toUpperCase()}`)
  return { host: found.address, port: found.port }
}
