/**
 * The base image of everything in the lab: Debian sid. Pulled where an image registry
 * answers; elsewhere built from Debian's archive under the same name, so that one
 * Dockerfile serves both.
 */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type Docker from 'dockerode'
import { debianMirror, installPackages, proxyEnvironment, runAsRoot } from './apt.ts'
import { CommandFailed, findProgram } from './command.ts'
import { followProgress } from './engine.ts'

export const baseImage = 'debian:sid-slim'

/** What Debian's own slim images leave out, said to dpkg so that later installs leave it out too. */
const slim = `path-exclude /usr/share/doc/*
path-include /usr/share/doc/*/copyright
path-exclude /usr/share/man/*
path-exclude /usr/share/info/*
path-exclude /usr/share/locale/*
path-exclude /usr/share/lintian/*
path-exclude /usr/share/linda/*
`

/** Makes `debian:sid-slim` exist. Throws an Error that says which way failed and why. */
export async function provideBaseImage(engine: Docker, say: (line: string) => void): Promise<void> {
  if (await registryAnswers()) {
    try {
      say(`pulling ${baseImage}`)
      await followProgress(engine, await engine.pull(baseImage))
      return
    } catch (error) {
      say(`the registry would not give ${baseImage} (${(error as Error).message})`)
    }
  }
  await bootstrap(engine, say)
}

/** Any HTTP answer will do (it is 401 without credentials); a firewalled network times out or refuses. */
async function registryAnswers(): Promise<boolean> {
  try {
    await fetch('https://registry-1.docker.io/v2/', { signal: AbortSignal.timeout(4000) })
    return true
  } catch {
    return false
  }
}

async function bootstrap(engine: Docker, say: (line: string) => void): Promise<void> {
  const mirror = await debianMirror()
  say(`no image registry answers: building ${baseImage} from ${mirror} (about half a minute)`)
  if (!findProgram('debootstrap')) await installPackages(['debootstrap', 'debian-archive-keyring'])
  mkdirSync('/var/tmp', { recursive: true })
  // Not in /tmp, which is often mounted without device files or execution.
  const folder = mkdtempSync('/var/tmp/trunkproof-sid-')
  const root = join(folder, 'root')
  try {
    await runAsRoot('debootstrap', ['--variant=minbase', 'sid', root, mirror], { env: await proxyEnvironment() })
    writeFileSync(join(folder, 'slim'), slim)
    await runAsRoot('cp', [join(folder, 'slim'), join(root, 'etc/dpkg/dpkg.cfg.d/slim')])
    await importTree(engine, root)
  } finally {
    // debootstrap mounts proc inside while it works: never follow a mount left behind.
    await runAsRoot('rm', ['-rf', '--one-file-system', folder])
  }
}

/** Packs a root file system into an image. */
async function importTree(engine: Docker, root: string): Promise<void> {
  const left = ['doc', 'man', 'info', 'locale', 'lintian'].map((folder) => `--exclude=./usr/share/${folder}/*`)
  const contents = ['--exclude=./var/cache/apt/*', '--exclude=./var/lib/apt/lists/*', '--exclude=./proc/*', '--exclude=./sys/*', ...left]
  const tarArgs = ['-C', root, ...contents, '--numeric-owner', '-c', '.']
  const isRoot = process.getuid?.() === 0
  const tar = spawn(isRoot ? 'tar' : 'sudo', isRoot ? tarArgs : ['--', 'tar', ...tarArgs], { stdio: ['ignore', 'pipe', 'pipe'] })
  let complaint = ''
  tar.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-4096)
  })
  const ended = new Promise<number>((resolve) => tar.once('close', (code) => resolve(code ?? 128)).once('error', () => resolve(127)))
  const [repo, tag] = baseImage.split(':')
  const progress = await engine.importImage(tar.stdout, { repo, tag, changes: 'CMD ["bash"]', message: 'debootstrap minbase' })
  await followProgress(engine, progress)
  const code = await ended
  if (code !== 0) throw new CommandFailed('tar', { code, stdout: '', stderr: complaint })
}
