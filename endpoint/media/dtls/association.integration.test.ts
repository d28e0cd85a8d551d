import { execFile } from 'node:child_process'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { SrtpKeying } from '../../../protocol/sdp/types.ts'
import { DtlsAssociation } from './association.ts'
import { kindOfDatagram } from './datagram-kind.ts'
import type { DtlsEnd } from './failure.ts'
import { processIdentity } from './identity.ts'
import { contentTypes, readRecords, writeRecord } from './record.ts'
import { makePair, mirrored, seeded } from './testing.ts'

const rtp = Buffer.from('800000010000000100000001ffff', 'hex')

/** An association on a socket of its own, as a media session would hold it. */
class MediaPort implements AsyncDisposable {
  readonly association: DtlsAssociation
  readonly outcome: Promise<SrtpKeying | DtlsEnd>
  readonly others: Buffer[] = []
  readonly socket: Socket

  constructor(socket: Socket, far: Socket, identity: Awaited<ReturnType<typeof processIdentity>>, lost: () => boolean) {
    this.socket = socket
    const send = (datagram: Uint8Array) => {
      if (!lost()) socket.send(datagram, far.address().port, '127.0.0.1')
    }
    this.association = new DtlsAssociation({ identity, send, retransmitMs: 20 })
    socket.on('message', (datagram) => {
      if (kindOfDatagram(datagram) === 'dtls') this.association.receive(datagram)
      else this.others.push(datagram)
    })
    this.outcome = new Promise((resolve) => {
      this.association.onKeys = resolve
      this.association.onEnd = resolve
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.association.close()
    await new Promise<void>((resolve) => this.socket.close(resolve))
  }
}

async function open(lost: () => boolean = () => false): Promise<[MediaPort, MediaPort]> {
  const identity = await processIdentity()
  const sockets = [createSocket('udp4'), createSocket('udp4')] as const
  for (const socket of sockets) {
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
  }
  return [new MediaPort(sockets[0], sockets[1], identity, lost), new MediaPort(sockets[1], sockets[0], identity, lost)]
}

async function shake(active: MediaPort, passive: MediaPort): Promise<void> {
  const { fingerprint } = await processIdentity()
  passive.association.start({ setup: 'passive', remoteFingerprints: [fingerprint] })
  active.association.start({ setup: 'active', remoteFingerprints: [fingerprint] })
  const [mine, theirs] = (await Promise.all([active.outcome, passive.outcome])) as [SrtpKeying, SrtpKeying]
  expect(mine).toHaveProperty('profile', 'AEAD_AES_256_GCM')
  expect(mirrored(theirs)).toEqual(mine)
}

test('keys come over UDP, beside media', async () => {
  const [active, passive] = await open()
  await using _ = active
  await using __ = passive
  const heard = once(passive.socket, 'message')
  active.socket.send(rtp, passive.socket.address().port, '127.0.0.1')
  await heard
  await shake(active, passive)
  expect(passive.others).toEqual([rtp])
})

test.each([1, 2, 3, 4, 5, 6].map((seed) => ({ seed })))(
  'keys come when 30 percent of the datagrams are lost, run $seed',
  async ({ seed }) => {
    const random = seeded(seed)
    const [active, passive] = await open(() => random() < 0.3)
    await using _ = active
    await using __ = passive
    await shake(active, passive)
  },
)

test('closing in the middle of a handshake leaves no timer', async () => {
  const script = `
    import { DtlsAssociation } from ${JSON.stringify(new URL('association.ts', import.meta.url))}
    import { processIdentity } from ${JSON.stringify(new URL('identity.ts', import.meta.url))}
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    const identity = await processIdentity()
    const agreement = { remoteFingerprints: [identity.fingerprint] }
    let sent
    const hello = new Promise((resolve) => { sent = resolve })
    const passive = new DtlsAssociation({ identity, send: () => active.close() })
    const active = new DtlsAssociation({ identity, send: (datagram) => { passive.receive(datagram); sent() } })
    passive.start({ ...agreement, setup: 'passive' })
    active.start({ ...agreement, setup: 'active' })
    await hello
    const before = timers()
    active.close()
    passive.close()
    console.log(before, timers())`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script])
  // Both deadlines and the hello's repetition, then none.
  expect(stdout).toBe('3 0\n')
})

