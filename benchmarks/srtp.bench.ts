/**
 * What SRTP costs on a packet of 172 bytes (20 ms of G.711), by profile, and how it is best made of
 * what Node has: npm run bench -- srtp
 *
 * CPU of this thread alone; the far end of the echo runs in another one. The echo is the barest there
 * is, a datagram in and one out, so that the ratio to plain is the worst a call can have.
 */

import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { RtpHeader as WeriftHeader, SrtpSession as WeriftSession } from 'werift'
import { RtpHeader, rtpHeaderLength, writeRtpHeader } from '../protocol/rtp/packet.ts'
import { type SrtpMasterKey, type SrtpProfileName, srtpProfileNames, srtpProfiles } from '../protocol/srtp/profile.ts'
import { type SrtpKeying, SrtpSession } from '../protocol/srtp/srtp-session.ts'
import type { Benchmark } from './benchmark.ts'
import type { FarEndOrder } from './srtp-far-end.ts'

const packetLength = rtpHeaderLength + 160
const ssrc = 1
const batch = 5_000
const batches = 8
const echoRounds = 16
const echoWarmUp = 1_000
const echoPackets = 3_000

function microseconds(before: NodeJS.CpuUsage): number {
  const { user, system } = process.threadCpuUsage(before)
  return user + system
}

/** The cheapest of several tries, the first of which warm up: what else the machine does only ever adds. */
function leastOf(tries: number, measure: () => number): number {
  const figures = Array.from({ length: tries }, measure)
  return Math.min(...figures.slice(Math.floor(tries / 4)))
}

function newKey(profile: SrtpProfileName): SrtpMasterKey {
  const { keyLength, saltLength } = srtpProfiles[profile]
  return { key: randomBytes(keyLength), salt: randomBytes(saltLength) }
}

function newKeying(profile: SrtpProfileName): SrtpKeying {
  return { profile, local: newKey(profile), remote: newKey(profile) }
}

function mirrored({ profile, local, remote }: SrtpKeying): SrtpKeying {
  return { profile, local: remote, remote: local }
}

interface Costs {
  readonly protect: number
  readonly unprotect: number
}

/** Microseconds a packet. `seal` gets a plain packet, what it returns `open` gets. */
function costsOf(seal: (packet: Buffer, sequenceNumber: number) => Uint8Array, open: (packet: Uint8Array) => unknown): Costs {
  let sequenceNumber = 0
  const unprotect: number[] = []
  const protect = leastOf(batches, () => {
    const plain = Array.from({ length: batch }, () => {
      const bytes = Buffer.alloc(packetLength + 16, 0xd5)
      writeRtpHeader(bytes, false, 0, ++sequenceNumber & 0xffff, sequenceNumber * 160, ssrc)
      return bytes
    })
    const first = sequenceNumber - batch + 1
    let before = process.threadCpuUsage()
    const sealed = plain.map((bytes, nth) => seal(bytes, first + nth))
    const sealing = microseconds(before) / batch
    before = process.threadCpuUsage()
    for (const packet of sealed) open(packet)
    unprotect.push(microseconds(before) / batch)
    return sealing
  })
  return { protect, unprotect: leastOf(unprotect.length, () => unprotect.shift()!) }
}

function ours(profile: SrtpProfileName): Costs {
  const keying = newKeying(profile)
  const sender = new SrtpSession(keying)
  const receiver = new SrtpSession(mirrored(keying))
  return costsOf(
    (bytes) => bytes.subarray(0, sender.protectRtp(bytes, packetLength)),
    (packet) => {
      const result = receiver.unprotectRtp(packet)
      if (!result.ok) throw new Error(result.error.detail)
    },
  )
}

/** As a reader of RFC 3711 would write it first: objects of node:crypto for each packet. IVs and keys are not SRTP's, which costs the same. */
function withObjects(cipher: 'aes-128-ctr' | 'aes-128-gcm'): Costs {
  const key = randomBytes(16)
  const hmacKey = randomBytes(20)
  const iv = randomBytes(cipher === 'aes-128-gcm' ? 12 : 16)
  const tagLength = cipher === 'aes-128-gcm' ? 16 : 10
  const header = (packet: Uint8Array) => packet.subarray(0, rtpHeaderLength)
  const tagOf = (packet: Uint8Array) => createHmac('sha1', hmacKey).update(packet).digest().subarray(0, tagLength)
  if (cipher === 'aes-128-ctr') {
    return costsOf(
      (bytes) => {
        const text = createCipheriv(cipher, key, iv).update(bytes.subarray(rtpHeaderLength, packetLength))
        const packet = Buffer.concat([header(bytes), text])
        return Buffer.concat([packet, tagOf(packet)])
      },
      (packet) => {
        const end = packet.length - tagLength
        if (Buffer.compare(tagOf(packet.subarray(0, end)), packet.subarray(end)) !== 0) throw new Error('the tag does not fit')
        return Buffer.concat([header(packet), createDecipheriv(cipher, key, iv).update(packet.subarray(rtpHeaderLength, end))])
      },
    )
  }
  return costsOf(
    (bytes) => {
      const text = createCipheriv(cipher, key, iv).setAAD(header(bytes))
      return Buffer.concat([header(bytes), text.update(bytes.subarray(rtpHeaderLength, packetLength)), text.final(), text.getAuthTag()])
    },
    (packet) => {
      const end = packet.length - tagLength
      const text = createDecipheriv(cipher, key, iv).setAAD(header(packet)).setAuthTag(packet.subarray(end))
      return Buffer.concat([header(packet), text.update(packet.subarray(rtpHeaderLength, end)), text.final()])
    },
  )
}

