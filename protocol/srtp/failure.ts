/** Why a packet is not taken. Says nothing of keys, and not more than the outside sees anyway. */

export interface SrtpFailure {
  readonly why: 'short' | 'malformed' | 'other-mki' | 'replayed' | 'old' | 'too-many-sources' | 'lifetime' | 'authentication'
  readonly rule: string
  readonly detail: string
}

export type Unprotected =
  | {
      readonly ok: true
      /** The plain packet, in bytes of its own: those that came stay as they were. */
      readonly packet: Buffer
      /** False for SRTCP whose E flag says that it was authenticated only (RFC 3711 section 3.4). */
      readonly encrypted: boolean
    }
  | { readonly ok: false; readonly error: SrtpFailure }

/** Made once: a flood of bad packets costs no memory. */
export const failures = {
  short: failure('short', 'RFC 3711 3.1', 'shorter than header, authentication tag and what else every packet has'),
  malformed: failure('malformed', 'RFC 3550 5.1', 'no header of version 2 that fits into the packet'),
  'other-mki': failure('other-mki', 'RFC 3711 3.1', 'the master key identifier names a key that was not agreed on'),
  replayed: failure('replayed', 'RFC 3711 3.3.2', 'a packet with this index was received before'),
  old: failure('old', 'RFC 3711 3.3.2', 'too far behind the newest packet to tell whether it was received before'),
  'too-many-sources': failure('too-many-sources', 'bound', 'more sources than one context keeps'),
  lifetime: failure('lifetime', 'RFC 3711 9.2', 'the master key has protected all packets it may'),
  authentication: failure('authentication', 'RFC 3711 3.3', 'the authentication tag does not fit: another key, profile or packet'),
} as const satisfies Record<SrtpFailure['why'], Unprotected>

function failure(why: SrtpFailure['why'], rule: string, detail: string): Unprotected {
  return Object.freeze({ ok: false, error: Object.freeze({ why, rule, detail }) })
}