describe('hostile bytes break nothing', () => {
  const spoil = (datagram: Buffer, random: () => number): Buffer => {
    const spoiled = Buffer.from(datagram)
    const at = Math.floor(random() * spoiled.length)
    const kind = Math.floor(random() * 4)
    if (kind === 0) return spoiled.subarray(0, at)
    if (kind === 1) return Buffer.concat([spoiled.subarray(0, at), Buffer.from([Math.floor(random() * 256)]), spoiled.subarray(at)])
    for (let flips = 0; flips < kind; flips++) spoiled[Math.floor(random() * spoiled.length)] = Math.floor(random() * 256)
    return spoiled
  }

  test('spoiled on the way, a handshake ends in the same keys or in none', async () => {
    let connected = 0
    for (let seed = 0; seed < 80; seed++) {
      const random = seeded(seed)
      const pair = await makePair({ network: (datagram) => [random() < 0.4 ? spoil(datagram, random) : datagram] })
      pair.start()
      await pair.settled()
      const [mine, theirs] = [pair.active.association.keys, pair.passive.association.keys]
      if (mine !== undefined && theirs !== undefined) {
        expect(mirrored(theirs)).toEqual(mine)
        connected += 1
      }
      pair.active.association.close()
      pair.passive.association.close()
      expect(pair.clock.pending).toBe(0)
    }
    expect(connected).toBeGreaterThan(0)
  })

  test('invented messages of every type, in every state', async () => {
    for (let seed = 0; seed < 60; seed++) {
      const random = seeded(1000 + seed)
      const byte = () => Math.floor(random() * 256)
      const invented = (sequence: number): Buffer => {
        const body = Buffer.from(Array.from({ length: Math.floor(random() * 90) }, byte))
        const header = Buffer.alloc(12)
        header.writeUInt8([0, 1, 2, 3, 4, 11, 12, 13, 14, 15, 16, 20, 22, byte()][Math.floor(random() * 14)]!)
        header.writeUIntBE(body.length, 1, 3)
        header.writeUInt16BE(sequence, 4)
        header.writeUIntBE(body.length, 9, 3)
        const type = random() < 0.8 ? contentTypes.handshake : 20 + Math.floor(random() * 5)
        return writeRecord({ type, epoch: Math.floor(random() * 2), sequence, fragment: Buffer.concat([header, body]) })
      }
      const pair = await makePair({
        network: (datagram, _, index) =>
          index < Math.floor(random() * 4) ? [datagram] : [invented(index), invented(index + 1), datagram, invented(index + 2)],
      })
      pair.start()
      await pair.settled()
      const [mine, theirs] = [pair.active.association.keys, pair.passive.association.keys]
      if (mine !== undefined && theirs !== undefined) expect(mirrored(theirs)).toEqual(mine)
      pair.active.association.close()
      pair.passive.association.close()
      expect(pair.clock.pending).toBe(0)
    }
  })

  test('after the handshake nothing unauthenticated ends it', async () => {
    const pair = await makePair()
    pair.start()
    await pair.settled()
    const alert = writeRecord({ type: contentTypes.alert, epoch: 0, sequence: 90, fragment: Buffer.from([2, 40]) })
    const forged = writeRecord({ type: contentTypes.alert, epoch: 1, sequence: 90, fragment: Buffer.alloc(26) })
    const data = writeRecord({ type: contentTypes.applicationData, epoch: 1, sequence: 91, fragment: Buffer.alloc(40) })
    for (const side of ['active', 'passive'] as const) {
      for (const datagram of [alert, forged, data]) pair[side].association.receive(datagram)
    }
    pair.active.association.close()
    await pair.until(() => pair.passive.ends.length > 0)
    expect([pair.active.ends, pair.passive.ends]).toEqual([[], [{ code: 'closed-by-peer', detail: 'alert 0' }]])
    expect(readRecords(Buffer.concat([alert, forged, data]))).toHaveLength(3)
  })
})
