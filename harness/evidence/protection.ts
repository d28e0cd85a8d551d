/**
 * How descriptions say media is protected: profile and keying, and the keys where they stand
 * in the SDP (RFC 4568). Reads, never judges.
 */
import type { SrtpKeys } from '../../endpoint/media/types.ts'
import { type CryptoAttribute, parseCryptoAttribute } from '../../protocol/sdp/crypto-attribute.ts'
import { parseFingerprint } from '../../protocol/sdp/dtls-attributes.ts'
import { parseSdp } from '../../protocol/sdp/session.ts'
import type { Fingerprint, Keying, ProtectionProfile } from '../../protocol/sdp/types.ts'
import type { SrtpMasterKey } from '../../protocol/srtp/profile.ts'
import type { Side, TracedCall } from './trace.ts'

/** The audio stream of one description, as far as protection goes. */
export interface DescribedProtection {
  /** As written, `RTP/AVP` and the like. */
  readonly profile: string
  readonly cryptos: readonly CryptoAttribute[]
  readonly fingerprints: readonly Fingerprint[]
  readonly setup: string | undefined
}

/** A key one side sends with, and since when (epoch milliseconds). */
export interface SendingKey {
  readonly at: number
  readonly keying: Keying
  readonly profile: ProtectionProfile
  readonly master: SrtpMasterKey
}

/** Undefined when the description cannot be read or has no audio. */
export function protectionOf(sdp: string): DescribedProtection | undefined {
  const parsed = parseSdp(sdp)
  const audio = parsed.ok ? parsed.session.media.find((media) => media.kind === 'audio') : undefined
  if (audio === undefined) return undefined
  const { cryptos, fingerprints, setup } = audio.keying
  return {
    profile: audio.profile,
    cryptos: cryptos.map(parseCryptoAttribute).flatMap((parsed) => (parsed.ok ? [parsed.crypto] : [])),
    fingerprints: fingerprints.map(parseFingerprint).filter((fingerprint) => fingerprint !== undefined),
    setup,
  }
}

/** What an answer keys media by: by profile where that says it, by the attributes where it does not (RFC 8643). */
export function keyingOf({ profile, cryptos, fingerprints }: DescribedProtection): Keying | undefined {
  if (profile.startsWith('UDP/TLS/')) return fingerprints.length > 0 ? 'dtls' : undefined
  if (cryptos.length > 0) return 'sdes'
  return fingerprints.length > 0 && !profile.startsWith('RTP/SAVP') ? 'dtls' : undefined
}

/** Both descriptions of a call; undefined where there is none that can be read. */
export function protectionsOf(call: TracedCall | undefined): {
  readonly offer: DescribedProtection | undefined
  readonly answer: DescribedProtection | undefined
} {
  return {
    offer: call?.offer && protectionOf(call.offer.sdp),
    answer: call?.answer && protectionOf(call.answer.sdp),
  }
}

/**
 * The keys each side sends with: from the descriptions where those agreed on SDES, else those
 * `seen` by the peer (`local` is what it sends with). Empty where plain RTP was agreed on.
 */
export function sendingKeys(call: TracedCall | undefined, seen: readonly SrtpKeys[] = []): { readonly [S in Side]: readonly SendingKey[] } {
  const { offer, answer } = protectionsOf(call)
  const keying = answer && keyingOf(answer)
  if (call?.offer === undefined || call.answer === undefined || keying === undefined) return { peer: [], edge: [] }
  if (keying === 'dtls') {
    const keys = seen.filter((one) => one.keying === 'dtls')
    const side = (pick: 'local' | 'remote'): SendingKey[] =>
      keys.map(({ at, keying, profile, [pick]: master }) => ({ at, keying, profile, master }))
    return { peer: side('local'), edge: side('remote') }
  }
  const chosen = answer?.cryptos[0]
  const offered = offer?.cryptos.find((crypto) => crypto.tag === chosen?.tag)
  const key = (crypto: CryptoAttribute | undefined): SendingKey[] =>
    crypto === undefined ? [] : [{ at: call.answer!.in.wire.at, keying: 'sdes', profile: crypto.suite, master: crypto }]
  const bySide = { [call.offer.by]: key(offered), [call.answer.by]: key(chosen) }
  return { peer: bySide.peer ?? [], edge: bySide.edge ?? [] }
}

/** The keys the edge tells, as its peer has them. */
export const seenFromPeer = (keys: readonly SrtpKeys[]): SrtpKeys[] => keys.map((one) => ({ ...one, local: one.remote, remote: one.local }))

/** Every key in the descriptions, offered ones that were not chosen too. */
export function describedKeys(call: TracedCall | undefined): { readonly by: Side; readonly crypto: CryptoAttribute }[] {
  const { offer, answer } = protectionsOf(call)
  const of = (description: DescribedProtection | undefined, by: Side | undefined) =>
    by === undefined ? [] : (description?.cryptos ?? []).map((crypto) => ({ by, crypto }))
  return [...of(offer, call?.offer?.by), ...of(answer, call?.answer?.by)]
}
