import { describe, expect, test } from 'vitest'
import { tonePair } from '../../protocol/audio/tone.ts'
import { describe as description } from '../evidence/fixture/signalling.ts'
import { altering, type Broken, numberOf, proofCall, without } from './evidence-fixture.ts'
import { judge } from './judge.ts'
import { mediaExpectations } from './media.ts'

interface BrokenMedia extends Broken {
  /** Number of the packet the finding must point at: the first whose payload type is this. */
  readonly packet?: number
}

const text = (value: string) => new TextEncoder().encode(value)
const g711 = (payloadType: number, name: string) => ({ payloadType, name, clockRate: 8000, channels: 1 })

/** The answer names these formats. */
const answering = (...formats: ReturnType<typeof g711>[]) =>
  altering('200 to INVITE', (message) => {
    message.body = text(description('edge', formats))
  })

const rewritten = (name: string, from: string | RegExp, to: string) =>
  altering(name, (message) => {
    message.body = text(new TextDecoder().decode(message.body).replace(from, to))
  })

const everyTwentieth = <T>(wires: T[]): T[] => wires.filter((_, index) => index % 20 !== 10)

const rows: readonly BrokenMedia[] = [
  {
    id: 'codec.negotiated',
    what: 'an answer with a codec that was not offered',
    changes: { sip: answering(g711(8, 'pcma')) },
    seen: 'the edge answered pcma; offered was pcmu',
    cause: /RFC 3264 section 6.1/,
    at: ['200 to INVITE'],
  },
  {
    id: 'codec.negotiated',
    what: 'another codec preferred',
    changes: {
      sip: (message, about) => {
        const both = [g711(0, 'pcmu'), g711(8, 'pcma')]
        if (about.name === 'INVITE') message.body = text(description('peer', both))
        if (about.name === '200 to INVITE') message.body = text(description('edge', both.toReversed()))
        return message
      },
    },
    seen: 'the edge answered pcma, pcmu',
    at: ['200 to INVITE'],
  },
  {
    id: 'codec.negotiated',
    what: 'a refused stream',
    changes: { sip: rewritten('200 to INVITE', /m=audio \d+/, 'm=audio 0') },
    seen: /^the audio stream was refused/,
    at: ['200 to INVITE'],
  },
  {
    id: 'codec.negotiated',
    what: 'an unreadable offer',
    changes: { sip: rewritten('INVITE', 'v=0', 'v=9') },
    seen: /^the offer cannot be read/,
    at: ['INVITE'],
  },
  {
    id: 'codec.negotiated',
    what: 'an unreadable answer',
    axes: { direction: 'outbound' },
    changes: { sip: rewritten('200 to INVITE', /m=audio \d+/, 'm=audio many') },
    seen: /^the answer cannot be read/,
    at: ['200 to INVITE'],
  },
  {
    id: 'codec.media',
    what: 'packets of another codec',
    changes: { speech: { peer: { codec: 'pcma', payloadType: 8 } } },
    seen: /^the peer sent \d+ packets of pcma$/,
    packet: 8,
  },
  {
    id: 'codec.media',
    what: 'packets of an unknown payload type',
    changes: { speech: { edge: { payloadType: 77 } } },
    seen: /^the edge sent \d+ packets of pt 77$/,
    packet: 77,
  },
  {
    id: 'codec.media',
    what: 'no packet from the edge',
    changes: { rtp: (wires, side) => (side === 'edge' ? [] : wires) },
    seen: 'no audio packet from the edge',
    cause: /RTP is blocked/,
  },
  {
    id: 'codec.media',
    what: 'events but no audio',
    changes: { rtp: (wires) => wires.filter(({ bytes }) => (bytes[1]! & 0x7f) === 101) },
    seen: 'no audio packet from the peer',
  },
  ...(['peer', 'edge'] as const).flatMap((listener): BrokenMedia[] => {
    const speaker = listener === 'peer' ? 'edge' : 'peer'
    const id = `media.heard-by-${listener}`
    return [
      {
        id,
        what: 'not one packet',
        changes: { rtp: (wires, side) => (side === speaker ? [] : wires) },
        seen: 'not one packet came',
        cause: /blocked/,
      },
      {
        id,
        what: 'silence',
        changes: { speech: { [speaker]: { tone: undefined } } },
        seen: /^\d+ packets without a tone$/,
        cause: /silent/,
      },
      { id, what: 'a tone too faint', changes: { speech: { [speaker]: { levelDbm0: -62 } } }, seen: /without a tone$/ },
    ]
  }),
  {
    id: 'media.heard-by-edge',
    what: 'packets that the edge itself did not hear',
    changes: { edge: { tones: [{ pair: undefined, levelDbm0: Number.NEGATIVE_INFINITY, purity: 0, windows: 1 }] } },
    seen: /without a tone$/,
  },
  {
    id: 'media.identity',
    what: 'the peer hears another call',
    changes: { speech: { edge: { tone: tonePair(7) } } },
    seen: `the peer heard ${tonePair(7).join('+')} Hz`,
    cause: /another call/,
  },
  {
    id: 'media.identity',
    what: 'the edge hears another call for a moment',
    changes: { edge: { tones: [tonePair(1), tonePair(9), tonePair(1)].map((pair) => ({ pair, levelDbm0: -16, purity: 1, windows: 1 })) } },
    seen: `the edge heard ${tonePair(9).join('+')} Hz`,
    cause: /another call/,
  },
  { id: 'media.level', what: 'clipping', changes: { speech: { edge: { gain: 24 } } }, seen: /at the peer$/, cause: /saturation/ },
  {
    id: 'media.level',
    what: 'clipping through Opus',
    axes: { codec: 'opus' },
    changes: { speech: { peer: { gain: 24 } } },
    seen: /at the edge$/,
    cause: /saturation/,
  },
  { id: 'media.level', what: 'a whisper', changes: { speech: { peer: { levelDbm0: -40 } } }, seen: /^-40\.\d dBm0/, cause: /attenuated/ },
  {
    id: 'media.level',
    what: 'something else mixed in',
    changes: { edge: { tones: [{ pair: tonePair(1), levelDbm0: -16, purity: 0.5, windows: 1 }] } },
    seen: /50 % pure at the edge$/,
    cause: /distorted/,
  },
  {
    id: 'media.loss',
    what: 'every twentieth packet missing',
    changes: { rtp: (wires, side) => (side === 'edge' ? everyTwentieth(wires) : wires) },
    seen: /from the edge$/,
    cause: /dropped/,
  },
  {
    id: 'media.loss',
    what: 'packets the edge did not get',
    changes: { edge: { lost: 20 } },
    seen: /^20 of \d+ from the peer$/,
    cause: /dropped/,
  },
  {
    id: 'media.fallback-plain',
    what: 'a secure profile in the answer',
    axes: { transport: 'tls' },
    changes: { sip: rewritten('200 to INVITE', 'RTP/AVP', 'RTP/SAVP') },
    seen: "the answer's profile is RTP/SAVP",
    at: ['200 to INVITE'],
  },
  {
    id: 'media.fallback-plain',
    what: 'an unreadable answer',
    axes: { transport: 'tls' },
    changes: { sip: rewritten('200 to INVITE', 'v=0', 'v=1') },
    seen: "the answer's profile is unreadable",
    at: ['200 to INVITE'],
  },
  {
    id: 'media.fallback-plain',
    what: 'packets that are noise without a key',
    axes: { transport: 'tls' },
    changes: {
      rtp: (wires, side) => (side === 'peer' ? wires.map((wire) => ({ ...wire, bytes: scrambled(wire.bytes) })) : wires),
    },
    seen: 'packets from the peer do not decode as plain audio',
  },
  {
    id: 'media.fallback-plain',
    what: 'signalling in the clear',
    axes: { transport: 'tls' },
    changes: { wire: ({ tls, ...wire }, { name }) => (name === 'BYE' ? { ...wire, transport: 'udp' } : { ...wire, ...(tls && { tls }) }) },
    seen: 'signalling fell back to UDP',
    at: ['BYE'],
  },
]

