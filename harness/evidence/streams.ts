/**
 * RTP packets of one cell, decoded: which codec they really carry, what is heard in them,
 * which digits they spell, and which are missing. Works from packets alone, so that it
 * makes no difference whether a tap of ours or a capture beside a product took them.
 */
import { createDecoder } from '../../endpoint/media/codec.ts'
import { type AudioDecoder, listeningRate } from '../../protocol/audio/decoder.ts'
import { ToneDetector } from '../../protocol/audio/tone-detector.ts'
import { EventReceiver } from '../../protocol/dtmf/event-receiver.ts'
import { digitOfEvent } from '../../protocol/dtmf/telephone-event.ts'
import { RtpHeader } from '../../protocol/rtp/packet.ts'
import { ReceptionStatistics } from '../../protocol/rtp/reception.ts'
import { parseSdp } from '../../protocol/sdp/session.ts'
import type { CodecName } from '../../protocol/sdp/types.ts'
import type { RtpWire } from '../../protocol/wire.ts'
import type { StreamFacts } from './cell-evidence.ts'
import { payloadTypesOf } from './codecs.ts'
import type { Side, TracedCall } from './trace.ts'

/** Meaning of a payload type: an audio codec of ours, events at a clock rate, or something else by name. */
type Meaning = { readonly audio: CodecName } | { readonly eventsAt: number } | { readonly other: string }

/** Payload types that mean the same everywhere (RFC 3551 table 4; RFC 3389 for comfort noise), and the one nearly everybody uses for events. */
const customary: ReadonlyMap<number, Meaning> = new Map<number, Meaning>([
  [0, { audio: 'pcmu' }],
  [8, { audio: 'pcma' }],
  [13, { other: 'cn' }],
  [101, { eventsAt: 8000 }],
])

const codecNames: ReadonlySet<string> = new Set<CodecName>(['pcmu', 'pcma', 'opus'])

/** Both directions of a cell's media. `wanted` is the codec of the cell, to point at the first packet that is not of it. */
export function readStreams(
  wires: readonly RtpWire[],
  call: TracedCall | undefined,
  wanted: CodecName,
): { readonly [S in Side]: StreamFacts | undefined } {
  return { peer: readStream('peer', wires, call, wanted), edge: readStream('edge', wires, call, wanted) }
}

function readStream(from: Side, wires: readonly RtpWire[], call: TracedCall | undefined, wanted: CodecName): StreamFacts | undefined {
  const meanings = meaningsFor(from, call)
  const reader = new StreamReader(from, meanings, wanted)
  wires.forEach((wire, index) => {
    if (wire.kind === 'rtp' && (wire.dir === 'out') === (from === 'peer')) reader.take(wire, index + 1)
  })
  return reader.facts()
}

/** A side sends with the payload type numbers the other side's description gives (RFC 3264 section 5.1). */
function meaningsFor(from: Side, call: TracedCall | undefined): ReadonlyMap<number, Meaning> {
  const meanings = new Map(customary)
  const described = [call?.offer, call?.answer].filter((description) => description !== undefined)
  // The sender's own numbers first: some products use them; the receiver's then overrule.
  described.sort((a, b) => Number(b.by === from) - Number(a.by === from))
  for (const description of described) {
    const parsed = parseSdp(description.sdp)
    if (!parsed.ok) continue
    for (const [payloadType, format] of payloadTypesOf(parsed.session)) {
      if (codecNames.has(format.name)) meanings.set(payloadType, { audio: format.name as CodecName })
      else if (format.name === 'telephone-event') meanings.set(payloadType, { eventsAt: format.clockRate })
      else meanings.set(payloadType, { other: format.name })
    }
  }
  return meanings
}

class StreamReader {
  readonly #from: Side
  readonly #meanings: ReadonlyMap<number, Meaning>
  readonly #wanted: CodecName
  readonly #header = new RtpHeader()
  readonly #sources = new Map<number, ReceptionStatistics>()
  readonly #codecs: Record<string, number> = {}
  readonly #payloadTypes: Record<number, number> = {}
  readonly #tones: StreamFacts['tones'][number][] = []
  readonly #ears = new Map<CodecName, { decoder: AudioDecoder; detector: ToneDetector }>()
  readonly #events = new Map<number, EventReceiver>()
  #digits = ''
  #packets = 0
  #foreign: number | undefined

  constructor(from: Side, meanings: ReadonlyMap<number, Meaning>, wanted: CodecName) {
    this.#from = from
    this.#meanings = meanings
    this.#wanted = wanted
  }

  take(wire: RtpWire, number: number): void {
    const header = this.#header
    if (header.read(wire.bytes) !== undefined) return
    this.#packets += 1
    this.#payloadTypes[header.payloadType] = (this.#payloadTypes[header.payloadType] ?? 0) + 1
    let source = this.#sources.get(header.ssrc)
    if (source === undefined) {
      source = new ReceptionStatistics(header.ssrc)
      this.#sources.set(header.ssrc, source)
    }
    if (source.sequence(header.sequenceNumber) === 'duplicate') return
    const meaning = this.#meanings.get(header.payloadType) ?? { other: `pt ${header.payloadType}` }
    const payload = wire.bytes.subarray(header.payloadStart, header.payloadEnd)
    if ('eventsAt' in meaning) this.#takeEvent(payload, meaning.eventsAt, wire.at)
    else if ('audio' in meaning) this.#takeAudio(meaning.audio, payload, wire.at, number)
    else if (meaning.other !== 'cn') this.#count(meaning.other, number)
  }

  facts(): StreamFacts | undefined {
    if (this.#packets === 0) return undefined
    for (const receiver of this.#events.values()) this.#digits += digitOfEvent(receiver.flush()?.event ?? -1) ?? ''
    const sources = [...this.#sources.values()]
    const sum = (pick: (source: ReceptionStatistics) => number): number => sources.reduce((total, source) => total + pick(source), 0)
    return {
      from: this.#from,
      packets: this.#packets,
      lost: sum((source) => source.lost),
      duplicates: sum((source) => source.duplicates),
      codecs: this.#codecs,
      payloadTypes: this.#payloadTypes,
      tones: this.#tones,
      digits: this.#digits,
      firstForeignPacket: this.#foreign,
    }
  }

  #takeEvent(payload: Uint8Array, clockRate: number, at: number): void {
    let receiver = this.#events.get(clockRate)
    if (receiver === undefined) {
      receiver = new EventReceiver(clockRate)
      this.#events.set(clockRate, receiver)
    }
    for (const { event } of receiver.receive(this.#header.timestamp, payload, at) ?? []) this.#digits += digitOfEvent(event) ?? ''
  }

  #takeAudio(codec: CodecName, payload: Uint8Array, at: number, number: number): void {
    this.#count(codec, number)
    let ear = this.#ears.get(codec)
    if (ear === undefined) {
      ear = { decoder: createDecoder(codec), detector: new ToneDetector({ sampleRate: listeningRate }) }
      this.#ears.set(codec, ear)
    }
    const pcm = ear.decoder.decode(payload)
    if (pcm === undefined) return
    for (const reading of ear.detector.push(pcm)) this.#tones.push({ ...reading, at })
  }

  #count(name: string, number: number): void {
    this.#codecs[name] = (this.#codecs[name] ?? 0) + 1
    if (name !== this.#wanted) this.#foreign ??= number
  }
}
