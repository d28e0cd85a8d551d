/**
 * RTP packets of one cell, decrypted where they are SRTP, and decoded: how they were protected,
 * which codec they really carry, what is heard in them, which digits they spell, and which are
 * missing. Works from packets alone, so that it
 * makes no difference whether a tap of ours or a capture beside a product took them.
 */
import { createDecoder } from '../../endpoint/media/codec.ts'
import { looksLikeRtcp, RtpHeader, rtpHeaderLength } from '../../protocol/rtp/packet.ts'
import { ReceivedAudio } from '../../protocol/rtp/received-audio.ts'
import { parseSdp } from '../../protocol/sdp/session.ts'
import type { CodecName } from '../../protocol/sdp/types.ts'
import type { RtpWire } from '../../protocol/wire.ts'
import type { StreamFacts } from './cell-evidence.ts'
import { payloadTypesOf } from './codecs.ts'
import { PacketOpener } from './packet-opener.ts'
import { keyingOf, protectionsOf, type SendingKey } from './protection.ts'
import type { Side, TracedCall } from './trace.ts'

/** What the payload types of one direction mean. */
interface Meanings {
  readonly audio: Record<number, CodecName>
  /** Clock rates of telephone-event. */
  readonly events: Record<number, number>
  /** Formats that are no codec of ours, by name. */
  readonly other: Record<number, string>
}

const codecNames: ReadonlySet<string> = new Set<CodecName>(['pcmu', 'pcma', 'opus'])

const noKeys: { readonly [S in Side]: readonly SendingKey[] } = { peer: [], edge: [] }

/**
 * Both directions of a cell's media. `wanted` is the codec of the cell, to point at the first
 * packet that is not of it; `keys` are what each side should send under.
 */
export function readStreams(
  wires: readonly RtpWire[],
  call: TracedCall | undefined,
  wanted: CodecName,
  keys = noKeys,
): { readonly [S in Side]: StreamFacts | undefined } {
  const { answer } = protectionsOf(call)
  const keyed = answer !== undefined && keyingOf(answer) !== undefined
  const read = (from: Side): StreamFacts | undefined => {
    const meanings = meaningsFor(from, call)
    return readStream(from, wires, meanings, wanted, new PacketOpener(keys[from], keyed, meanings))
  }
  return { peer: read('peer'), edge: read('edge') }
}

/**
 * A side sends with the payload type numbers the other side's description gives (RFC 3264
 * section 5.1). Static numbers mean the same everywhere (RFC 3551 table 4), and nearly
 * everybody uses 101 for events, negotiated or not.
 */
function meaningsFor(from: Side, call: TracedCall | undefined): Meanings {
  const meanings: Meanings = { audio: { 0: 'pcmu', 8: 'pcma' }, events: { 101: 8000 }, other: { 13: 'cn' } }
  const described = [call?.offer, call?.answer].filter((description) => description !== undefined)
  // The sender's own numbers first: some products use them; the receiver's then overrule.
  described.sort((a, b) => Number(b.by === from) - Number(a.by === from))
  for (const description of described) {
    const parsed = parseSdp(description.sdp)
    if (!parsed.ok) continue
    for (const [payloadType, { name, clockRate }] of payloadTypesOf(parsed.session)) {
      delete meanings.audio[payloadType]
      delete meanings.events[payloadType]
      delete meanings.other[payloadType]
      if (codecNames.has(name)) meanings.audio[payloadType] = name as CodecName
      else if (name === 'telephone-event') meanings.events[payloadType] = clockRate
      else meanings.other[payloadType] = name
    }
  }
  return meanings
}

function readStream(
  from: Side,
  wires: readonly RtpWire[],
  meanings: Meanings,
  wanted: CodecName,
  opener: PacketOpener,
): StreamFacts | undefined {
  const header = new RtpHeader()
  const tones: StreamFacts['tones'][number][] = []
  const codecs: Record<string, number> = {}
  let digits = ''
  let at = 0
  let unreadable = 0
  let firstForeignPacket: number | undefined
  const audio = new ReceivedAudio({
    formats: meanings,
    decoder: createDecoder,
    onDigit: (digit) => {
      digits += digit
    },
    onReading: (reading) => tones.push({ ...reading, at }),
  })
  wires.forEach((wire, index) => {
    if (wire.kind !== 'rtp' || (wire.dir === 'out') !== (from === 'peer') || !isRtp(wire.bytes)) return
    at = wire.at
    const { kind, bytes } = opener.open(wire.bytes, index + 1)
    // Nothing can be heard in it, and its length or padding would be misread. That it came counts.
    if (kind === 'unreadable') {
      unreadable += 1
      return
    }
    // Padding is encrypted: only the opened packet tells where the payload ends.
    if (header.read(bytes) !== undefined) return
    const arrival = audio.receive(header, bytes, wire.at)
    const { payloadType } = header
    if (arrival === 'duplicate') return
    if (meanings.events[payloadType] !== undefined || meanings.other[payloadType] === 'cn') return
    const name = meanings.audio[payloadType] ?? meanings.other[payloadType] ?? `pt ${payloadType}`
    codecs[name] = (codecs[name] ?? 0) + 1
    if (name !== wanted) firstForeignPacket ??= index + 1
  })
  audio.flush()
  const { packets, lost, duplicates, payloadTypes } = audio.counts()
  if (packets + unreadable === 0) return undefined
  const protection = opener.result()
  return { from, protection, packets: packets + unreadable, lost, duplicates, codecs, payloadTypes, tones, digits, firstForeignPacket }
}

/** RTP by its first bytes, encrypted or not; RTCP and DTLS may come on the same port (RFC 7983). */
const isRtp = (bytes: Uint8Array): boolean => bytes.length >= rtpHeaderLength && bytes[0]! >> 6 === 2 && !looksLikeRtcp(bytes)
