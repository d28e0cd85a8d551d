/**
 * Expectations on how media is protected: what was described, what it is keyed by, and what
 * the packets of each direction really are. "Signalled secure, sent plain" fails here.
 */
import { fingerprintOf, isNamed } from '../../endpoint/media/dtls/fingerprint.ts'
import type { Axes } from '../../matrix/axes.ts'
import type { Fingerprint, Keying } from '../../protocol/sdp/types.ts'
import type { CellEvidence } from '../evidence/cell-evidence.ts'
import { certificatesOf } from '../evidence/dtls-certificates.ts'
import { type DescribedProtection, describedKeys, keyingOf, protectionOf, protectionsOf } from '../evidence/protection.ts'
import type { Side } from '../evidence/trace.ts'
import { always, type Expectation, type Finding, fail, inconclusive, pass } from './expectation.ts'

const other = (side: Side): Side => (side === 'peer' ? 'edge' : 'peer')
const isEncrypted = ({ media }: Axes): boolean => media !== 'rtp'
const isOpportunistic = ({ media }: Axes): boolean => media.startsWith('osrtp')
const keyingWanted = ({ media }: Axes): Keying => (media.endsWith('dtls') ? 'dtls' : 'sdes')
const keyedBySdes = (axes: Axes): boolean => isEncrypted(axes) && keyingWanted(axes) === 'sdes'
const keyedByDtls = (axes: Axes): boolean => isEncrypted(axes) && keyingWanted(axes) === 'dtls'

const secureProfile = { sdes: 'RTP/SAVP', dtls: 'UDP/TLS/RTP/SAVP' } as const satisfies Record<Keying, string>
const keyingTitle = { sdes: 'a=crypto', dtls: 'a=fingerprint' } as const satisfies Record<Keying, string>

/** RTP/SAVPF is RTP/SAVP with feedback (RFC 5124): as far as protection goes the same. */
const withoutFeedback = (profile: string): string => profile.replace(/F$/, '')
const isSecure = (profile: string): boolean => profile.includes('SAVP')

function inWords({ profile, cryptos, fingerprints }: DescribedProtection): string {
  const attributes = [...(cryptos.length > 0 ? ['a=crypto'] : []), ...(fingerprints.length > 0 ? ['a=fingerprint'] : [])]
  return attributes.length === 0 ? profile : `${profile} with ${attributes.join(' and ')}`
}

/** RFC 8643 for offers by opportunity, RFC 4568 and RFC 5763 for demands, RFC 3264 for what answers them. */
function profiles(evidence: CellEvidence): Finding {
  const { cell, call } = evidence
  const keying = keyingWanted(cell.axes)
  const expected = isOpportunistic(cell.axes)
    ? `RTP/AVP with ${keyingTitle[keying]} offered (RFC 8643) and answered`
    : `${secureProfile[keying]} wanted by the peer, keys offered and answered`
  const { offer, answer } = protectionsOf(call)
  if (call?.offer === undefined || call.answer === undefined || offer === undefined || answer === undefined)
    return inconclusive(expected, 'no offer and answer that can be read')
  const seen = `offered ${inWords(offer)}; answered ${inWords(answer)}`
  const bare = unkeyedOffer(evidence)
  if (bare !== undefined) {
    return fail(expected, `the ${bare.by} offered ${bare.words}`, {
      message: bare.number,
      cause: bare.by === 'edge' ? 'SRTP is not attempted although signalling is TLS' : 'the peer is not set up to encrypt audio',
    })
  }
  if (call.offer.by === 'peer' && !isOpportunistic(cell.axes) && withoutFeedback(offer.profile) !== secureProfile[keying])
    return fail(expected, seen, { message: call.offer.in.number, cause: 'the peer does not demand what it should' })
  if (withoutFeedback(answer.profile) !== withoutFeedback(offer.profile)) {
    return fail(expected, seen, {
      message: call.answer.in.number,
      cause: 'an answer has the profile of its offer (RFC 3264 section 6, RFC 8643 section 3)',
    })
  }
  return pass(expected, seen)
}