/** Payload as SRTP would leave it: the header readable, the rest noise. */
function scrambled(bytes: Uint8Array): Uint8Array {
  let state = bytes[3]! * 2_654_435_761
  return bytes.map((byte, index) => {
    if (index < 12) return byte
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return byte ^ (state >>> 24)
  })
}

describe('broken media', () => {
  test.each(rows)('$id: $what', ({ id, axes, changes, seen, cause, at, packet }) => {
    const evidence = proofCall(axes, changes)
    const [found] = judge([id], evidence)
    expect(found).toMatchObject({ verdict: 'fail', seen: typeof seen === 'string' ? seen : expect.stringMatching(seen) })
    expect(found!.remedy).toBeTruthy()
    if (cause !== undefined) expect(found!.cause).toMatch(cause)
    expect(found!.evidence?.message).toBe(at === undefined ? undefined : numberOf(evidence, ...at))
    const first = evidence.peer.rtp.findIndex(({ bytes }) => (bytes[1]! & 0x7f) === packet) + 1
    expect(found!.evidence?.packet).toBe(packet === undefined ? undefined : first)
  })

  test('every expectation has a row', () => {
    expect(new Set(rows.map(({ id }) => id))).toEqual(new Set(mediaExpectations.map(({ id }) => id)))
  })
})

