/**
 * A real Asterisk's side of one cell: told what to do over the manager, questioned through
 * the capture beside it. Media and digits are played inside Asterisk (see the dialplan in
 * config.ts); nothing here is in time with packets.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Cell } from '../../../matrix/cell.ts'
import type { RtpWire } from '../../../protocol/wire.ts'
import { UnableError } from '../../errors.ts'
import { readStreams } from '../../evidence/streams.ts'
import { findCall, readTrace } from '../../evidence/trace.ts'
import { CallFailed, type HeardDigit, type PeerEvidence, type PeerIdentity, type PeerSession, type RegisterOutcome } from '../peer.ts'
import type { AmiClient } from './ami.ts'
import type { AmiEvent } from './ami-event.ts'
import { eventTypes, finalStatus, hasOpenRequest, infoDigits, localPorts, mediaFacts } from './calls.ts'
import type { WireCapture } from './capture.ts'
import { edgeUri } from './config.ts'
import type { Registrations } from './registrations.ts'
import type { TlsPath } from './tcp-connection.ts'
import type { IndexedCall } from './wire-index.ts'

/** What a session is given. */
export interface SessionResources {
  readonly ami: AmiClient
  /** A manager connection without events. */
  readonly connectAmi: () => Promise<AmiClient>
  readonly capture: WireCapture
  readonly registrations: Registrations
  /** Where Asterisk is reached. */
  readonly address: string
  readonly port: number
  /** Lines of Asterisk's log about a word. */
  readonly logLines: (word: string) => Promise<string[]>
  readonly closed: (session: AsteriskSession) => void
  /** Packets the capture had lost when the session began. */
  readonly lostBefore: number
}

/** How long a call or a registration may take, milliseconds; scenarios have deadlines of their own. */
const callMs = 10_000
const registerMs = 8_000
/** One digit and the pause after it, milliseconds. */
const digitMs = { sound: 100, gap: 70 } as const
/** A tone is looked for in the last packets: this many are a third of a second, the detector needs a tenth. */
const listened = 16
const listenEveryMs = 60
/** Responses follow within milliseconds where they follow at all. */
const settleMs = 600
const settleEveryMs = 20

export class AsteriskSession implements PeerSession {
  readonly contactUri: string
  readonly cell: Cell
  readonly identity: PeerIdentity
  readonly #resources: SessionResources
  readonly #openedAt = Date.now()
  readonly #digits: { digit: string; at: number }[] = []
  readonly #users: ReadonlySet<string>
  /** The channel of the call under way or last: an edge whose description was refused calls again with another. */
  #channel: { readonly name: string; readonly uniqueId: string } | undefined
  readonly #up = Promise.withResolvers<void>()
  #gone = Promise.withResolvers<void>()
  /** Epoch milliseconds; from then on Asterisk's ports are another call's. */
  #endedAt: number | undefined
  #originated: ((answered: boolean) => void) | undefined
  #digitHeard: (() => void) | undefined
  #registrationState: ((status: string) => void) | undefined
  #registered = false

  constructor(cell: Cell, identity: PeerIdentity, resources: SessionResources) {
    this.cell = cell
    this.identity = identity
    this.#resources = resources
    this.#users = new Set([identity.number, identity.username])
    const { transport } = identity.edge
    this.contactUri = `sip:${identity.username}@${resources.address}:${resources.port};transport=${transport}`
    this.#up.promise.catch(() => {})
  }

