/**
 * Docker Compose version 2, as a child process. It brings the lab up from
 * docker-compose.yml; everything after that goes through the engine's API.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { candidateVersion, installPackages, runAsRoot, withSidPackage } from './apt.ts'
import { attempt, type CommandOptions, run } from './command.ts'

/** Where the docker command looks for plug-ins that no package put there. */
const pluginFolder = '/usr/local/lib/docker/cli-plugins'

/** Whether `docker compose` is there, in version 2 or newer. */
export async function hasCompose(): Promise<boolean> {
  const { code, stdout } = await attempt('docker', ['compose', 'version', '--short'])
  return code === 0 && Number(/^v?(\d+)/.exec(stdout.trim())?.[1] ?? 0) >= 2
}

/**
 * Installs the plug-in: the distribution's package where that is version 2, else the
 * one file out of sid's package (it needs nothing but libc). Throws CommandFailed.
 */
export async function installCompose(say: (line: string) => void): Promise<void> {
  for (const name of ['docker-compose-v2', 'docker-compose']) {
    const version = await candidateVersion(name)
    if (!version || Number.parseInt(version.replace(/^\d+:/, ''), 10) < 2) continue
    say(`installing ${name} ${version}`)
    await installPackages([name])
    if (await hasCompose()) return
  }
  say("taking the Compose plug-in from Debian sid's package (sid is not added to this machine's sources)")
  await withSidPackage('docker-compose', async (deb, folder) => {
    const unpacked = join(folder, 'unpacked')
    mkdirSync(unpacked)
    await run('dpkg-deb', ['-x', deb, unpacked])
    await runAsRoot('install', ['-D', '-m', '755', '-t', pluginFolder, join(unpacked, 'usr/libexec/docker/cli-plugins/docker-compose')])
  })
}

/** `docker compose -p PROJECT -f FILE …`. Throws CommandFailed. */
export async function compose(file: string, project: string, args: readonly string[], options: CommandOptions): Promise<void> {
  await run('docker', ['compose', '--progress', 'plain', '-f', file, '-p', project, ...args], options)
}
