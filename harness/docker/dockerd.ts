/**
 * Starts the Docker daemon where no engine answers: through the service manager where
 * one runs, else as a detached process that outlives this one. Each refusal the daemon
 * is known to give on small machines is mended once, by what its log says.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { UnableError } from '../errors.ts'
import { canBeRoot, runAsRoot } from './apt.ts'
import { findProgram } from './command.ts'
import { engineAnswers } from './engine.ts'

const logPath = '/var/log/trunkproof-dockerd.log'
const startMs = 40_000

interface Mend {
  /** What the daemon's log says when this is needed. */
  readonly symptom: RegExp
  readonly flags: readonly string[]
  readonly prepare?: () => Promise<unknown>
}

const mends: readonly Mend[] = [
  { symptom: /cgroups?.*(mount|not found|support)/i, flags: [], prepare: () => runAsRoot('cgroupfs-mount', []) },
  // overlay on overlay, or a file system without d_type: slow copies, but everything works.
  { symptom: /graphdriver|storage-driver|overlay/i, flags: ['--storage-driver=vfs'] },
  // Internal networks and builds on the host's network need no packet filter.
  { symptom: /iptables|ip6tables|nf_tables/i, flags: ['--iptables=false', '--ip6tables=false'] },
]

/** Starts an engine and waits until it answers. Throws UnableError with the daemon's last words. */
export async function startEngine(say: (line: string) => void): Promise<void> {
  if (!canBeRoot()) throw new UnableError('starting the Docker engine needs root', 'run this as root, or install sudo')
  if (existsSync('/run/systemd/system')) {
    await runAsRoot('systemctl', ['enable', '--now', 'docker'])
    if (await answersWithin(startMs)) return
    throw new UnableError('systemd started docker.service, but no engine answers', 'see: journalctl -u docker')
  }
  let flags: readonly string[] = []
  for (const tried = new Set<Mend>(); ; ) {
    const log = await startDetached(flags)
    if (log === undefined) return
    const mend = mends.find((candidate) => !tried.has(candidate) && candidate.symptom.test(log))
    if (!mend) throw new UnableError(`dockerd does not start:\n  ${log.split('\n').slice(-8).join('\n  ')}`, `its whole log is ${logPath}`)
    tried.add(mend)
    flags = [...flags, ...mend.flags]
    say(`dockerd did not start; trying again with ${mend.flags.join(' ') || 'cgroups mounted'}`)
    await mend.prepare?.()
  }
}

/** What daemons that were killed leave behind, and who wrote it. */
const pidFiles = [
  ['/var/run/docker.pid', 'dockerd'],
  ['/var/run/docker/containerd/containerd.pid', 'containerd'],
] as const

/** A number that meanwhile belongs to another process would keep the daemon from starting. */
function forgetDead(file: string, name: string): void {
  try {
    const pid = readFileSync(file, 'utf8').trim()
    if (existsSync(`/proc/${pid}/comm`) && readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === name) return
    rmSync(file, { force: true })
  } catch {
    // No such file: nothing was left behind.
  }
}

/** One try. Gives the daemon's complaints when it failed, undefined when an engine answers. */
async function startDetached(flags: readonly string[]): Promise<string | undefined> {
  const dockerd = findProgram('dockerd')
  if (!dockerd) throw new UnableError('dockerd is not installed', 'install the package docker.io')
  const isRoot = process.getuid?.() === 0
  const [program, args] = isRoot ? [dockerd, flags] : ['sudo', ['--', dockerd, ...flags]]
  const path = isRoot ? logPath : `/tmp/trunkproof-dockerd-${process.getuid?.()}.log`
  if (isRoot) mkdirSync('/var/log', { recursive: true })
  if (isRoot) for (const [file, name] of pidFiles) forgetDead(file, name)
  const log = openSync(path, 'w')
  const child = spawn(program, args, { detached: true, stdio: ['ignore', log, log] })
  closeSync(log)
  child.unref()
  if (await answersWithin(startMs, child)) return undefined
  child.kill()
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => /level=(error|fatal)|failed|panic/i.test(line))
    .join('\n')
}

/** Asks the socket until it answers, the daemon has died, or the time is up. */
async function answersWithin(ms: number, child?: ChildProcess): Promise<boolean> {
  let dead = false
  child?.once('exit', () => (dead = true)).once('error', () => (dead = true))
  for (const deadline = Date.now() + ms; Date.now() < deadline && !dead; await delay(100)) {
    if (await engineAnswers()) return true
  }
  return false
}
