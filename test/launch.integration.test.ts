/** launch.mjs in a project of its own, with an npm that is a stand-in: what it installs, what it passes on, what it says when it cannot. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

let folder: string
let root: string
const started: ChildProcess[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'launch-'))
  root = join(folder, 'project')
  mkdirSync(root)
  copyFileSync(join(import.meta.dirname, '..', 'launch.mjs'), join(root, 'launch.mjs'))
  write('project/package.json', '{ "name": "project", "type": "module" }')
  write('project/package-lock.json', '{}')
})
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

function write(path: string, text: string): string {
  const file = join(folder, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
  return file
}

/** A stand-in for npm: notes how it was called, then runs `body` (shell). */
function fakeNpm(body: string): void {
  chmodSync(write('bin/npm', `#!/bin/sh\necho "$*" >>'${folder}/npm-calls'\n${body}\n`), 0o755)
}

/** The calls of the stand-in, an entry each. */
function npmCalls(): string[] {
  const file = join(folder, 'npm-calls')
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []
}

interface Launch {
  readonly env?: Record<string, string>
  /** Arguments for Node itself, before launch.mjs. */
  readonly nodeArgs?: readonly string[]
  /** In a process group of its own, as a terminal would start it. */
  readonly detached?: boolean
}

function launch(args: readonly string[], { env, nodeArgs = [], detached = false }: Launch = {}) {
  const child = spawn(process.execPath, [...nodeArgs, join(root, 'launch.mjs'), ...args], {
    detached,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PATH: `${join(folder, 'bin')}:${process.env.PATH}`, XDG_CACHE_HOME: join(folder, 'cache'), ...env },
  })
  started.push(child)
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    stdout += chunk
  })
  child.stderr.setEncoding('utf8').on('data', (chunk) => {
    stderr += chunk
  })
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, stdout, stderr }))
  return { child, ended, ready: once(child.stdout, 'data') }
}

describe('dependencies', () => {
  test('are installed once for a lock file, and again when it changed', async () => {
    fakeNpm(`mkdir -p '${join(root, 'node_modules')}'`)
    write('project/harness/cli/main.ts', 'console.log(process.argv.slice(2).join("|"))')
    const first = await launch(['run', '--json', 'a b']).ended
    expect(first).toMatchObject({ code: 0, stdout: 'run|--json|a b\n' })
    expect(first.stderr).toBe('trunkproof: installing dependencies (only when package-lock.json changed)\n')
    expect(await launch(['plan']).ended).toEqual({ code: 0, stdout: 'plan\n', stderr: '' })
    expect(npmCalls()).toEqual([expect.stringMatching(/^ci .*--ignore-scripts/)])
    write('project/package-lock.json', '{ "changed": true }')
    await launch(['plan']).ended
    expect(npmCalls()).toHaveLength(2)
  })

  test('are installed once by two launches at the same time', async () => {
    fakeNpm(`sleep 1; mkdir -p '${join(root, 'node_modules')}'`)
    write('project/harness/cli/main.ts', 'console.log("ran")')
    const both = await Promise.all([launch([]).ended, launch([]).ended])
    expect(both.map(({ code, stdout }) => ({ code, stdout }))).toEqual(Array(2).fill({ code: 0, stdout: 'ran\n' }))
    expect(npmCalls()).toHaveLength(1)
  })
})

describe('what cannot be done is said in words, and ends with 3', () => {
  test('npm fails: its last words, and what to look at', async () => {
    fakeNpm('echo "npm error code ECONNREFUSED" >&2; exit 1')
    const { code, stdout, stderr } = await launch(['run']).ended
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    expect(stderr).toContain('installing dependencies: npm exited with 1')
    expect(stderr).toContain('npm error code ECONNREFUSED')
    expect(stderr).toContain('Check that the npm registry can be reached')
    expect(stderr).not.toMatch(/^\s+at /m)
    expect(existsSync(join(root, 'node_modules', '.trunkproof-lock'))).toBe(false)
  })

  test('the real npm, and a registry that does not answer', async () => {
    const entry = { version: '1.0.0', integrity: `sha512-${'A'.repeat(86)}==` }
    const packages = { '': { dependencies: { 'is-odd': '1.0.0' } }, 'node_modules/is-odd': entry }
    write('project/package.json', JSON.stringify({ name: 'project', dependencies: { 'is-odd': '1.0.0' } }))
    write('project/package-lock.json', JSON.stringify({ name: 'project', lockfileVersion: 3, requires: true, packages }))
    const env = {
      npm_config_registry: 'http://127.0.0.1:1/',
      npm_config_fetch_retries: '0',
      npm_config_cache: join(folder, 'npm-cache'),
      npm_config_userconfig: join(folder, 'npmrc'),
    }
    const { code, stderr } = await launch(['run'], { env }).ended
    expect(code).toBe(3)
    expect(stderr).toContain('ECONNREFUSED')
    expect(stderr).toContain('Check that the npm registry can be reached')
  })

  test('there is no npm', async () => {
    const { code, stderr } = await launch(['run'], { env: { PATH: join(folder, 'bin') } }).ended
    expect(code).toBe(3)
    expect(stderr).toContain('npm could not be started')
    expect(stderr).toContain('Install npm 10 or newer')
  })

  test('the cache folder cannot be written', async () => {
    const { code, stderr } = await launch(['run'], { env: { XDG_CACHE_HOME: write('a-file', '') } }).ended
    expect(code).toBe(3)
    expect(stderr).toContain('Set XDG_CACHE_HOME to a folder that can be written')
    expect(stderr).not.toMatch(/^\s+at /m)
  })
})

