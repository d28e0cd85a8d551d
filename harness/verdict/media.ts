/** Expectations on media: codec in the descriptions and in the packets, tones heard, level, loss, and that plain is plain. */
import { type TonePair, tonePairIndex } from '../../protocol/audio/tone.ts'
import { parseSdp } from '../../protocol/sdp/session.ts'
import type { CodecName } from '../../protocol/sdp/types.ts'
import type { CellEvidence, HeardStretch, StreamFacts } from '../evidence/cell-evidence.ts'
import { codecsOf } from '../evidence/codecs.ts'
import type { Side } from '../evidence/trace.ts'
import { always, clauseOf, type Expectation, type Finding, fail, pass } from './expectation.ts'
import { protectedBoth } from './protection.ts'

/** Share of packets that may be missing: above what scheduling costs, far below what an ear or a fault makes of it. */
const lossBound = 0.02
/** Level of a whole window, dBm0: products differ in how loud they play a tone, clipping and muting lie outside. */
const levelBound = { least: -32, most: -3 }
/**
 * Share of a window's energy in its two tones. G.711 carries a waveform. Opus in its speech modes
 * (RFC 6716 section 4.2) carries a model of a voice: it owes a tone recognised, not a tone untouched.
 */
const leastPurity: Readonly<Record<CodecName, number>> = { pcmu: 0.8, pcma: 0.8, opus: 0.5 }
/** A pair this clear is somebody's audio, not a codec's stumble. */
const clearPurity = 0.8

const other = (side: Side): Side => (side === 'peer' ? 'edge' : 'peer')
const pairText = (pair: TonePair | undefined): string => (pair === undefined ? 'no tone' : `${pair[0]}+${pair[1]} Hz`)
const isPair = (pair: TonePair | undefined): pair is TonePair => pair !== undefined && tonePairIndex(pair) !== undefined
const samePair = (a: TonePair, b: TonePair): boolean => a[0] === b[0] && a[1] === b[1]

function negotiated({ cell, call }: CellEvidence): Finding {
  const wanted = cell.axes.codec
  const expected = `the answer chooses ${wanted} out of what was offered`
  if (call?.offer === undefined || call.answer === undefined) return { verdict: 'inconclusive', expected, seen: 'no offer and answer' }
  const offer = parseSdp(call.offer.sdp)
  const answer = parseSdp(call.answer.sdp)
  if (!offer.ok) return fail(expected, `the offer cannot be read: ${offer.error.detail}`, { message: call.offer.in.number })
  if (!answer.ok) return fail(expected, `the answer cannot be read: ${answer.error.detail}`, { message: call.answer.in.number })
  const offered = codecsOf(offer.session)
  const answered = codecsOf(answer.session)
  if (answered.length === 0) return fail(expected, 'the audio stream was refused (port 0 or no codec)', { message: call.answer.in.number })
  const foreign = answered.filter((codec) => !offered.includes(codec))
  if (foreign.length === answered.length) {
    return fail(expected, `the ${call.answer.by} answered ${answered.join(', ')}; offered was ${offered.join(', ')}`, {
      message: call.answer.in.number,
      cause: 'an answer must name at least one offered format (RFC 3264 section 6.1)',
    })
  }
  if (answered[0] !== wanted)
    return fail(expected, `the ${call.answer.by} answered ${answered.join(', ')}`, { message: call.answer.in.number })
  return pass(expected, `offered ${offered.join(', ')}; answered ${answered.join(', ')}`)
}

function packetsOfCodec({ cell, streams }: CellEvidence): Finding {
  const wanted = cell.axes.codec
  const expected = `audio packets both ways, all ${wanted}`
  const seen: string[] = []
  for (const side of ['peer', 'edge'] as const) {
    const stream = streams[side]
    const names = Object.keys(stream?.codecs ?? {})
    if (stream === undefined || names.length === 0)
      return fail(expected, `no audio packet from the ${side}`, { cause: 'RTP is blocked or sent elsewhere' })
    const foreign = names.filter((name) => name !== wanted)
    if (foreign.length > 0) {
      return fail(expected, `the ${side} sent ${foreign.map((name) => `${stream.codecs[name]} packets of ${name}`).join(', ')}`, {
        packet: stream.firstForeignPacket,
      })
    }
    seen.push(`${stream.codecs[wanted]} from the ${side}`)
  }
  return pass(expected, seen.join(', '))
}

