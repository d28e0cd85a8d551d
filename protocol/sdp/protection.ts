/**
 * Which protection an offer and its answer settle on: plain RTP, keys in the descriptions
 * (RFC 4568), keys by a DTLS handshake (RFC 5763), and either of them by opportunity on RTP/AVP
 * (RFC 8643). The rest of offer/answer is in `offer-answer.ts`.
 *
 *   offer                              answer                             packets
 *   RTP/AVP                            RTP/AVP                            plain
 *   RTP/AVP + crypto, fingerprint      RTP/AVP + one of the two           SRTP
 *   RTP/AVP + crypto, fingerprint      RTP/AVP                            plain
 *   RTP/SAVP + crypto                  RTP/SAVP + crypto of the same tag  SRTP
 *   UDP/TLS/RTP/SAVP + fingerprint     same + fingerprint                 SRTP
 */

import { type CryptoAttribute, formatCryptoAttribute, parseCryptoAttribute } from './crypto-attribute.ts'
import { formatFingerprint, parseFingerprint } from './dtls-attributes.ts'
import type { SdpKeying, SdpMedia } from './session.ts'
import type { Fingerprint, Keying, LocalProtection, MasterKey, MediaProfile, Negotiated, Protection, ProtectionProfile } from './types.ts'

/** What was settled on protection, ready to be part of the agreement. */
type Agreed = Pick<Negotiated, 'profile' | 'keying' | 'srtp' | 'dtls'>

type Settled = { readonly ok: true; readonly agreed: Agreed; readonly departures: readonly string[] }
type Refused = { readonly ok: false; readonly why: string }

/** Strongest first; a peer that knows fewer takes the first one it knows (RFC 4568 section 7.1.2). */
const defaultSuites: readonly ProtectionProfile[] = [
  'AEAD_AES_256_GCM',
  'AEAD_AES_128_GCM',
  'AES_256_CM_HMAC_SHA1_80',
  'AES_CM_128_HMAC_SHA1_80',
  'AES_CM_128_HMAC_SHA1_32',
]

const secureProfiles: Readonly<Record<Keying, MediaProfile>> = { sdes: 'RTP/SAVP', dtls: 'UDP/TLS/RTP/SAVP' }
const unkeyed: SdpKeying = { cryptos: [], fingerprints: [] }

/** The attributes of an offer of ours. Throws when protection is required where it is not allowed. */
export function offerProtection(local: LocalProtection | undefined): { profile: MediaProfile; keying: SdpKeying } {
  if (local === undefined || !local.allowed || local.offer === 'rtp') {
    if (local?.required === true) throw new Error('protected media is required, but cannot be offered here')
    return { profile: 'RTP/AVP', keying: unkeyed }
  }
  const { offer } = local
  const keyings = offer === 'osrtp' ? local.keyings : [offer]
  const dtls = keyings.includes('dtls') && local.fingerprint !== undefined
  return {
    profile: offer === 'osrtp' ? 'RTP/AVP' : secureProfiles[offer],
    keying: {
      cryptos: keyings.includes('sdes')
        ? suitesOf(local).map((suite, index) => formatCryptoAttribute({ ...local.masterKey(suite), tag: index + 1, suite }))
        : [],
      fingerprints: dtls ? [formatFingerprint(local.fingerprint)] : [],
      // RFC 5763 section 5: the answerer takes its part.
      ...(dtls ? { setup: 'actpass' } : {}),
    },
  }
}

