/**
 * One handshake: datagrams in, flights out, and in the end keys or a reason why there are none.
 *
 *   datagrams -> records -> whole messages in order -> checks -> werift -> flights
 *
 * Records are worked on one at a time, since werift answers asynchronously.
 */

import type { Fingerprint, ProtectionProfile, SrtpKeying } from '../../../protocol/sdp/types.ts'
import type { Clock, Timer } from '../../clock.ts'
import type { Checks } from './checks.ts'
import { ClientChecks } from './client-checks.ts'
import { alerts, type DtlsEnd, type Failure } from './failure.ts'
import { Flights } from './flights.ts'
import { HandshakeInbox } from './handshake-inbox.ts'
import type { DtlsIdentity } from './identity.ts'
import { messageTypes } from './messages.ts'
import { profileOfId, useSrtpProfile } from './profile.ts'
import { contentTypes, type DtlsRecord, type HandshakeMessage, readFragments, readRecords } from './record.ts'
import { ServerChecks } from './server-checks.ts'
import type { HandshakeRole, WeriftEnd } from './werift-end.ts'

export interface HandshakeOptions {
  readonly identity: DtlsIdentity
  readonly fingerprints: readonly Fingerprint[]
  readonly profiles: readonly ProtectionProfile[]
  readonly clock: Clock
  readonly retransmitMs: number
  readonly timeoutMs: number
  readonly send: (datagram: Buffer) => void
  readonly onKeys: (keys: SrtpKeying) => void
  /** Once, and never after `stop`. Before keys: there will be none. After: the far end closed the association. */
  readonly onEnd: (end: DtlsEnd) => void
}

/** Datagrams that wait for their turn. More are dropped, as a full socket buffer would. */
const mostWaiting = 32
/** Encrypted records that came before the keys to open them. */
const mostHeld = 2
/** Hello replies take over their record numbers from the client, within reason. */
const mostSkipped = 2 ** 32

export class Handshake {
  readonly #role: HandshakeRole
  readonly #options: HandshakeOptions
  readonly #inbox = new HandshakeInbox()
  readonly #waiting: Buffer[] = []
  #held: DtlsRecord[] = []
  /** message_seq of what our last flight replied to. Only its repetition is answered: two sides that answered more would never rest. */
  #answered: number | undefined
  #running = false
  #stopped = false
  /** As a client: the far end began too. */
  #helloHeard = false
  #connected = false
  #deadline: Timer | undefined
  #end: WeriftEnd | undefined
  #checks: Checks | undefined
  #flights: Flights | undefined