/** What one side heard of the other: from the packets, and from what the edge itself says. */
function heardBy(listener: Side, { streams, edge }: CellEvidence): readonly HeardStretch[] {
  if (listener === 'edge' && edge !== undefined) return edge.tones
  return (streams[other(listener)]?.tones ?? []).map(({ pair, levelDbm0, purity }) => ({ pair, levelDbm0, purity, windows: 1 }))
}

function hears(listener: Side): (evidence: CellEvidence) => Finding {
  return (evidence) => {
    const expected = `the ${listener} hears a tone from the ${other(listener)}`
    const stream = evidence.streams[other(listener)]
    const pairs = heardBy(listener, evidence).filter((reading) => reading.pair !== undefined)
    if (pairs.length === 0) {
      const packets = stream?.packets ?? 0
      return fail(expected, packets === 0 ? 'not one packet came' : `${packets} packets without a tone`, {
        cause:
          packets === 0 ? 'RTP is blocked, or sent to an address that does not lead there' : 'the stream is silent or cannot be decoded',
      })
    }
    return pass(expected, `${pairText(pairs[0]!.pair)} in ${pairs.length} readings`)
  }
}

/** Each call has its own pair of tones, so that another call's audio cannot pass for this one's. */
function ownTones(evidence: CellEvidence): Finding {
  const { identity } = evidence
  const expected = `the peer hears ${pairText(identity.edgeTone)}, the edge hears ${pairText(identity.peerTone)}`
  for (const listener of ['peer', 'edge'] as const) {
    const wanted = listener === 'peer' ? identity.edgeTone : identity.peerTone
    const heard = heardBy(listener, evidence)
    // A codec that stumbles may look like two tones for a moment; another call's audio is a pair calls have, and a clear one.
    const strange = heard.find(({ pair, purity }) => isPair(pair) && !samePair(pair, wanted) && purity >= clearPurity)
    if (strange !== undefined) {
      return fail(expected, `the ${listener} heard ${pairText(strange.pair)}`, { cause: 'audio of another call reached this one' })
    }
  }
  return pass(expected, 'each side heard its own call')
}

function level(evidence: CellEvidence): Finding {
  const least = leastPurity[evidence.cell.axes.codec]
  const expected = `tones between ${levelBound.least} and ${levelBound.most} dBm0, at least ${least * 100} % of the energy in the tone`
  const seen: string[] = []
  for (const listener of ['peer', 'edge'] as const) {
    const readings = heardBy(listener, evidence).filter((reading) => reading.pair !== undefined)
    if (readings.length === 0) continue
    const levelDbm0 = median(readings, (reading) => reading.levelDbm0)
    const purity = median(readings, (reading) => reading.purity)
    const text = `${levelDbm0.toFixed(1)} dBm0, ${(purity * 100).toFixed(0)} % pure at the ${listener}`
    if (levelDbm0 < levelBound.least || levelDbm0 > levelBound.most)
      return fail(expected, text, { cause: levelDbm0 > levelBound.most ? 'samples are driven into saturation' : 'audio is attenuated' })
    if (purity < least) return fail(expected, text, { cause: 'audio is distorted or mixed with something else' })
    seen.push(text)
  }
  return pass(expected, seen.join('; '))
}

/** The value in the middle of all windows. */
function median(stretches: readonly HeardStretch[], pick: (stretch: HeardStretch) => number): number {
  const sorted = stretches.toSorted((a, b) => pick(a) - pick(b))
  const half = sorted.reduce((total, { windows }) => total + windows, 0) / 2
  let passed = 0
  for (const stretch of sorted) {
    passed += stretch.windows
    if (passed > half) return pick(stretch)
  }
  throw new RangeError('no stretch has a middle')
}