/** Answers what a line of an offer asks for. A refusal is a 488, or port 0 where another line can be taken. */
export function answerProtection(
  media: SdpMedia,
  local: LocalProtection | undefined,
): (Settled & { readonly keying: SdpKeying }) | Refused {
  const profile = profileOf(media)
  if (profile === undefined) return refused(`the offer wants profile ${media.profile}, which we do not speak`)
  const secure = profile !== 'RTP/AVP'
  if (local === undefined || !local.allowed) {
    if (secure) return refused(`the offer wants profile ${profile}, and protected media is not allowed here`)
    if (local?.required === true) return refused('protected media is required, but cannot be agreed to here')
    return plain(unkeyed)
  }
  for (const keying of local.keyings) {
    if (secure && secureProfiles[keying] !== profile) continue
    const answer = keying === 'sdes' ? answerCrypto(media, local) : answerFingerprint(media, local)
    if (answer === undefined) continue
    return { ok: true, agreed: { profile, keying, ...answer.agreed }, keying: answer.keying, departures: answer.departures }
  }
  if (secure) return refused(`the offer wants profile ${profile} and brings no keying that we can answer`)
  if (local.required) return refused('the offer brings no keying that we can answer, and protected media is required')
  return plain(unkeyed)
}

function plain(keying: SdpKeying, departures: readonly string[] = []): Settled & { readonly keying: SdpKeying } {
  return { ok: true, agreed: { profile: 'RTP/AVP' }, keying, departures }
}

function refused(why: string): Refused {
  return { ok: false, why }
}

interface Answer {
  readonly agreed: Pick<Negotiated, 'srtp' | 'dtls'>
  readonly keying: SdpKeying
  readonly departures: readonly string[]
}

/** RFC 4568 section 6.1: the most preferred line of the offer that can be used, with its tag and a key of ours. */
function answerCrypto(media: SdpMedia, local: LocalProtection): Answer | undefined {
  const suites = suitesOf(local)
  const line = readCryptos(media).find((candidate) => suites.includes(candidate.suite))
  if (line === undefined) return undefined
  const { suite } = line
  const key = local.masterKey(suite)
  return {
    agreed: { srtp: { profile: suite, local: key, remote: masterKeyOf(line) } },
    keying: { cryptos: [formatCryptoAttribute({ ...answerLine(line), ...key })], fingerprints: [] },
    departures: [],
  }
}

/** RFC 5763 section 5: active unless the offer says that it will be. The part in an association that goes on stays (RFC 8842 section 5.3). */
function answerFingerprint(media: SdpMedia, local: LocalProtection): Answer | undefined {
  const remoteFingerprints = readFingerprints(media)
  const { fingerprint } = local
  if (fingerprint === undefined || remoteFingerprints.length === 0) return undefined
  const theirs = media.keying.setup
  if (theirs === 'holdconn') return undefined
  // RFC 4145 section 4: without the attribute the offerer is active.
  const setup = theirs === 'passive' ? 'active' : theirs === 'actpass' ? (local.setup ?? 'active') : 'passive'
  return {
    agreed: { dtls: { setup, remoteFingerprints } },
    keying: { cryptos: [], fingerprints: [formatFingerprint(fingerprint)], setup },
    departures: theirs === undefined ? ['the offer has a=fingerprint without a=setup (RFC 5763 section 5)'] : [],
  }
}

/**
 * What an answer to our offer settles. `offered` is our own line as it was sent: its keys are our keys.
 * Keying that was not offered fails; with `lenient` it is a departure, and media is plain where it may be.
 */
export function applyProtection(
  offered: SdpMedia,
  media: SdpMedia,
  protection: Protection | undefined,
  lenient: boolean,
): Settled | Refused {
  const departures: string[] = []
  if (media.profile !== offered.profile) {
    const why = `the answer has profile ${media.profile} to an offer of ${offered.profile}`
    if (!lenient) return refused(why)
    departures.push(`${why} (RFC 3264 section 6)`)
  }
  const profile = profileOf(offered)!
  const { cryptos, fingerprints } = media.keying
  const ours = { sdes: offered.keying.cryptos.length > 0, dtls: offered.keying.fingerprints.length > 0 }
  const theirs = { sdes: cryptos.length > 0, dtls: fingerprints.length > 0 }
  if (theirs.sdes && theirs.dtls) departures.push('the answer has both a=crypto and a=fingerprint (RFC 8643 section 3)')
  for (const keying of keyingsOf(protection)) {
    if (!ours[keying] || !theirs[keying]) continue
    const applied = keying === 'sdes' ? applyCrypto(offered, media) : applyFingerprint(offered, media)
    if (typeof applied === 'string') return refused(applied)
    departures.push(...applied.departures)
    return { ok: true, agreed: { profile, keying, ...applied.agreed }, departures }
  }
  if (profile !== 'RTP/AVP') return refused(`the answer to an offer of ${profile} brings no keys`)
  if (protection?.required === true) return refused('the answer brings no keys, and protected media is required')
  if (theirs.sdes || theirs.dtls) {
    const why = `the answer has a=${theirs.sdes ? 'crypto' : 'fingerprint'}, which was not offered`
    if (!lenient) return refused(why)
    departures.push(`${why} (RFC 8643 section 3)`)
  }
  return { ok: true, agreed: { profile }, departures }
}