/** The first offer in the way of an attempt at SRTP: the edge has to begin with keys, the peer has to bring them. */
function unkeyedOffer({ trace, call }: CellEvidence): { by: Side; words: string; number: number } | undefined {
  const offer = call?.offer
  if (offer === undefined) return undefined
  const first =
    offer.by === 'edge'
      ? trace.messages.find((traced) => traced.from === 'edge' && traced.message.type === 'request' && traced.message.method === 'INVITE')
      : offer.in
  const described = protectionOf(Buffer.from((first ?? offer.in).message.body).toString())
  if (described === undefined || described.cryptos.length + described.fingerprints.length > 0) return undefined
  return { by: offer.by, words: inWords(described), number: (first ?? offer.in).number }
}

function keyed({ cell, call }: CellEvidence): Finding {
  const keying = keyingWanted(cell.axes)
  const { offer, answer } = protectionsOf(call)
  const expected =
    keying === 'sdes' ? 'one a=crypto answered, out of those offered' : 'a=fingerprint both ways, one side active, one passive'
  if (call?.answer === undefined || offer === undefined || answer === undefined)
    return inconclusive(expected, 'no offer and answer that can be read')
  const message = call.answer.in.number
  const agreed = keyingOf(answer)
  if (agreed === undefined)
    return fail(expected, `the ${call.answer.by} answered without keys: plain RTP`, {
      message,
      cause: 'encryption was declined (RFC 8643 section 3)',
    })
  if (agreed !== keying) return fail(expected, `keyed by ${keyingTitle[agreed]}`, { message, cause: 'another keying is preferred' })
  return keying === 'sdes' ? keyedByCrypto(expected, offer, answer, message) : keyedByHandshake(expected, offer, answer, message)
}

/** RFC 4568 section 5.1.2: exactly one line, the tag of one that was offered, its suite. */
function keyedByCrypto(expected: string, offer: DescribedProtection, answer: DescribedProtection, message: number): Finding {
  const [line, ...more] = answer.cryptos
  if (line === undefined || more.length > 0) return fail(expected, `${answer.cryptos.length} lines of a=crypto answered`, { message })
  const offered = offer.cryptos.find((crypto) => crypto.tag === line.tag)
  if (offered === undefined) return fail(expected, `a=crypto:${line.tag} answered, which was not offered`, { message })
  if (offered.suite !== line.suite) return fail(expected, `${line.suite} answered to ${offered.suite} of the same tag`, { message })
  return pass(expected, `${line.suite}, tag ${line.tag}`)
}

/** RFC 5763 section 5: the offerer leaves the roles open or takes one, the answerer takes the other. */
function keyedByHandshake(expected: string, offer: DescribedProtection, answer: DescribedProtection, message: number): Finding {
  if (offer.fingerprints.length === 0) return fail(expected, 'a fingerprint answered to an offer without one', { message })
  const roles = `a=setup:${offer.setup ?? '(none)'} offered, a=setup:${answer.setup ?? '(none)'} answered`
  const fits =
    (answer.setup === 'active' && offer.setup !== 'active') || (answer.setup === 'passive' && (offer.setup ?? 'active') !== 'passive')
  return fits ? pass(expected, roles) : fail(expected, roles, { message, cause: 'both sides wait for the other to begin, or both begin' })
}

/** RFC 4568 section 6.1: one key for both directions is one keystream for two streams. */
function keysNotReused({ call }: CellEvidence): Finding {
  const expected = 'every a=crypto has a key of its own'
  const keys = describedKeys(call)
  if (keys.length === 0) return inconclusive(expected, 'no key described')
  const seen = new Map<string, (typeof keys)[number]>()
  for (const one of keys) {
    const text = Buffer.concat([one.crypto.key]).toString('hex')
    const earlier = seen.get(text)
    if (earlier !== undefined) {
      const where = earlier.by === one.by ? `the ${one.by} uses one key twice` : `the ${one.by} repeats the key of the ${earlier.by}`
      return fail(expected, where, {
        message: (call?.answer?.by === one.by ? call.answer : call?.offer)?.in.number,
        cause: 'who knows one direction’s audio can read the other’s',
      })
    }
    seen.set(text, one)
  }
  return pass(expected, `${keys.length} different keys`)
}