function loss({ streams, edge }: CellEvidence): Finding {
  const expected = `at most ${lossBound * 100} % of the packets of either side missing`
  const seen: string[] = []
  for (const side of ['peer', 'edge'] as const) {
    const stream = streams[side]
    if (stream === undefined) continue
    const lost = Math.max(stream.lost, side === 'peer' ? (edge?.lost ?? 0) : 0)
    const share = lost / Math.max(1, stream.packets + stream.lost)
    const text = `${lost} of ${stream.packets + stream.lost} from the ${side}`
    if (share > lossBound) return fail(expected, text, { cause: 'packets are dropped on the way or never sent' })
    seen.push(text)
  }
  return pass(expected, seen.join(', '))
}

/** The guide's fallback: signalling stays TLS, media is plain RTP when SRTP was not negotiated. */
function plainFallback(evidence: CellEvidence): Finding {
  const { call, streams, trace } = evidence
  const expected = 'RTP/AVP described, packets that decode without a key, signalling still over TLS'
  if (call?.answer === undefined) return { verdict: 'inconclusive', expected, seen: 'no answer' }
  const answer = parseSdp(call.answer.sdp)
  const profile = answer.ok ? answer.session.media[0]?.profile : undefined
  if (profile !== 'RTP/AVP') return fail(expected, `the answer's profile is ${profile ?? 'unreadable'}`, { message: call.answer.in.number })
  const unreadable = (['peer', 'edge'] as const).find((side) => !decodes(streams[side]))
  if (unreadable !== undefined) return fail(expected, `packets from the ${unreadable} do not decode as plain audio`)
  const clear = trace.messages.find((traced) => traced.wire.transport !== 'tls')
  if (clear !== undefined) return fail(expected, `signalling fell back to ${clear.wire.transport.toUpperCase()}`, { message: clear.number })
  return pass(expected, 'RTP/AVP, plain both ways, signalling over TLS')
}

const decodes = (stream: StreamFacts | undefined): boolean => stream?.tones.some((reading) => reading.pair !== undefined) ?? false

const established = ['call.established', 'dialog.contact']
/** Without a codec in common there is nothing to hear. */
const onTop = ['codec.negotiated', ...established]

export const mediaExpectations: readonly Expectation[] = [
  {
    id: 'codec.negotiated',
    title: 'The answer chooses the codec',
    clause: clauseOf.codec,
    after: established,
    judge: negotiated,
    remedy: 'allow the codec on the trunk, in both directions',
  },
  {
    id: 'codec.media',
    title: 'Packets carry the codec',
    clause: clauseOf.codec,
    after: [...protectedBoth, ...onTop],
    judge: packetsOfCodec,
    remedy: 'forbid transcoding or late codec changes on the trunk',
  },
  {
    id: 'media.heard-by-peer',
    title: 'The peer hears the edge',
    clause: clauseOf.codec,
    after: [...protectedBoth, ...onTop],
    judge: hears('peer'),
    remedy: 'open the RTP range in the firewall and set the external media address',
  },
  {
    id: 'media.heard-by-edge',
    title: 'The edge hears the peer',
    clause: clauseOf.codec,
    after: [...protectedBoth, ...onTop],
    judge: hears('edge'),
    remedy: 'open the RTP range in the firewall and set the external media address',
  },
  {
    id: 'media.identity',
    title: 'Each side hears its own call',
    clause: clauseOf.codec,
    after: ['media.heard-by-peer', 'media.heard-by-edge', ...onTop],
    judge: ownTones,
    remedy: 'look for RTP ports used by two calls at once',
  },
  {
    id: 'media.level',
    title: 'Audio is undistorted',
    clause: clauseOf.codec,
    after: ['media.heard-by-peer', 'media.heard-by-edge', ...onTop],
    judge: level,
    remedy: 'take gain and level control off the trunk',
  },
  {
    id: 'media.loss',
    title: 'Packets arrive',
    clause: clauseOf.codec,
    after: [...protectedBoth, ...onTop],
    judge: loss,
    remedy: 'look for rate limits and full queues on the path',
  },
  {
    id: 'media.fallback-plain',
    title: 'Media falls back to plain RTP, signalling stays TLS',
    clause: always('secure.fallback'),
    applies: (axes) => axes.transport === 'tls' && axes.media === 'rtp',
    after: ['media.heard-by-peer', 'media.heard-by-edge', ...onTop],
    judge: plainFallback,
    remedy: 'let the trunk accept RTP/AVP, or demand SRTP and reject what is not encrypted',
  },
]
