/** Two media sessions on loopback, for tests: what signalling would carry is passed by hand. */

import type { RtpTap, RtpWire } from '../../protocol/wire.ts'
import { type FaultName, parseFaults } from '../faults.ts'
import type { DtlsIdentity } from './dtls/identity.ts'
import { MediaEngine } from './engine.ts'
import type { DigitEvent, MediaEvents, MediaOptions, MediaSession, SrtpKeys, ToneEvent } from './types.ts'

export interface Side extends AsyncDisposable {
  readonly session: MediaSession
  /** What this side's sockets saw. */
  readonly wire: RtpWire[]
  readonly digits: DigitEvent[]
  readonly tones: ToneEvent[]
  /** SRTP keys as they came into use. */
  readonly keys: SrtpKeys[]
}

export interface SideOptions extends Partial<MediaOptions> {
  readonly faults?: readonly FaultName[]
  readonly identity?: DtlsIdentity
}

/** Opens a session with its own engine; disposing closes both. */
export async function openSide(options: SideOptions = {}): Promise<Side> {
  const { faults = [], identity, ...media } = options
  const keys: SrtpKeys[] = []
  const wire: RtpWire[] = []
  const tap: RtpTap = { rtp: (event) => wire.push({ ...event, bytes: Uint8Array.from(event.bytes) }) }
  const engine = new MediaEngine({ faults: parseFaults(faults), tap, ...(identity === undefined ? {} : { identity }) })
  const session = await engine.create({
    codecs: ['pcmu'],
    dtmf: 'rfc4733',
    host: '127.0.0.1',
    srtpKeyTap: (each) => keys.push(each),
    ...media,
  })
  const digits: DigitEvent[] = []
  const tones: ToneEvent[] = []
  session.on('digit', (digit) => digits.push(digit))
  session.on('tone', (tone) => tones.push(tone))
  return { session, wire, digits, tones, keys, [Symbol.asyncDispose]: () => engine.close() }
}

/** Offer, answer, start, and INFO by hand. Throws when the two cannot agree. */
export function connect(caller: Side, callee: Side): void {
  negotiate(caller, callee)
  caller.session.sendInfo = carryInfo(callee)
  callee.session.sendInfo = carryInfo(caller)
  caller.session.start()
  callee.session.start()
}

export function negotiate(offerer: Side, answerer: Side, change?: Parameters<MediaSession['createOffer']>[0]): void {
  const accepted = answerer.session.acceptOffer(offerer.session.createOffer(change))
  if (!accepted.ok) throw new Error(accepted.why)
  const applied = offerer.session.acceptAnswer(accepted.answer)
  if (!applied.ok) throw new Error(applied.why)
}

function carryInfo(to: Side): (contentType: string, body: string) => Promise<unknown> {
  return async (contentType, body) => {
    if (!to.session.receiveInfoDigit(contentType, body)) throw new Error('415')
  }
}

/** Resolves with the first event of a kind that satisfies the condition. */
export function waitFor<K extends keyof MediaEvents>(
  side: Side,
  event: K,
  condition: (...args: MediaEvents[K]) => boolean = () => true,
): Promise<MediaEvents[K][0]> {
  return new Promise((resolve) => {
    const listener = (...args: MediaEvents[K]) => {
      if (!condition(...args)) return
      side.session.off(event, listener)
      resolve(args[0])
    }
    side.session.on(event, listener)
  })
}