/** RFC 5763 section 5: signalling vouches for the certificates, nobody else does. */
function certificatesNamed(evidence: CellEvidence): Finding {
  const expected = 'both certificates of the handshake are those the descriptions name'
  const { call, peer, streams } = evidence
  const named = namedFingerprints(evidence)
  const shown = certificatesOf(peer.rtp)
  for (const side of ['peer', 'edge'] as const) {
    const der = shown[side]
    if (der === undefined)
      return fail(expected, `no certificate of the ${side} was seen`, { cause: 'the DTLS handshake did not get that far' })
    if (!isNamed(der, named[side])) {
      const flows = (streams[other(side)]?.packets ?? 0) > 0
      return fail(
        expected,
        `the ${side} showed ${fingerprintOf(der).value.slice(0, 23)}…, which its description does not name${flows ? `, and the ${other(side)} took it` : ''}`,
        {
          message: (call?.offer?.by === side ? call.offer : call?.answer)?.in.number,
          cause: flows ? 'fingerprints are not compared: somebody in between can listen' : 'somebody may stand in between',
        },
      )
    }
  }
  return pass(expected, 'both named')
}

function namedFingerprints({ call }: CellEvidence): Readonly<Record<Side, readonly Fingerprint[]>> {
  const { offer, answer } = protectionsOf(call)
  const named: Record<Side, readonly Fingerprint[]> = { peer: [], edge: [] }
  if (call?.offer !== undefined) named[call.offer.by] = offer?.fingerprints ?? []
  if (call?.answer !== undefined) named[call.answer.by] = answer?.fingerprints ?? []
  return named
}

/** What a direction is judged by is its packets: the agreed key opens them, and without it they are noise. */
function encryptedTo(listener: Side): (evidence: CellEvidence) => Finding {
  const from = other(listener)
  return ({ streams, srtpKeys }) => {
    const expected = `every packet from the ${from} is SRTP under the agreed key`
    const protection = streams[from]?.protection
    if (protection === undefined) return inconclusive(expected, `not one packet came from the ${from}`)
    const { counts, first, kind, otherwise } = protection
    const known = srtpKeys[from].length > 0
    // Without keys all of them are guessed at, and ciphertext may look plain now and then.
    if (counts.plain > 0 && (known || kind === 'plain')) {
      return fail(expected, `${counts.plain} plain RTP packets from the ${from}, ${counts.srtp} of SRTP`, {
        packet: first.plain,
        cause: 'encryption was agreed on, but audio is sent in clear',
      })
    }
    // Unopened packets show neither codec nor tone nor digit.
    if (!known) return { ...inconclusive(expected, `the keys of the ${from} are not known`), blind: true }
    // Stragglers of a key that was just changed, or a damaged packet, are no stream of another key.
    if (counts.unreadable * unreadableShare > counts.srtp) {
      return fail(
        expected,
        `${counts.unreadable} packets from the ${from} that the agreed key does not open, ${counts.srtp} that it does`,
        {
          packet: first.unreadable,
          cause: otherwise === undefined ? 'another key, suite or tag length is used than was agreed on' : `they are ${otherwise}`,
        },
      )
    }
    return pass(expected, `${counts.srtp} packets, ${srtpKeys[from].at(-1)!.profile}`)
  }
}

/** At most one packet in so many may be unreadable. */
const unreadableShare = 50

/** Keys in a description protect nothing when everybody can read the description. */
function noKeysInClear({ trace }: CellEvidence): Finding {
  const expected = 'no key of the edge in a message that is not encrypted'
  for (const traced of trace.messages) {
    if (traced.from !== 'edge' || traced.wire.transport === 'tls' || traced.message.body.length === 0) continue
    const described = protectionOf(Buffer.from(traced.message.body).toString())
    if (described !== undefined && (isSecure(described.profile) || described.cryptos.length + described.fingerprints.length > 0)) {
      return fail(expected, `${inWords(described)} over ${traced.wire.transport.toUpperCase()}`, {
        message: traced.number,
        cause: 'whoever reads the signalling can decrypt the audio',
      })
    }
  }
  return pass(expected, 'none')
}