  constructor(role: HandshakeRole, options: HandshakeOptions) {
    this.#role = role
    this.#options = options
    this.#deadline = options.clock.setTimer(options.timeoutMs, () => {
      const glare = this.#helloHeard ? ': both sides are active' : ''
      this.#fail({ code: 'timeout', detail: `no handshake within ${options.timeoutMs} ms${glare}` })
    })
    void this.#run()
  }

  receive(datagram: Buffer): void {
    if (this.#stopped || this.#waiting.length >= mostWaiting) return
    this.#waiting.push(datagram)
    void this.#run()
  }

  /** Ends all activity; `goodbye` tells the far end. */
  stop(goodbye: boolean): void {
    if (this.#stopped) return
    if (goodbye && this.#flights?.begun === true) this.#flights.alert(false, alerts.closeNotify)
    this.#stopped = true
    this.#deadline?.cancel()
    this.#flights?.stop()
    this.#waiting.length = 0
    this.#held.length = 0
  }

  async #begin(): Promise<void> {
    // Loaded when it is needed: most processes never are.
    const { WeriftEnd } = await import('./werift-end.ts')
    if (this.#stopped) return
    const { identity, fingerprints, profiles, send, clock, retransmitMs } = this.#options
    const srtpProfiles = profiles.flatMap((profile) => useSrtpProfile(profile)?.id ?? [])
    const end = new WeriftEnd(this.#role, { certPem: identity.certPem, keyPem: identity.keyPem, srtpProfiles })
    this.#end = end
    this.#checks = this.#role === 'client' ? new ClientChecks(end, fingerprints, profiles) : new ServerChecks(end, fingerprints, profiles)
    this.#flights = new Flights({ send, seal: (outgoing, sequence) => end.seal(outgoing, sequence), clock, retransmitMs })
    if (this.#role === 'client') {
      const hello = await end.hello()
      if (this.#stopped) return
      this.#flights.send(hello, true)
    }
  }

  /** Begins, then takes what waits, one at a time. */
  async #run(): Promise<void> {
    if (this.#running) return
    this.#running = true
    try {
      if (this.#end === undefined) await this.#begin()
      for (let datagram = this.#waiting.shift(); datagram !== undefined; datagram = this.#waiting.shift()) {
        for (const record of readRecords(datagram)) if (!this.#stopped) await this.#record(record)
      }
    } catch (error) {
      // The checks let something pass that werift cannot live with.
      this.#fail({ code: 'broken-protocol', detail: (error as Error).message, alert: alerts.internalError })
    }
    // In the same turn as the last look at what waits: what comes now finds nobody at work.
    this.#running = false
  }

  async #record(record: DtlsRecord): Promise<void> {
    if (record.epoch === 0) {
      if (record.type === contentTypes.alert) this.#clearAlert(record.fragment)
      else if (record.type === contentTypes.handshake) await this.#handshake(record, record.fragment)
      return
    }
    if (this.#end?.hasKeys !== true) {
      if (record.type === contentTypes.handshake && this.#held.length < mostHeld) this.#held.push(record)
      return
    }
    const content = record.epoch === 1 ? this.#end.open(record) : undefined
    if (content === undefined) return
    if (record.type === contentTypes.alert) this.#sealedAlert(content)
    else if (record.type === contentTypes.handshake) await this.#handshake(record, content)
  }

  async #handshake({ epoch, sequence }: DtlsRecord, content: Buffer): Promise<void> {
    for (const fragment of readFragments(content) ?? []) {
      // Finished, and nothing else, comes encrypted.
      if ((fragment.type === messageTypes.finished) !== (epoch === 1) || this.#stopped) continue
      if (fragment.type === messageTypes.clientHello && this.#role === 'client') {
        // Left over from before the roles were turned around, or a mistake in signalling: time will tell.
        this.#helloHeard = true
        continue
      }
      const expected = this.#inbox.next
      if (this.#awaitsHello) {
        if (fragment.type !== messageTypes.clientHello) continue
        if (sequence < mostSkipped) this.#flights?.skipTo(sequence)
        // Until a client has shown where it is, another may begin.
        if (fragment.sequence === 0 && fragment.body.length === fragment.length) this.#inbox.expect(0)
      }
      const repeated = this.#inbox.push(fragment) === 'repeated'
      // What our last flight replied to: that flight was lost.
      if (repeated && fragment.sequence === this.#answered) this.#flights?.again()
      for (let message = this.#inbox.take(); message !== undefined && !this.#stopped; message = this.#inbox.take()) {
        if (!(await this.#message(message))) this.#inbox.expect(expected)
      }
    }
    const held = this.#held
    if (held.length === 0 || this.#end?.hasKeys !== true) return
    this.#held = []
    for (const record of held) await this.#record(record)
  }

  /** False when the message is to be forgotten, and another one waited for in its place. */
  async #message(message: HandshakeMessage): Promise<boolean> {
    const [end, checks, flights] = [this.#end, this.#checks, this.#flights]
    if (end === undefined || checks === undefined || flights === undefined || this.#connected) return true
    const verdict = checks.judge(message)
    if (verdict === 'ignore') return false
    if (verdict === 'again') flights.again()
    else if (verdict !== 'go') this.#fail(verdict)
    if (verdict !== 'go') return true
    const last = message.type === messageTypes.finished
    if (!(last && this.#role === 'client')) {
      const reply = await end.feed(message)
      if (this.#stopped) return true
      // A cookie is given once, the client asks again; and to the server's Finished there is no reply.
      if (reply.length > 0) {
        this.#answered = message.sequence
        flights.send(reply, !last && !this.#awaitsHello)
      }
    }
    if (last) this.#finish(end)
    return true
  }

  /** As a server, until a client has returned its cookie. */
  get #awaitsHello(): boolean {
    return this.#checks instanceof ServerChecks && this.#checks.open
  }

  #finish(end: WeriftEnd): void {
    if (this.#stopped) return
    const profile = end.srtpProfile === undefined ? undefined : profileOfId(end.srtpProfile)
    const lengths = profile === undefined ? undefined : useSrtpProfile(profile)
    if (profile === undefined || lengths === undefined) {
      this.#fail({ code: 'nothing-in-common', detail: 'no SRTP profile was agreed on', alert: alerts.handshakeFailure })
      return
    }
    this.#connected = true
    this.#deadline?.cancel()
    this.#flights?.stop()
    this.#options.onKeys({ profile, ...end.exportKeys(lengths.keyLength, lengths.saltLength) })
  }

  /** Anyone can have sent it: it counts only while nothing better is to be had. */
  #clearAlert(fragment: Buffer): void {
    const [level, description] = fragment
    if (this.#connected || this.#awaitsHello || fragment.length !== 2 || this.#flights?.begun !== true) return
    if (level === 2 || description === alerts.closeNotify) this.#fail({ code: 'refused', detail: `alert ${description}` })
  }

  #sealedAlert(content: Buffer): void {
    const [level, description] = content
    if (content.length !== 2 || (level !== 2 && description !== alerts.closeNotify)) return
    this.#fail({ code: this.#connected ? 'closed-by-peer' : 'refused', detail: `alert ${description}` })
  }

  #fail({ code, detail, alert }: Failure): void {
    if (this.#stopped) return
    if (alert !== undefined) this.#flights?.alert(true, alert)
    this.stop(false)
    this.#options.onEnd({ code, detail })
  }
}
