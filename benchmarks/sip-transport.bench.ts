/**
 * SIP transactions (a request and its response) a second between two transport layers in
 * this one process, so each counted transaction is four messages handled.
 * `npm run bench -- sip-transport`
 */

import { TransportLayer } from '../endpoint/transport/transport-layer.ts'
import { makeRequest, makeResponse } from '../protocol/sip/message.ts'
import type { Benchmark } from './benchmark.ts'

const transactions = 30_000
const inFlight = 50

export const benchmark: Benchmark = {
  name: 'sip-transport',
  async run(report) {
    for (const transport of ['udp', 'tcp'] as const) {
      report({ what: `OPTIONS and 200 over ${transport}, loopback`, value: await perSecond(transport), unit: 'transactions/s' })
    }
  },
}

async function perSecond(transport: 'udp' | 'tcp'): Promise<number> {
  const listen = [{ transport, host: '127.0.0.1', port: 0 }]
  const client = await TransportLayer.open({ listen })
  const server = await TransportLayer.open({ listen })
  server.onMessage = (message, connection) => {
    if (message.type === 'request') void server.sendResponse(makeResponse(message, 200, { toTag: '2' }), connection)
  }
  const { address, port } = server.listeners[0]!
  const to = { transport, remote: { address, port } }
  const sentBy = `SIP/2.0/${transport.toUpperCase()} ${client.listeners[0]!.address}:${client.listeners[0]!.port}`
  let sent = 0
  const send = () => {
    sent += 1
    void client.send(options(`${sentBy};rport;branch=z9hG4bK${sent}`, sent), to)
  }
  const started = performance.now()
  await new Promise<void>((resolve) => {
    let answered = 0
    client.onMessage = () => {
      answered += 1
      if (answered === transactions) resolve()
      else if (sent < transactions) send()
    }
    for (let count = 0; count < inFlight; count += 1) send()
  })
  const seconds = (performance.now() - started) / 1_000
  await Promise.all([client.close(), server.close()])
  return transactions / seconds
}

function options(via: string, number: number) {
  return makeRequest('OPTIONS', 'sip:b@127.0.0.1', [
    ['Via', via],
    ['Max-Forwards', '70'],
    ['From', '<sip:a@127.0.0.1>;tag=1'],
    ['To', '<sip:b@127.0.0.1>'],
    ['Call-ID', `${number}@127.0.0.1`],
    ['CSeq', `${number} OPTIONS`],
  ])
}
