/** Bytes as they stand, sent to the edge over any transport: what no well-behaved stack would send. */
import { createSocket } from 'node:dgram'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { PeerIdentity } from '../peer.ts'

const answerMs = 2_000

/** Resolves with the status of the first final response that comes back, 0 when none does. Never rejects. */
export async function sendRaw(bytes: Uint8Array, { host, port, transport }: PeerIdentity['edge'], ca: string | undefined): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>()
  let heard = ''
  const take = (chunk: Buffer): void => {
    heard += chunk.toString('latin1')
    const status = /^SIP\/2\.0 ([2-6]\d\d) /m.exec(heard)?.[1]
    if (status !== undefined) resolve(Number(status))
  }
  const timer = setTimeout(() => resolve(0), answerMs)
  const close = transport === 'udp' ? overUdp() : overStream()
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    close()
  }

  function overUdp(): () => void {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
    socket.on('message', take).on('error', () => resolve(0))
    socket.send(bytes, port, host)
    return () => socket.close()
  }

  function overStream(): () => void {
    const socket: Socket =
      transport === 'tls' ? connectTls({ host, port, ...(ca === undefined ? {} : { ca }) }) : connectTcp({ host, port })
    socket.on('data', take).on('error', () => resolve(0))
    socket.on('close', () => resolve(0))
    socket.write(bytes)
    return () => socket.destroy()
  }
}
