/**
 * Debian's package tools, run as root: directly, or through sudo where this process
 * is not root. Knows the mirror this machine already uses, so that everything fetched
 * later (base image, packages inside images) comes from the same place.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { attempt, type CommandOptions, findProgram, run } from './command.ts'

const noQuestions = { DEBIAN_FRONTEND: 'noninteractive' }
/** Another apt may hold the lock (unattended upgrades, a parallel job): wait for it rather than fail. */
const lockWait = ['-o', 'DPkg::Lock::Timeout=180']
/** Mirrors that are snapshots have Release files past their date. */
const anyDate = ['-o', 'Acquire::Check-Valid-Until=false']

/** Whether this is Debian, Ubuntu or a child of theirs: `ID` and `ID_LIKE` of os-release. */
export function isDebianFamily(osReleasePath = '/etc/os-release'): boolean {
  let text: string
  try {
    text = readFileSync(osReleasePath, 'utf8')
  } catch {
    return false
  }
  return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(text)
}

/** Whether commands can be run as root here. */
export function canBeRoot(): boolean {
  return process.getuid?.() === 0 || findProgram('sudo') !== undefined
}

/** Runs a program as root. Throws CommandFailed. */
export async function runAsRoot(program: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  if (process.getuid?.() === 0) return await run(program, args, options)
  // sudo drops the environment: pass it on the command line instead.
  const env = Object.entries(options.env ?? {}).map(([name, value]) => `${name}=${value}`)
  return await run('sudo', ['--', 'env', ...env, program, ...args], options)
}

/** Installs packages without their recommendations. Throws CommandFailed. */
export async function installPackages(names: readonly string[], options: CommandOptions = {}): Promise<void> {
  const install = ['install', '-y', '--no-install-recommends', ...lockWait, ...names]
  // The package lists may be old or missing: one update, only when the first try fails.
  if (process.getuid?.() === 0 && (await attempt('apt-get', install, { ...options, env: noQuestions })).code === 0) return
  await runAsRoot('apt-get', ['update', ...lockWait, ...anyDate], options)
  await runAsRoot('apt-get', install, { ...options, env: noQuestions })
}

/** The newest version apt knows of a package, undefined when it knows none. */
export async function candidateVersion(name: string): Promise<string | undefined> {
  const { stdout } = await attempt('apt-cache', ['policy', name])
  const version = /^ {2}Candidate: (.+)$/m.exec(stdout)?.[1]
  return version === '(none)' ? undefined : version
}

/** The Debian archive this machine uses (its own mirror when it names one), without a trailing slash. */
export async function debianMirror(): Promise<string> {
  const { stdout } = await attempt('apt-get', ['indextargets', '--format', '$(ORIGIN) $(SUITE) $(REPO_URI)', 'Created-By: Packages'])
  for (const line of stdout.split('\n')) {
    const [origin, suite, uri] = line.split(' ')
    // Without downloaded lists the origin is empty: then the path tells.
    const isDebian = origin === 'Debian' || (origin === '' && /\/debian\/*$/.test(uri ?? ''))
    if (isDebian && uri?.startsWith('http') && !suite?.includes('security')) return uri.replace(/\/+$/, '')
  }
  return 'http://deb.debian.org/debian'
}

/** The proxy apt is told to use, as environment for tools that do not read apt's settings. */
export async function proxyEnvironment(): Promise<Record<string, string>> {
  const { stdout } = await attempt('apt-config', ['shell', 'proxy', 'Acquire::http::Proxy'])
  const proxy = /^proxy='(http.+)'$/m.exec(stdout)?.[1]
  return proxy ? { http_proxy: proxy } : {}
}

/**
 * Downloads one package of Debian's sid into a folder that disappears after `use`. The
 * machine's own sources stay as they are: apt is run on a private set of lists.
 * Throws CommandFailed.
 */
export async function withSidPackage<T>(name: string, use: (debPath: string, folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'trunkproof-apt-'))
  try {
    for (const sub of ['state/lists/partial', 'cache/archives/partial']) mkdirSync(join(folder, sub), { recursive: true })
    writeFileSync(join(folder, 'sources.list'), `deb ${await debianMirror()} sid main\n`)
    writeFileSync(join(folder, 'status'), '')
    const settings = [
      `Dir::Etc::sourcelist=${folder}/sources.list`,
      'Dir::Etc::sourceparts=/dev/null',
      `Dir::State=${folder}/state`,
      `Dir::State::status=${folder}/status`,
      `Dir::Cache=${folder}/cache`,
      'Acquire::Languages=none',
      ...(process.getuid?.() === 0 ? ['APT::Sandbox::User=root'] : []),
    ].flatMap((setting) => ['-o', setting])
    await run('apt-get', [...settings, ...anyDate, 'update'], { cwd: folder })
    await run('apt-get', [...settings, 'download', name], { cwd: folder })
    const { stdout } = await attempt('find', [folder, '-maxdepth', '1', '-name', '*.deb'])
    return await use(stdout.trim(), folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
