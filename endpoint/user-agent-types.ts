/**
 * What a user of the endpoint holds: requests, calls, and the options that make them.
 * Types only; the behaviour is in user-agent.ts, incoming-call.ts and outgoing-call.ts.
 */
import type { SipRequest, SipResponse } from '../protocol/sip/message.ts'
import type { SipTimers } from '../protocol/sip/timers.ts'
import type { Address, TlsFacts, Transport } from '../protocol/wire.ts'
import type { Clock } from './clock.ts'
import type { FaultSet } from './faults.ts'
import type { Log } from './log.ts'
import type { MediaChange, MediaFactory, MediaOptions, MediaSession } from './media/types.ts'
import type { Resolver } from './resolver.ts'
import type { Target } from './target.ts'
import type { Connection } from './transport/connection.ts'
import type { TransportLayer } from './transport/transport-layer.ts'

/** A header row: name and value. */
export type HeaderRow = [name: string, value: string]

export interface UserAgentOptions {
  /** User-Agent and Server value. */
  readonly name: string
  /** Already listening. The user agent becomes its only reader, and does not close it. */
  readonly transports: TransportLayer
  /** User part of Contact; none when absent. */
  readonly contactUser?: string
  /** Host to put into Via and Contact, when the listening address is not the one peers reach. */
  readonly advertised?: { readonly host: string }
  /** Default: the system's name servers. */
  readonly resolver?: Resolver
  readonly clock?: Clock
  /** Figures that differ from RFC 3261 table 4; for tests and slow links. */
  readonly timers?: Partial<SipTimers>
  readonly faults?: FaultSet
  readonly log?: Log
  readonly media: MediaFactory
  /**
   * What strangers can make this endpoint hold at once. `lateMs`: new calls are refused
   * with 503 while timers run later than this, so that those that are up go on well past
   * what the machine can carry; default never, as a busy test machine is late without load.
   */
  readonly limits?: { readonly dialogs?: number; readonly serverTransactions?: number; readonly lateMs?: number }
}

export interface Credentials {
  readonly username: string
  readonly password: string
  /** Answer only challenges of this realm; any realm when absent. */
  readonly realm?: string
}

/** How far a request travels and who it says it is. */
interface Addressing {
  /** Name-addr or URI. */
  readonly to: string
  /** Name-addr or URI; the tag is added. */
  readonly from: string
  /** Default: the URI of `to`. */
  readonly requestUri?: string
  /** SIP URI of the next hop, used instead of the Request-URI to find where to send. */
  readonly outboundProxy?: string
  /** Also name the outbound proxy in a Route header (RFC 3261 8.1.2); default false. */
  readonly routeThroughProxy?: boolean
  readonly headers?: readonly HeaderRow[]
  /** Send here and nowhere else, without resolving anything. */
  readonly target?: Target
  /** Answers 401 and 407. */
  readonly credentials?: Credentials
}

/** A request outside a dialog. */
export interface OutgoingRequest extends Addressing {
  readonly method: string
  readonly body?: Uint8Array | string
  readonly contentType?: string
  /** Keep one Call-ID over several requests (REGISTER, RFC 3261 10.2.4); random when absent. */
  readonly callId?: string
  /** Called for the CSeq number of each attempt; 1, 2, … when absent. */
  readonly nextCSeq?: () => number
  /** Contact value; the endpoint's own when absent, none when false. */
  readonly contact?: string | false
}

export interface RequestOptions {
  readonly target?: Target
  readonly credentials?: Credentials
  readonly signal?: AbortSignal
}

/** 'none' neither offers nor accepts RFC 3262; 'required' asks for it. */
export type ReliableUse = 'none' | 'supported' | 'required'

export interface InviteOptions extends Addressing {
  readonly media: MediaOptions
  /** INVITE without SDP: the peer offers in its 2xx. */
  readonly lateOffer?: boolean
  /** Session-Expires to ask for, seconds (RFC 4028); no session timer of our own wish when absent. */
  readonly sessionExpires?: number
  /** Default 'supported'. */
  readonly reliable?: ReliableUse
  /** CANCEL when there is no final response by then. */
  readonly timeoutMs?: number
  /** Take an SDP answer that departs from RFC 3264 where media can still flow. */
  readonly lenientAnswer?: boolean
}

