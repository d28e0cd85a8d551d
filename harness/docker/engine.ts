/**
 * The Docker engine, through dockerode: finding its socket, and the few questions that
 * more than one part of the lab asks.
 */
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import Docker from 'dockerode'
import { UnableError } from '../errors.ts'
import { attempt } from './command.ts'

const setupHint = 'run "npx trunkproof setup docker" (or: node launch.mjs setup docker)'

/** The engine that `docker` on this machine would talk to. Throws UnableError. */
export async function connectEngine(): Promise<Docker> {
  const engine = new Docker(await engineAddress())
  try {
    await engine.ping()
    return engine
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'EACCES') {
      throw new UnableError(
        'the Docker engine answers, but this user may not use it',
        'join the group "docker" (sudo usermod -aG docker $USER, then log in again), or run as root',
        error,
      )
    }
    throw new UnableError(`no Docker engine answers (${(error as Error).message})`, setupHint, error)
  }
}

/** Whether an engine answers at all. */
export async function engineAnswers(): Promise<boolean> {
  try {
    await connectEngine()
    return true
  } catch {
    return false
  }
}

/** dockerode reads DOCKER_HOST itself; contexts (Docker Desktop, colima) it does not know. */
async function engineAddress(): Promise<Docker.DockerOptions | undefined> {
  if (process.env.DOCKER_HOST || existsSync('/var/run/docker.sock')) return undefined
  const { stdout } = await attempt('docker', ['context', 'inspect', '--format', '{{.Endpoints.docker.Host}}'])
  const named = /^unix:\/\/(.+)$/.exec(stdout.trim())?.[1]
  const candidates = [named, join(homedir(), '.docker/run/docker.sock')]
  const socketPath = candidates.find((path) => path !== undefined && existsSync(path))
  return socketPath ? { socketPath } : undefined
}

/** Whether an image of that exact name is there. */
export async function hasImage(engine: Docker, name: string): Promise<boolean> {
  try {
    await engine.getImage(name).inspect()
    return true
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return false
    throw error
  }
}

/**
 * Reads a build's, pull's or import's progress stream to its end. Throws an Error with
 * the engine's own message when it reports one.
 */
export async function followProgress(engine: Docker, stream: NodeJS.ReadableStream, onLine?: (line: string) => void): Promise<void> {
  type Event = { stream?: string; status?: string; error?: string }
  await new Promise<void>((resolve, reject) => {
    const onEvent = (event: Event): void => {
      const text = (event.stream ?? event.status ?? '').trim()
      if (text) onLine?.(text)
    }
    const onEnd = (error: Error | null, events: Event[]): void => {
      const failure = error?.message ?? events.find((event) => event.error)?.error
      if (failure) reject(new Error(failure.trim()))
      else resolve()
    }
    engine.modem.followProgress(stream, onEnd, onEvent)
  })
}
