import { describe, expect, test } from 'vitest'
import type { Axes } from '../../matrix/axes.ts'
import type { RtpWire } from '../../protocol/wire.ts'
import { expectationIds } from '../../scenarios/expectations.ts'
import { deviationsOf } from '../evidence/deviations.ts'
import { certificates, cryptoLine, fingerprintLines, masterKeys, protectRtp } from '../evidence/fixture/protection.ts'
import type { Side } from '../evidence/trace.ts'
import { altering, type Broken, numberOf, proofCall } from './evidence-fixture.ts'
import { judge } from './judge.ts'
import { protectionExpectations } from './protection.ts'

interface BrokenProtection extends Broken {
  /** The finding points at the first packet of this side. */
  readonly packetOf?: Side
}

const encrypted = (media: Axes['media'], direction: Axes['direction'] = 'inbound'): Partial<Axes> => ({
  transport: 'tls',
  media,
  direction,
})

const rewritten = (name: string, from: string | RegExp, to: string, side?: Side) =>
  altering(
    name,
    (message) => {
      message.body = Buffer.from(Buffer.from(message.body).toString().replace(from, to))
    },
    side,
  )

const keyedInClear = (by: Side) => rewritten(by === 'peer' ? 'INVITE' : '200 to INVITE', /$/, cryptoLine(by))

/** Takes every attribute of keying out. */
const unkeyed = (name: string) => rewritten(name, /a=(?:crypto|fingerprint|setup):.*\r\n/g, '')

const anotherKey = { key: Buffer.alloc(16, 7), salt: Buffer.alloc(14, 9) }

