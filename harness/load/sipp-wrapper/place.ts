/** Where SIPp runs: as a child process of ours, or in a container beside the servers it calls. */
import { spawn } from 'node:child_process'
import type Docker from 'dockerode'
import { ownerLabel, ownerOf, runLabel } from '../../docker/labels.ts'

export interface SippRun {
  readonly args: readonly string[]
  /** Where its files are. It sees them by the same path. */
  readonly folder: string
  /** It is ended at once when this aborts. */
  readonly signal: AbortSignal
}

export interface SippOutcome {
  /** Undefined when a signal ended it. */
  readonly code: number | undefined
  /** The end of what it printed. */
  readonly output: string
}

/** Runs SIPp to its end and leaves nothing of it. Rejects only for what is not SIPp's doing. */
export type SippPlace = (run: SippRun) => Promise<SippOutcome>

const keptOutput = 8192

/** The `sipp` on the PATH: Debian's sip-tester, Homebrew's sipp. */
export const onThisMachine: SippPlace = ({ args, folder, signal }) => {
  // TERM decides how its screens are drawn; without one it may refuse to start.
  const child = spawn('sipp', args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, TERM: 'dumb' } })
  let output = ''
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString('latin1')).slice(-keptOutput)
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  const kill = (): void => void child.kill('SIGKILL')
  signal.addEventListener('abort', kill, { once: true })
  return new Promise((resolve) => {
    const end = (outcome: SippOutcome): void => {
      signal.removeEventListener('abort', kill)
      resolve(outcome)
    }
    child.once('error', (error) => end({ code: 127, output: error.message }))
    child.once('close', (code) => end({ code: code ?? undefined, output }))
  })
}

export interface ContainerPlaceOptions {
  readonly engine: Docker
  /** The image `sipp` of the lab. */
  readonly image: string
  /** Name or id of the network the servers are on. */
  readonly network: string
  /** Whose container it is, as the lab labels everything. */
  readonly runId: string
}

/** A container for each run. */
export function inContainer({ engine, image, network, runId }: ContainerPlaceOptions): SippPlace {
  return async ({ args, folder, signal }) => {
    const container = await engine.createContainer({
      Image: image,
      Cmd: [...args],
      Env: ['TERM=dumb'],
      // What it writes has to be ours to remove.
      User: `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`,
      WorkingDir: folder,
      Labels: { [runLabel]: runId, [ownerLabel]: ownerOf(process.pid) ?? '' },
      HostConfig: {
        Binds: [`${folder}:${folder}`],
        NetworkMode: network,
        // Call-IDs, tags and branches hold the process id: in a namespace of its own it would
        // be the same every time, and every run's calls repeats of the one before.
        PidMode: 'host',
        LogConfig: { Type: 'json-file', Config: { 'max-size': '1m' } },
      },
    })
    const killed = Promise.withResolvers<undefined>()
    // Whatever becomes of the kill: an engine that ends meanwhile never answers what waits for it.
    const kill = (): void =>
      void container.kill().then(
        () => killed.resolve(undefined),
        () => killed.resolve(undefined),
      )
    try {
      await container.start()
      signal.addEventListener('abort', kill, { once: true })
      if (signal.aborted) kill()
      const ended = container.wait().then(({ StatusCode }: { StatusCode: number }) => StatusCode)
      const code = await Promise.race([ended, killed.promise])
      const output = (await container.logs({ stdout: true, stderr: true, tail: 40 })).toString('latin1').slice(-keptOutput)
      return { code: signal.aborted ? undefined : code, output }
    } finally {
      signal.removeEventListener('abort', kill)
      await container.remove({ force: true, v: true })
    }
  }
}
