/** A TLS client that reports exactly what a server did to it. */
import { once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls'
import { TappedSocket } from '../../endpoint/transport/tapped-socket.ts'
import type { SipRequest } from '../../protocol/sip/message.ts'
import { serialize } from '../../protocol/sip/serializer.ts'
import { SipReader } from './sip-reader.ts'
import { alertName, readHandshake, readTlsError, type TlsReport } from './tls-report.ts'

export interface Place {
  readonly host: string
  readonly port: number
}

export interface ClientProbe extends Place {
  readonly tls: ConnectionOptions
  /** Sent once the handshake is done; its final status ends the probe. */
  readonly request: SipRequest
  /** Sent below TLS after the status came, by what was sent there first; then the end is awaited. */
  readonly afterwards?: (clientHello: Uint8Array) => Uint8Array
}

/** Longest wait for a server that neither answers nor closes, milliseconds. */
const patienceMs = 4_000

/** Never rejects for what the server does; also gives the last session ticket. */
export async function probeTls({ host, port, tls, request, afterwards }: ClientProbe): Promise<TlsReport & { readonly ticket?: Buffer }> {
  const raw = connectTcp({ host, port })
  const sent: Uint8Array[] = []
  using end = new End(raw)
  let secured: TLSSocket | undefined
  let facts: Pick<TlsReport, 'alert' | 'error'> = {}
  let settled: ReturnType<typeof readHandshake> | undefined
  let status: number | undefined
  let ticket: Buffer | undefined
  raw.on('error', (error) => (facts = { ...readTlsError(error), ...facts }))
  raw.once('connect', () => {
    const tap = { path: ({ dir, bytes }: { dir: string; bytes: Uint8Array }) => dir === 'out' && sent.push(bytes), tlsKey: () => {} }
    const reader = new SipReader()
    const socket = connectTls({ ...tls, socket: new TappedSocket(raw, tap), rejectUnauthorized: false })
    secured = socket
    socket.on('error', (error) => (facts = { ...facts, ...readTlsError(error) }))
    socket.on('session', (session) => (ticket = session))
    socket.once('secureConnect', () => {
      settled = readHandshake(socket)
      socket.write(serialize(request))
    })
    socket.on('data', (bytes: Buffer) => {
      for (const message of reader.read(bytes)) {
        if (message.type !== 'response' || message.status < 200) continue
        status = message.status
        if (afterwards === undefined) end.reached()
        else raw.write(afterwards(sent[0]!))
      }
    })
    socket.on('close', () => end.reached())
  })
  await end.awaited
  secured?.destroy()
  const closed = status === undefined || afterwards !== undefined ? raw.readableEnded || raw.destroyed : false
  return {
    handshake: settled === undefined ? 'failed' : 'completed',
    peerNames: [],
    authorized: false,
    ...settled,
    ...facts,
    status,
    closed: closed && !end.late,
    requests: [],
    ...(ticket === undefined ? {} : { ticket }),
  }
}

/** Sends bytes that are no handshake, and reports what came back; `alert` is one in clear. */
export async function probeRaw({ host, port }: Place, bytes: Uint8Array): Promise<TlsReport> {
  const raw = connectTcp({ host, port })
  using end = new End(raw)
  const received: Buffer[] = []
  raw.on('error', () => {})
  raw.once('connect', () => raw.write(bytes))
  raw.on('data', (chunk) => received.push(chunk))
  await end.awaited
  const answer = Buffer.concat(received)
  const messages = new SipReader().read(answer)
  const status = messages.find((message) => message.type === 'response')?.status
  return {
    handshake: 'failed',
    peerNames: [],
    authorized: false,
    closed: !end.late,
    ...(answer.length === 0 ? {} : { alert: clearAlert(answer) }),
    status,
    requests: [],
  }
}

/** Connections whose handshake never ends; closed when disposed of. */
export async function holdHalfOpen({ host, port }: Place, openings: readonly Uint8Array[]): Promise<Disposable> {
  const sockets = await Promise.all(
    openings.map(async (bytes) => {
      const socket = connectTcp({ host, port })
      socket.on('error', () => {})
      await once(socket, 'connect')
      if (bytes.length > 0) socket.write(bytes)
      return socket
    }),
  )
  return {
    [Symbol.dispose]() {
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** An alert record in clear: type 21, version, length 2, level, description (RFC 8446 section 5.1 and 6). */
function clearAlert(bytes: Buffer): string {
  return bytes[0] === 21 && bytes.length >= 7 ? alertName(bytes[6]!) : 'unreadable'
}

/** The end of a probe: what it waits for, the other side closing, or the time. */
class End implements Disposable {
  readonly awaited: Promise<void>
  readonly reached: () => void
  late = false
  readonly #socket: Socket
  readonly #timer: NodeJS.Timeout

  constructor(socket: Socket) {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.awaited = promise
    this.reached = resolve
    this.#socket = socket
    this.#timer = setTimeout(() => {
      this.late = true
      resolve()
    }, patienceMs)
    socket.once('close', () => resolve())
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
    this.#socket.destroy()
  }
}
