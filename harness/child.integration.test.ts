import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ChildOptions, startChild } from './child.ts'
import { UnableError } from './errors.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'trunkproof-child-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const ready = `process.stdout.write('starting up\\n{"event":"progress"}\\n{"event":"ready","http":{"port":7}}\\n')`
const staysAlive = 'process.stdin.resume()'
let scripts = 0

/** A child that runs this text. */
function child(script: string, changes: Partial<ChildOptions> = {}): ChildOptions {
  scripts += 1
  const file = join(folder, `child-${scripts}.mjs`)
  writeFileSync(file, script)
  return { name: 'the thing', script: file, args: [], logFile: join(folder, `child-${scripts}.log`), ...changes }
}

/** The error a promise is rejected with. */
async function refused(promise: Promise<unknown>): Promise<UnableError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(UnableError)
  return error as UnableError
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe('a child that is ready', () => {
  test('says so in one line among others, is told its arguments, and leaves its log', async () => {
    const options = child(`console.error(JSON.stringify(process.argv.slice(2))); ${ready}; ${staysAlive}`, { args: ['--port', '0'] })
    {
      await using started = await startChild(options)
      expect(started.ready).toEqual({ event: 'ready', http: { port: 7 } })
      expect(isAlive(started.pid)).toBe(true)
    }
    expect(readFileSync(options.logFile, 'utf8')).toBe('["--port","0","--exit-with-parent"]\n')
  })

  test('is ended on dispose, in order, and that is no death', async () => {
    const options = child(`process.on('SIGTERM', () => { console.error('good-bye'); process.exit(0) }); ${ready}; ${staysAlive}`)
    const started = await startChild(options)
    let died = false
    started.died.catch(() => {
      died = true
    })
    await started[Symbol.asyncDispose]()
    expect(isAlive(started.pid)).toBe(false)
    expect(readFileSync(options.logFile, 'utf8')).toBe('good-bye\n')
    await new Promise((resolve) => setImmediate(resolve))
    expect(died).toBe(false)
  })

  test('is killed when it does not want to end', async () => {
    const started = await startChild(child(`process.on('SIGTERM', () => {}); ${ready}; setInterval(() => {}, 1000)`))
    await started[Symbol.asyncDispose]()
    expect(isAlive(started.pid)).toBe(false)
  })

  test('dies later with its last words', async () => {
    const lines = Array.from({ length: 20 }, (_, index) => `line ${index}`)
    await using started = await startChild(
      child(
        `${ready}; process.stdin.once('data', () => {}); setImmediate(() => { process.stderr.write(${JSON.stringify(lines.join('\n'))}); process.exitCode = 3; process.stdin.destroy() })`,
      ),
    )
    const error = await refused(started.died)
    expect(error.message).toBe('the thing exited with 3')
    expect(error.hint).toBe(`its last words:\n  ${lines.slice(-16).join('\n  ')}`)
  })

  test('may say more than a pipe holds without anybody reading it', async () => {
    await using started = await startChild(child(`${ready}; process.stdout.write('x'.repeat(4_000_000), () => process.exit(7))`))
    expect((await refused(started.died)).message).toBe('the thing exited with 7')
  })
})

describe('a child that does not get ready', () => {
  test('dies with its last words', async () => {
    const error = await refused(startChild(child(`console.error('error: the port is taken'); process.exit(2)`)))
    expect(error.message).toBe('the thing exited with 2')
    expect(error.hint).toBe('its last words:\n  error: the port is taken')
  })

  test('is ended by a signal, and its log is named when it said nothing', async () => {
    const options = child(`process.kill(process.pid, 'SIGKILL')`)
    const error = await refused(startChild(options))
    expect(error.message).toBe('the thing was ended by SIGKILL')
    expect(error.hint).toBe(`its log is ${options.logFile}`)
  })

  test('is not there', async () => {
    const error = await refused(startChild(child('', { script: join(folder, 'nothing.mjs') })))
    expect(error.hint).toContain('Cannot find module')
  })

  test('takes too long, and is ended', async () => {
    const pidFile = join(folder, 'slow.pid')
    const script = `import { writeFileSync } from 'node:fs'; writeFileSync(${JSON.stringify(pidFile)}, String(process.pid)); ${staysAlive}`
    const error = await refused(startChild(child(script, { readyWithinMs: 1_500 })))
    expect(error.message).toBe('the thing was not ready within 1.5 s')
    expect(isAlive(Number(readFileSync(pidFile, 'utf8')))).toBe(false)
  })

  test('cannot be logged, and is started all the same', async () => {
    await using started = await startChild(
      child(`${ready}; console.error('unheard'); ${staysAlive}`, { logFile: join(folder, 'no', 'such', 'folder.log') }),
    )
    expect(started.pid).toBeGreaterThan(0)
  })
})

test('a child ends with its parent, however that ends', async () => {
  await using server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const connected = once(server, 'connection') as Promise<[Socket]>
  const { script } = child(`import { connect } from 'node:net'
    const socket = connect(${port}, '127.0.0.1', () => ${ready})
    process.stdin.on('close', () => process.exit(0)).resume()`)
  const parent = join(folder, 'parent.mjs')
  writeFileSync(
    parent,
    `import { startChild } from ${JSON.stringify(new URL('./child.ts', import.meta.url).href)}
    await startChild(${JSON.stringify({ name: 'the child', script, args: [], logFile: join(folder, 'orphan.log') })})
    console.log('started')
    setInterval(() => {}, 1000)`,
  )
  const harness = spawn(process.execPath, [parent], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [socket] = await connected
  await once(harness.stdout, 'data')
  const orphaned = once(socket.resume(), 'close')
  harness.kill('SIGKILL')
  await orphaned
})
