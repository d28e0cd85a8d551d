import { expect, test } from 'vitest'
import { kindOfDatagram } from './datagram-kind.ts'

test.each([
  ['stun', [0, 1]],
  ['stun', [3, 0]],
  ['unknown', [4, 0]],
  // ZRTP, then TURN channels.
  ['unknown', [16, 0]],
  ['unknown', [19, 0]],
  ['dtls', [20, 254]],
  ['dtls', [22, 254]],
  ['dtls', [63, 0]],
  ['unknown', [64, 0]],
  ['unknown', [127, 0]],
  // PCMU without and with the marker bit, then telephone events with it.
  ['rtp', [0x80, 0]],
  ['rtp', [0x80, 0x80]],
  ['rtp', [0xbf, 0x80 | 101]],
  ['rtp', [0x80, 191]],
  // FIR, sender report, the last of RFC 5761.
  ['rtcp', [0x80, 192]],
  ['rtcp', [0x81, 200]],
  ['rtcp', [0x81, 223]],
  ['rtp', [0x81, 224]],
  ['unknown', [192, 200]],
  ['unknown', []],
  ['unknown', [0x80]],
] as const)('%s: %j', (kind, bytes) => {
  expect(kindOfDatagram(Uint8Array.from(bytes))).toBe(kind)
})
