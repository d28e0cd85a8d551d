/**
 * A Node 24 binary for Linux that runs in a container: the one this process runs on
 * where that is self-contained, else the one published in the npm registry.
 */
import { existsSync, mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { run } from './command.ts'

export interface NodeBinary {
  readonly path: string
  readonly version: string
}

/** Throws CommandFailed when the registry cannot be reached and nothing is cached. */
export async function nodeForImages(): Promise<NodeBinary> {
  if (process.platform === 'linux' && isSelfContained()) return { path: process.execPath, version: process.version }
  const name = `node-linux-${process.arch}`
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
  const home = join(cache, 'trunkproof', `image-${name}-24`)
  const path = join(home, 'node_modules', name, 'bin', 'node')
  if (!existsSync(path)) {
    mkdirSync(home, { recursive: true })
    const flags = ['--no-save', '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund', '--force']
    await run('npm', ['install', '--prefix', home, ...flags, `${name}@24`], { cwd: home })
  }
  return { path, version: 'registry-24' }
}

/** Distributions build Node against shared libraries of theirs, which an image does not have. */
function isSelfContained(): boolean {
  return !Object.entries(process.config.variables).some(
    ([name, value]) => name.startsWith('node_shared') && (value === true || value === 'true'),
  )
}
