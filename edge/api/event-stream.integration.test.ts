import type { ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { expect, test } from 'vitest'
import { type ApiFixture, apiFixture, token } from './api-fixture.ts'

async function listening(api: ApiFixture): Promise<number> {
  await api.app.listen({ host: '127.0.0.1', port: 0 })
  return (api.app.server.address() as AddressInfo).port
}

/** Opens a stream; `next` resolves with its next block, or undefined at its end. */
async function open(port: number, query = '') {
  const response = await fetch(`http://127.0.0.1:${port}/v1/events${query}`, { headers: { authorization: `Bearer ${token}` } })
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  const next = async (): Promise<string | undefined> => {
    for (;;) {
      const end = text.indexOf('\n\n')
      if (end >= 0) {
        const block = text.slice(0, end)
        text = text.slice(end + 2)
        return block
      }
      const { value, done } = await reader.read()
      if (done) return undefined
      text += value
    }
  }
  expect(await next()).toBe(': listening')
  return { response, next, close: () => reader.cancel() }
}

test('events arrive as they happen, for the numbers asked for', async () => {
  await using api = await apiFixture()
  const port = await listening(api)
  const all = await open(port)
  const one = await open(port, '?number=+12065550100')
  expect(all.response.headers.get('content-type')).toBe('text/event-stream')
  api.events.publish('call.ringing', ['+12065550199'], () => ({ id: 'other' }))
  api.events.publish('call.digit', ['+12065550100'], () => ({ id: 'c1', digit: '5' }))
  expect(await one.next()).toBe('id: 2\nevent: call.digit\ndata: {"id":"c1","digit":"5"}')
  expect(await all.next()).toBe('id: 1\nevent: call.ringing\ndata: {"id":"other"}')
  expect(await all.next()).toMatch(/^id: 2\n/)
  await Promise.all([all.close(), one.close()])
})

test('streams end when the edge ends', async () => {
  const api = await apiFixture()
  const stream = await open(await listening(api))
  await api[Symbol.asyncDispose]()
  expect(await stream.next()).toBeUndefined()
})

test('a client that does not read is dropped', async () => {
  await using api = await apiFixture()
  const port = await listening(api)
  const { promise: serverSide, resolve } = Promise.withResolvers<ServerResponse>()
  api.app.server.once('request', (_, response: ServerResponse) => resolve(response))
  const socket = connect(port, '127.0.0.1')
  socket.pause()
  socket.on('error', () => {})
  socket.write(`GET /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n`)
  const response = await serverSide
  const dropped = new Promise((done) => response.once('close', done))
  // Until the subscription is there, events reach nobody; after it, they soon are too many.
  let pumping = true
  const pump = (): void => {
    api.events.publish('call.tone', ['+12065550199'], () => ({ filler: 'x'.repeat(100_000) }))
    if (pumping) setImmediate(pump)
  }
  pump()
  await dropped
  pumping = false
  expect(api.events.subscribers).toBe(0)
  const { body } = await api.ask('GET', '/metrics')
  expect(body).toContain('trunkproof_edge_api_total{what="event-stream-dropped"} 1')
  socket.destroy()
})
