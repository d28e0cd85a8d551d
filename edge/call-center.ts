/**
 * Calls in and out. The way of an INVITE through here is the edge's hot path: maps in
 * memory, plain counters, no log line unless somebody debugs.
 */

import type { Clock, Timer } from '../endpoint/clock.ts'
import type { UserAgent } from '../endpoint/user-agent.ts'
import type { Call, IncomingCall } from '../endpoint/user-agent-types.ts'
import { attendIncoming, attendOutgoing } from './agent.ts'
import type { CallDesk, CallFilter } from './api/context.ts'
import type { AgentScript, CallAction, CallRequest } from './api/schemas.ts'
import { type CallView, snakeCase, type TraceView } from './api/views.ts'
import type { Authorizer } from './authorizer.ts'
import type { Bindings } from './bindings.ts'
import type { CallBook } from './call-book.ts'
import { CallRecord, endView, tlsView } from './call-record.ts'
import type { Directory } from './directory.ts'
import type { EdgeEventType, EventHub } from './events.ts'
import type { Log } from './log.ts'
import type { MediaPlace } from './media-place.ts'
import type { Metrics } from './metrics.ts'
import { signallingOnly } from './no-media.ts'
import { routeOutbound } from './outbound-route.ts'
import { fieldError, invalidFields, Problem } from './problem.ts'
import type { SipTraces } from './sip-traces.ts'
import type { TrunkSelection } from './trunk-selection.ts'

export interface CallCenterOptions {
  readonly userAgent: UserAgent
  readonly directory: Directory
  readonly selection: TrunkSelection
  readonly authorizer: Authorizer
  readonly bindings: Bindings
  readonly book: CallBook
  readonly events: EventHub
  readonly metrics: Metrics
  readonly traces: SipTraces
  readonly mediaPlace: MediaPlace
  readonly clock: Clock
  readonly log: Log
  readonly maxCalls: number
}

/** Seconds: when a caller turned away for load or a restart may come again. */
const retryAfter = 5
/** Seconds: the session interval RFC 4028 section 4 recommends. */
const sessionExpires = 1800
/** A phone nobody picks up does not ring for ever. */
const longestRingMs = 180_000
/** The last messages of a call come after its end: the 200 to a BYE, retransmissions. */
const traceLingerMs = 2_000

export class CallCenter implements CallDesk {
  readonly #options: CallCenterOptions
  readonly #lingering = new Set<Timer>()
  #draining = false

  constructor(options: CallCenterOptions) {
    this.#options = options
  }

  /** From now on no new call is taken or made. */
  stopNew(): void {
    this.#draining = true
  }