describe('what is no fault', () => {
  test('a further codec behind the wanted one, if it was offered', () => {
    const sip = answering(g711(0, 'pcmu'), g711(9, 'g722'))
    expect(judge(['codec.negotiated'], proofCall({}, { sip }))[0]).toMatchObject({
      verdict: 'pass',
      seen: 'offered pcmu; answered pcmu, g722',
    })
  })

  test('one packet in a hundred missing, and duplicates', () => {
    const evidence = proofCall({}, { rtp: (wires) => wires.filter((_, index) => index !== 30).flatMap((wire) => [wire, wire]) })
    expect(judge(['media.loss'], evidence)[0]).toMatchObject({ verdict: 'pass' })
  })

  test('media says nothing where no answer came', () => {
    const evidence = proofCall({ transport: 'tls' }, { sip: without('200 to INVITE') })
    expect(judge(['codec.negotiated', 'media.fallback-plain'], evidence).map(({ verdict }) => verdict)).toEqual([
      'inconclusive',
      'inconclusive',
    ])
  })

  test('the fallback is asked of TLS with plain RTP alone', () => {
    expect(judge(['media.fallback-plain'], proofCall({ transport: 'tcp' }))).toEqual([])
  })

  test('two tones no call has, however clear: a codec begins like that', () => {
    const own = proofCall().edge!.tones
    const evidence = proofCall({}, { edge: { tones: [{ pair: [570, 620], levelDbm0: -20, purity: 0.95, windows: 1 }, ...own] } })
    expect(judge(['media.identity'], evidence)[0]).toMatchObject({ verdict: 'pass' })
  })

  test('a codec that stumbles for a moment: it is no other call, and the long stretches outweigh it', () => {
    const good = { pair: tonePair(1), levelDbm0: -16, purity: 0.99, windows: 90 }
    const stumble = { pair: tonePair(9), levelDbm0: -1, purity: 0.5, windows: 1 }
    const evidence = proofCall({}, { edge: { tones: [stumble, good, stumble, { ...stumble, pair: tonePair(1) }] } })
    expect(judge(['media.identity', 'media.level'], evidence).map(({ verdict }) => verdict)).toEqual(['pass', 'pass'])
  })

  test('an edge that says nothing is judged by the packets it got', () => {
    const ids = ['media.heard-by-edge', 'media.identity', 'media.level', 'media.loss']
    expect(judge(ids, proofCall({}, { edge: null })).map(({ verdict }) => verdict)).toEqual(['pass', 'pass', 'pass', 'pass'])
  })
})