function werift(profile: 'AES_CM_128_HMAC_SHA1_80' | 'AEAD_AES_128_GCM'): Costs {
  const { local, remote } = newKeying(profile)
  const session = (ours: SrtpMasterKey, theirs: SrtpMasterKey) =>
    new WeriftSession({
      profile: profile === 'AEAD_AES_128_GCM' ? 7 : 1,
      keys: {
        localMasterKey: Buffer.from(ours.key),
        localMasterSalt: Buffer.from(ours.salt),
        remoteMasterKey: Buffer.from(theirs.key),
        remoteMasterSalt: Buffer.from(theirs.salt),
      },
    })
  const sender = session(local, remote)
  const receiver = session(remote, local)
  return costsOf(
    (bytes) => sender.encrypt(bytes.subarray(rtpHeaderLength, packetLength), WeriftHeader.deSerialize(bytes)),
    (packet) => receiver.decrypt(packet as Buffer),
  )
}

/** Echoes packets over loopback, plain or protected both ways; microseconds a packet in and out. */
class Echo {
  readonly #farEnd = new Worker(new URL('./srtp-far-end.ts', import.meta.url))
  readonly #socket = createSocket('udp4')
  readonly #header = new RtpHeader()
  readonly #out = Array.from({ length: 8 }, () => new Uint8Array(1500))
  #session: SrtpSession | undefined
  #echoed = 0
  #onEchoed: ((count: number) => void) | undefined

  async open(): Promise<void> {
    this.#socket.bind(0, '127.0.0.1')
    await once(this.#socket, 'listening')
    this.#socket.on('message', (bytes, { port, address }) => this.#bounce(bytes, port, address))
  }

  async measure(profile: SrtpProfileName | undefined): Promise<number> {
    const keying = profile && newKeying(profile)
    this.#session = keying && new SrtpSession(keying)
    const order: FarEndOrder = { port: this.#socket.address().port, keying: keying && mirrored(keying) }
    this.#farEnd.postMessage(order)
    await this.#echoes(echoWarmUp)
    const before = process.threadCpuUsage()
    await this.#echoes(echoPackets)
    const cost = microseconds(before) / echoPackets
    // What still comes of this kind is not answered.
    this.#onEchoed = undefined
    return cost
  }

  async close(): Promise<void> {
    this.#socket.close()
    this.#farEnd.postMessage(undefined)
    await once(this.#farEnd, 'exit')
  }

  #echoes(count: number): Promise<void> {
    this.#echoed = 0
    return new Promise((resolve) => {
      this.#onEchoed = (echoed) => {
        if (echoed === count) resolve()
      }
    })
  }

  #bounce(bytes: Uint8Array, port: number, address: string): void {
    if (this.#onEchoed === undefined) return
    const session = this.#session
    const opened = session?.unprotectRtp(bytes)
    if (opened?.ok === false) return
    const packet = opened?.packet ?? bytes
    const header = this.#header
    if (header.read(packet) !== undefined) return
    const out = this.#out[this.#echoed % this.#out.length]!
    writeRtpHeader(out, header.marker, header.payloadType, header.sequenceNumber, header.timestamp, header.ssrc + 1)
    out.set(packet.subarray(header.payloadStart, header.payloadEnd), rtpHeaderLength)
    const length = rtpHeaderLength + header.payloadEnd - header.payloadStart
    const sealed = session === undefined ? length : session.protectRtp(out, length)
    if (sealed !== undefined) this.#socket.send(out, 0, sealed, port, address)
    this.#onEchoed(++this.#echoed)
  }
}

export const benchmark: Benchmark = {
  name: 'srtp',
  async run(report) {
    const echo = new Echo()
    await echo.open()
    try {
      const variants = [undefined, ...srtpProfileNames]
      const costs = variants.map(() => Number.POSITIVE_INFINITY)
      // By turns, so that a busy minute of the machine meets all of them.
      for (let round = 0; round < echoRounds; round++) {
        for (const [nth, variant] of variants.entries()) costs[nth] = Math.min(costs[nth]!, await echo.measure(variant))
      }
      const plain = costs[0]!
      report({ what: 'plain RTP, echo', value: plain, unit: 'us/packet' })
      for (const [nth, profile] of srtpProfileNames.entries()) {
        const { protect, unprotect } = ours(profile)
        report({ what: `${profile}, protect`, value: protect, unit: 'us/packet' })
        report({ what: `${profile}, unprotect`, value: unprotect, unit: 'us/packet' })
        report({ what: `${profile}, echo`, value: costs[nth + 1]!, unit: 'us/packet' })
        report({ what: `${profile}, echo over plain`, value: costs[nth + 1]! / plain, unit: 'times', budget: '1.5 or less' })
      }
    } finally {
      await echo.close()
    }
    const others = [
      ['node:crypto, AES-CTR and HMAC objects for each packet', withObjects('aes-128-ctr')],
      ['node:crypto, AES-GCM object for each packet', withObjects('aes-128-gcm')],
      ['werift, AES_CM_128_HMAC_SHA1_80', werift('AES_CM_128_HMAC_SHA1_80')],
      ['werift, AEAD_AES_128_GCM', werift('AEAD_AES_128_GCM')],
    ] as const
    for (const [what, { protect, unprotect }] of others) {
      report({ what: `${what}: protect`, value: protect, unit: 'us/packet' })
      report({ what: `${what}: unprotect`, value: unprotect, unit: 'us/packet' })
    }
  },
}
