/** What one session of a persona saw and heard: the evidence of its cell. */
import type { MediaSession, SrtpKeys } from '../../../endpoint/media/types.ts'
import type { PathTap, PathWire, RtpTap, RtpWire, SipTap, SipWire } from '../../../protocol/wire.ts'
import type { HeardDigit, HeardTone } from '../peer.ts'

/** Packets kept for one cell: a minute of both directions. */
const rtpKept = 6_000
const sipKept = 1_000
/** Pieces of TLS connections kept: a message is one or two of them. */
const pathKept = 4_000
/** Keys change with a renegotiation at most. */
const srtpKeysKept = 100

/** Everything one session saw, bounded: a runaway peer must not fill the memory. */
export class Seen implements SipTap, RtpTap, PathTap {
  readonly sipWires: SipWire[] = []
  readonly rtpWires: RtpWire[] = []
  readonly pathWires: PathWire[] = []
  readonly tlsKeys: string[] = []
  readonly srtpKeys: SrtpKeys[] = []
  readonly digits: HeardDigit[] = []
  readonly tones: HeardTone[] = []
  readonly #toneListeners = new Set<() => void>()
  readonly #digitListeners = new Set<() => void>()

  sip(event: SipWire): void {
    if (this.sipWires.length < sipKept) this.sipWires.push({ ...event, bytes: Uint8Array.from(event.bytes) })
  }

  rtp(event: RtpWire): void {
    if (this.rtpWires.length < rtpKept) this.rtpWires.push({ ...event, bytes: Uint8Array.from(event.bytes) })
  }

  path(event: PathWire): void {
    if (this.pathWires.length < pathKept) this.pathWires.push({ ...event, bytes: Uint8Array.from(event.bytes) })
  }

  srtpKey(keys: SrtpKeys): void {
    if (this.srtpKeys.length < srtpKeysKept) this.srtpKeys.push(keys)
  }

  tlsKey(line: string): void {
    if (this.tlsKeys.length < pathKept) this.tlsKeys.push(line)
  }

  listenTo(media: MediaSession): void {
    media.on('digit', (digit) => {
      this.digits.push(digit)
      for (const listener of [...this.#digitListeners]) listener()
    })
    media.on('tone', ({ pair, levelDbm0, purity, at }) => {
      this.tones.push({ pair, levelDbm0, purity, at })
      if (pair !== undefined) for (const listener of [...this.#toneListeners]) listener()
    })
  }

  /** Whether so many digits were heard, or are within the time. */
  async digitCount(count: number, withinMs: number): Promise<boolean> {
    if (this.digits.length >= count) return true
    return within(withinMs, (resolve) => {
      const listener = (): void => {
        if (this.digits.length >= count) resolve()
      }
      this.#digitListeners.add(listener)
      return () => this.#digitListeners.delete(listener)
    })
  }

  /** Whether a tone was heard, or is within the time. */
  async tone(withinMs: number): Promise<boolean> {
    if (this.tones.some((tone) => tone.pair !== undefined)) return true
    return within(withinMs, (resolve) => {
      this.#toneListeners.add(resolve)
      return () => this.#toneListeners.delete(resolve)
    })
  }
}

/** True when `subscribe`'s callback is called within the time; unsubscribes either way. */
export async function within(ms: number, subscribe: (resolve: () => void) => () => void): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const unsubscribe = subscribe(() => resolve(true))
  const timer = setTimeout(() => resolve(false), ms)
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    unsubscribe()
  }
}
