/** What a session asks of its captured SIP messages and packets. Pure. */

import { parseInfoDigit } from '../../../protocol/dtmf/info.ts'
import { parseSdp, type SdpSession } from '../../../protocol/sdp/session.ts'
import { parseCSeq } from '../../../protocol/sip/headers.ts'
import type { SipMessage } from '../../../protocol/sip/message.ts'
import type { RtpWire, SipWire } from '../../../protocol/wire.ts'
import type { MediaFacts } from '../peer.ts'
import type { IndexedCall } from './wire-index.ts'

/** Status of the last final response to a method, over all calls; 0 when there is none. */
export function finalStatus(calls: readonly IndexedCall[], method: string): number {
  const statuses = calls.flatMap(({ messages }) => messages.map((message) => statusOf(message, method)))
  return statuses.findLast((status) => status >= 200) ?? 0
}

function statusOf(message: SipMessage, method: string): number {
  return message.type === 'response' && parseCSeq(message.headers.get('CSeq'))?.method === method ? message.status : 0
}

/** Whether a request still waits for its final response. */
export function hasOpenRequest(calls: readonly IndexedCall[]): boolean {
  return calls.some(({ messages }) => {
    const answered = new Set<string>()
    for (const message of messages)
      if (message.type === 'response' && message.status >= 200) answered.add(message.headers.get('CSeq') ?? '')
    return messages.some(
      (message) => message.type === 'request' && message.method !== 'ACK' && !answered.has(message.headers.get('CSeq') ?? ''),
    )
  })
}

/** Asterisk's RTP ports, as its own descriptions name them. */
export function localPorts(calls: readonly IndexedCall[]): Set<number> {
  const lines = descriptions(calls).flatMap(({ dir, session }) => (dir === 'out' ? session.media : []))
  return new Set(lines.map(({ port }) => port).filter((port) => port !== 0))
}

/** Payload types that either side describes as telephone-event (RFC 4733), and 101: Asterisk uses it whether agreed or not. */
export function eventTypes(calls: readonly IndexedCall[]): Set<number> {
  const formats = descriptions(calls).flatMap(({ session }) => session.media.flatMap((line) => line.formats))
  return new Set([101, ...formats.filter(({ name }) => name === 'telephone-event').map(({ payloadType }) => payloadType)])
}

function descriptions(calls: readonly IndexedCall[]): { readonly dir: SipWire['dir']; readonly session: SdpSession }[] {
  return calls.flatMap(({ messages, wires }) =>
    messages.flatMap((message, index) => {
      if (!/^application\/sdp\b/i.test(message.headers.get('Content-Type') ?? '')) return []
      const parsed = parseSdp(new TextDecoder().decode(message.body))
      return parsed.ok ? [{ dir: wires[index]!.dir, session: parsed.session }] : []
    }),
  )
}

/** Digits that came to Asterisk in INFO requests. */
export function infoDigits(calls: readonly IndexedCall[]): { digit: string; at: number }[] {
  return calls.flatMap(({ messages, wires }) =>
    messages.flatMap((message, index) => {
      if (message.type !== 'request' || message.method !== 'INFO' || wires[index]!.dir !== 'in') return []
      const read = parseInfoDigit(message.headers.get('Content-Type') ?? '', new TextDecoder().decode(message.body))
      return read === undefined ? [] : [{ digit: read.digit, at: wires[index]!.at }]
    }),
  )
}

/** Who sent what to whom, counted from the packets. Undefined when there were none. */
export function mediaFacts(rtp: readonly RtpWire[]): MediaFacts | undefined {
  const first = rtp[0]
  if (first === undefined) return undefined
  const remote = rtp.findLast((wire) => wire.dir === 'out' && wire.kind === 'rtp')?.remote
  const byType: Record<RtpWire['dir'], Record<number, number>> = { in: {}, out: {} }
  const packets = { in: 0, out: 0 }
  for (const { dir, kind, bytes } of rtp) {
    if (kind !== 'rtp' || bytes.length < 2) continue
    const payloadType = bytes[1]! & 0x7f
    packets[dir] += 1
    byType[dir][payloadType] = (byType[dir][payloadType] ?? 0) + 1
  }
  return {
    local: first.local,
    ...(remote === undefined ? {} : { remote }),
    packetsIn: packets.in,
    packetsOut: packets.out,
    payloadTypesIn: byType.in,
    payloadTypesOut: byType.out,
  }
}
