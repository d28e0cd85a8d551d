/** Somebody who means no good, or whose software is broken: raw sockets and bytes no stack would send. For tests. */
import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { parseSdp } from '../protocol/sdp/session.ts'
import { makeRequest, type SipRequest, type SipResponse } from '../protocol/sip/message.ts'
import { parseMessage } from '../protocol/sip/parser.ts'
import { serialize } from '../protocol/sip/serializer.ts'

/** Another address of this machine than the one honest phones use: what is held against it must not hit them. */
export const attackersAddress = '127.0.0.2'
export const edgesAddress = '127.0.0.1'

export interface Identity {
  readonly callId: string
  readonly branch: string
}

/** A request to the edge from a socket, with an identity of its own. */
export function requestFrom(
  socket: UdpSocket,
  method: string,
  uri: string,
  { callId, branch }: Identity,
  rows: readonly [string, string][] = [],
  body?: string,
): SipRequest {
  const { address, port } = socket.address()
  return makeRequest(
    method,
    uri,
    [
      ['Via', `SIP/2.0/UDP ${address}:${port};branch=z9hG4bK${branch};rport`],
      ['Max-Forwards', '70'],
      ['From', '<sip:nobody@127.0.0.2>;tag=x'],
      ['To', `<${uri}>`],
      ['Call-ID', callId],
      ['CSeq', `1 ${method}`],
      ['Contact', `<sip:nobody@${address}:${port}>`],
      ...rows,
    ],
    body,
  )
}

export class UdpAttacker implements Disposable {
  readonly socket: UdpSocket
  readonly #port: number
  #pings = 0

  static async open(port: number): Promise<UdpAttacker> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 })
    socket.bind(0, attackersAddress)
    await once(socket, 'listening')
    return new UdpAttacker(socket, port)
  }

  private constructor(socket: UdpSocket, port: number) {
    this.socket = socket
    this.#port = port
    socket.on('message', () => {})
  }

  send(bytes: Uint8Array, port = this.#port): Promise<void> {
    return new Promise((resolve, reject) => {
      this.socket.send(bytes, port, edgesAddress, (error) => (error === null ? resolve() : reject(error)))
    })
  }

  /** Sends many datagrams, in portions the other side has worked through before the next: none is lost in a full buffer. */
  async flood(datagrams: Iterable<Uint8Array>): Promise<void> {
    let sent = 0
    for (const bytes of datagrams) {
      await this.send(bytes)
      sent += 1
      if (sent % 50 === 0) await this.workedThrough()
    }
    await this.workedThrough()
  }

  /** Resolves when the edge answers an OPTIONS sent after everything else. */
  async workedThrough(): Promise<void> {
    this.#pings += 1
    const callId = `ping-${this.socket.address().port}-${this.#pings}`
    const ping = serialize(requestFrom(this.socket, 'OPTIONS', `sip:${edgesAddress}:${this.#port}`, { callId, branch: callId }))
    const answered = this.response((response) => response.headers.get('Call-ID') === callId)
    // Datagrams may be lost: it is sent again until it is answered.
    const again = setInterval(() => void this.send(ping).catch(() => {}), 500)
    try {
      await this.send(ping)
      await answered
    } finally {
      clearInterval(again)
    }
  }

  /** The next response that fits. */
  response(fits: (response: SipResponse) => boolean): Promise<SipResponse> {
    return new Promise((resolve) => {
      const take = (bytes: Buffer): void => {
        const parsed = parseMessage(bytes)
        if (!parsed.ok || parsed.message.type !== 'response' || !fits(parsed.message)) return
        this.socket.off('message', take)
        resolve(parsed.message)
      }
      this.socket.on('message', take)
    })
  }

  [Symbol.dispose](): void {
    this.socket.close()
  }
}

/** A stream to the edge; errors are expected. Resolves when it is up. */
export async function openStream(port: number, kind: 'tcp' | 'tls' = 'tcp'): Promise<Socket> {
  const socket: Socket = connectTcp({ port, host: edgesAddress, localAddress: attackersAddress })
  socket.on('error', () => {})
  await once(socket, 'connect')
  if (kind === 'tcp') return socket
  const secured = connectTls({ socket, rejectUnauthorized: false })
  secured.on('error', () => {})
  await once(secured, 'secureConnect')
  return secured
}

