import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { RtpWire, SipWire } from '../wire.ts'
import { readCapture } from './capture-file.ts'
import { readCaptureWires } from './capture-wires.ts'
import { FrameDecoder } from './frame.ts'
import { udpFrame } from './frame-builder.ts'
import { writePcapng } from './pcapng-writer.ts'
import { TcpStreams } from './tcp-streams.ts'

const fixture = (name: string) => readFileSync(new URL(`fixtures/${name}`, import.meta.url))
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1')
const callId = (bytes: Uint8Array) => /Call-ID: (\S+)/.exec(text(bytes))?.[1] ?? text(bytes).split('\r\n')[0]

describe('captures tcpdump wrote', () => {
  test.each(['loopback.pcapng', 'any-sll.pcap', 'any-sll2-nanoseconds.pcap'])('%s', (name) => {
    const read = readCaptureWires(fixture(name), (address) => address.port === 5070 || address.port === 5071)
    if (!read.ok) throw new Error(read.error)
    const { sip, rtp, ...rest } = read.wires
    expect(sip.map((wire) => [wire.dir, wire.transport, wire.local.address, callId(wire.bytes)])).toEqual([
      ['in', 'udp', '127.0.0.1', 'c1'],
      ['in', 'tcp', '127.0.0.1', 'c2'],
      ['in', 'tcp', '127.0.0.1', 'c3'],
      ['out', 'tcp', '127.0.0.1', 'SIP/2.0 486 Busy Here'],
      ['in', 'tcp', '::1', 'c2'],
      ['in', 'tcp', '::1', 'c3'],
      ['out', 'tcp', '::1', 'SIP/2.0 486 Busy Here'],
    ])
    expect(rtp.map((wire) => [wire.kind, wire.bytes.length])).toEqual([
      ['rtp', 172],
      ['rtcp', 28],
    ])
    expect(rest).toEqual({ tlsConnections: 0, gaps: 0, cut: false })
    expect(new Date(sip[0]!.at).getUTCFullYear()).toBeGreaterThan(2000)
    expect(sip.map((wire) => wire.at)).toEqual(sip.map((wire) => wire.at).sort((a, b) => a - b))
  })

  test('every cut of a file yields what was whole, and never throws', () => {
    for (const name of ['loopback.pcapng', 'any-sll.pcap']) {
      const bytes = fixture(name)
      const whole = readCapture(bytes)
      for (let length = 0; length < bytes.length; length += 7) {
        const read = readCapture(bytes.subarray(0, length))
        if (read.ok && whole.ok) expect(whole.frames.slice(0, read.frames.length)).toEqual(read.frames)
      }
    }
  })

  test('what is no capture is said to be none', () => {
    expect(readCapture(Buffer.from('INVITE sip:a SIP/2.0'))).toEqual({ ok: false, error: 'not a capture file: it starts with 0x494e5649' })
  })
})

const invite = Buffer.from('INVITE sip:b@edge SIP/2.0\r\nCall-ID: one\r\nContent-Length: 0\r\n\r\n')
const answer = Buffer.from('SIP/2.0 200 OK\r\nCall-ID: one\r\nContent-Length: 0\r\n\r\n')
const rtpPacket = Buffer.concat([Buffer.from([0x80, 0, 0, 1, 0, 0, 0, 160, 0, 0, 0, 9]), Buffer.alloc(160, 0xff)])

function call(transport: SipWire['transport'], here: string, there: string): { sip: SipWire[]; rtp: RtpWire[] } {
  const local = { address: here, port: 5060 }
  const remote = { address: there, port: 32681 }
  const at = 1_790_000_000_000
  return {
    sip: [
      { at, dir: 'out', transport, local, remote, bytes: invite },
      { at: at + 2.25, dir: 'in', transport, local, remote, bytes: answer },
    ],
    rtp: [{ at: at + 1, dir: 'in', kind: 'rtp', local: { ...local, port: 4000 }, remote: { ...remote, port: 4002 }, bytes: rtpPacket }],
  }
}