function keyingsOf(protection: Protection | undefined): readonly Keying[] {
  if (protection === undefined) return []
  const { offer, keyings } = protection
  return offer === 'sdes' || offer === 'dtls' ? [offer] : keyings
}

/** RFC 4568 section 5.1.3: one line, of a tag and with the suite of ours. */
function applyCrypto(offered: SdpMedia, media: SdpMedia): Omit<Answer, 'keying'> | string {
  const [line] = readCryptos(media)
  if (line === undefined) return 'the a=crypto of the answer cannot be used'
  const own = readCryptos(offered).find((candidate) => candidate.tag === line.tag)
  if (own === undefined) return `the answer takes a=crypto number ${line.tag}, which was not offered`
  if (own.suite !== line.suite) return `the answer has suite ${line.suite} under the tag of ${own.suite}`
  return {
    agreed: { srtp: { profile: line.suite, local: masterKeyOf(own), remote: masterKeyOf(line) } },
    departures: media.keying.cryptos.length > 1 ? ['the answer has more than one a=crypto (RFC 4568 section 5.1.2)'] : [],
  }
}

/** The answerer chose: active or passive (RFC 5763 section 5). Without a choice it is passive (RFC 4145 section 4). */
function applyFingerprint(offered: SdpMedia, media: SdpMedia): Omit<Answer, 'keying'> | string {
  const remoteFingerprints = readFingerprints(media)
  if (remoteFingerprints.length === 0) return 'the a=fingerprint of the answer cannot be read'
  const theirs = media.keying.setup
  if (theirs === 'holdconn') return 'the answer holds the DTLS association (a=setup:holdconn)'
  const fixed = offered.keying.setup
  const setup = fixed === 'active' || fixed === 'passive' ? fixed : theirs === 'active' ? 'passive' : 'active'
  const fitting = (theirs === 'active' || theirs === 'passive') && theirs !== setup
  return {
    agreed: { dtls: { setup, remoteFingerprints } },
    departures: fitting ? [] : [`the answer has ${theirs === undefined ? 'no a=setup' : `a=setup:${theirs}`} (RFC 5763 section 5)`],
  }
}

function profileOf(media: SdpMedia): MediaProfile | undefined {
  const { profile } = media
  return profile === 'RTP/AVP' || profile === 'RTP/SAVP' || profile === 'UDP/TLS/RTP/SAVP' ? profile : undefined
}

/** Lines that can be used; what is wrong with others matters to nobody here. */
function readCryptos(media: SdpMedia): CryptoAttribute[] {
  return media.keying.cryptos.flatMap((line) => {
    const parsed = parseCryptoAttribute(line)
    return parsed.ok ? [parsed.crypto] : []
  })
}

function readFingerprints(media: SdpMedia): Fingerprint[] {
  return media.keying.fingerprints.map(parseFingerprint).filter((fingerprint) => fingerprint !== undefined)
}

function masterKeyOf({ tag: _, suite: __, spelling: ___, ...key }: CryptoAttribute): MasterKey {
  return key
}

/** What an answer repeats of the line it takes. */
function answerLine({ tag, suite, spelling }: CryptoAttribute): Pick<CryptoAttribute, 'tag' | 'suite' | 'spelling'> {
  return { tag, suite, ...(spelling === undefined ? {} : { spelling }) }
}

function suitesOf({ suites }: Protection): readonly ProtectionProfile[] {
  return suites ?? defaultSuites
}