  /** Lets go of what outlives its call. */
  close(): void {
    for (const timer of this.#lingering) timer.cancel()
    this.#lingering.clear()
  }

  /** An INVITE from outside. */
  incoming(call: IncomingCall): void {
    const { book, metrics, selection, authorizer, mediaPlace, maxCalls } = this.#options
    if (this.#draining || book.active >= maxCalls) {
      metrics.refused.add(this.#draining ? 'draining' : 'capacity')
      call.reject(503, { headers: [['Retry-After', String(retryAfter)]] })
      return
    }
    const selected = selection.select(call.invite.uri)
    if (selected === undefined) {
      metrics.refused.add('unknown-number')
      call.reject(404)
      return
    }
    const { number, agent, trunk } = selected
    if (trunk !== undefined) {
      const verdict = authorizer.invite(call.invite, call.remoteAddress, trunk)
      if (verdict.kind === 'challenge') {
        call.challenge(verdict.values)
        return
      }
      if (verdict.kind === 'forbidden') {
        metrics.refused.add('forbidden')
        this.#options.log.info('call refused', { number, trunk: trunk.id, from: call.remoteAddress.address, why: verdict.why })
        call.reject(403)
        return
      }
    }
    const record = this.#open(call, number, trunk?.id, agent)
    const media = mediaPlace.towards(call.transport, call.remoteAddress, trunk)
    attendIncoming(call, agent.media ? media : signallingOnly(media), this.#agentOptions(agent))
    if (this.#options.log.debugging) this.#options.log.debug('call taken', { call: record.id, number })
  }

  async place(request: CallRequest): Promise<CallView> {
    const { directory, bindings, book, traces, mediaPlace, userAgent, maxCalls, log } = this.#options
    if (this.#draining) throw new Problem('draining', 'the edge is shutting down', { retryAfter })
    if (book.active >= maxCalls) throw new Problem('capacity', `the edge carries at most ${maxCalls} calls`, { retryAfter })
    const number = directory.number(request.number)
    const trunk = number && directory.trunk(number.trunk)
    if (number === undefined || trunk === undefined) {
      throw invalidFields([fieldError(['number'], `${request.number} is not imported here`)])
    }
    const routing = routeOutbound(number, trunk, request.to, bindings.of(trunk.id))
    if (!routing.ok) throw new Problem('call-refused', routing.why)
    const media = await mediaPlace.along(routing.route, trunk)
    const wanted = request.agent.media ? media : signallingOnly(media)
    const call = userAgent.invite({
      ...routing.route,
      media: wanted,
      headers: Object.entries(request.headers),
      sessionExpires,
      timeoutMs: longestRingMs,
    })
    traces.start(call.callId)
    const record = this.#open(call, number.number, trunk.id, request.agent)
    attendOutgoing(call, this.#agentOptions(request.agent))
    log.info('call placed', { call: record.id, number: record.number })
    return record.view()
  }

  list(filter: CallFilter): CallView[] {
    return this.#options.book.list(filter).map((record) => record.view())
  }

  get(id: string): CallView | undefined {
    return this.#options.book.get(id)?.view()
  }

  async act(id: string, action: CallAction): Promise<void> {
    const record = this.#options.book.get(id)
    if (record === undefined) throw new Problem('not-found', `there is no call ${id}, or it is no longer kept`)
    const { call } = record
    if (call === undefined) throw new Problem('call-refused', 'the call is over')
    if (action.action === 'hangup') return call.hangup()
    const { media, state } = call
    if (media === undefined || (state !== 'answered' && state !== 'confirmed')) {
      throw new Problem('call-refused', `the call is not answered (${state})`)
    }
    if (action.action === 'tone') {
      media.echo(false)
      media.play(action.tone ?? undefined, action.level_dbm0)
      return
    }
    const { digits, duration_ms: durationMs, gap_ms: gapMs } = action
    try {
      await media.sendDigits(digits, { ...(durationMs !== undefined && { durationMs }), ...(gapMs !== undefined && { gapMs }) })
    } catch (error) {
      throw new Problem('call-refused', `the digits were not all sent: ${(error as Error).message}`)
    }
  }

  trace(id: string): TraceView | undefined {
    const record = this.#options.book.get(id)
    const trace = record && this.#options.traces.get(record.callId)
    if (record === undefined || trace === undefined) return undefined
    const media = record.media()
    return {
      sip: trace.messages.map(({ at, dir, transport, local, remote, tls, bytes }) => ({
        at,
        dir,
        transport,
        local: { ...local },
        remote: { ...remote },
        bytes: Buffer.from(bytes).toString('base64'),
        ...(tls !== undefined && { tls: tlsView(tls) }),
      })),
      truncated: trace.truncated,
      rtp_summary: media === undefined ? null : (snakeCase(media) as Record<string, unknown>),
    }
  }

  #agentOptions(script: AgentScript) {
    const { clock, log } = this.#options
    return { script, clock, log }
  }

  /** Enters a call into the book and tells the world what becomes of it. */
  #open(call: Call, number: string, trunkId: string | undefined, agent: AgentScript): CallRecord {
    const { book, events, metrics } = this.#options
    const record = new CallRecord(call, number, trunkId)
    const tell = (type: EdgeEventType, more: () => Record<string, unknown> = () => ({})): void =>
      events.publish(type, [number], () => ({ id: record.id, call_id: record.callId, number, at: Date.now(), ...more() }))
    book.add(record)
    metrics.calls.add(record.direction)
    tell('call.started', () => ({ direction: record.direction, from: record.from, to: record.to }))
    call.once('ringing', () => {
      record.ringingAt = Date.now()
      tell('call.ringing')
    })
    call.once('answered', () => {
      record.answeredAt = Date.now()
      tell('call.answered')
      this.#hear(call, record, agent, tell)
    })
    call.once('confirmed', () => {
      record.confirmedAt = Date.now()
      tell('call.confirmed')
    })
    call.once('ended', (end) => {
      record.finish(end)
      book.end(record)
      metrics.ended.add(end.by)
      this.#endTrace(record)
      tell('call.ended', () => ({ ended: endView(end) }))
    })
    return record
  }

  #hear(
    call: Call,
    record: CallRecord,
    agent: AgentScript,
    tell: (type: EdgeEventType, more: () => Record<string, unknown>) => void,
  ): void {
    const { media } = call
    if (media === undefined) return
    media.on('digit', (digit) => {
      record.addDigit(digit)
      this.#options.metrics.digits.add(digit.method)
      tell('call.digit', () => ({ digit: digit.digit, method: digit.method, duration_ms: digit.durationMs, at: digit.at }))
    })
    if (!agent.listen) return
    media.on('tone', (tone) => {
      if (!record.addTone(tone)) return
      const level = Number.isFinite(tone.levelDbm0) ? tone.levelDbm0 : null
      tell('call.tone', () => ({ pair: tone.pair ?? null, level_dbm0: level, purity: tone.purity, at: tone.at }))
    })
  }

  #endTrace(record: CallRecord): void {
    const { traces, clock } = this.#options
    if (traces.get(record.callId) === undefined) return
    const timer = clock.setTimer(traceLingerMs, () => {
      this.#lingering.delete(timer)
      traces.finish(record.callId)
    })
    this.#lingering.add(timer)
  }
}
