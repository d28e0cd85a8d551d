import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isDebianFamily } from './apt.ts'
import { attempt, CommandFailed, run } from './command.ts'

const node = process.execPath

describe('a command', () => {
  test('gives its exit code, its output, and its lines as they come', async () => {
    const lines: string[] = []
    const script = 'console.log("one\\ntwo"); console.error("three"); process.exitCode = 5'
    const result = await attempt(node, ['-e', script], { onLine: (line) => lines.push(line) })
    expect(result).toEqual({ code: 5, stdout: 'one\ntwo\n', stderr: 'three\n' })
    expect(lines.sort()).toEqual(['one', 'three', 'two'])
  })

  test('that is missing is exit code 127, not an exception', async () => {
    expect((await attempt('no-such-program-anywhere', [])).code).toBe(127)
  })

  test('that has to succeed and does not says its last words', async () => {
    await expect(run(node, ['-e', 'console.error("no disk"); process.exitCode = 1'])).rejects.toThrow(/exited with 1:\s+no disk/)
    await expect(run(node, ['-e', 'process.exitCode = 1'])).rejects.toThrow(CommandFailed)
  })

  test('that is interrupted has ended when the promise settles', async () => {
    const interrupt = new AbortController()
    const script =
      'process.on("SIGTERM", () => { console.log("tidied up"); process.exit(0) }); console.log("here"); setInterval(() => {}, 1000)'
    const result = await attempt(node, ['-e', script], { signal: interrupt.signal, onLine: (line) => line === 'here' && interrupt.abort() })
    expect(result.stdout).toBe('here\ntidied up\n')
  })

  test('gets its environment added to this one', async () => {
    expect(await run(node, ['-p', 'process.env.WORD + (process.env.PATH ? " and path" : "")'], { env: { WORD: 'word' } })).toBe(
      'word and path\n',
    )
  })
})

test.each([
  ['ID=debian\nVERSION_ID="12"\n', true],
  ['NAME="Ubuntu"\nID=ubuntu\nID_LIKE=debian\n', true],
  ['ID=linuxmint\nID_LIKE="ubuntu debian"\n', true],
  ['ID=fedora\nID_LIKE="rhel"\n', false],
])('the family is read from %j', (text, expected) => {
  const folder = mkdtempSync(join(tmpdir(), 'os-release-'))
  writeFileSync(join(folder, 'os-release'), text)
  expect(isDebianFamily(join(folder, 'os-release'))).toBe(expected)
  expect(isDebianFamily(join(folder, 'missing'))).toBe(false)
  rmSync(folder, { recursive: true })
})