const rows: readonly BrokenProtection[] = [
  {
    id: 'media.profile',
    what: 'an edge that does not attempt SRTP',
    axes: encrypted('osrtp-sdes', 'outbound'),
    changes: { sip: unkeyed('INVITE') },
    seen: 'the edge offered RTP/AVP',
    cause: /not attempted/,
    at: ['INVITE'],
  },
  {
    id: 'media.profile',
    what: 'a peer that offers nothing',
    axes: encrypted('osrtp-dtls'),
    changes: { sip: unkeyed('INVITE') },
    seen: 'the peer offered RTP/AVP',
    cause: /not set up/,
    at: ['INVITE'],
  },
  {
    id: 'media.profile',
    what: 'a peer that should demand and only wishes',
    axes: encrypted('sdes'),
    changes: { sip: (message, about) => rewritten(about.name, 'RTP/SAVP', 'RTP/AVP')(message, about) },
    seen: 'offered RTP/AVP with a=crypto; answered RTP/AVP with a=crypto',
    cause: /demand/,
    at: ['INVITE'],
  },
  ...(['inbound', 'outbound'] as const).map(
    (direction): BrokenProtection => ({
      id: 'media.profile',
      what: `another profile answered, ${direction}`,
      axes: encrypted('osrtp-sdes', direction),
      changes: { sip: rewritten('200 to INVITE', 'RTP/AVP', 'RTP/SAVP') },
      seen: /answered RTP\/SAVP with a=crypto$/,
      cause: /RFC 8643/,
      at: ['200 to INVITE'],
    }),
  ),
  {
    id: 'media.keying',
    what: 'an answer without keys',
    axes: encrypted('osrtp-dtls', 'outbound'),
    changes: { sip: unkeyed('200 to INVITE') },
    seen: 'the peer answered without keys: plain RTP',
    at: ['200 to INVITE'],
  },
  {
    id: 'media.keying',
    what: 'the other keying',
    axes: encrypted('osrtp-dtls', 'outbound'),
    changes: {
      sip: (message, about) => unkeyed('200 to INVITE')(rewritten('200 to INVITE', /$/, cryptoLine('peer'))(message, about), about),
    },
    seen: 'the peer answered without keys: plain RTP',
  },
  {
    id: 'media.keying',
    what: 'the tag of a line that was not offered',
    axes: encrypted('sdes'),
    changes: { sip: rewritten('200 to INVITE', 'crypto:1', 'crypto:4') },
    seen: 'a=crypto:4 answered, which was not offered',
    at: ['200 to INVITE'],
  },
  {
    id: 'media.keying',
    what: 'another suite under the same tag',
    axes: encrypted('sdes'),
    changes: { sip: rewritten('200 to INVITE', '_80', '_32') },
    seen: 'AES_CM_128_HMAC_SHA1_32 answered to AES_CM_128_HMAC_SHA1_80 of the same tag',
    at: ['200 to INVITE'],
  },
  {
    id: 'media.keying',
    what: 'two lines in an answer',
    axes: encrypted('sdes'),
    changes: { sip: rewritten('200 to INVITE', /$/, cryptoLine('edge', 2)) },
    seen: '2 lines of a=crypto answered',
    at: ['200 to INVITE'],
  },
  {
    id: 'media.keying',
    what: 'a handshake in which nobody chose a part',
    axes: encrypted('dtls'),
    changes: { sip: rewritten('200 to INVITE', 'setup:active', 'setup:actpass') },
    seen: 'a=setup:actpass offered, a=setup:actpass answered',
    at: ['200 to INVITE'],
  },
  {
    id: 'media.keying',
    what: 'a handshake that both begin',
    axes: encrypted('dtls'),
    changes: { sip: rewritten('INVITE', 'setup:actpass', 'setup:active') },
    seen: 'a=setup:active offered, a=setup:active answered',
    at: ['200 to INVITE'],
  },
  {
    id: 'secure.keys-not-reused',
    what: 'the key of the offer in the answer',
    axes: encrypted('sdes'),
    changes: { sip: rewritten('200 to INVITE', /a=crypto.*\r\n/, cryptoLine('peer')) },
    seen: 'the edge repeats the key of the peer',
    cause: /the other’s/,
    at: ['200 to INVITE'],
  },
  {
    id: 'secure.keys-not-reused',
    what: 'one key for two lines of an offer',
    axes: encrypted('osrtp-sdes'),
    changes: { sip: rewritten('INVITE', /$/, cryptoLine('peer', 2)) },
    seen: 'the peer uses one key twice',
    at: ['INVITE'],
  },
  ...(['peer', 'edge'] as const).map(
    (side): BrokenProtection => ({
      id: 'secure.fingerprint',
      what: `the ${side} shows another certificate, and its audio is taken`,
      axes: encrypted('dtls'),
      changes: { certificate: { [side]: Buffer.alloc(500, 'somebody else') } },
      seen: new RegExp(`^the ${side} showed [\\dA-F:]{23}…, which its description does not name, and the \\w+ took it$`),
      cause: /in between can listen/,
      at: [side === 'peer' ? 'INVITE' : '200 to INVITE'],
    }),
  ),
  {
    id: 'secure.fingerprint',
    what: 'a certificate that is refused',
    axes: encrypted('osrtp-dtls', 'outbound'),
    changes: { certificate: { peer: Buffer.alloc(500, 'somebody else') }, rtp: () => [] },
    seen: /does not name$/,
    cause: /may stand in between/,
    at: ['200 to INVITE'],
  },
  {
    id: 'secure.fingerprint',
    what: 'no handshake',
    axes: encrypted('dtls'),
    changes: { certificate: { edge: null } },
    seen: 'no certificate of the edge was seen',
  },
  ...(['peer', 'edge'] as const).flatMap((listener): BrokenProtection[] => {
    const from = listener === 'peer' ? 'edge' : 'peer'
    const id = `media.encrypted-to-${listener}`
    return [
      ...(['pcmu', 'opus'] as const).map(
        (codec): BrokenProtection => ({
          id,
          what: `keyed, and sent plain: ${codec}`,
          axes: { ...encrypted('osrtp-sdes'), codec },
          changes: { protect: { [from]: (wires: RtpWire[]) => wires } },
          seen: new RegExp(`^\\d+ plain RTP packets from the ${from}, 0 of SRTP$`),
          cause: /sent in clear/,
          ...(codec === 'pcmu' ? { packetOf: from } : {}),
        }),
      ),
      {
        id,
        what: 'a short start in clear',
        axes: encrypted('sdes'),
        changes: { protect: { [from]: (wires: RtpWire[]) => [...wires.slice(0, 3), ...protectRtp(wires.slice(3), from)] } },
        seen: new RegExp(`^3 plain RTP packets from the ${from}, \\d+ of SRTP$`),
        packetOf: from,
      },
      {
        id,
        what: 'another key than the one agreed on',
        axes: encrypted('dtls', 'outbound'),
        changes: { protect: { [from]: (wires: RtpWire[]) => protectRtp(wires, from, { master: anotherKey }) } },
        seen: new RegExp(`^\\d+ packets from the ${from} that the agreed key does not open, 0 that it does$`),
        cause: /another key/,
      },
      {
        id,
        what: 'a tag of another length',
        axes: encrypted('sdes'),
        changes: { protect: { [from]: (wires: RtpWire[]) => protectRtp(wires, from, { profile: 'AES_CM_128_HMAC_SHA1_32' }) } },
        seen: /does not open, 0 that it does$/,
        cause: /^they are AES_CM_128_HMAC_SHA1_32$/,
        packetOf: from,
      },
    ]
  }),
  {
    id: 'secure.no-keys-in-clear',
    what: 'an edge that offers keys over UDP',
    axes: { transport: 'udp', direction: 'outbound' },
    changes: { sip: rewritten('INVITE', /$/, cryptoLine('edge')) },
    seen: 'RTP/AVP with a=crypto over UDP',
    cause: /whoever reads the signalling/,
    at: ['INVITE'],
  },
  {
    id: 'secure.no-keys-in-clear',
    what: 'an edge that answers keys over TCP',
    axes: { transport: 'tcp' },
    changes: { sip: rewritten('200 to INVITE', /$/, fingerprintLines('edge', 'active')) },
    seen: 'RTP/AVP with a=fingerprint over TCP',
    at: ['200 to INVITE'],
  },
  {
    id: 'secure.keys-overlooked',
    what: 'an edge that answers what came in clear',
    axes: { transport: 'udp' },
    changes: { sip: (message, about) => keyedInClear(about.name === 'INVITE' ? 'peer' : 'edge')(message, about) },
    seen: 'RTP/AVP with a=crypto answered with RTP/AVP with a=crypto',
    cause: /whoever reads the signalling/,
    at: ['200 to INVITE'],
  },
]

