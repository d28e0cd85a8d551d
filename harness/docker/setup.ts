/**
 * `trunkproof setup docker`: makes this machine able to run the lab. Everything it
 * would do is listed and asked for first; a machine that has it all is left alone.
 */
import { createInterface } from 'node:readline/promises'
import { UnableError } from '../errors.ts'
import { exitCodes } from '../exit-codes.ts'
import { canBeRoot, candidateVersion, installPackages, isDebianFamily } from './apt.ts'
import { baseImage, provideBaseImage } from './base-image.ts'
import { attempt, findProgram } from './command.ts'
import { hasCompose, installCompose } from './compose.ts'
import { startEngine } from './dockerd.ts'
import { connectEngine, engineAnswers, hasImage } from './engine.ts'

export interface SetupOptions {
  /** Do not ask. */
  readonly yes: boolean
  /** Progress, one line each; stderr unless given. */
  readonly say?: (line: string) => void
}

const done = 0
const cannot = exitCodes.unable.code

interface Step {
  readonly title: string
  isDone(): Promise<boolean>
  work(say: (line: string) => void): Promise<void>
}

/** In this order: each rests on the ones before it. */
const steps: readonly Step[] = [
  {
    title: 'install the Docker engine (package docker.io)',
    // An engine may also be somebody else's (Docker Desktop, DOCKER_HOST): then none is installed.
    isDone: async () => (await hasDockerCommand()) && ((await engineAnswers()) || findProgram('dockerd') !== undefined),
    work: installEngine,
  },
  { title: 'start the Docker engine', isDone: engineAnswers, work: startEngine },
  { title: 'install Docker Compose 2', isDone: hasCompose, work: installCompose },
  {
    title: `get the base image ${baseImage}`,
    isDone: async () => (await engineAnswers()) && hasImage(await connectEngine(), baseImage),
    work: async (say) => provideBaseImage(await connectEngine(), say),
  },
]

/** Gives the command's exit code: 0 when the lab can run here, 3 when it cannot. */
export async function setupDocker(options: SetupOptions): Promise<number> {
  const say = options.say ?? ((line) => process.stderr.write(`trunkproof: ${line}\n`))
  const missing: Step[] = []
  for (const step of steps) if (!(await step.isDone())) missing.push(step)
  if (missing.length === 0) {
    say('Docker, Compose and the base image are there')
    return done
  }
  const onlyImage = missing.every((step) => step === steps[3])
  if (!onlyImage && !isDebianFamily()) {
    say('this sets up Debian and Ubuntu only. Install Docker with Compose 2 as its makers say, start it, and run this again.')
    return cannot
  }
  if (!canBeRoot()) {
    say('this needs root: run it as root, or install sudo')
    return cannot
  }
  if (!options.yes && !(await agrees(missing))) {
    say('nothing was changed')
    return cannot
  }
  try {
    for (const step of missing) {
      // An earlier step may have brought it along.
      if (await step.isDone()) continue
      say(step.title)
      await step.work(say)
      if (!(await step.isDone())) throw new Error(`"${step.title}" ended without an error and without effect`)
    }
  } catch (error) {
    say((error as Error).message)
    if (error instanceof UnableError && error.hint !== undefined) say(error.hint)
    return cannot
  }
  say('Docker, Compose and the base image are there')
  return done
}

async function agrees(missing: readonly Step[]): Promise<boolean> {
  if (!process.stdin.isTTY) {
    process.stderr.write(`trunkproof: setting up Docker would, as root:\n${listed(missing)}\nThere is no terminal to ask at: pass --yes.\n`)
    return false
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await terminal.question(`This will, as root:\n${listed(missing)}\nGo ahead? [y/N] `)
    return /^y(es)?$/i.test(answer.trim())
  } finally {
    terminal.close()
  }
}

function listed(missing: readonly Step[]): string {
  return missing.map((step) => `  - ${step.title}`).join('\n')
}

async function hasDockerCommand(): Promise<boolean> {
  return (await attempt('docker', ['--version'])).code === 0
}

async function installEngine(): Promise<void> {
  const names = ['docker.io', 'iptables']
  // Newer releases ship the command by itself; older ones have no such package.
  if (await candidateVersion('docker-cli')) names.push('docker-cli')
  // Without a service manager the control groups may not be mounted.
  if (await candidateVersion('cgroupfs-mount')) names.push('cgroupfs-mount')
  await installPackages(names)
}
