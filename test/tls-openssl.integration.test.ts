/** Another implementation of TLS looks at the edge: openssl's own client, which shares no code with our probes. */
import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EdgeProcess } from '../edge/edge-process.ts'
import { makeAuthority } from '../endpoint/certificates.ts'

const program = 'openssl'
// Where it is not installed the test run says so.
const installed = spawnSync(program, ['version']).error === undefined

let folder: string
let edge: EdgeProcess

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'trunkproof-openssl-'))
  const authority = await makeAuthority()
  const { certPem, keyPem } = await authority.issue({ names: ['127.0.0.1'], validHours: 1 })
  for (const [name, text] of Object.entries({ cert: certPem, key: keyPem, authority: authority.certPem })) {
    writeFileSync(join(folder, name), text)
  }
  edge = await EdgeProcess.start('--tls-port', '0', '--tls-cert', join(folder, 'cert'), '--tls-key', join(folder, 'key'))
})

afterAll(async () => {
  await edge?.[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

/** `openssl s_client`, which ends with the handshake: its exit code, and what it printed. */
function handshake(...args: readonly string[]): Promise<{ code: number; output: string }> {
  const place = ['s_client', '-connect', `127.0.0.1:${edge.port('tls')}`, '-CAfile', join(folder, 'authority'), '-verify_return_error']
  return new Promise((resolve) => {
    const child = execFile(program, [...place, '-brief', ...args], { timeout: 20_000 }, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, output: stdout + stderr })
    })
    child.stdin?.end()
  })
}

describe.skipIf(!installed)('openssl s_client', () => {
  test.each(['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'])(
    'completes a handshake of TLS 1.3 with %s',
    async (suite) => {
      const { code, output } = await handshake('-tls1_3', '-ciphersuites', suite, '-verify_ip', '127.0.0.1')
      expect(output).toContain('Protocol version: TLSv1.3')
      expect(output).toContain(`Ciphersuite: ${suite}`)
      expect(output).toContain('Verification: OK')
      expect(code).toBe(0)
    },
  )

  test.each(['-tls1', '-tls1_1', '-tls1_2'])('completes none with %s', async (version) => {
    const { code, output } = await handshake(version, '-cipher', 'DEFAULT@SECLEVEL=0')
    expect(output).toMatch(/alert protocol version|SSL alert number 70/)
    expect(output).not.toContain('CONNECTION ESTABLISHED')
    expect(code).not.toBe(0)
  })
})
