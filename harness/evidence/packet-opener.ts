/**
 * Opens one direction's RTP packets with the keys that were agreed on, and says of each what it
 * really was: SRTP under these keys, plain RTP, or neither. A tap of what crossed the wire is
 * read, so nothing is dropped: what should not have been sent is what a verdict is about.
 */
import { PlainGuess } from '../../endpoint/media/plain-guess.ts'
import type { ReceiveFormats } from '../../protocol/rtp/received-audio.ts'
import type { ProtectionProfile } from '../../protocol/sdp/types.ts'
import { type SrtpMasterKey, srtpProfiles } from '../../protocol/srtp/profile.ts'
import { SrtpContext } from '../../protocol/srtp/srtp-context.ts'
import type { StreamProtection } from './cell-evidence.ts'
import type { SendingKey } from './protection.ts'

/** What a packet was. The bytes can be read as RTP unless it is unreadable. */
export interface OpenedPacket {
  readonly kind: 'plain' | 'srtp' | 'unreadable'
  readonly bytes: Uint8Array
}

export class PacketOpener {
  readonly #contexts: readonly SrtpContext[]
  readonly #others: readonly { readonly profile: ProtectionProfile; readonly context: SrtpContext }[]
  readonly #keyed: boolean
  readonly #formats: ReceiveFormats
  readonly #guess = new PlainGuess()
  readonly #counts = { plain: 0, srtp: 0, unreadable: 0 }
  readonly #first: { plain: number | undefined; unreadable: number | undefined } = { plain: undefined, unreadable: undefined }
  #otherwise: ProtectionProfile | undefined

  /** `keyed`: protection was agreed on, whether its keys are known or not. */
  constructor(keys: readonly SendingKey[], keyed: boolean, formats: ReceiveFormats) {
    // The newest first: after a rekey nearly everything is under it.
    this.#contexts = keys.toReversed().map(({ profile, master }) => new SrtpContext(srtpProfiles[profile], master))
    this.#others = keys.flatMap(({ profile, master }) => otherTags(profile, master))
    this.#keyed = keyed
    this.#formats = formats
  }

  /** Takes the packet with this number in the cell's list, which counts from 1. */
  open(bytes: Uint8Array, number: number): OpenedPacket {
    const opened = this.#keyed ? this.#openKeyed(bytes) : ({ kind: 'plain', bytes } as const)
    this.#counts[opened.kind] += 1
    if (opened.kind !== 'srtp') this.#first[opened.kind] ??= number
    return opened
  }

  result(): StreamProtection {
    const { plain, srtp, unreadable } = this.#counts
    const kind = srtp >= plain && srtp >= unreadable && srtp > 0 ? 'srtp' : unreadable > plain ? 'unreadable' : 'plain'
    return { kind, counts: { ...this.#counts }, otherwise: this.#otherwise, first: { ...this.#first } }
  }

  #openKeyed(bytes: Uint8Array): OpenedPacket {
    for (const context of this.#contexts) {
      const result = context.unprotect(bytes)
      if (result.ok) return { kind: 'srtp', bytes: result.packet }
      // It was authentic when it came first: the stream counts it as a duplicate by its number.
      if (result.error.why === 'replayed' || result.error.why === 'old') return { kind: 'srtp', bytes }
    }
    if (this.#guess.rtp(bytes, this.#formats)) return { kind: 'plain', bytes }
    this.#otherwise ??= this.#others.find(({ context }) => context.unprotect(bytes).ok)?.profile
    return { kind: 'unreadable', bytes }
  }
}

/** The suites of the same cipher and key whose tags have another length. */
function otherTags(profile: ProtectionProfile, master: SrtpMasterKey): { profile: ProtectionProfile; context: SrtpContext }[] {
  const agreed = srtpProfiles[profile]
  return Object.values(srtpProfiles)
    .filter(
      ({ name, cipher, keyLength, saltLength }) =>
        name !== profile && cipher === agreed.cipher && keyLength === agreed.keyLength && saltLength === agreed.saltLength,
    )
    .map((other) => ({ profile: other.name, context: new SrtpContext(other, master) }))
}
