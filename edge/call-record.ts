/**
 * One call as the edge remembers it: while it lasts the call itself is asked, afterwards
 * only facts are kept, so that the call's sockets, timers and dialog can go.
 */

import type { DigitEvent, MediaStats, ToneEvent } from '../endpoint/media/types.ts'
import type { Call, CallEnd, CallState } from '../endpoint/user-agent-types.ts'
import type { Negotiated } from '../protocol/sdp/types.ts'
import type { Address, TlsFacts, Transport } from '../protocol/wire.ts'
import { type CallView, snakeCase } from './api/views.ts'
import { ToneLog } from './tone-log.ts'

const maxDigits = 1000

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
  readonly callId: string
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
  readonly #digits: DigitEvent[] = []
  readonly #tones = new ToneLog()
  #call: Call | undefined
  #last: CallFacts | undefined

  constructor(call: Call, number: string, trunkId: string | undefined) {
    this.id = call.id
    this.callId = call.callId
    this.direction = call.direction === 'in' ? 'inbound' : 'outbound'
    this.number = number
    this.trunkId = trunkId
    this.from = call.direction === 'in' ? call.remoteUri : call.localUri
    this.to = call.direction === 'in' ? call.localUri : call.remoteUri
    this.#call = call
  }

  /** The call, while it lasts. */
  get call(): Call | undefined {
    return this.#call
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
      state: facts?.state ?? 'ended',
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
      sdp: { local: facts?.localSdp ?? null, remote: facts?.remoteSdp ?? null },
      negotiated: facts?.negotiated === undefined ? null : (snakeCase(facts.negotiated) as Record<string, unknown>),
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
