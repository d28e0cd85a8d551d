/** Keys and packets for tests of this folder. */

import { rtpHeaderLength, writeRtpHeader } from '../rtp/packet.ts'
import { type SrtpMasterKey, type SrtpProfileName, srtpProfiles } from './profile.ts'

export const testSsrc = 0xcafebabe

/** Of the profile's lengths; another `seed` gives another key. */
export function testKey(profile: SrtpProfileName, seed = 1): SrtpMasterKey {
  const { keyLength, saltLength } = srtpProfiles[profile]
  return {
    key: Uint8Array.from({ length: keyLength }, (_, at) => (at * 7 + seed * 29) & 0xff),
    salt: Uint8Array.from({ length: saltLength }, (_, at) => (at * 13 + seed * 31) & 0xff),
  }
}

/** A plain RTP packet of payload type 0. */
export function testRtp(sequenceNumber: number, payload: Uint8Array = new Uint8Array(160).fill(0x55), ssrc = testSsrc): Uint8Array {
  const bytes = new Uint8Array(rtpHeaderLength + payload.length)
  writeRtpHeader(bytes, false, 0, sequenceNumber, sequenceNumber * 160, ssrc)
  bytes.set(payload, rtpHeaderLength)
  return bytes
}

/** A plain receiver report without blocks, and an SDES of one item behind it. */
export function testRtcp(ssrc = testSsrc): Uint8Array {
  const bytes = Buffer.from('80c9000100000000' + '81ca0003' + '00000000' + '0104' + '61626364' + '0000', 'hex')
  bytes.writeUInt32BE(ssrc, 4)
  bytes.writeUInt32BE(ssrc, 12)
  return bytes
}
