/**
 * DTLS-SRTP handshakes a second, both ends in this process: npm run bench -- dtls
 *
 * In memory, one after the other, so that one core does all the work; then over UDP on
 * loopback, for how long media waits.
 */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { DtlsAssociation } from '../endpoint/media/dtls/association.ts'
import { type DtlsIdentity, processIdentity } from '../endpoint/media/dtls/identity.ts'
import type { Benchmark } from './benchmark.ts'

const warmUpRuns = 50
const measureMs = 5_000

type Send = (datagram: Uint8Array) => void

/** Resolves when both sides have keys. */
async function shake(identity: DtlsIdentity, toActive: Send, toPassive: Send, ends: DtlsAssociation[]): Promise<void> {
  const connected = (['passive', 'active'] as const).map((setup) => {
    const association = new DtlsAssociation({ identity, send: setup === 'active' ? toPassive : toActive })
    ends.push(association)
    return new Promise<void>((resolve, reject) => {
      association.onKeys = () => resolve()
      association.onEnd = ({ code, detail }) => reject(new Error(`${code}: ${detail}`))
      association.start({ setup, remoteFingerprints: [identity.fingerprint] })
    })
  })
  await Promise.all(connected)
}

async function inMemory(identity: DtlsIdentity): Promise<void> {
  const ends: DtlsAssociation[] = []
  await shake(
    identity,
    (datagram) => ends[1]?.receive(datagram),
    (datagram) => ends[0]?.receive(datagram),
    ends,
  )
  for (const end of ends) end.close()
}

async function overUdp(identity: DtlsIdentity, [passive, active]: readonly Socket[]): Promise<number> {
  const ends: DtlsAssociation[] = []
  const receivers = [(datagram: Buffer) => ends[0]?.receive(datagram), (datagram: Buffer) => ends[1]?.receive(datagram)]
  passive!.on('message', receivers[0]!)
  active!.on('message', receivers[1]!)
  const start = performance.now()
  await shake(
    identity,
    (datagram) => passive!.send(datagram, active!.address().port, '127.0.0.1'),
    (datagram) => active!.send(datagram, passive!.address().port, '127.0.0.1'),
    ends,
  )
  const elapsedMs = performance.now() - start
  passive!.off('message', receivers[0]!)
  active!.off('message', receivers[1]!)
  for (const end of ends) end.close()
  return elapsedMs
}

export const benchmark: Benchmark = {
  name: 'dtls',
  run: async (report) => {
    const identity = await processIdentity()
    for (let run = 0; run < warmUpRuns; run += 1) await inMemory(identity)
    const [start, cpu] = [performance.now(), process.cpuUsage()]
    let runs = 0
    while (performance.now() - start < measureMs) {
      await inMemory(identity)
      runs += 1
    }
    const elapsedMs = performance.now() - start
    const { user, system } = process.cpuUsage(cpu)
    report({ what: 'handshakes, both ends', value: Math.round((1000 * runs) / elapsedMs), unit: 'handshakes/s' })
    report({ what: 'CPU of one handshake, both ends', value: (user + system) / 1000 / runs, unit: 'ms' })

    const sockets = [createSocket('udp4'), createSocket('udp4')]
    for (const socket of sockets) {
      socket.bind(0, '127.0.0.1')
      await once(socket, 'listening')
    }
    const elapsed: number[] = []
    for (let run = 0; run < 200; run += 1) elapsed.push(await overUdp(identity, sockets))
    for (const socket of sockets) socket.close()
    elapsed.sort((a, b) => a - b)
    report({ what: 'keys on both ends after, over UDP, median', value: elapsed[100] ?? 0, unit: 'ms' })
    report({ what: 'keys on both ends after, over UDP, 95th percentile', value: elapsed[190] ?? 0, unit: 'ms' })
  },
}
