/** What this machine can and cannot do, and how to mend what it cannot. Changes nothing. */
import { createSocket } from 'node:dgram'
import { existsSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import { attempt, findProgram } from './docker/command.ts'
import { hasCompose } from './docker/compose.ts'
import { connectEngine } from './docker/engine.ts'
import { CommandError } from './errors.ts'

export interface Finding {
  readonly id: string
  readonly title: string
  readonly ok: boolean
  /** What was found, in a few words. */
  readonly seen: string
  /** What cannot be done without it: `every run`, or the part that needs it. */
  readonly neededFor: string
  /** How to get it. */
  readonly enable: string
}

type Outcome = Pick<Finding, 'ok' | 'seen'>
interface Check extends Omit<Finding, 'ok' | 'seen'> {
  look(): Outcome | Promise<Outcome>
}

const leastNode = 24
/** Sockets of a full run at its most: two a call and side, plus listeners, with room to spare. */
const leastOpenFiles = 4096
/** A full run with evidence, or the images of the docker runtime. */
const leastDiskGiB = 3

const checks: readonly Check[] = [
  {
    id: 'node',
    title: `Node ${leastNode}`,
    neededFor: 'every run',
    enable: 'start through npm or "node launch.mjs", which fetches it',
    look: () => ({ ok: Number.parseInt(process.versions.node, 10) >= leastNode, seen: process.version }),
  },
  {
    id: 'udp',
    title: 'UDP sockets',
    neededFor: 'every run',
    enable: 'allow this user to open UDP sockets on 127.0.0.1 (firewall, sandbox or seccomp rules forbid it)',
    look: () => udpEcho('127.0.0.1'),
  },
  {
    id: 'loopback-aliases',
    title: 'Loopback addresses',
    neededFor: 'every run',
    enable: 'on macOS: for i in 2 3 4 5 6 7 8; do sudo ifconfig lo0 alias 127.0.0.$i; done',
    look: () => udpEcho('127.0.0.2'),
  },
  {
    id: 'open-files',
    title: 'Open-file limit',
    neededFor: 'every run',
    enable: `ulimit -n ${leastOpenFiles} in the shell, or nofile in /etc/security/limits.conf`,
    look: openFiles,
  },
  {
    id: 'disk',
    title: 'Free disk',
    neededFor: 'every run',
    enable: `free ${leastDiskGiB} GiB where the runs go, or name another place with --out`,
    look: freeDisk,
  },
  { id: 'ipv6', title: 'IPv6', neededFor: 'tests over IPv6', enable: 'sysctl net.ipv6.conf.all.disable_ipv6=0 (Linux)', look: ipv6 },
  {
    id: 'docker-engine',
    title: 'Docker engine',
    neededFor: '--runtime docker',
    enable: 'trunkproof setup docker',
    look: dockerEngine,
  },
  {
    id: 'docker-compose',
    title: 'Docker Compose 2',
    neededFor: '--runtime docker',
    enable: 'trunkproof setup docker',
    look: async () => ((await hasCompose()) ? { ok: true, seen: 'found' } : { ok: false, seen: 'not found' }),
  },
  {
    id: 'sipp',
    title: 'SIPp',
    neededFor: 'SIPp tests and load without Docker',
    enable: 'apt-get install sip-tester (Debian, Ubuntu), brew install sipp (macOS)',
    look: sipp,
  },
  {
    id: 'openssl',
    title: 'OpenSSL',
    neededFor: 'the test that lets another TLS look at the edge',
    enable: 'apt-get install openssl (Debian, Ubuntu), brew install openssl (macOS)',
    look: openssl,
  },
  {
    id: 'chromium',
    title: 'Chromium',
    neededFor: 'browser tests of the report',
    enable: 'apt-get install chromium, or name one in CHROMIUM_PATH',
    look: chromium,
  },
]

/** Looks at everything, side by side. A check that breaks counts as missing and says how it broke. */
export async function diagnose(): Promise<Finding[]> {
  return await Promise.all(
    checks.map(async ({ look, ...check }) => {
      try {
        return { ...check, ...(await look()) }
      } catch (error) {
        const enable = error instanceof CommandError ? (error.hint ?? check.enable) : check.enable
        return { ...check, ok: false, seen: (error as Error).message, enable }
      }
    }),
  )
}

/** Sends one datagram from an address to itself. */
async function udpEcho(address: string): Promise<Outcome> {
  const socket = createSocket({ type: address.includes(':') ? 'udp6' : 'udp4', signal: AbortSignal.timeout(2_000) })
  try {
    return await new Promise<Outcome>((resolve, reject) => {
      socket.once('error', reject)
      socket.once('close', () => reject(new Error(`a datagram to ${address} never came`)))
      socket.once('message', () => resolve({ ok: true, seen: `${address} answers` }))
      socket.bind(0, address, () => socket.send('?', socket.address().port, address))
    })
  } finally {
    socket.removeAllListeners('close')
    try {
      socket.close()
    } catch {
      // The time-out closed it already.
    }
  }
}

function openFiles(): Outcome {
  // Looking names up for every socket would take its time; the types do not know the switch yet.
  Object.assign(process.report, { excludeNetwork: true })
  const { userLimits } = process.report.getReport() as { userLimits?: { open_files?: { soft: number | string } } }
  const soft = userLimits?.open_files?.soft ?? 'unknown'
  return { ok: typeof soft !== 'number' || soft >= leastOpenFiles, seen: String(soft) }
}

async function freeDisk(): Promise<Outcome> {
  const { bavail, bsize } = await statfs('.')
  const free = (bavail * bsize) / 2 ** 30
  return { ok: free >= leastDiskGiB, seen: `${free.toFixed(1)} GiB here` }
}

async function ipv6(): Promise<Outcome> {
  const outside = Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some(({ family, internal, scopeid }) => family === 'IPv6' && !internal && scopeid === 0),
  )
  const { ok } = await udpEcho('::1')
  return { ok, seen: outside ? 'loopback and network' : 'loopback only' }
}

async function dockerEngine(): Promise<Outcome> {
  const engine = await connectEngine()
  const { Version } = await engine.version()
  return { ok: true, seen: Version }
}

async function sipp(): Promise<Outcome> {
  // SIPp prints its version and exits with 99.
  const { code, stdout } = await attempt('sipp', ['-v'], { timeoutMs: 5_000 })
  if (code === 127) return { ok: false, seen: 'not found' }
  return { ok: true, seen: /SIPp (v[\w.]+)/.exec(stdout)?.[1] ?? 'found' }
}

async function openssl(): Promise<Outcome> {
  const { code, stdout } = await attempt('openssl', ['version'], { timeoutMs: 5_000 })
  return code === 0 ? { ok: true, seen: /^\S+ \S+/.exec(stdout)?.[0] ?? 'found' } : { ok: false, seen: 'not found' }
}

function chromium(): Outcome {
  const named = process.env.CHROMIUM_PATH
  if (named !== undefined) return existsSync(named) ? { ok: true, seen: named } : { ok: false, seen: `CHROMIUM_PATH=${named} is not there` }
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
  const path = names.map(findProgram).find((program) => program !== undefined)
  return path === undefined ? { ok: false, seen: 'not found' } : { ok: true, seen: path }
}
