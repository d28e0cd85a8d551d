/** RTCP packets as values (RFC 3550 section 6). A datagram holds several: see `compound.ts`. */

/** Packet type numbers (RFC 3550 section 12.1). */
export const rtcpType = { senderReport: 200, receiverReport: 201, sdes: 202, bye: 203 } as const

/** What one receiver says of one source (section 6.4.1). */
export interface ReportBlock {
  /** The source this is about. */
  readonly ssrc: number
  /** Of 256. */
  readonly fractionLost: number
  /** 24 bits signed. */
  readonly cumulativeLost: number
  readonly extendedHighestSequence: number
  /** Timestamp units. */
  readonly jitter: number
  /** Middle 32 bits of the NTP time of the last sender report, 0 when there was none. */
  readonly lastSenderReport: number
  /** Since that report came in, in units of 1/65536 s. */
  readonly delaySinceLastSenderReport: number
}

export interface SenderReport {
  readonly type: 'sender-report'
  readonly ssrc: number
  /** 64-bit NTP time: seconds since 1900 and their fraction of 2^32. */
  readonly ntpSeconds: number
  readonly ntpFraction: number
  readonly rtpTimestamp: number
  readonly packets: number
  /** Payload bytes, without headers and padding. */
  readonly bytes: number
  readonly reports: readonly ReportBlock[]
}

export interface ReceiverReport {
  readonly type: 'receiver-report'
  readonly ssrc: number
  readonly reports: readonly ReportBlock[]
}

/** Source descriptions; only the canonical name is kept (section 6.5.1). */
export interface SourceDescription {
  readonly type: 'sdes'
  readonly chunks: readonly { readonly ssrc: number; readonly cname?: string }[]
}

export interface Bye {
  readonly type: 'bye'
  readonly ssrcs: readonly number[]
  readonly reason?: string
}

/** A packet of a type we do not read: APP, feedback, extended reports. */
export interface OtherRtcp {
  readonly type: 'other'
  readonly packetType: number
  readonly body: Uint8Array
}

export type RtcpPacket = SenderReport | ReceiverReport | SourceDescription | Bye | OtherRtcp

/** The body of one RTCP packet, behind its four header bytes, being read. `count` is the 5-bit field of the header. */
export interface RtcpBody {
  readonly view: DataView
  readonly count: number
}
