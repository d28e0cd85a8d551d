/** Labels that say what belongs to this project, and to which run of whom. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'

/** On images: which of the lab's images it is. */
export const imageLabel = 'trunkproof.image'
/** On containers and networks: the run's id. */
export const runLabel = 'trunkproof.run'
/** On containers and networks: the process that will remove them, as {@link ownerOf} writes it. */
export const ownerLabel = 'trunkproof.owner'

/**
 * A process, told apart from a later one with the same number: `host/pid/start`.
 * `start` is undefined for a process that does not live.
 */
export function ownerOf(pid: number): string | undefined {
  const started = startOf(pid)
  return started === undefined ? undefined : `${hostname()}/${pid}/${started}`
}

/** Whether the process an owner label names is gone. False for processes of another host: nobody here can tell. */
export function isOrphaned(owner: string): boolean {
  const [host, pid] = owner.split('/')
  if (host !== hostname()) return false
  return ownerOf(Number(pid)) !== owner
}

/** When a process started, in whatever words the system has: clock ticks since which boot, or a date. */
function startOf(pid: number): string | undefined {
  try {
    if (process.platform !== 'linux') {
      return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
        .trim()
        .replace(/\W+/g, '-')
    }
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The second field is the program's name in parentheses and may hold anything; starttime is the 20th after it.
    const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8)
    return `${boot}-${ticks}`
  } catch {
    return undefined
  }
}
