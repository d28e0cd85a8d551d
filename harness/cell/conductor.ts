/**
 * Carries a scenario's steps out: tells the peer and the edge what to do and waits for what
 * follows. Judges nothing: a step that came to nothing is noted, and the evidence decides.
 */
import { createHash } from 'node:crypto'
import { policyFacts } from '../../matrix/media-policy.ts'
import type { StepResult } from '../../reports/schema/results.ts'
import type { Step } from '../../scenarios/steps.ts'
import { type EdgeClient, type EdgeEvent, EdgeRefused } from '../edge/edge-client.ts'
import type { EventLog } from '../edge/edge-desk.ts'
import { UnableError } from '../errors.ts'
import type { Side } from '../evidence/trace.ts'
import { CallFailed, type PeerIdentity, type PeerSession } from '../peers/peer.ts'
import type { PlanItem } from '../plan.ts'
import type { OsrtpPair } from '../probes/osrtp-identity.ts'
import type { Probe } from '../probes/probe.ts'

/** How long after the last digit left the other side may take to report it, milliseconds. */
const digitReportMs = 1_500
const hangupMs = 3_000
const setUpMs = 8_000

/** What the steps need of the edge. */
export interface CallDesk {
  readonly client: Pick<EdgeClient, 'call' | 'sendDigits' | 'hangup'>
}

/** How things are tried that are no step of a call. */
export interface Benches {
  tls(name: string): Promise<Probe>
  osrtp(pair: OsrtpPair): Promise<Probe>
}

/** What was done, and what the judge has to know of it. */
export interface Performance {
  readonly steps: StepResult[]
  readonly told: { peer: string; edge: string }
  hangup: Side | undefined
  wrongPassword: number | undefined
  refusal: number | undefined
  /** What was tried beside the calls. */
  readonly probes: Probe[]
  /** The edge's id of the call. */
  edgeCall: string | undefined
}

type CallStep = Extract<Step, { call: unknown }>['call']

/** A step that could not be done; the steps that need it are left out. */
class StepFailed extends Error {}

