/** From tapped messages to a ladder: the sequence diagram of one attempt, redacted, as evidence keeps it. */
import type { Address, SipWire } from '../protocol/wire.ts'
import { redactBytes } from './redact.ts'
import type { Ladder, LadderDtmf, LadderEvent, LadderMedia, LadderMessage, Party } from './schema/evidence.ts'
import { schemaVersion } from './schema/results.ts'

/** An event with its epoch milliseconds; the ladder turns them into offsets. */
type Timed<T> = Omit<T, 'kind' | 't_ms' | 'until_ms'> & { readonly at: number }

export interface LadderInput {
  /** Left and right column. */
  readonly parties: readonly [Party, Party, ...Party[]]
  /** Id of the party whose host was tapped, and of the one it talks to. */
  readonly here: string
  readonly there: string
  /** Tells parties apart by address where there are more than two; undefined means `there` or `here`. */
  readonly partyOf?: (address: Address) => string | undefined
  readonly wires: readonly SipWire[]
  readonly media?: readonly (Timed<LadderMedia> & { readonly until: number })[]
  readonly dtmf?: readonly Timed<LadderDtmf>[]
  readonly notes?: readonly { readonly at: number; readonly text: string }[]
}

/** Builds a ladder. Messages are numbered in order of time; equal bytes sent the same way again are retransmissions. */
export function buildLadder(input: LadderInput): Ladder {
  const wires = input.wires.toSorted((a, b) => a.at - b.at)
  const { media = [], dtmf = [], notes = [] } = input
  const started = Math.min(...[...wires, ...media, ...dtmf, ...notes].map((event) => event.at))
  const zero = Number.isFinite(started) ? started : 0
  const offset = (at: number) => Math.round((at - zero) * 1000) / 1000
  const events: LadderEvent[] = [
    ...messages(input, wires, offset),
    ...media.map(({ at, until, ...bar }): LadderEvent => ({ kind: 'media', t_ms: offset(at), until_ms: offset(until), ...bar })),
    ...dtmf.map(({ at, ...digit }): LadderEvent => ({ kind: 'dtmf', t_ms: offset(at), ...digit })),
    ...notes.map(({ at, text }): LadderEvent => ({ kind: 'note', t_ms: offset(at), text })),
  ]
  return {
    schema_version: schemaVersion,
    started: new Date(zero).toISOString(),
    parties: [...input.parties],
    events: events.sort((a, b) => a.t_ms - b.t_ms),
  }
}

function messages({ here, there, partyOf }: LadderInput, wires: readonly SipWire[], offset: (at: number) => number): LadderMessage[] {
  const seen = new Set<string>()
  const calls = new Map<string, number>()
  return wires.map((wire, index) => {
    const redacted = redactBytes(wire.bytes)
    const text = new TextDecoder().decode(redacted)
    const sent = wire.dir === 'out'
    const local = partyOf?.(wire.local) ?? here
    const remote = partyOf?.(wire.remote) ?? there
    const message = describe(text)
    const { callId } = message
    if (callId !== undefined && !calls.has(callId)) calls.set(callId, calls.size)
    const identity = `${wire.dir} ${text}`
    const again = seen.has(identity)
    seen.add(identity)
    return {
      kind: 'message',
      t_ms: offset(wire.at),
      from: sent ? local : remote,
      to: sent ? remote : local,
      number: index + 1,
      label: message.label,
      ...(message.note ? { note: message.note } : {}),
      transport: wire.transport,
      source: formatAddress(sent ? wire.local : wire.remote),
      destination: formatAddress(sent ? wire.remote : wire.local),
      ...(callId === undefined ? {} : { call: calls.get(callId)! }),
      ...(again ? { retransmission: true } : {}),
      ...(message.malformed ? { malformed: true } : {}),
      text,
    }
  })
}

/** `host:port`, IPv6 in brackets. */
function formatAddress({ address, port }: Address): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

interface Description {
  readonly label: string
  readonly note?: string
  readonly callId?: string
  readonly malformed?: boolean
}

/** Reads only what an arrow shows, from text that need not be valid SIP. */
function describe(text: string): Description {
  const end = text.search(/\r?\n\r?\n/)
  const head = (end < 0 ? text : text.slice(0, end)).replace(/\r?\n[ \t]+/g, ' ')
  const first = head.split(/\r?\n/, 1)[0] ?? ''
  const header = (...names: string[]) => new RegExp(`^(?:${names.join('|')})[ \\t]*:[ \\t]*(.*)$`, 'im').exec(head)?.[1]?.trim()
  const callId = header('Call-ID', 'i')
  const identified = callId === undefined ? {} : { callId }
  const body = bodyNote(header('Content-Type', 'c'), end < 0 ? '' : text.slice(end))
  const status = /^SIP\/2\.0 (\d{3})\s*(.*)$/.exec(first)
  if (status) {
    const method = header('CSeq')?.split(/\s+/)[1]
    const note = [method, body].filter(Boolean).join(' · ')
    return { label: `${status[1]} ${status[2]}`.trim(), ...(note ? { note } : {}), ...identified }
  }
  const request = /^(\S+) \S+ SIP\/2\.0\s*$/.exec(first)
  if (!request) return { label: 'unreadable', malformed: true, ...identified }
  const inDialog = /;\s*tag=/i.test(header('To', 't') ?? '')
  const label = request[1] === 'INVITE' && inDialog ? 're-INVITE' : request[1]!
  return { label, ...(body ? { note: body } : {}), ...identified }
}

function bodyNote(contentType: string | undefined, body: string): string | undefined {
  const type = contentType?.split(';')[0]?.trim().toLowerCase()
  if (!type || body.trim() === '') return undefined
  if (type === 'application/sdp') return `SDP${/^m=audio \d+ (\S+)/m.exec(body)?.[1]?.replace(/^/, ' ') ?? ''}`
  if (type === 'application/dtmf-relay') return `digit ${/^Signal\s*=\s*(\S+)/im.exec(body)?.[1] ?? '?'}`
  if (type === 'application/dtmf') return `digit ${body.trim()}`
  return type
}
