/**
 * Child processes for the jobs a library cannot do: apt, debootstrap, dockerd,
 * Compose. Arguments are always a list, never a shell line.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { Readable } from 'node:stream'

export interface CommandOptions {
  readonly cwd?: string
  /** Added to this process's environment. */
  readonly env?: Record<string, string>
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
  /** Every line of stdout and stderr as it comes. */
  readonly onLine?: (line: string) => void
}

export interface CommandResult {
  /** Exit code; 127 when the program could not be started, 128 when a signal ended it. */
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** A command that had to succeed and did not. The message ends with its last lines. */
export class CommandFailed extends Error {
  constructor(command: string, result: CommandResult) {
    const tail = `${result.stdout}\n${result.stderr}`.trim().split('\n').slice(-12).join('\n  ')
    super(`${command} exited with ${result.code}:\n  ${tail}`)
    this.name = 'CommandFailed'
  }
}

/** What is kept of a command's output: enough for an error message, never a whole build log. */
const keptBytes = 1 << 20

/** Runs a program to its end. Rejects for nothing: a program that is missing is exit code 127. */
export async function attempt(program: string, args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: options.env ? { ...process.env, ...options.env } : process.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  })
  const stdout = collect(child.stdout, options.onLine)
  const stderr = collect(child.stderr, options.onLine)
  return await new Promise((resolve) => {
    child.once('error', (error) => {
      // An aborted child is still ending: its 'close' follows.
      if (child.pid === undefined) resolve({ code: 127, stdout: stdout(), stderr: `${stderr()}${error.message}` })
    })
    child.once('close', (code) => resolve({ code: code ?? 128, stdout: stdout(), stderr: stderr() }))
  })
}

/** Runs a program that has to succeed; gives its stdout. Throws {@link CommandFailed}. */
export async function run(program: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const result = await attempt(program, args, options)
  if (result.code !== 0) throw new CommandFailed(`${program} ${args.slice(0, 4).join(' ')}`, result)
  return result.stdout
}

function collect(stream: Readable, onLine: ((line: string) => void) | undefined): () => string {
  let text = ''
  let rest = ''
  stream.setEncoding('utf8')
  stream.on('data', (chunk: string) => {
    text = (text + chunk).slice(-keptBytes)
    if (!onLine) return
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) onLine(line)
  })
  return () => text
}

/** Where a program is, looking into the system's own folders too (a plain user's PATH often lacks sbin). */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin']
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path))
}
