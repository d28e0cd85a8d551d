/**
 * A process of ours beside the harness: the edge, or a peer. It says it is ready with one
 * line of JSON on stdout, logs to a file, and ends when this process ends, however that happens.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { finished } from 'node:stream/promises'
import { UnableError } from './errors.ts'

export interface ChildOptions {
  /** For messages: "the edge". */
  readonly name: string
  /** Absolute path of the script. */
  readonly script: string
  readonly args: readonly string[]
  /** Absolute path of the file its stderr goes to. */
  readonly logFile: string
  readonly readyWithinMs?: number
}

export interface StartedChild extends AsyncDisposable {
  /** The ready line, parsed. */
  readonly ready: unknown
  readonly pid: number
  /** Rejects with an UnableError when the process ends by itself; never resolves otherwise. */
  readonly died: Promise<never>
}

/** Lines of a child's log that are shown when it dies: an uncaught error with its stack. */
const lastWords = 16
/** How long a child may take to end after SIGTERM, milliseconds. */
const graceMs = 3_000

/** Starts a child and waits for its ready line. Throws UnableError with the end of its log when it does not come. */
export async function startChild(options: ChildOptions): Promise<StartedChild> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', options.script, ...options.args, '--exit-with-parent'], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const log = createWriteStream(options.logFile, { flags: 'a' })
  // A log that cannot be written costs its lines, not the run.
  log.on('error', () => {})
  const tail: string[] = []
  createInterface({ input: child.stderr }).on('line', (line) => {
    tail.push(line)
    if (tail.length > lastWords) tail.shift()
    log.write(`${line}\n`)
  })
  // The pipe breaks when the child dies first; that is reported by its exit.
  child.stdin.on('error', () => {})
  const exited = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`could not be started: ${error.message}`))
    // Not 'exit': its last words may still be in the pipe then.
    child.once('close', (code, signal) => resolve(signal === null ? `exited with ${code}` : `was ended by ${signal}`))
  })
  let stopping = false
  const died = new Promise<never>((_, reject) => {
    void exited.then((how) => {
      if (!stopping)
        reject(
          new UnableError(
            `${options.name} ${how}`,
            tail.length === 0 ? `its log is ${options.logFile}` : `its last words:\n  ${tail.join('\n  ')}`,
          ),
        )
    })
  })
  died.catch(() => {})

  const stop = async (): Promise<void> => {
    stopping = true
    await end(child, exited)
    log.end()
    await finished(log).catch(() => {})
  }
  try {
    const ready = await Promise.race([readyLine(child), died, late(options)])
    return { ready, pid: child.pid!, died, [Symbol.asyncDispose]: stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function readyLine(child: ChildProcess): Promise<unknown> {
  const lines = createInterface({ input: child.stdout! })
  try {
    for await (const line of lines) {
      const event = parsed(line)
      if (typeof event === 'object' && event !== null && 'event' in event && event.event === 'ready') return event
    }
  } finally {
    // Closing the reader paused the pipe; a child that says more must not wait for anybody to read it.
    child.stdout!.resume()
  }
  return new Promise<never>(() => {})
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

function late({ name, readyWithinMs = 20_000 }: ChildOptions): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new UnableError(`${name} was not ready within ${readyWithinMs / 1000} s`)), readyWithinMs).unref()
  })
}

async function end(child: ChildProcess, exited: Promise<unknown>): Promise<void> {
  child.kill('SIGTERM')
  child.stdin?.end()
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs)
  await exited
  clearTimeout(timer)
}