/** Every fourth packet's payload begins alike, as ciphertext now and then does. */
function alikeAtFirst(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice()
  if (((copy[2]! << 8) | copy[3]!) % 8 < 2) copy[12] = 0x78
  return copy
}

describe('broken protection', () => {
  test.each(rows)('$id: $what', ({ id, axes, changes, seen, cause, at, packetOf }) => {
    const evidence = proofCall(axes, changes)
    const [found] = judge([id], evidence)
    expect(found).toMatchObject({ verdict: 'fail', seen: typeof seen === 'string' ? seen : expect.stringMatching(seen) })
    expect(found!.remedy).toBeTruthy()
    if (cause !== undefined) expect(found!.cause).toMatch(cause)
    if (at !== undefined) expect(found!.evidence?.message).toBe(numberOf(evidence, ...at))
    if (packetOf !== undefined) {
      const first = evidence.peer.rtp.findIndex((wire) => (wire.dir === 'out') === (packetOf === 'peer') && wire.bytes[0]! >> 6 === 2)
      expect(found!.evidence?.packet).toBe(first + 1)
    }
  })

  test('every expectation has a row', () => {
    expect(new Set(rows.map(({ id }) => id))).toEqual(new Set(protectionExpectations.map(({ id }) => id)))
  })

  // What cannot be opened cannot be heard either: that is the same fault, and said once.
  test.each(rows.filter(({ axes }) => axes?.transport === 'tls'))('is one fault, $id alone: $what', ({ id, axes, changes }) => {
    const ids = expectationIds.filter((one) => !['secure.plain-refused', 'acl.stranger-refused'].includes(one))
    const silent = { tones: [{ pair: undefined, levelDbm0: Number.NEGATIVE_INFINITY, purity: 0, windows: 1 }], digits: [] }
    const judged = judge(ids, proofCall(axes, { ...changes, edge: silent, understood: { peer: '', edge: '' } }))
    expect(judged.filter(({ verdict }) => verdict === 'fail').map((one) => one.id)).toEqual([id])
  })
})