/** setup: no tag from the peer yet; early: a provisional with a tag; answered: 2xx; confirmed: ACK. */
export type CallState = 'setup' | 'early' | 'answered' | 'confirmed' | 'ended'

/** Why a call is over. `status` is the final response or what stands for it; `reason` is text for people. */
export interface CallEnd {
  readonly by: 'local' | 'remote' | 'timeout' | 'error'
  readonly status?: number
  readonly reason?: string
}

export interface CallInfo {
  readonly contentType: string
  readonly body: Uint8Array
  readonly request: SipRequest
}

export interface CallEvents {
  /** 18x sent or received. */
  ringing: [response: SipResponse]
  /** The 2xx was sent or received. */
  answered: [response: SipResponse]
  /** The ACK was received or sent: both sides agree the call is up. */
  confirmed: []
  /** An INFO that was accepted, digits included. */
  info: [info: CallInfo]
  /** The session description changed through re-INVITE or UPDATE, by either side. */
  renegotiated: [by: 'local' | 'remote']
  ended: [end: CallEnd]
}

/** What a re-INVITE or UPDATE changes. An empty one only refreshes the session. */
export interface SessionChange extends MediaChange {
  /** Default 'INVITE'. */
  readonly method?: 'INVITE' | 'UPDATE'
  /** Re-INVITE without SDP: the peer offers. */
  readonly lateOffer?: boolean
}

export interface Call {
  /** Unique in this process. */
  readonly id: string
  readonly callId: string
  readonly direction: 'in' | 'out'
  readonly state: CallState
  readonly remoteUri: string
  readonly localUri: string
  readonly transport: Transport
  readonly remoteAddress: Address
  /** Of the flow the INVITE (or its response) travelled on. */
  readonly tls: TlsFacts | undefined
  /** As sent last, credentials included, or as received. */
  readonly invite: SipRequest
  /** The final response to the INVITE. */
  readonly response: SipResponse | undefined
  readonly media: MediaSession | undefined
  readonly end: CallEnd | undefined
  on<K extends keyof CallEvents>(event: K, listener: (...args: CallEvents[K]) => void): this
  once<K extends keyof CallEvents>(event: K, listener: (...args: CallEvents[K]) => void): this
  off<K extends keyof CallEvents>(event: K, listener: (...args: CallEvents[K]) => void): this
  /** CANCEL, BYE or a declining response, as the state asks. Resolves when the call has ended; never rejects. */
  hangup(options?: { reason?: string }): Promise<void>
  /** Rejects when the call is not up. */
  sendInfo(contentType: string, body: string): Promise<SipResponse>
  /** Resolves with the final response, whatever it is; 491 is tried again as RFC 3261 14.1 says before it is returned. */
  reinvite(change: SessionChange): Promise<SipResponse>
}

export interface OutgoingCall extends Call {
  readonly direction: 'out'
}

export interface ProvisionalOptions {
  readonly headers?: readonly HeaderRow[]
  /** Send reliably (RFC 3262). Default: only where the caller requires it. */
  readonly reliable?: boolean
}

export interface IncomingCall extends Call {
  readonly direction: 'in'
  readonly flow: Connection
  /** 180. */
  ring(options?: ProvisionalOptions): void
  /** 183, with early media when `media` is given and the INVITE brought an offer. */
  progress(options?: ProvisionalOptions & { media?: MediaOptions }): Promise<void>
  /** Sends the 2xx. Resolves at the ACK; rejects when the call ended before it. */
  answer(options: { media: MediaOptions; headers?: readonly HeaderRow[] }): Promise<void>
  reject(status: number, options?: { reason?: string; headers?: readonly HeaderRow[] }): void
  /** 401 with these WWW-Authenticate values, one row each. */
  challenge(values: readonly string[]): void
}

export interface ReplyOptions {
  readonly reason?: string
  readonly headers?: readonly HeaderRow[]
  readonly body?: Uint8Array | string
}

/** A request outside a dialog that waits for its answer. */
export interface IncomingRequest {
  readonly request: SipRequest
  readonly transport: Transport
  readonly remote: Address
  readonly local: Address
  readonly flow: Connection
  readonly tls: TlsFacts | undefined
  reply(status: number, options?: ReplyOptions): void
}
