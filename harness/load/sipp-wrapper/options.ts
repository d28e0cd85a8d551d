/** What SIPp is asked to do: bounded in calls and in time, or not at all. */
import { isIP } from 'node:net'
import type { Address, Transport } from '../../../protocol/wire.ts'
import type { Scenario } from './scenario.ts'

export interface SippOptions {
  /** Where the calls go: an IP address, because SIPp resolves names its own way. */
  readonly target: Address
  readonly transport: Transport
  /** One socket for all calls (default), or one for each. */
  readonly sockets?: 'one' | 'per-call'
  /** SIPp's own caller (INVITE, ACK, pause, BYE; G.711 offered, no media sent), or one made of steps. */
  readonly scenario: 'uac' | Scenario
  /** User part that is called. Default `service`, as SIPp's own. */
  readonly user?: string
  /** Calls in all; SIPp ends after the last. */
  readonly calls: number
  /** New calls a second. */
  readonly rate: number
  /** Calls at once; new ones wait when there are as many. Default: as many as `calls`. */
  readonly concurrency?: number
  /** Length of a scenario's pauses that name none: for `uac` how long a call lasts. Default 0. */
  readonly holdMs?: number
  /** Address to call from; default the one SIPp finds. */
  readonly localAddress?: string
  /** Whole seconds are used. SIPp stops by itself then, and is stopped when it does not. */
  readonly deadlineMs: number
  /** For transport tls. Files as SIPp will see them. */
  readonly tls?: {
    readonly version?: '1.2' | '1.3'
    readonly certificate?: string
    readonly key?: string
    /** Turns verification of the other side on. */
    readonly authority?: string
  }
  /** Received RTP is sent back where it came from: for scenarios whose media should be echoed by SIPp. */
  readonly echoMedia?: boolean
}

const most = { calls: 10_000_000, rate: 100_000, concurrency: 100_000, holdMs: 3_600_000, deadlineMs: 3_600_000 } as const

/** Throws RangeError for what SIPp must not, or could not, be told. */
export function checkOptions(options: SippOptions): void {
  for (const [name, highest] of Object.entries(most)) {
    const value = options[name as keyof typeof most]
    if (value === undefined) continue
    const least = name === 'holdMs' ? 0 : name === 'deadlineMs' ? 1000 : Number.MIN_VALUE
    const whole = name === 'rate' || Number.isInteger(value)
    if (!(value >= least && value <= highest && whole)) throw new RangeError(`${name} must be at most ${highest}, not ${value}`)
  }
  const { target, localAddress, user, transport, tls } = options
  if (isIP(target.address) === 0) throw new RangeError(`the target must be an IP address, not ${target.address}`)
  if (localAddress !== undefined && isIP(localAddress) === 0) throw new RangeError(`${localAddress} is no IP address`)
  // It is put into URIs as it is.
  if (user !== undefined && !/^[\w.+*#-]+$/.test(user)) throw new RangeError(`the user ${user} cannot be called`)
  if (tls !== undefined && transport !== 'tls') throw new RangeError('tls options need transport tls')
}