/** What RFC 8643 leaves open on secure signalling is settled on clear signalling: the answer is plain RTP. */
function keysOverlooked({ call }: CellEvidence): Finding {
  const expected = 'keys offered by the peer, RTP/AVP without keys answered'
  const { offer, answer } = protectionsOf(call)
  if (call?.answer === undefined || offer === undefined || answer === undefined)
    return inconclusive(expected, 'no offer and answer that can be read')
  if (call.offer?.by !== 'peer' || offer.cryptos.length + offer.fingerprints.length === 0)
    return inconclusive(expected, `the ${call.offer?.by} offered ${inWords(offer)}`)
  const seen = `${inWords(offer)} answered with ${inWords(answer)}`
  if (answer.cryptos.length + answer.fingerprints.length === 0 && !isSecure(answer.profile)) return pass(expected, seen)
  return fail(expected, seen, { message: call.answer.in.number, cause: 'whoever reads the signalling can decrypt the audio' })
}

/** Expectations of other files stand on these: what cannot be opened can be neither heard nor counted. */
export const protectedBoth = ['media.encrypted-to-peer', 'media.encrypted-to-edge'] as const

const established = ['call.established', 'dialog.contact', 'codec.negotiated']
const agreed = ['media.profile', 'media.keying', ...established]
const encrypted = ['secure.keys-not-reused', 'secure.fingerprint', ...agreed]
const keyingClause = (axes: Axes): string => `secure.srtp-${keyingWanted(axes)}`

export const protectionExpectations: readonly Expectation[] = [
  {
    id: 'media.profile',
    title: 'SRTP is offered and answered in the right form',
    clause: (axes) =>
      !isOpportunistic(axes) ? 'secure.demanded' : axes.direction === 'outbound' ? 'secure.always-attempted' : 'secure.osrtp',
    applies: isEncrypted,
    after: established,
    judge: profiles,
    remedy: 'set media encryption of the trunk to the kind the cell is about, optional or required',
  },
  {
    id: 'media.keying',
    title: 'Both sides agree on the keys',
    clause: keyingClause,
    applies: isEncrypted,
    after: ['media.profile', ...established],
    judge: keyed,
    remedy: 'allow the keying (SDES or DTLS) and a suite both sides know',
  },
  {
    id: 'secure.keys-not-reused',
    title: 'Each direction has a key of its own',
    clause: keyingClause,
    applies: keyedBySdes,
    after: agreed,
    judge: keysNotReused,
    remedy: 'update the product: a repeated key breaks the encryption',
  },
  {
    id: 'secure.fingerprint',
    title: 'The certificates are those that were announced',
    clause: keyingClause,
    applies: keyedByDtls,
    after: agreed,
    judge: certificatesNamed,
    remedy: 'announce the fingerprint of the certificate that is used, and compare the other side’s',
  },
  ...(['peer', 'edge'] as const).map(
    (listener): Expectation => ({
      id: `media.encrypted-to-${listener}`,
      title: `Audio to the ${listener} is encrypted`,
      clause: always('secure.media-encrypted'),
      applies: isEncrypted,
      after: encrypted,
      judge: encryptedTo(listener),
      remedy: `look at what the ${other(listener)} sends: SRTP was agreed on`,
    }),
  ),
  {
    id: 'secure.no-keys-in-clear',
    title: 'Keys travel over encrypted signalling alone',
    clause: always('secure.media-needs-signalling'),
    applies: (axes) => axes.transport !== 'tls',
    after: [],
    judge: noKeysInClear,
    remedy: 'switch media encryption off where signalling is not TLS, or switch to TLS',
  },
  {
    id: 'secure.keys-overlooked',
    title: 'Keys that come in clear are overlooked',
    clause: always('secure.media-needs-signalling'),
    applies: (axes) => axes.transport !== 'tls',
    after: established,
    judge: keysOverlooked,
    remedy: 'answer keys over TLS alone',
  },
]
