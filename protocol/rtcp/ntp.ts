/** NTP timestamps as RTCP uses them (RFC 3550 section 4): seconds since 1900 in 32.32 fixed point. */

const secondsFrom1900To1970 = 2_208_988_800

export interface NtpTime {
  readonly seconds: number
  /** Of 2^32. */
  readonly fraction: number
}

/** From epoch milliseconds, which may be fractional. */
export function toNtp(epochMs: number): NtpTime {
  const seconds = Math.floor(epochMs / 1000)
  return { seconds: (seconds + secondsFrom1900To1970) >>> 0, fraction: Math.floor((epochMs / 1000 - seconds) * 2 ** 32) >>> 0 }
}

/** The middle 32 bits, in units of 1/65536 s: what LSR holds. */
export function middleNtp({ seconds, fraction }: NtpTime): number {
  return (((seconds & 0xffff) << 16) | (fraction >>> 16)) >>> 0
}

/**
 * Round-trip time in ms from a report block about us (RFC 3550 section 6.4.1 figure 2): arrival - LSR - DLSR.
 * Undefined when the other side had no sender report of ours yet, or the figures make no sense.
 */
export function roundTripMs(
  arrivalEpochMs: number,
  block: { readonly lastSenderReport: number; readonly delaySinceLastSenderReport: number },
): number | undefined {
  if (block.lastSenderReport === 0) return undefined
  const units = (middleNtp(toNtp(arrivalEpochMs)) - block.lastSenderReport - block.delaySinceLastSenderReport) | 0
  // Rounding on both sides can make a loopback round trip slightly negative.
  return units > -65 && units < 65536 * 60 ? Math.max(0, (units * 1000) / 65536) : undefined
}
