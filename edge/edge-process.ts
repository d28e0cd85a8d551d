/** The edge as its users have it: a process, its API and its events. For tests. */

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Transport } from '../protocol/wire.ts'
import type { CallView } from './api/views.ts'

const script = fileURLToPath(new URL('./main.ts', import.meta.url))
const token = 'integration-test-token'

export interface Ready {
  readonly event: 'ready'
  readonly http: { readonly host: string; readonly port: number }
  readonly sip: readonly { readonly transport: Transport; readonly address: string; readonly port: number }[]
}

export interface SeenEvent {
  readonly type: string
  readonly data: Record<string, unknown>
}

export interface Finished {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the edge with these arguments alone, until it ends by itself. */
export async function runEdge(args: readonly string[], environment: Record<string, string> = {}): Promise<Finished> {
  const child = spawn(process.execPath, [script, ...args], { env: { ...process.env, ...environment } })
  child.stdin.end()
  return finished(child)
}

async function finished(child: ChildProcessWithoutNullStreams): Promise<Finished> {
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk) => (stdout += chunk))
  child.stderr.on('data', (chunk) => (stderr += chunk))
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
  return { code, signal, stdout, stderr }
}

export class EdgeProcess implements AsyncDisposable {
  readonly ready: Ready
  readonly child: ChildProcessWithoutNullStreams
  readonly finished: Promise<Finished>
  /** What the API told so far, in order. */
  readonly events: SeenEvent[] = []
  readonly #waiting = new Set<() => void>()
  readonly #listening = new AbortController()

  private constructor(child: ChildProcessWithoutNullStreams, ready: Ready, done: Promise<Finished>) {
    this.child = child
    this.ready = ready
    this.finished = done
  }

  /** Starts an edge on loopback and free ports and listens to its events. It ends with this process, whatever happens. */
  static async start(...args: string[]): Promise<EdgeProcess> {
    const free = [
      '--sip-port',
      '0',
      '--http-port',
      '0',
      '--rtp-ports',
      '24000-25999',
      '--token',
      token,
      '--grace-ms',
      '500',
      '--exit-with-parent',
    ]
    const child = spawn(process.execPath, [script, ...free.filter((_, at) => !overridden(free, at, args)), ...args])
    const done = finished(child)
    const lines = createInterface({ input: child.stdout })
    const line = await Promise.race([once(lines, 'line').then(([text]) => String(text)), done])
    if (typeof line !== 'string') throw new Error(`the edge did not start: ${line.stderr}`)
    const edge = new EdgeProcess(child, JSON.parse(line) as Ready, done)
    await edge.#listen()
    return edge
  }

  get #base(): string {
    const { host, port } = this.ready.http
    return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
  }

  port(transport: Transport): number {
    const listener = this.ready.sip.find((one) => one.transport === transport)
    if (listener === undefined) throw new Error(`no ${transport} listener`)
    return listener.port
  }

  /** Rejects unless the answer is a success. */
  async ask<T = Record<string, unknown>>(method: string, path: string, body?: unknown): Promise<T> {
    const { status, body: answer } = await this.try(method, path, body)
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(answer)}`)
    return answer as T
  }

  async try(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
    const response = await fetch(`${this.#base}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, body: text.startsWith('{') ? JSON.parse(text) : text }
  }

  call(id: unknown): Promise<CallView> {
    return this.ask<CallView>('GET', `/v1/calls/${String(id)}`)
  }

  /** The first event that fits, seen already or still to come. */
  async event(type: string, fits: (data: Record<string, unknown>) => boolean = () => true): Promise<Record<string, unknown>> {
    for (;;) {
      const found = this.events.find((event) => event.type === type && fits(event.data))
      if (found !== undefined) return found.data
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#waiting.add(resolve)
      await promise
    }
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listening.abort()
    this.child.stdin.end()
    await this.finished
  }

  async #listen(): Promise<void> {
    const { signal } = this.#listening
    const response = await fetch(`${this.#base}/v1/events`, { headers: { authorization: `Bearer ${token}` }, signal })
    const { promise, resolve } = Promise.withResolvers<void>()
    const read = async (): Promise<void> => {
      let rest = ''
      for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
        const blocks = (rest + chunk).split('\n\n')
        rest = blocks.pop() ?? ''
        for (const block of blocks) this.#take(block)
        resolve()
      }
    }
    // The stream ends with the edge or with the test.
    read().catch(() => {})
    await promise
  }

  #take(block: string): void {
    const match = /event: (.+)\ndata: (.+)/.exec(block)
    if (match === null) return
    this.events.push({ type: match[1] ?? '', data: JSON.parse(match[2] ?? '{}') as Record<string, unknown> })
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }
}

/** Whether a default flag (or its value) is given by the test itself. */
function overridden(free: readonly string[], at: number, args: readonly string[]): boolean {
  const flag = free[at]?.startsWith('--') ? free[at] : free[at - 1]
  return flag !== undefined && args.includes(flag)
}