describe('an older Node', () => {
  // Only what Node says of itself is older: everything else is real.
  const older = ['--import', `data:text/javascript,Object.defineProperty(process,'version',{value:'v20.19.0'})`]
  const install = `for last; do :; done; name=\${last%@*}
if [ "$1" = ci ]; then mkdir -p '${'$'}{ROOT}/node_modules'; exit; fi
mkdir -p "$3/node_modules/$name/bin" && ln -s '${process.execPath}' "$3/node_modules/$name/bin/node"`

  test('fetches the one that is needed, once, and runs under it', async () => {
    fakeNpm(install.replace(`\${ROOT}`, root))
    write('project/harness/cli/main.ts', 'console.log(process.execPath)')
    const first = await launch([], { nodeArgs: older }).ended
    expect(first.code).toBe(0)
    expect(first.stderr).toContain('this is Node v20.19.0; fetching Node 24 from the npm registry')
    const second = await launch([], { nodeArgs: older }).ended
    expect(second).toEqual({ code: 0, stdout: first.stdout, stderr: '' })
    expect(npmCalls().map((call) => call.split(' ')[0])).toEqual(['install', 'ci'])
  })

  test('says so when the registry cannot be reached, and leaves nothing half done', async () => {
    fakeNpm('echo "npm error network" >&2; exit 1')
    const { code, stderr } = await launch([], { nodeArgs: older }).ended
    expect(code).toBe(3)
    expect(stderr).toContain('fetching Node 24: npm exited with 1')
    fakeNpm(install.replace(`\${ROOT}`, root))
    write('project/harness/cli/main.ts', '')
    expect((await launch([], { nodeArgs: older }).ended).code).toBe(0)
  })

  test('takes a Node that is named, and refuses one that is too old', async () => {
    fakeNpm(`mkdir -p '${join(root, 'node_modules')}'`)
    write('project/harness/cli/main.ts', '')
    expect((await launch([], { nodeArgs: older, env: { TRUNKPROOF_NODE: process.execPath } }).ended).code).toBe(0)
    const old = write('bin/old-node', '#!/bin/sh\necho v18.0.0')
    chmodSync(old, 0o755)
    const { code, stderr } = await launch([], { nodeArgs: older, env: { TRUNKPROOF_NODE: old } }).ended
    expect(code).toBe(3)
    expect(stderr).toContain(`TRUNKPROOF_NODE=${old} is not Node 24 or newer (it says "v18.0.0").`)
  })
})

describe('hands over', () => {
  beforeEach(() => fakeNpm(`mkdir -p '${join(root, 'node_modules')}'`))

  test.each([0, 1, 4, 42])('exit code %d', async (code) => {
    write('project/exits.ts', 'process.exitCode = Number(process.argv[2])')
    expect((await launch(['--script', 'exits.ts', String(code)]).ended).code).toBe(code)
  })

  test('a tool by its name, with its arguments', async () => {
    fakeNpm(
      `mkdir -p '${join(root, 'node_modules/.bin')}' && echo 'console.log(process.argv.slice(2))' >'${join(root, 'node_modules/.bin/tool')}'`,
    )
    expect(await launch(['--bin', 'tool', '--write', '.']).ended).toMatchObject({ code: 0, stdout: "[ '--write', '.' ]\n" })
  })

  const waits = `setInterval(() => {}, 1000)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => { console.log(signal); process.exit(signal === 'SIGINT' ? 130 : 7) })
console.log('ready')`

  test.each(['SIGTERM', 'SIGHUP'] as const)('%s to the launcher reaches the command', async (signal) => {
    write('project/waits.ts', waits)
    const { child, ready, ended } = launch(['--script', 'waits.ts'])
    await ready
    child.kill(signal)
    expect(await ended).toMatchObject({ code: 7, stdout: `ready\n${signal}\n` })
  })

  test('Ctrl-C: the command gets it once, from the terminal, and decides how it ends', async () => {
    write('project/waits.ts', waits)
    const { child, ready, ended } = launch(['--script', 'waits.ts'], { detached: true })
    await ready
    process.kill(-child.pid!, 'SIGINT')
    expect(await ended).toMatchObject({ code: 130, stdout: 'ready\nSIGINT\n' })
  })

  test('a command that was killed is not a success', async () => {
    write('project/killed.ts', "process.kill(process.pid, 'SIGKILL')")
    expect((await launch(['--script', 'killed.ts']).ended).code).toBe(3)
  })
})
