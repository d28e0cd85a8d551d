/**
 * Calls in and out. The way of an INVITE through here is the edge's hot path: maps in
 * memory, plain counters, no log line unless somebody debugs.
 */

import type { Clock, Timer } from '../endpoint/clock.ts'
import type { FaultSet } from '../endpoint/faults.ts'
import type { MediaOptions, SrtpKeys } from '../endpoint/media/types.ts'
import type { UserAgent } from '../endpoint/user-agent.ts'
import type { Call, CallEnd, IncomingCall, OutgoingCall } from '../endpoint/user-agent-types.ts'
import type { Protection } from '../protocol/sdp/types.ts'
import { attendIncoming, attendOutgoing } from './agent.ts'
import type { CallDesk, CallFilter } from './api/context.ts'
import type { AgentScript, CallAction, CallRequest } from './api/schemas.ts'
import type { CallView, TraceView } from './api/views.ts'
import type { Authorizer } from './authorizer.ts'
import type { Bindings } from './bindings.ts'
import type { CallBook } from './call-book.ts'
import { CallRecord, endView } from './call-record.ts'
import type { Directory } from './directory.ts'
import type { EdgeEventType, EventHub } from './events.ts'
import type { Log } from './log.ts'
import type { MediaPlace } from './media-place.ts'
import { type Protections, protections } from './media-policy.ts'
import type { Metrics } from './metrics.ts'
import { signallingOnly } from './no-media.ts'
import { OutboundAttempts } from './outbound-attempts.ts'
import { type OutboundRoute, routeOutbound } from './outbound-route.ts'
import { fieldError, invalidFields, Problem } from './problem.ts'
import type { SipTraces } from './sip-traces.ts'
import { inlineKey, traceView } from './trace-view.ts'
import type { TrunkSelection } from './trunk-selection.ts'
import { endUnkeyed } from './unkeyed-media.ts'

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
  readonly faults: FaultSet
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
    for (const record of this.#options.book.unfinished()) record.attempts?.giveUp()
    for (const timer of this.#lingering) timer.cancel()
    this.#lingering.clear()
  }

  /** An INVITE from outside. */
  incoming(call: IncomingCall): void {
    const { book, metrics, selection, authorizer, mediaPlace, faults, maxCalls } = this.#options
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
      const verdict = authorizer.invite(call.invite, call.remoteAddress, trunk, call.tls)
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
    const record = this.#open(call, number, trunk?.id)
    this.#watch(call, record, agent)
    const place = mediaPlace.towards(call.transport, call.remoteAddress, trunk)
    const [protection] = protections({ trunk, secure: call.transport === 'tls', faults })
    const media = this.#guarded(place, protection, agent, (keys) => record.addKeys(keys))
    attendIncoming(call, media, this.#agentOptions(agent))
    if (this.#options.log.debugging) this.#options.log.debug('call taken', { call: record.id, number })
  }

  async place(request: CallRequest): Promise<CallView> {
    const { directory, bindings, book, mediaPlace, faults, maxCalls } = this.#options
    if (this.#draining) throw new Problem('draining', 'the edge is shutting down', { retryAfter })
    if (book.active >= maxCalls) throw new Problem('capacity', `the edge carries at most ${maxCalls} calls`, { retryAfter })
    const number = directory.number(request.number)
    const trunk = number && directory.trunk(number.trunk)
    if (number === undefined || trunk === undefined) {
      throw invalidFields([fieldError(['number'], `${request.number} is not imported here`)])
    }
    const routing = routeOutbound(number, trunk, request.to, bindings.of(trunk.id))
    if (!routing.ok) throw new Problem('call-refused', routing.why)
    const { media, secure } = await mediaPlace.along(routing.route, trunk)
    const all = protections({ trunk, secure, faults })
    if (all[0].required && !all[0].allowed) {
      throw new Problem('call-refused', `trunk ${trunk.id} requires SRTP, which needs signalling over TLS`)
    }
    return this.#callOut(request, trunk.id, routing.route, media, all).view()
  }

  /** Sends the first INVITE, and those that follow when one is refused for its description. */
  #callOut(request: CallRequest, trunkId: string, route: OutboundRoute, place: MediaOptions, all: Protections): CallRecord {
    const { userAgent, traces, clock, log } = this.#options
    const { number, agent, headers } = request
    const send = (protection: Protection): OutgoingCall => {
      const media = this.#guarded(place, protection, agent, (keys) => record.addKeys(keys))
      const call = userAgent.invite({ ...route, media, headers: Object.entries(headers), sessionExpires, timeoutMs: longestRingMs })
      traces.start(call.callId)
      return call
    }
    const follow = (call: OutgoingCall, protection: Protection): void => {
      record.follow(call, protection)
      this.#watch(call, record, agent)
      attendOutgoing(call, this.#agentOptions(agent))
      log.info('call placed', { call: record.id, number: record.number, offer: protection.offer })
    }
    const first = send(all[0])
    const record = this.#open(first, number, trunkId)
    record.attempts = new OutboundAttempts({
      // A call about signalling alone has nothing to protect.
      protections: agent.media ? all : [all[0]],
      clock,
      again: (protection, refusal) => {
        if (this.#draining) this.#over(record, refusal)
        else follow(send(protection), protection)
      },
      over: (end) => this.#over(record, end),
    })
    follow(first, all[0])
    return record
  }

  /** Media as the trunk and the agent want it, with its keys shown to who asked for them. */
  #guarded(place: MediaOptions, protection: Protection, agent: AgentScript, keep: (keys: SrtpKeys) => void): MediaOptions {
    const { faults, log } = this.#options
    const leak = faults.has('leak-key')
    if (!agent.media) return signallingOnly(place)
    if (!agent.trace && !leak) return { ...place, protection }
    const srtpKeyTap = (keys: SrtpKeys): void => {
      if (agent.trace) keep(keys)
      if (leak) log.info('media keyed', { crypto: `${keys.profile} inline:${inlineKey(keys.local)}` })
    }
    return { ...place, protection, srtpKeyTap }
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
    if (action.action === 'hangup') {
      if (record.attempts?.giveUp({ by: 'local', status: 487 }) === true) return
      return call.hangup()
    }
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
    const found = record?.callIds.map((callId) => this.#options.traces.get(callId)).filter((trace) => trace !== undefined)
    return record === undefined || found === undefined || found.length === 0 ? undefined : traceView(record, found)
  }

  #agentOptions(script: AgentScript) {
    const { clock, log } = this.#options
    return { script, clock, log }
  }

  /** Enters a call into the book. */
  #open(call: Call, number: string, trunkId: string | undefined): CallRecord {
    const { book, metrics } = this.#options
    const record = new CallRecord(call, number, trunkId)
    book.add(record)
    metrics.calls.add(record.direction)
    this.#tell(record, 'call.started', () => ({ direction: record.direction, from: record.from, to: record.to }))
    return record
  }

  #tell(record: CallRecord, type: EdgeEventType, more: () => Record<string, unknown> = () => ({})): void {
    const { id, callId, number } = record
    this.#options.events.publish(type, [number], () => ({ id, call_id: callId, number, at: Date.now(), ...more() }))
  }

  /** Notes and tells what becomes of a call, or of one INVITE of it. */
  #watch(call: Call, record: CallRecord, agent: AgentScript): void {
    call.once('ringing', () => {
      record.ringingAt = Date.now()
      this.#tell(record, 'call.ringing')
    })
    call.once('answered', () => {
      // An answer without media that can be used is as good as a refusal: another offer follows.
      if (call.media?.negotiated === undefined && record.attempts?.isLast === false) return
      record.answeredAt = Date.now()
      this.#tell(record, 'call.answered')
      this.#hear(call, record, agent)
    })
    call.once('confirmed', () => {
      record.confirmedAt = Date.now()
      this.#tell(record, 'call.confirmed')
    })
    call.once('ended', (end) => {
      record.refused(end)
      if (record.confirmedAt === undefined && record.attempts?.retry(end) === true) return
      this.#over(record, end)
    })
  }

  #over(record: CallRecord, end: CallEnd): void {
    const { book, metrics } = this.#options
    record.finish(end)
    book.end(record)
    metrics.ended.add(end.by)
    this.#endTrace(record)
    this.#tell(record, 'call.ended', () => ({ ended: endView(end) }))
  }

  #hear(call: Call, record: CallRecord, agent: AgentScript): void {
    const { media } = call
    if (media === undefined) return
    endUnkeyed(call)
    media.on('digit', (digit) => {
      record.addDigit(digit)
      this.#options.metrics.digits.add(digit.method)
      this.#tell(record, 'call.digit', () => ({ digit: digit.digit, method: digit.method, duration_ms: digit.durationMs, at: digit.at }))
    })
    if (!agent.listen) return
    media.on('tone', (tone) => {
      if (!record.addTone(tone)) return
      const level = Number.isFinite(tone.levelDbm0) ? tone.levelDbm0 : null
      this.#tell(record, 'call.tone', () => ({ pair: tone.pair ?? null, level_dbm0: level, purity: tone.purity, at: tone.at }))
    })
  }

  #endTrace({ callIds }: CallRecord): void {
    const { traces, clock } = this.#options
    if (!callIds.some((callId) => traces.get(callId) !== undefined)) return
    const timer = clock.setTimer(traceLingerMs, () => {
      this.#lingering.delete(timer)
      traces.finish(callIds)
    })
    this.#lingering.add(timer)
  }
}
