/**
 * The far end of srtp.bench.ts, in a thread of its own so that the CPU of the echo can be told from
 * this one's: keeps a few packets of 20 ms of G.711 on their way, and sends one for each that comes back.
 */

import { createSocket } from 'node:dgram'
import { parentPort } from 'node:worker_threads'
import { rtpHeaderLength, writeRtpHeader } from '../protocol/rtp/packet.ts'
import { type SrtpKeying, SrtpSession } from '../protocol/srtp/srtp-session.ts'

/** Begins anew with packets of this kind; without keying they are plain. */
export interface FarEndOrder {
  readonly port: number
  readonly keying: SrtpKeying | undefined
}

const packetsUnderWay = 16
const payloadLength = 160

const socket = createSocket('udp4')
let port = 0
let session: SrtpSession | undefined
let sequenceNumber = 0
let heard = false

function sendOne(): void {
  const bytes = new Uint8Array(rtpHeaderLength + payloadLength + (session?.rtpOverhead ?? 0))
  writeRtpHeader(bytes, false, 0, sequenceNumber, sequenceNumber * payloadLength, 1)
  sequenceNumber = (sequenceNumber + 1) & 0xffff
  session?.protectRtp(bytes, rtpHeaderLength + payloadLength)
  socket.send(bytes, port, '127.0.0.1')
}

function sendAll(): void {
  for (let count = 0; count < packetsUnderWay; count++) sendOne()
}

socket.on('message', () => {
  heard = true
  sendOne()
})

// Should all packets under way be lost, the benchmark would wait for ever.
const watch = setInterval(() => {
  if (port !== 0 && !heard) sendAll()
  heard = false
}, 500)

parentPort?.on('message', (order: FarEndOrder | undefined) => {
  if (order === undefined) {
    clearInterval(watch)
    socket.close()
    parentPort?.close()
    return
  }
  port = order.port
  session = order.keying && new SrtpSession(order.keying)
  sequenceNumber = 0
  sendAll()
})