export class Conductor {
  readonly #item: PlanItem
  readonly #identity: PeerIdentity
  readonly #session: PeerSession
  readonly #desk: CallDesk
  readonly #log: EventLog
  readonly #signal: AbortSignal
  readonly #benches: Benches | undefined
  readonly #performance: Performance = {
    steps: [],
    told: { peer: '', edge: '' },
    hangup: undefined,
    wrongPassword: undefined,
    refusal: undefined,
    probes: [],
    edgeCall: undefined,
  }
  /** By step. */
  readonly #probes = new Map<string, Probe>()
  readonly #startedAt = performance.now()
  #registered = false
  #lastStatus: number | undefined
  /** How many events there were when the current call began: those before it are another call's. */
  #earlier = 0

  /** Without `benches` nothing can be tried beside calls. */
  constructor(parts: {
    item: PlanItem
    identity: PeerIdentity
    session: PeerSession
    desk: CallDesk
    log: EventLog
    signal: AbortSignal
    benches?: Benches | undefined
  }) {
    this.#item = parts.item
    this.#identity = parts.identity
    this.#session = parts.session
    this.#desk = parts.desk
    this.#log = parts.log
    this.#signal = parts.signal
    this.#benches = parts.benches
  }

  /** Never rejects for what the subject does; rejects with what broke in the harness. */
  async perform(): Promise<Performance> {
    for (const group of grouped(this.#item.scenario.steps)) {
      const done = await Promise.all(group.map((step) => this.#perform(step)))
      if (done.includes('stop') || this.#signal.aborted) break
    }
    return this.#inOrder()
  }

  /** Steps that ran together end in any order; they are told in the order of the scenario. */
  #inOrder(): Performance {
    const place = new Map(this.#item.scenario.steps.map(({ id }, index) => [id, index]))
    const { steps, probes } = this.#performance
    steps.sort((a, b) => place.get(a.name)! - place.get(b.name)!)
    probes.push(...[...this.#probes].sort(([a], [b]) => place.get(a)! - place.get(b)!).map(([, probe]) => probe))
    return this.#performance
  }

  async #perform(step: Step): Promise<'go on' | 'stop'> {
    const startedAt = performance.now()
    const note = (verdict: StepResult['verdict'], detail?: string): void => {
      this.#performance.steps.push({
        name: step.id,
        t_ms: Math.round(startedAt - this.#startedAt),
        duration_ms: Math.round(performance.now() - startedAt),
        verdict,
        ...(detail === undefined ? {} : { detail }),
      })
    }
    try {
      const detail = await Promise.race([this.#carryOut(step), aborted(this.#signal)])
      note(detail === undefined ? 'done' : 'failed', detail)
      return 'go on'
    } catch (error) {
      if (error instanceof UnableError && !this.#signal.aborted) throw error
      note('failed', error instanceof Error ? error.message : String(error))
      if (error instanceof StepFailed || error instanceof CallFailed || error instanceof EdgeRefused || this.#signal.aborted) return 'stop'
      throw error
    }
  }

  /** Resolves with what went wrong, if the steps after it still make sense. */
  async #carryOut(step: Step): Promise<string | undefined> {
    if ('call' in step) return this.#call(step.call)
    if ('hear' in step) return this.#hear(step.hear)
    if ('digits' in step) return this.#digits(step.digits)
    if ('hangup' in step) return this.#hangUp(step.hangup.by)
    if ('register' in step) return this.#register(step.register.password)
    if ('wait_ms' in step) return pause(step.wait_ms)
    if ('expect_status' in step) return this.#expectStatus(step.expect_status)
    if ('options' in step) return this.#options(step.options.from)
    if ('tls' in step) return this.#probe(step, ({ tls }) => tls(step.tls.case))
    if ('osrtp' in step) return this.#probe(step, ({ osrtp }) => osrtp(step.osrtp))
    return this.#raw(step.raw)
  }

  async #register(password: 'right' | 'wrong'): Promise<undefined> {
    const outcome = await this.#session.register(password === 'wrong' ? { password: `not-${this.#identity.password}` } : {})
    this.#lastStatus = outcome.status
    if (password === 'wrong') this.#performance.wrongPassword = outcome.status
    else if (!outcome.registered) throw new StepFailed(`REGISTER was answered ${outcome.status || 'by nobody'}`)
    this.#registered = outcome.registered
    return undefined
  }

  async #call(how: CallStep): Promise<string | undefined> {
    const { registration, direction, media, transport } = this.#item.cell.axes
    if (registration === 'register' && !this.#registered) await this.#register('right')
    const meantToFail =
      how.as === 'stranger' ||
      how.to === 'unknown' ||
      (how.srtp === 'required' && media === 'rtp') ||
      (transport !== 'tls' && how.peer !== undefined && !policyFacts[how.peer].plain)
    this.#earlier = this.#log.events.length
    this.#performance.edgeCall = undefined
    try {
      if (direction === 'inbound') await this.#session.call(how.to === 'unknown' ? { number: unknownNumber } : {})
      else await this.#callOut()
      this.#lastStatus = 200
      if (meantToFail) this.#performance.refusal = 200
    } catch (error) {
      if (!(error instanceof CallFailed)) throw error
      this.#lastStatus = error.status
      if (!meantToFail) throw error
      this.#performance.refusal = error.status
      return undefined
    }
    const confirmed = await this.#told((event) => event.type === 'call.confirmed', setUpMs)
    const id = confirmed?.data.id ?? this.#events().find((event) => event.type === 'call.started')?.data.id
    if (typeof id === 'string') this.#performance.edgeCall = id
    return confirmed === undefined ? 'the edge never saw the call confirmed' : undefined
  }

  async #callOut(): Promise<void> {
    const { number, edgeTone } = this.#identity
    const call = await this.#desk.client.call({ number, to: calledNumber, tone: edgeTone, keepKeys: this.#item.cell.axes.media !== 'rtp' })
    this.#performance.edgeCall = call.id
    const ended = this.#told((event) => event.type === 'call.ended', setUpMs)
    await Promise.race([
      this.#session.waitForCall(),
      ended.then((event) => {
        const { status, reason } = (event?.data.ended ?? event?.data ?? {}) as { status?: number; reason?: string }
        throw new CallFailed(status ?? 0, event === undefined ? 'no call came within its time' : (reason ?? 'the edge’s call ended'))
      }),
    ])
  }

  async #hear({ who, within_ms: withinMs }: { who: 'both' | Side; within_ms: number }): Promise<string | undefined> {
    const tone = (event: EdgeEvent): boolean => event.type === 'call.tone' && Array.isArray(event.data.pair)
    const [peer, edge] = await Promise.all([
      who === 'edge' ? true : this.#session.heard(withinMs),
      who === 'peer' ? true : this.#told(tone, withinMs).then((event) => event !== undefined),
    ])
    const deaf = [...(peer ? [] : ['peer']), ...(edge ? [] : ['edge'])]
    return deaf.length === 0 ? undefined : `the ${deaf.join(' and the ')} heard nothing within ${withinMs} ms`
  }

  async #digits({ from, send }: { from: Side; send: string }): Promise<string | undefined> {
    this.#performance.told[from] += send
    if (from === 'edge') {
      await this.#desk.client.sendDigits(this.#edgeCall(), send)
      // A product reports a digit when it has got round to it: whoever hangs up before that has lost it for everybody.
      const understood = await this.#session.understood(this.#performance.told.edge.length, digitReportMs)
      return understood ? undefined : `the peer did not understand all ${send.length} digits`
    }
    const before = this.#digitsHeardByEdge()
    await this.#session.sendDigits(send)
    const heard = await this.#log.until(() => (this.#digitsHeardByEdge() >= before + send.length ? true : undefined), digitReportMs)
    return heard ? undefined : `the edge reported ${this.#digitsHeardByEdge() - before} of ${send.length} digits`
  }

  #digitsHeardByEdge(): number {
    return this.#events().filter((event) => event.type === 'call.digit').length
  }

  /** What the edge told of the current call. */
  #events(): EdgeEvent[] {
    return this.#log.events.slice(this.#earlier)
  }

  /** The first event of the current call that fits, now or within the time; undefined when none came. */
  #told(fits: (event: EdgeEvent) => boolean, withinMs: number): Promise<EdgeEvent | undefined> {
    return this.#log.until(() => this.#events().find(fits), withinMs)
  }

  async #hangUp(by: 'edge' | 'peer' | 'caller' | 'callee' | 'alternate'): Promise<string | undefined> {
    const side = this.#whoHangsUp(by)
    this.#performance.hangup = side
    if (side === 'edge') await this.#desk.client.hangup(this.#edgeCall())
    else await this.#session.hangup()
    const [peer, edge] = await Promise.all([
      this.#session.waitForEnd(hangupMs),
      this.#told((event) => event.type === 'call.ended', hangupMs).then((event) => event !== undefined),
    ])
    const left = [...(peer ? [] : ['peer']), ...(edge ? [] : ['edge'])]
    return left.length === 0 ? undefined : `the call is still up at the ${left.join(' and the ')}`
  }

  #whoHangsUp(by: 'edge' | 'peer' | 'caller' | 'callee' | 'alternate'): Side {
    if (by === 'edge' || by === 'peer') return by
    const caller: Side = this.#item.cell.axes.direction === 'inbound' ? 'peer' : 'edge'
    if (by === 'caller') return caller
    if (by === 'callee') return caller === 'peer' ? 'edge' : 'peer'
    return hangsUpFirst(this.#item.cell.id)
  }

  #expectStatus(wanted: readonly number[]): string | undefined {
    return this.#lastStatus !== undefined && wanted.includes(this.#lastStatus)
      ? undefined
      : `the last request was answered ${this.#lastStatus ?? 'by nobody'}, expected ${wanted.join(' or ')}`
  }

  async #options(from: Side): Promise<string | undefined> {
    if (from === 'edge' || this.#session.ping === undefined) throw new StepFailed('this side cannot be told to send OPTIONS')
    this.#lastStatus = await this.#session.ping()
    return this.#lastStatus >= 200 ? undefined : 'OPTIONS was not answered'
  }

  async #probe({ id }: Step, play: (benches: Benches) => Promise<Probe>): Promise<string | undefined> {
    if (this.#benches === undefined) throw new UnableError('nothing can be tried beside calls here')
    const probe = await play(this.#benches)
    this.#probes.set(id, probe)
    return probe.met ? undefined : `${probe.rule} demands: ${probe.demand}; seen: ${probe.seen}`
  }

  async #raw(raw: { text?: string | undefined; bytes?: string | undefined }): Promise<undefined> {
    if (this.#session.sendRaw === undefined) throw new StepFailed('this peer cannot send raw bytes')
    const text = raw.text?.replace(/\r?\n/g, '\r\n')
    const bytes = text === undefined ? Buffer.from((raw.bytes ?? '').replace(/\s/g, ''), 'hex') : Buffer.from(text)
    this.#lastStatus = await this.#session.sendRaw(bytes)
    return undefined
  }

  #edgeCall(): string {
    const id = this.#performance.edgeCall
    if (id === undefined) throw new StepFailed('the edge has no call')
    return id
  }
}

/** Whom the edge asks for; where that is, the trunk's binding or outbound proxy says. */
const calledNumber = '+99955501000'
/** A number of nobody's, outside every plan. */
const unknownNumber = '+99900000000'

/** One side in half of the cells, the other in the other half, always the same in the same cell. */
export function hangsUpFirst(cellId: string): Side {
  return createHash('sha1').update(cellId).digest()[0]! % 2 === 0 ? 'edge' : 'peer'
}

/** Steps that run one after another, each with those that run together with it. */
function grouped(steps: readonly Step[]): Step[][] {
  const groups: Step[][] = []
  for (const step of steps) {
    if (step.together === true && groups.length > 0) groups.at(-1)!.push(step)
    else groups.push([step])
  }
  return groups
}

const pause = (ms: number): Promise<undefined> => new Promise((resolve) => setTimeout(() => resolve(undefined), ms))

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = (): void => reject(new Error('the time of this scenario is up'))
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
}
