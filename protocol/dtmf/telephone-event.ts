/**
 * The payload of telephone events (RFC 4733 section 2.3), one block of four bytes an event:
 *
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |     event     |E|R| volume    |          duration             |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */

export const eventBlockLength = 4

/** Durations have 16 bits; a longer event is cut into segments of this length (section 2.5.1.3). */
export const longestDuration = 0xffff

export interface TelephoneEvent {
  /** 0-9 digits, 10 `*`, 11 `#`, 12-15 A-D, 16 flash (section 3.2). */
  readonly event: number
  /** E bit: the event is over. */
  readonly end: boolean
  /** Power in -dBm0, 0 to 63. */
  readonly volume: number
  /** Timestamp units since the packet's timestamp. */
  readonly duration: number
}

/** Every digit a call can carry, at the place of its event code; `!` is a hook flash. */
const digits = '0123456789*#ABCD!'

/** The event code of a digit (letters in either case), or undefined when it is none. */
export function eventOfDigit(digit: string): number | undefined {
  const event = digit.length === 1 ? digits.indexOf(digit.toUpperCase()) : -1
  return event < 0 ? undefined : event
}

/** The digit of an event code, or undefined for events that are no digit. */
export function digitOfEvent(event: number): string | undefined {
  return digits[event]
}

/**
 * Reads the blocks of one payload; usually there is one. Undefined when the length is not a
 * multiple of four or nothing is in it.
 */
export function parseTelephoneEvents(payload: Uint8Array): TelephoneEvent[] | undefined {
  if (payload.length === 0 || payload.length % eventBlockLength !== 0) return undefined
  const events: TelephoneEvent[] = []
  for (let at = 0; at < payload.length; at += eventBlockLength) {
    const flags = payload[at + 1]!
    events.push({
      event: payload[at]!,
      end: (flags & 0x80) !== 0,
      volume: flags & 0x3f,
      duration: (payload[at + 2]! << 8) | payload[at + 3]!,
    })
  }
  return events
}

/** Writes one block over the first four bytes. */
export function writeTelephoneEvent(bytes: Uint8Array, event: TelephoneEvent): void {
  bytes[0] = event.event
  bytes[1] = (event.end ? 0x80 : 0) | (event.volume & 0x3f)
  bytes[2] = event.duration >> 8
  bytes[3] = event.duration
}
