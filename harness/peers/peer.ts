/**
 * The customer's side of a call as the harness sees it: one started product (or
 * persona) that serves many cells, and one session per cell. Whatever stands behind
 * it (a real Asterisk in a container, a persona in this process, somebody's PBX) is
 * driven and questioned through these two interfaces alone.
 *
 * A session never judges. It does what it is told and hands over what it saw.
 */
import type { SrtpKeys } from '../../endpoint/media/types.ts'
import type { Cell } from '../../matrix/cell.ts'
import type { MediaPolicy } from '../../matrix/media-policy.ts'
import type { TonePair } from '../../protocol/audio/tone.ts'
import type { Address, PathWire, RtpWire, SipWire, Transport } from '../../protocol/wire.ts'

/** What tells one cell's calls from every other's. Known before any peer starts. */
export interface PeerIdentity {
  readonly cellId: string
  /** E.164 with "+": the edge's number, and the name of this cell's trunk on both sides. */
  readonly number: string
  /** Where the edge listens for this cell. */
  readonly edge: { readonly host: string; readonly port: number; readonly transport: Transport }
  /** Digest credentials the peer answers challenges with. */
  readonly username: string
  readonly password: string
  /** What the edge plays, and what the peer plays. */
  readonly edgeTone: TonePair
  readonly peerTone: TonePair
  /** Digits the peer will send to the edge. */
  readonly sendDigits: string
  /** Digits the edge will send to the peer. */
  readonly edgeDigits: string
  /** How the peer protects audio, where that is not as its cell says. */
  readonly mediaPolicy?: MediaPolicy
}

/** `real`: the product itself; `persona`: emulated by us; `remote`: somebody's live system. */
export type Fidelity = 'real' | 'persona' | 'remote'

/** One product instance serving many cells. Disposing of it ends every session. */
export interface StartedPeer extends AsyncDisposable {
  readonly fidelity: Fidelity
  readonly version: string
  open(cell: Cell, identity: PeerIdentity): Promise<PeerSession>
}

/** One cell's side of one call. Disposing of it hangs up and unregisters; its evidence must be taken before. */
export interface PeerSession extends AsyncDisposable {
  /** Where the edge finds the peer without a registration: `sip:user@host:port;transport=x`. */
  readonly contactUri: string
  /** Registers at the edge; `password` replaces the identity's. Never rejects for a SIP status. */
  register(options?: { password?: string }): Promise<RegisterOutcome>
  /** Direction inbound: calls the edge's number, or another one. Resolves when answered, rejects with {@link CallFailed}. */
  call(options?: { number?: string }): Promise<void>
  /** Direction outbound: resolves when the peer has answered the edge's call. */
  waitForCall(): Promise<void>
  /** Whether any tone reaches the peer within the time. */
  heard(withinMs: number): Promise<boolean>
  /** Whether the peer has understood so many digits, of all that came, within the time. */
  understood(digits: number, withinMs: number): Promise<boolean>
  /** Resolves when the last digit has left. */
  sendDigits(digits: string): Promise<void>
  hangup(): Promise<void>
  /** Whether the call is over within the time, whoever ended it. */
  waitForEnd(withinMs: number): Promise<boolean>
  /** Pings the edge with OPTIONS and resolves with the final status, 0 when none came. Absent where the product cannot be told to. */
  ping?(): Promise<number>
  /** Sends bytes as they stand over the cell's transport and resolves with the status of what comes back, 0 for nothing. */
  sendRaw?(bytes: Uint8Array): Promise<number>
  evidence(): Promise<PeerEvidence>
}

export interface RegisterOutcome {
  /** Final status of the last REGISTER; 0 when none came. */
  readonly status: number
  readonly registered: boolean
}

/** Everything the peer's side can show for one cell. Lists are in time order; `at` is epoch milliseconds. */
export interface PeerEvidence {
  readonly sip: readonly SipWire[]
  readonly rtp: readonly RtpWire[]
  /** The TLS connections `sip` travelled on, from their first byte; absent where there are none. */
  readonly path?: readonly PathWire[]
  /** Key log lines of the TLS connections `sip` travelled on. Secret: for `capture.pcapng` alone. */
  readonly tlsKeys?: readonly string[]
  /** SRTP master keys the peer knows of, `local` being what it sends under. Secret: for `srtp-keys.json` alone. */
  readonly srtpKeys?: readonly SrtpKeys[]
  readonly digits: readonly HeardDigit[]
  readonly tones: readonly HeardTone[]
  /** What the product itself says of its media; absent when no media was set up. */
  readonly media?: MediaFacts
  readonly log: readonly string[]
}

/** A digit the peer understood. `method` is absent where the product does not tell and the wire does not show it. */
export interface HeardDigit {
  readonly digit: string
  readonly method?: 'rfc4733' | 'info'
  readonly durationMs?: number
  readonly at: number
}

/** What the peer heard during one window of audio. */
export interface HeardTone {
  readonly pair: TonePair | undefined
  readonly levelDbm0: number
  /** Share of the window's energy inside the pair, 0..1. */
  readonly purity: number
  readonly at: number
}

export interface MediaFacts {
  readonly local?: Address
  /** Where the peer sends: its latched remote address. */
  readonly remote?: Address
  readonly packetsIn: number
  readonly packetsOut: number
  /** Packets by payload type. */
  readonly payloadTypesIn: Readonly<Record<number, number>>
  readonly payloadTypesOut: Readonly<Record<number, number>>
  /** Ways in which the edge broke a rule and was lived with. */
  readonly departures?: readonly string[]
}

/** The call did not come about. `status` is the final SIP status, 0 when there was none. */
export class CallFailed extends Error {
  readonly status: number

  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'CallFailed'
    this.status = status
  }
}
