import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ReportServer, serveReport } from './serve.ts'

let dir: string
let server: ReportServer

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'trunkproof-serve-'))
  const run = join(dir, 'run')
  mkdirSync(join(run, 'evidence'), { recursive: true })
  writeFileSync(join(run, 'report.html'), '<!doctype html>')
  writeFileSync(join(run, 'evidence', 'ladder.json'), '{}')
  writeFileSync(join(dir, 'outside.txt'), 'outside')
  symlinkSync(join(dir, 'outside.txt'), join(run, 'link.txt'))
  server = await serveReport(run)
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  rmSync(dir, { recursive: true })
})

/** By hand, because fetch would tidy the path and set Host itself. */
function status(path: string, { method = 'GET', host }: { method?: string; host?: string } = {}): Promise<[number, string]> {
  const { port, hostname } = new URL(server.url)
  return new Promise((resolve, reject) => {
    const request = get({ port, hostname, path, method, headers: host ? { host } : {} }, (response) => {
      let body = ''
      response.on('data', (chunk) => {
        body += chunk
      })
      response.on('end', () => resolve([response.statusCode!, body]))
    })
    request.on('error', reject)
  })
}

test('serves the report and its evidence on loopback', async () => {
  expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/report\.html$/)
  expect(await status('/')).toEqual([200, '<!doctype html>'])
  expect(await status('/evidence/ladder.json')).toEqual([200, '{}'])
  expect(await status('/report.html', { method: 'HEAD' })).toEqual([200, ''])
})

test.each(['/../outside.txt', '/%2e%2e/outside.txt', '/link.txt', '/evidence', '/nothing', '/%00', '//'])(
  'does not serve %s',
  async (path) => {
    expect((await status(path))[0]).toBe(404)
  },
)

test('takes no other method and no other name', async () => {
  expect((await status('/report.html', { method: 'POST' }))[0]).toBe(405)
  expect((await status('/report.html', { host: 'evil.example' }))[0]).toBe(421)
})