/** Sends bytes on a stream of their own, ends it, and waits until the other side is done with it too. Gives what came back. */
export async function streamOnce(port: number, chunks: readonly Uint8Array[], kind: 'tcp' | 'tls' = 'tcp'): Promise<string> {
  const socket = await openStream(port, kind)
  return lastWords(socket, chunks)
}

/** Writes, ends, and gives what came back once the connection is over, however it ended. */
export async function lastWords(socket: Socket, chunks: readonly (Uint8Array | string)[]): Promise<string> {
  // Not events.once: an error on the way is no failure here.
  const closed = new Promise((resolve) => socket.once('close', resolve))
  let heard = ''
  socket.on('data', (chunk: Buffer) => {
    if (heard.length < 10_000) heard += chunk.toString('latin1')
  })
  for (const chunk of chunks) socket.write(chunk)
  socket.end()
  await closed
  return heard
}

/** A call set up by hand, whose RTP comes from and goes to a plain socket: whatever is sent on it is from the right address. */
export class RawCall implements Disposable {
  readonly rtp: UdpSocket
  readonly rtcp: UdpSocket
  readonly callId: string
  /** The edge's RTP port. */
  readonly port: number
  readonly #sip: UdpAttacker
  readonly #toTag: string
  readonly #uri: string

  static async dial(sip: UdpAttacker, uri: string): Promise<RawCall> {
    const [rtp, rtcp] = [createSocket('udp4'), createSocket('udp4')]
    for (const socket of [rtp, rtcp]) {
      socket.bind(0, attackersAddress)
      await once(socket, 'listening')
    }
    const callId = `raw-call-${rtp.address().port}`
    const offer = `v=0\r\no=- 1 1 IN IP4 ${attackersAddress}\r\ns=-\r\nc=IN IP4 ${attackersAddress}\r\nt=0 0\r\nm=audio ${rtp.address().port} RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\na=rtcp:${rtcp.address().port}\r\n`
    const invite = requestFrom(sip.socket, 'INVITE', uri, { callId, branch: callId }, [['Content-Type', 'application/sdp']], offer)
    const answered = sip.response((response) => response.headers.get('Call-ID') === callId && response.status >= 200)
    await sip.send(serialize(invite))
    const response = await answered
    const sdp = parseSdp(Buffer.from(response.body).toString('utf8'))
    const port = sdp.ok ? sdp.session.media[0]?.port : undefined
    if (response.status !== 200 || port === undefined) throw new Error(`the call was answered ${response.status}`)
    const call = new RawCall({ sip, rtp, rtcp, callId, port, to: response.headers.get('To')!, uri })
    await sip.send(serialize(call.#request('ACK', 1)))
    return call
  }

  private constructor(parts: { sip: UdpAttacker; rtp: UdpSocket; rtcp: UdpSocket; callId: string; port: number; to: string; uri: string }) {
    this.#sip = parts.sip
    this.rtp = parts.rtp
    this.rtcp = parts.rtcp
    this.callId = parts.callId
    this.port = parts.port
    this.#toTag = parts.to
    this.#uri = parts.uri
  }

  /** A packet to the edge's RTP port, or to its RTCP port. */
  send(bytes: Uint8Array, kind: 'rtp' | 'rtcp' = 'rtp'): Promise<void> {
    const socket = kind === 'rtp' ? this.rtp : this.rtcp
    return new Promise((resolve) => {
      socket.send(bytes, kind === 'rtp' ? this.port : this.port + 1, edgesAddress, () => resolve())
    })
  }

  /** The edge is still talking: resolves with its next packet. */
  async hears(): Promise<Buffer> {
    const [bytes] = (await once(this.rtp, 'message')) as [Buffer]
    return bytes
  }

  /** Resolves with the status the BYE is answered with. */
  async hangUp(): Promise<number> {
    const answered = this.#sip.response(
      (response) => response.headers.get('Call-ID') === this.callId && response.headers.get('CSeq') === '2 BYE',
    )
    await this.#sip.send(serialize(this.#request('BYE', 2)))
    return (await answered).status
  }

  [Symbol.dispose](): void {
    this.rtp.close()
    this.rtcp.close()
  }

  #request(method: string, cseq: number): SipRequest {
    const request = requestFrom(this.#sip.socket, method, this.#uri, { callId: this.callId, branch: `${this.callId}-${method}` })
    request.headers.set('To', this.#toTag)
    request.headers.set('CSeq', `${cseq} ${method}`)
    return request
  }
}
