/** Serves a run folder (or a folder of runs) on loopback, for browsers on machines without a file manager. */
import { createReadStream } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { extname, join, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.json': 'application/json',
  '.ndjson': 'application/x-ndjson',
  '.md': 'text/markdown; charset=utf-8',
  '.xml': 'application/xml',
  '.log': 'text/plain; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.wav': 'audio/wav',
}

export interface ReportServer extends AsyncDisposable {
  /** Address of report.html. */
  readonly url: string
}

/**
 * Starts the server; `port` 0 takes a free one. Only GET and HEAD, only below `dir`, symbolic
 * links out of it refused, no listings. Only requests that name a loopback host are answered, so that a
 * web page elsewhere cannot read the report through a rebound name.
 */
export async function serveReport(dir: string, { host = '127.0.0.1', port = 0 } = {}): Promise<ReportServer> {
  const root = await realpath(dir)
  const server = createServer((request, response) => {
    answer(root, request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  const shown = address.family === 'IPv6' ? `[${address.address}]` : address.address
  return {
    url: `http://${shown}:${address.port}/report.html`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function answer(root: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.setHeader('X-Content-Type-Options', 'nosniff')
  response.setHeader('Cache-Control', 'no-store')
  const refuse = (status: number) => void response.writeHead(status, { 'Content-Type': 'text/plain' }).end(`${status}\n`)
  if (!/^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/.test(request.headers.host ?? '')) return refuse(421)
  if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(405)
  const file = await resolveFile(root, request.url ?? '/')
  if (!file) return refuse(404)
  response.writeHead(200, { 'Content-Type': types[extname(file.path)] ?? 'application/octet-stream', 'Content-Length': file.size })
  if (request.method === 'HEAD') response.end()
  else await pipeline(createReadStream(file.path), response)
}

async function resolveFile(root: string, url: string): Promise<{ path: string; size: number } | undefined> {
  try {
    const wanted = decodeURIComponent(new URL(url, 'http://localhost').pathname)
    const path = await realpath(join(root, wanted === '/' ? 'report.html' : wanted))
    const found = await stat(path)
    return path.startsWith(root + sep) && found.isFile() ? { path, size: found.size } : undefined
  } catch {
    return undefined
  }
}
