/**
 * One call as the edge remembers it: while it lasts the call itself is asked, afterwards
 * only facts are kept, so that the call's sockets, timers and dialog can go.
 */

import type { DigitEvent, MediaStats, SrtpKeys, ToneEvent } from '../endpoint/media/types.ts'
import type { Call, CallEnd, CallState } from '../endpoint/user-agent-types.ts'
import type { Negotiated, Protection } from '../protocol/sdp/types.ts'
import type { Address, TlsFacts, Transport } from '../protocol/wire.ts'
import { type CallView, snakeCase } from './api/views.ts'
import type { OutboundAttempts } from './outbound-attempts.ts'
import { ToneLog } from './tone-log.ts'

const maxDigits = 1000
/** Keys change with a re-INVITE; a peer that sends one after another is not followed for ever. */
const maxKeys = 32

/** One INVITE of an outbound call: what it offered, and how it ended unless it is the one in force. */
interface Attempt {
  readonly callId: string
  readonly offer: Protection['offer']
  end?: CallEnd
}

/** What a call can tell at one moment. */
interface CallFacts {
  readonly state: CallState
  readonly transport: Transport
  readonly remote: Address
  readonly tls: TlsFacts | undefined
  readonly localSdp: string | undefined
  readonly remoteSdp: string | undefined
  readonly negotiated: Negotiated | undefined
  readonly media: MediaStats | undefined
}

export class CallRecord {
  readonly id: string
  readonly direction: 'inbound' | 'outbound'
  readonly number: string
  readonly trunkId: string | undefined
  readonly from: string
  readonly to: string
  /** Epoch milliseconds, like all times here. */
  readonly startedAt = Date.now()
  ringingAt: number | undefined
  answeredAt: number | undefined
  confirmedAt: number | undefined
  endedAt: number | undefined
  end: CallEnd | undefined
  /** Of an outbound call: what may still be tried. */
  attempts: OutboundAttempts | undefined
  readonly #digits: DigitEvent[] = []
  readonly #tones = new ToneLog()
  readonly #keys: SrtpKeys[] = []
  readonly #callIds: string[] = []
  readonly #tried: Attempt[] = []
  #call: Call | undefined
  #last: CallFacts | undefined

  constructor(call: Call, number: string, trunkId: string | undefined) {
    this.id = call.id
    this.#callIds.push(call.callId)
    this.direction = call.direction === 'in' ? 'inbound' : 'outbound'
    this.number = number
    this.trunkId = trunkId
    this.from = call.direction === 'in' ? call.remoteUri : call.localUri
    this.to = call.direction === 'in' ? call.localUri : call.remoteUri
    this.#call = call
  }

  /** The call, while it lasts; between two INVITEs the one that was refused. */
  get call(): Call | undefined {
    return this.#call
  }

  /** Of the newest INVITE. */
  get callId(): string {
    return this.#callIds.at(-1) ?? ''
  }

  /** Of every INVITE, in order. */
  get callIds(): readonly string[] {
    return this.#callIds
  }