describe('captures written from taps', () => {
  test.each([
    ['udp', '127.0.0.1', '127.0.0.2'],
    ['tcp', '10.0.0.1', '::ffff:10.0.0.2'],
    ['udp', '::1', '2001:db8::2'],
    ['tls', 'fe80::1%eth0', '2001:db8::2'],
  ] as const)('%s %s to %s reads back as it was', (transport, here, there) => {
    const wires = call(transport, here, there)
    const written = writePcapng({ ...wires, comment: 'evidence' })
    expect(written).toMatchObject({ sipFrames: [1, 3], rtpFrames: [2] })
    const read = readCaptureWires(written.bytes, (address) => address.port === 5060 || address.port === 4000)
    if (!read.ok) throw new Error(read.error)
    expect(read.wires.sip.map((wire) => [wire.dir, text(wire.bytes), wire.at])).toEqual(
      wires.sip.map((wire) => [wire.dir, text(wire.bytes), wire.at]),
    )
    expect(text(read.wires.rtp[0]!.bytes)).toBe(text(rtpPacket))
  })

  test('a message from TLS says that it was decrypted', () => {
    const { sip } = call('tls', '127.0.0.1', '127.0.0.2')
    const tls = { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384', authorized: true, peerNames: [] }
    const read = readCapture(writePcapng({ sip: [{ ...sip[0]!, tls }], rtp: [] }).bytes)
    expect(read.ok && read.frames[0]?.comment).toBe(
      'Travelled over TLS (TLSv1.3, TLS_AES_256_GCM_SHA384); shown decrypted, as the endpoint saw it.',
    )
  })

  test('TLS from the path is written as it was, with the secrets that open it, and nothing it carries beside it', () => {
    const { sip, rtp } = call('tls', '127.0.0.1', '127.0.0.2')
    const [{ local, remote, at }] = sip as [SipWire]
    const path = [Buffer.from('1603010005hello'), Buffer.from('1703030003xyz')].map((bytes, index) => ({
      at: at + index,
      dir: index === 0 ? ('out' as const) : ('in' as const),
      local,
      remote,
      bytes,
    }))
    const tlsKeys = ['CLIENT_TRAFFIC_SECRET_0 0011 2233', 'SERVER_TRAFFIC_SECRET_0 0011 4455']
    const written = writePcapng({ sip, rtp, path, tlsKeys })
    expect(written).toMatchObject({ sipFrames: [undefined, undefined], rtpFrames: [2] })
    const file = text(written.bytes)
    expect(file).not.toContain('INVITE')
    const at0 = file.indexOf(tlsKeys[0]!)
    const view = Buffer.from(written.bytes)
    // Block type, its length, type of secrets, their length; then they themselves (draft-ietf-opsawg-pcapng, section 4.7).
    expect(view.readUInt32LE(at0 - 16)).toBe(10)
    expect(view.readUInt32LE(at0 - 8)).toBe(0x544c534b)
    expect(file.slice(at0, at0 + view.readUInt32LE(at0 - 4))).toBe(`${tlsKeys.join('\n')}\n`)
    expect(at0).toBeLessThan(file.indexOf('hello'))
    const read = readCapture(written.bytes)
    expect(read.ok && read.frames).toHaveLength(3)
  })

  test('a message larger than a segment goes into several frames and comes back whole', () => {
    const [wire] = call('tcp', '10.0.0.1', '10.0.0.2').sip
    const body = 'x'.repeat(40_000)
    const bytes = Buffer.from(`MESSAGE sip:b SIP/2.0\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
    const written = writePcapng({ sip: [{ ...wire!, bytes }, wire!], rtp: [] })
    expect(written.sipFrames).toEqual([1, 3])
    const read = readCaptureWires(written.bytes, () => true)
    expect(read.ok && read.wires.sip.map((sip) => sip.bytes.length)).toEqual([bytes.length, invite.length])
  })
})

describe('fragments', () => {
  /** Cuts the IP packet of a UDP frame into two fragments, the second one first when asked. */
  function fragments(reversed: boolean): Uint8Array[] {
    const whole = udpFrame({ address: '10.0.0.1', port: 5060 }, { address: '10.0.0.2', port: 5060 }, invite)
    const header = whole.subarray(0, 34)
    const payload = whole.subarray(34)
    const cut = (offset: number, part: Uint8Array, more: boolean) => {
      const frame = Buffer.concat([header, part])
      frame.writeUInt16BE(20 + part.length, 16)
      frame.writeUInt16BE(77, 18)
      frame.writeUInt16BE((more ? 0x2000 : 0) | (offset / 8), 20)
      return frame
    }
    const parts = [cut(0, payload.subarray(0, 40), true), cut(40, payload.subarray(40), false)]
    return reversed ? parts.reverse() : parts
  }

  test.each([false, true])('are put together (reversed: %s)', (reversed) => {
    const decoder = new FrameDecoder()
    const packets = fragments(reversed).map((bytes, index) =>
      decoder.decode({ number: index + 1, at: index, linkType: 1, bytes, length: bytes.length }),
    )
    expect(packets[0]).toBeUndefined()
    expect(text(packets[1]!.payload)).toBe(text(invite))
  })
})

describe('TCP streams', () => {
  const segment = (sequence: number, payload: string, flags: { syn?: boolean; fin?: boolean } = {}) => ({
    protocol: 'tcp' as const,
    frame: 1,
    at: 0,
    source: { address: '10.0.0.1', port: 1 },
    destination: { address: '10.0.0.2', port: 2 },
    sequence: sequence >>> 0,
    syn: flags.syn ?? false,
    fin: flags.fin ?? false,
    rst: false,
    payload: Buffer.from(payload),
  })
  const read = (...segments: ReturnType<typeof segment>[]) => {
    const streams = new TcpStreams()
    return segments.flatMap((item) => streams.push(item)).map((chunk) => (chunk.gap ? '…' : '') + text(chunk.bytes))
  }

  test('retransmissions and overlaps are dropped', () => {
    expect(read(segment(9, '', { syn: true }), segment(10, 'abc'), segment(10, 'abc'), segment(12, 'cde'))).toEqual(['abc', 'de'])
  })
  test('a segment that overtook another waits', () => {
    expect(read(segment(9, '', { syn: true }), segment(13, 'def'), segment(10, 'abc'))).toEqual(['abc', 'def'])
  })
  test('sequence numbers wrap', () => {
    expect(read(segment(0xfffffffe, '', { syn: true }), segment(0xffffffff, 'ab'), segment(1, 'cd'))).toEqual(['ab', 'cd'])
  })
  test('a gap that never closes is skipped, and said', () => {
    const later = Array.from({ length: 65 }, (_, index) => segment(20 + index, 'x'))
    expect(read(segment(9, '', { syn: true }), ...later)[0]).toBe('…x')
  })
})
