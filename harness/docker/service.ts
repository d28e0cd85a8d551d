/**
 * One container of the lab while it runs: its log goes to a file, its ready line is
 * waited for, its end is noticed.
 */
import { createWriteStream, type WriteStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { PassThrough } from 'node:stream'
import type Docker from 'dockerode'
import { UnableError } from '../errors.ts'

export interface ServiceOptions {
  readonly engine: Docker
  readonly container: Docker.Container
  readonly name: string
  /** Where its stdout and stderr go. */
  readonly logFile: string
}

/** What a container has used since it started. */
export interface Usage {
  readonly cpuSeconds: number
  readonly memoryBytes: number
}

const keptLines = 12

export class Service {
  readonly name: string
  /** The line of JSON with `"event":"ready"` on its stdout. Rejects with UnableError when it ends without one. */
  readonly ready: Promise<Record<string, unknown>>
  /** Rejects with UnableError when it ends while the lab runs; never resolves. */
  readonly died: Promise<never>
  readonly #container: Docker.Container
  readonly #log: WriteStream
  readonly #tail: string[] = []
  #streams: { destroy(): void } | undefined
  #stopping = false

  private constructor(options: ServiceOptions) {
    this.name = options.name
    this.#container = options.container
    this.#log = createWriteStream(options.logFile)
    const ready = Promise.withResolvers<Record<string, unknown>>()
    const died = Promise.withResolvers<never>()
    this.ready = ready.promise
    this.died = died.promise
    // Whoever waits hears of it; nobody waiting is no reason to crash.
    this.ready.catch(() => {})
    this.died.catch(() => {})
    const stdout = this.#lines()
    stdout.on('line', (line) => {
      const event = readJson(line)
      if (event?.event === 'ready') ready.resolve(event)
    })
    this.#follow(options, stdout.input, this.#lines().input, (error) => {
      if (this.#stopping) return
      const failed = new UnableError(`the ${this.name} container ${error}; its last lines:\n  ${this.#tail.join('\n  ')}`)
      ready.reject(failed)
      died.reject(failed)
    })
  }

  static watch(options: ServiceOptions): Service {
    return new Service(options)
  }

  /** One reading; undefined when the engine cannot tell (the container is gone). */
  async usage(): Promise<Usage | undefined> {
    try {
      const stats = await this.#container.stats({ stream: false, 'one-shot': true })
      return { cpuSeconds: stats.cpu_stats.cpu_usage.total_usage / 1e9, memoryBytes: stats.memory_stats.usage ?? 0 }
    } catch {
      return undefined
    }
  }

  /** Stops watching: the container is about to be removed. */
  release(): void {
    this.#stopping = true
    this.#streams?.destroy()
    this.#log.end()
  }

  #lines(): ReturnType<typeof createInterface> & { input: PassThrough } {
    const input = new PassThrough()
    const lines = createInterface({ input })
    lines.on('line', (line) => {
      this.#tail.push(line)
      if (this.#tail.length > keptLines) this.#tail.shift()
      if (!this.#stopping) this.#log.write(`${line}\n`)
    })
    return Object.assign(lines, { input })
  }

  #follow({ engine, container }: ServiceOptions, stdout: PassThrough, stderr: PassThrough, onEnd: (how: string) => void): void {
    const follow = async (): Promise<void> => {
      const stream = await container.logs({ follow: true, stdout: true, stderr: true })
      this.#streams = stream as unknown as { destroy(): void }
      engine.modem.demuxStream(stream, stdout, stderr)
      // The log ends when the container does.
      await new Promise<void>((resolve) =>
        stream
          .once('end', resolve)
          .once('close', resolve)
          .once('error', () => resolve()),
      )
      if (this.#stopping) return
      const { State } = await container.inspect()
      onEnd(State.Running ? 'gave no more log' : `ended with exit code ${State.ExitCode}`)
    }
    follow().catch((error: Error) => onEnd(`could not be watched (${error.message})`))
  }
}

function readJson(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    return JSON.parse(line) as Record<string, unknown>
  } catch {
    return undefined
  }
}
