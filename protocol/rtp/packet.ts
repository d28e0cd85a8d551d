/**
 * RTP packets (RFC 3550 section 5.1).
 *
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |V=2|P|X|  CC   |M|     PT      |       sequence number         |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                           timestamp                           |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |           synchronization source (SSRC) identifier            |
 * +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
 * |            contributing source (CSRC) identifiers             |
 * |                             ....                              |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */

/** What is wrong with a packet and where; `offset` in bytes. */
export interface RtpMalformed {
  readonly offset: number
  readonly rule: string
  readonly detail: string
}

export const rtpHeaderLength = 12

/**
 * One packet's header, read in place. It is meant to be reused for packet after packet, so
 * that reading allocates nothing: `payloadStart` and `payloadEnd` are offsets into the bytes.
 */
export class RtpHeader {
  marker = false
  payloadType = 0
  /** 16 bits. */
  sequenceNumber = 0
  /** 32 bits, in units of the payload's clock rate. */
  timestamp = 0
  ssrc = 0
  csrcCount = 0
  extension = false
  payloadStart = 0
  payloadEnd = 0

  /** Reads the header of `bytes`; on failure the fields hold no meaning. */
  read(bytes: Uint8Array): RtpMalformed | undefined {
    const length = bytes.length
    if (length < rtpHeaderLength) return malformed(0, 'RFC 3550 5.1', `${length} bytes are less than a header's ${rtpHeaderLength}`)
    const first = bytes[0]!
    if (first >> 6 !== 2) return malformed(0, 'RFC 3550 5.1', `version ${first >> 6}`)
    const second = bytes[1]!
    this.marker = second >> 7 === 1
    this.payloadType = second & 0x7f
    this.sequenceNumber = (bytes[2]! << 8) | bytes[3]!
    this.timestamp = ((bytes[4]! << 24) | (bytes[5]! << 16) | (bytes[6]! << 8) | bytes[7]!) >>> 0
    this.ssrc = ((bytes[8]! << 24) | (bytes[9]! << 16) | (bytes[10]! << 8) | bytes[11]!) >>> 0
    this.csrcCount = first & 0x0f
    this.extension = (first & 0x10) !== 0
    let start = rtpHeaderLength + 4 * this.csrcCount
    if (start > length) return malformed(rtpHeaderLength, 'RFC 3550 5.1', `${this.csrcCount} contributing sources do not fit`)
    if (this.extension) {
      if (start + 4 > length) return malformed(start, 'RFC 3550 5.3.1', 'the header extension is cut off')
      const extensionStart = start
      start += 4 + 4 * ((bytes[start + 2]! << 8) | bytes[start + 3]!)
      if (start > length) return malformed(extensionStart, 'RFC 3550 5.3.1', 'the header extension is longer than the packet')
    }
    let end = length
    if ((first & 0x20) !== 0) {
      const padding = bytes[length - 1]!
      if (padding === 0 || start + padding > length) return malformed(length - 1, 'RFC 3550 5.1', `padding of ${padding} bytes`)
      end -= padding
    }
    this.payloadStart = start
    this.payloadEnd = end
    return undefined
  }
}

/**
 * Tells RTCP from RTP on one port (RFC 5761 section 4): the second byte of RTCP lies in
 * 192..223, which as an RTP packet would be marker plus payload type 64..95.
 */
export function looksLikeRtcp(bytes: Uint8Array): boolean {
  return bytes.length >= 2 && bytes[0]! >> 6 === 2 && bytes[1]! >= 192 && bytes[1]! <= 223
}

/** Writes a header without sources, extension or padding over the first 12 bytes. */
export function writeRtpHeader(
  bytes: Uint8Array,
  marker: boolean,
  payloadType: number,
  sequenceNumber: number,
  timestamp: number,
  ssrc: number,
): void {
  bytes[0] = 0x80
  bytes[1] = (marker ? 0x80 : 0) | (payloadType & 0x7f)
  bytes[2] = sequenceNumber >> 8
  bytes[3] = sequenceNumber
  bytes[4] = timestamp >>> 24
  bytes[5] = timestamp >>> 16
  bytes[6] = timestamp >>> 8
  bytes[7] = timestamp
  bytes[8] = ssrc >>> 24
  bytes[9] = ssrc >>> 16
  bytes[10] = ssrc >>> 8
  bytes[11] = ssrc
}

function malformed(offset: number, rule: string, detail: string): RtpMalformed {
  return { offset, rule, detail }
}
