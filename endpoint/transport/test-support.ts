/** What the transport tests share: layers on loopback, messages with a given Via, and events to await. */

import { networkInterfaces } from 'node:os'
import { makeRequest, makeResponse, type SipMessage, type SipRequest, type SipResponse } from '../../protocol/sip/message.ts'
import type { Malformed } from '../../protocol/sip/parser.ts'
import type { Transport } from '../../protocol/wire.ts'
import type { Connection } from './connection.ts'
import { TransportLayer, type TransportLayerOptions } from './transport-layer.ts'

/** Why the IPv6 tests are left out here, or undefined where they run. */
export const noIpv6 = Object.values(networkInterfaces())
  .flat()
  .some((entry) => entry?.address === '::1')
  ? undefined
  : 'this machine has no ::1'

export interface Received<T extends SipMessage = SipMessage> {
  message: T
  connection: Connection
}

/** A layer that keeps what it receives until a test asks for it. */
export class TestLayer implements AsyncDisposable {
  readonly layer: TransportLayer
  readonly malformed = new Queue<{ error: Malformed; connection: Connection }>()
  readonly closed = new Queue<{ connection: Connection; error?: Error | undefined }>()
  readonly #messages = new Queue<Received>()

  private constructor(layer: TransportLayer) {
    this.layer = layer
    layer.onMessage = (message, connection) => this.#messages.put({ message, connection })
    layer.onMalformed = (error, connection) => this.malformed.put({ error, connection })
    layer.onConnectionClosed = (connection, error) => this.closed.put({ connection, error })
  }

  static async open(options: TransportLayerOptions): Promise<TestLayer> {
    return new TestLayer(await TransportLayer.open(options))
  }

  async request(): Promise<Received<SipRequest>> {
    return (await this.#messages.take()) as Received<SipRequest>
  }

  async response(): Promise<Received<SipResponse>> {
    return (await this.#messages.take()) as Received<SipResponse>
  }

  at(transport: Transport, family: 4 | 6 = 4) {
    const { address, port } = this.layer.listeners.find((it) => it.transport === transport && it.address.includes(':') === (family === 6))!
    return { transport, remote: { address, port } }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.layer.close()
  }
}

class Queue<T> {
  readonly #items: T[] = []
  readonly #takers: ((item: T) => void)[] = []

  put(item: T): void {
    const taker = this.#takers.shift()
    if (taker === undefined) this.#items.push(item)
    else taker(item)
  }

  take(): Promise<T> {
    const item = this.#items.shift()
    return item === undefined ? new Promise((resolve) => this.#takers.push(resolve)) : Promise.resolve(item)
  }

  get waiting(): number {
    return this.#items.length
  }
}

let sequence = 0

export function options(via: string, body = ''): SipRequest {
  sequence += 1
  return makeRequest(
    'OPTIONS',
    'sip:127.0.0.1',
    [
      ['Via', `${via};branch=z9hG4bK-${sequence}`],
      ['Max-Forwards', '70'],
      ['From', '<sip:a@127.0.0.1>;tag=1'],
      ['To', '<sip:b@127.0.0.1>'],
      ['Call-ID', `call-${sequence}`],
      ['CSeq', `${sequence} OPTIONS`],
    ],
    body,
  )
}

export function ok(request: SipRequest): SipResponse {
  return makeResponse(request, 200, { toTag: '2' })
}