  /** An INVITE of ours that offers this; the record is about it from now on. */
  follow(call: Call, { offer }: Protection): void {
    if (!this.#callIds.includes(call.callId)) this.#callIds.push(call.callId)
    this.#call = call
    this.#tried.push({ callId: call.callId, offer })
  }

  /** The INVITE in force was refused, and another may follow. */
  refused(end: CallEnd): void {
    const attempt = this.#tried.at(-1)
    if (attempt !== undefined) attempt.end = end
  }

  addKeys(keys: SrtpKeys): void {
    if (this.#keys.length < maxKeys) this.#keys.push(keys)
  }

  /** Every pair of SRTP master keys this call used, where somebody asked to have them kept. */
  get keys(): readonly SrtpKeys[] {
    return this.#keys
  }

  addDigit(digit: DigitEvent): void {
    if (this.#digits.length < maxDigits) this.#digits.push(digit)
  }

  /** True when the reading is a change. */
  addTone(tone: ToneEvent): boolean {
    return this.#tones.add(tone)
  }

  /** The call is over: keeps its facts and lets go of it. */
  finish(end: CallEnd): void {
    if (this.#call === undefined) return
    this.#last = { ...factsOf(this.#call), state: 'ended' }
    this.#call = undefined
    this.end = end
    this.endedAt = Date.now()
  }

  view(): CallView {
    const facts = this.#call === undefined ? this.#last : factsOf(this.#call)
    const { end } = this
    return {
      id: this.id,
      call_id: this.callId,
      direction: this.direction,
      number: this.number,
      trunk: this.trunkId ?? null,
      from: this.from,
      to: this.to,
      // Between two INVITEs the refused one is over, the call is not.
      state: facts === undefined || (facts.state === 'ended' && end === undefined) ? 'setup' : facts.state,
      started_at: this.startedAt,
      ...(this.ringingAt !== undefined && { ringing_at: this.ringingAt }),
      ...(this.answeredAt !== undefined && { answered_at: this.answeredAt }),
      ...(this.confirmedAt !== undefined && { confirmed_at: this.confirmedAt }),
      ...(this.endedAt !== undefined && { ended_at: this.endedAt }),
      ...(end !== undefined && { ended: endView(end) }),
      transport: {
        protocol: facts?.transport ?? 'udp',
        remote: { address: facts?.remote.address ?? '', port: facts?.remote.port ?? 0 },
        tls: facts?.tls === undefined ? null : tlsView(facts.tls),
      },
      sdp: { local: withoutKeys(facts?.localSdp), remote: withoutKeys(facts?.remoteSdp) },
      negotiated: facts?.negotiated === undefined ? null : negotiatedView(facts.negotiated),
      ...(this.#tried.length > 0 && {
        attempts: this.#tried.map((attempt) => ({
          call_id: attempt.callId,
          offer: attempt.offer,
          ...(attempt.end !== undefined && { ended: endView(attempt.end) }),
        })),
      }),
      digits: this.#digits.map(({ digit, method, durationMs, at }) => ({ digit, method, duration_ms: durationMs, at })),
      tones: this.#tones.list().map(({ pair, at, until, windows, levelDbm0, purity }) => ({
        pair: pair === undefined ? null : [pair[0], pair[1]],
        level_dbm0: Number.isFinite(levelDbm0) ? levelDbm0 : null,
        purity,
        at,
        until,
        windows,
      })),
      media: facts?.media === undefined ? null : (snakeCase(facts.media) as Record<string, unknown>),
    }
  }

  /** Media figures, now or as they were at the end. */
  media(): MediaStats | undefined {
    return this.#call === undefined ? this.#last?.media : this.#call.media?.stats()
  }
}

export const endView = (end: CallEnd): NonNullable<CallView['ended']> => ({
  by: end.by,
  ...(end.status !== undefined && { status: end.status }),
  ...(end.reason !== undefined && { reason: end.reason }),
})

/** Keys in a description (RFC 4568 section 6.1) are for the two who talk, not for who looks at a call. */
const withoutKeys = (sdp: string | undefined): string | null => sdp?.replace(/inline:[^\s|;]+/gi, 'inline:(hidden)') ?? null

function negotiatedView({ srtp, ...negotiated }: Negotiated): Record<string, unknown> {
  return { ...(snakeCase(negotiated) as Record<string, unknown>), ...(srtp !== undefined && { suite: srtp.profile }) }
}

export function tlsView(tls: TlsFacts): NonNullable<CallView['transport']['tls']> {
  return {
    version: tls.version,
    cipher: tls.cipher,
    authorized: tls.authorized,
    ...(tls.verifyError !== undefined && { verify_error: tls.verifyError }),
    peer_names: [...tls.peerNames],
    ...(tls.servername !== undefined && { servername: tls.servername }),
  }
}

function factsOf(call: Call): CallFacts {
  const { media } = call
  return {
    state: call.state,
    transport: call.transport,
    remote: call.remoteAddress,
    tls: call.tls,
    localSdp: media?.localSdp,
    remoteSdp: media?.remoteSdp,
    negotiated: media?.negotiated,
    media: media?.stats(),
  }
}