  /** An event of the manager about this session. */
  take(event: AmiEvent): void {
    switch (event.type) {
      case 'channel-new':
        this.#channel = { name: event.channel, uniqueId: event.uniqueId }
        this.#endedAt = undefined
        this.#gone = Promise.withResolvers()
        break
      case 'channel-up':
        this.#up.resolve()
        // Of a call of its own: that it was answered. The response to Originate may come much later.
        this.#originated?.(true)
        break
      case 'channel-gone':
        if (event.uniqueId !== this.#channel?.uniqueId) break
        this.#endedAt = event.at
        this.#gone.resolve()
        this.#originated?.(false)
        break
      case 'digit':
        this.#digits.push({ digit: event.digit, at: event.at })
        this.#digitHeard?.()
        break
      case 'originated':
        this.#originated?.(event.answered)
        break
      case 'registration':
        this.#registrationState?.(event.status)
        break
    }
  }

  async register(options: { password?: string } = {}): Promise<RegisterOutcome> {
    const startedAt = Date.now()
    const { promise, resolve } = Promise.withResolvers<string>()
    this.#registrationState = (status) => {
      // Removing an earlier registration is reported too.
      if (status !== 'Unregistered') resolve(status)
    }
    const wrongPassword = options.password !== undefined && options.password !== this.identity.password
    await this.#resources.registrations.begin(this.identity, { wrongPassword })
    const state = await within(registerMs, promise)
    this.#registrationState = undefined
    this.#registered = state === 'Registered'
    await this.#resources.capture.sync()
    return { status: finalStatus(this.#calls(startedAt), 'REGISTER'), registered: this.#registered }
  }

  async call(options: { number?: string } = {}): Promise<void> {
    const startedAt = Date.now()
    const { identity } = this
    const { promise, resolve } = Promise.withResolvers<boolean>()
    this.#originated = resolve
    const other = options.number === undefined ? '' : `/${edgeUri(identity, options.number)}`
    await this.#resources.ami.action('Originate', {
      Channel: `PJSIP/${identity.number}${other}`,
      ChannelId: randomUUID(),
      Context: 'speak',
      Exten: 's',
      Priority: '1',
      Timeout: String(callMs),
      Async: 'true',
    })
    const answered = await within(callMs + 2_000, promise)
    this.#originated = undefined
    if (answered === true) return
    await this.#resources.capture.sync()
    const status = finalStatus(this.#calls(startedAt), 'INVITE')
    throw new CallFailed(status, status === 0 ? 'the call was not answered' : `the call was answered ${status}`)
  }

  waitForCall(): Promise<void> {
    return this.#up.promise
  }

  async heard(withinMs: number): Promise<boolean> {
    for (const deadline = Date.now() + withinMs; ; await delay(listenEveryMs)) {
      await this.#resources.capture.sync()
      if (this.#hearsNow()) return true
      if (Date.now() >= deadline || this.#endedAt !== undefined) return false
    }
  }

  async understood(digits: number, withinMs: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#digitHeard = () => {
      if (this.#digits.length >= digits) resolve()
    }
    this.#digitHeard()
    await Promise.race([within(withinMs, promise), this.#gone.promise])
    this.#digitHeard = undefined
    return this.#digits.length >= digits
  }

  async sendDigits(digits: string): Promise<void> {
    const channel = this.#channel?.name
    if (channel === undefined || this.#endedAt !== undefined) throw new CallFailed(0, 'there is no call to send digits on')
    // A connection of its own: Asterisk answers when a digit is over, and nothing else on that connection until then.
    const ami = await this.#resources.connectAmi()
    try {
      for (const digit of digits) {
        await ami.action('PlayDTMF', { Channel: channel, Digit: digit, Duration: String(digitMs.sound) })
        await delay(digitMs.gap)
      }
    } catch (error) {
      throw new CallFailed(0, `the digits could not be sent: ${(error as Error).message}`, { cause: error })
    } finally {
      ami.close()
    }
  }

  async hangup(): Promise<void> {
    if (this.#channel === undefined || this.#endedAt !== undefined) return
    try {
      await this.#resources.ami.action('Hangup', { Channel: this.#channel.name, Cause: '16' })
    } catch (error) {
      // "No such channel": the other side was faster.
      if (this.#endedAt === undefined) throw error
    }
  }

  async waitForEnd(withinMs: number): Promise<boolean> {
    if (this.#channel === undefined || this.#endedAt !== undefined) return true
    await within(withinMs, this.#gone.promise)
    return this.#endedAt !== undefined
  }

  async evidence(): Promise<PeerEvidence> {
    const calls = await this.#settledCalls()
    const lost = (await this.#resources.capture.lost()) - this.#resources.lostBefore
    if (lost > 0)
      throw new UnableError(
        `the capture beside Asterisk lost ${lost} packets: this machine is too busy`,
        'run fewer cells at a time: --jobs',
      )
    const rtp = this.#media(calls)
    const media = mediaFacts(rtp)
    const paths = new Set(calls.flatMap(({ path }) => (path === undefined ? [] : [path])))
    return {
      sip: calls.flatMap((call) => call.wires).toSorted(inTime),
      rtp,
      ...(paths.size === 0 ? {} : pathEvidence([...paths])),
      digits: this.#heardDigits(calls, rtp),
      // Asterisk does not say what it hears: tones are read from the packets that reached it.
      tones: [],
      ...(media === undefined ? {} : { media }),
      log: await this.#resources.logLines(this.identity.number),
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#up.reject(new CallFailed(0, 'the session was closed'))
    await this.hangup().catch(() => {})
    await this.waitForEnd(2_000)
    await this.#resources.registrations.end(this.identity)
    const calls = this.#calls()
    this.#resources.capture.index.forget(
      calls.map((call) => call.callId),
      localPorts(calls),
      this.#endedAt ?? Number.POSITIVE_INFINITY,
    )
    this.#resources.closed(this)
  }

  /** A channel is gone when its BYE has left: what answers it may still be on its way. */
  async #settledCalls(): Promise<IndexedCall[]> {
    for (const deadline = Date.now() + settleMs; ; await delay(settleEveryMs)) {
      await this.#resources.capture.sync()
      const calls = this.#calls()
      if (!hasOpenRequest(calls) || Date.now() >= deadline) return calls
    }
  }

  #calls(since = this.#openedAt): IndexedCall[] {
    return this.#resources.capture.index.callsOf(this.#users, since)
  }

  #media(calls: readonly IndexedCall[]): RtpWire[] {
    const since = calls[0]?.wires[0]?.at ?? this.#openedAt
    const until = this.#endedAt ?? Number.POSITIVE_INFINITY
    return [...localPorts(calls)]
      .flatMap((port) => this.#resources.capture.index.mediaAt(port))
      .filter((wire) => wire.at >= since && wire.at <= until)
      .toSorted(inTime)
  }

  #hearsNow(): boolean {
    const calls = this.#calls()
    const last = this.#media(calls)
      .filter((wire) => wire.dir === 'in' && wire.kind === 'rtp')
      .slice(-listened)
    // What is encrypted is listened to when the keys are known, with all of the evidence.
    if (this.cell.axes.media !== 'rtp') return last.length === listened
    const call = findCall(readTrace(calls.flatMap((one) => one.wires)))
    const { edge } = readStreams(last, call, this.cell.axes.codec)
    return edge?.tones.some((reading) => reading.pair !== undefined) ?? false
  }

  /** Asterisk tells the digits, the wire how each of them came. */
  #heardDigits(calls: readonly IndexedCall[], rtp: readonly RtpWire[]): HeardDigit[] {
    const infos = infoDigits(calls)
    const events = eventTypes(calls)
    const hadEvents = rtp.some(({ dir, kind, bytes }) => dir === 'in' && kind === 'rtp' && events.has((bytes[1] ?? 0) & 0x7f))
    return this.#digits.map((heard) => {
      const info = infos.findIndex(({ digit, at }) => digit === heard.digit && at <= heard.at + sameMoment)
      if (info < 0) return hadEvents ? { ...heard, method: 'rfc4733' } : heard
      infos.splice(info, 1)
      return { ...heard, method: 'info' }
    })
  }
}

const inTime = (a: { readonly at: number }, b: { readonly at: number }): number => a.at - b.at

function pathEvidence(paths: readonly TlsPath[]): Pick<PeerEvidence, 'path' | 'tlsKeys'> {
  return { path: paths.flatMap(({ wires }) => wires).toSorted(inTime), tlsKeys: paths.flatMap((path) => path.keys()) }
}

/** The capture and Asterisk do not look at the clock in the same instant, milliseconds. */
const sameMoment = 2

/** The value, or undefined when it does not come in time. */
async function within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>()
  const timer = setTimeout(() => late.resolve(undefined), ms)
  try {
    return await Promise.race([promise, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
