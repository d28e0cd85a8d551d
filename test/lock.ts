/**
 * Keeps package-lock.json good for every machine: it names no registry, and it lists the optional packages of
 * every platform. npm leaves out those the registry it talked to did not have, and `npm ci` then refuses the
 * lock on any machine. After a change of dependencies:
 *
 *   npm install --package-lock-only --omit-lockfile-registry-resolved && node test/lock.ts --write
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface LockEntry {
  version?: string
  resolved?: string
  dev?: boolean
  optional?: boolean
  os?: string[]
  cpu?: string[]
  libc?: string[]
  optionalDependencies?: Record<string, string>
  [key: string]: unknown
}

export interface Lock {
  packages: Record<string, LockEntry>
  [key: string]: unknown
}

const systems = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32']
const processors = ['arm64', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'wasm32', 'x64']

/** Optional packages some entry asks for and the lock does not have: name, range, and whether only development needs it. */
function missing({ packages }: Lock): { name: string; range: string; dev: boolean }[] {
  return Object.entries(packages).flatMap(([path, entry]) =>
    Object.entries(entry.optionalDependencies ?? {})
      .filter(([name]) => !packages[`${path}/node_modules/${name}`] && !packages[`node_modules/${name}`])
      .map(([name, range]) => ({ name, range, dev: entry.dev === true })),
  )
}

/** What is wrong with a lock, a line each. */
export function problemsOf(lock: Lock): string[] {
  const bound = Object.entries(lock.packages).filter(([, { resolved }]) => resolved !== undefined)
  return [
    ...bound.map(([path, { resolved }]) => `${path} is bound to ${resolved}`),
    ...missing(lock).map(({ name, range }) => `${name}@${range} is optional and not listed`),
  ]
}

/** The same lock without these problems. Throws for an optional package whose name does not say what machine it is for. */
export function mended(lock: Lock): Lock {
  const packages = structuredClone(lock.packages)
  for (const entry of Object.values(packages)) delete entry.resolved
  for (const { name, range, dev } of missing(lock)) {
    const os = systems.filter((system) => name.includes(system))
    const known = processors.filter((processor) => name.includes(processor))
    const cpu = known.length === 0 && name.includes('arm') ? ['arm'] : known
    if (os.length + cpu.length === 0) throw new Error(`${name}@${range} is optional, but for which machine?`)
    packages[`node_modules/${name}`] = {
      version: range.replace(/^[\^~]/, ''),
      ...(cpu.length > 0 ? { cpu } : {}),
      ...(dev ? { dev } : {}),
      ...(name.includes('musl') ? { libc: ['musl'] } : {}),
      optional: true,
      ...(os.length > 0 ? { os } : {}),
    }
  }
  const sorted = Object.entries(packages).sort(([one], [other]) => (one < other ? -1 : 1))
  return { ...lock, packages: Object.fromEntries(sorted) }
}

if (import.meta.main) {
  const file = join(import.meta.dirname, '..', 'package-lock.json')
  const lock = JSON.parse(readFileSync(file, 'utf8')) as Lock
  const problems = problemsOf(lock)
  for (const problem of problems) console.log(problem)
  if (process.argv.includes('--write')) writeFileSync(file, `${JSON.stringify(mended(lock), null, 2)}\n`)
  else if (problems.length > 0) process.exitCode = 1
}