describe('what is no fault', () => {
  const verdictsOf = (evidence: ReturnType<typeof proofCall>) =>
    judge(
      protectionExpectations.map(({ id }) => id),
      evidence,
    ).map(({ id, verdict }) => `${id} ${verdict}`)

  test('cells of plain RTP over TLS are asked nothing of it', () => {
    expect(verdictsOf(proofCall({ transport: 'tls' }))).toEqual([])
    expect(verdictsOf(proofCall())).toEqual(['secure.no-keys-in-clear pass', 'secure.keys-overlooked inconclusive'])
  })

  test('an optimistic peer that demands DTLS, as Asterisk does: a deviation', () => {
    const axes = encrypted('osrtp-dtls')
    const sip = (name: string) => rewritten(name, 'RTP/AVP', 'UDP/TLS/RTP/SAVP')
    const evidence = proofCall(axes, {
      sip: (message, about) => sip('200 to INVITE')(sip('INVITE')(message, about), about),
    })
    expect(verdictsOf(evidence).filter((text) => !text.endsWith('pass'))).toEqual([])
    expect(deviationsOf(evidence)).toEqual([
      {
        id: 'osrtp.profile',
        detail: 'the peer offers UDP/TLS/RTP/SAVP where opportunistic SRTP is RTP/AVP with keys',
        reference: 'RFC 8643 section 3.1',
        message: numberOf(evidence, 'INVITE'),
      },
    ])
    expect(deviationsOf(proofCall(axes))).toEqual([])
    expect(deviationsOf(proofCall(encrypted('dtls')))).toEqual([])
  })

  test('a packet damaged on the way, and one that came twice', () => {
    const spoil = (wires: ReturnType<typeof protectRtp>) => {
      const bytes = wires[9]!.bytes.slice()
      bytes[40] = bytes[40]! ^ 1
      return [...wires.slice(0, 9), { ...wires[9]!, bytes }, ...wires.slice(10, 20), wires[19]!, ...wires.slice(20)]
    }
    const protect = { edge: (wires: Parameters<typeof protectRtp>[0]) => spoil(protectRtp(wires, 'edge')) }
    const evidence = proofCall(encrypted('sdes'), { protect })
    expect(judge(['media.encrypted-to-peer', 'media.loss'], evidence).map(({ verdict }) => verdict)).toEqual(['pass', 'pass'])
    expect(evidence.streams.edge).toMatchObject({ duplicates: 1, protection: { kind: 'srtp', counts: { unreadable: 1, plain: 0 } } })
  })

  test('keys nobody knows decide nothing; that what came is not plain is seen all the same', () => {
    const unknown = proofCall(encrypted('dtls'), { peer: { srtpKeys: [] } })
    expect(judge(['media.encrypted-to-peer'], unknown)[0]).toMatchObject({
      verdict: 'inconclusive',
      seen: 'the keys of the edge are not known',
    })
    const opus = { ...encrypted('dtls'), codec: 'opus' as const }
    const lookalikes = (wires: readonly RtpWire[]) =>
      protectRtp(wires, 'edge').map((wire) => ({ ...wire, bytes: alikeAtFirst(wire.bytes) }))
    const alike = proofCall(opus, { peer: { srtpKeys: [] }, protect: { edge: lookalikes } })
    expect(alike.streams.edge!.protection.counts.plain).toBeGreaterThan(0)
    expect(judge(['media.encrypted-to-peer'], alike)[0]).toMatchObject({ verdict: 'inconclusive' })
    const plain = proofCall(encrypted('dtls'), { peer: { srtpKeys: [] }, protect: { edge: (wires) => [...wires] } })
    expect(judge(['media.encrypted-to-peer'], plain)[0]).toMatchObject({ verdict: 'fail' })
  })

  test('keys that come in clear and are overlooked, and a peer that brings none', () => {
    const overlooked = proofCall({ transport: 'tcp' }, { sip: keyedInClear('peer') })
    expect(judge(['secure.keys-overlooked'], overlooked)[0]).toMatchObject({
      verdict: 'pass',
      seen: 'RTP/AVP with a=crypto answered with RTP/AVP',
    })
    expect(judge(['secure.keys-overlooked'], proofCall())[0]).toMatchObject({ verdict: 'inconclusive', seen: 'the peer offered RTP/AVP' })
  })

  test('what rests on packets that cannot be opened is left alone: nothing of it is red', () => {
    const unknown = proofCall(encrypted('dtls'), { peer: { srtpKeys: [] } })
    const judged = judge(['media.encrypted-to-peer', 'codec.media', 'media.heard-by-peer', 'media.level', 'media.loss'], unknown)
    expect(judged.map(({ verdict }) => verdict)).toEqual(['inconclusive', 'skipped', 'skipped', 'skipped', 'skipped'])
  })

  test('a key that was changed during the call', () => {
    const [at, rekeyed] = [Date.parse('2026-11-23T12:00:00Z'), Date.parse('2026-11-23T12:00:01Z')]
    const keys = (time: number, local: typeof anotherKey) => ({
      at: time,
      keying: 'dtls' as const,
      profile: 'AES_CM_128_HMAC_SHA1_80' as const,
      local,
      remote: masterKeys.edge,
    })
    const evidence = proofCall(encrypted('dtls'), {
      peer: { srtpKeys: [keys(at, { ...masterKeys.peer } as typeof anotherKey), keys(rekeyed, anotherKey)] },
      protect: {
        peer: (wires) => [...protectRtp(wires.slice(0, 20), 'peer'), ...protectRtp(wires.slice(20), 'peer', { master: anotherKey })],
      },
    })
    expect(judge(['media.encrypted-to-edge'], evidence)[0]).toMatchObject({ verdict: 'pass' })
    expect(evidence.streams.peer!.protection.counts.unreadable).toBe(0)
  })

  test('certificates as long as products send them, in whatever pieces', () => {
    expect(certificates.peer.length).toBeGreaterThan(300)
    expect(judge(['secure.fingerprint'], proofCall(encrypted('osrtp-dtls', 'outbound')))[0]).toMatchObject({ verdict: 'pass' })
  })
})
