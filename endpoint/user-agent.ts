/**
 * The user agent core: what sits on the transaction layer and speaks for one
 * address. Being filled in: the types are final, the behaviour follows.
 */
import type { SipResponse } from '../protocol/sip/message.ts'
import type {
  IncomingCall,
  IncomingRequest,
  InviteOptions,
  OutgoingCall,
  OutgoingRequest,
  RequestOptions,
  UserAgentOptions,
} from './user-agent-types.ts'

export class UserAgent {
  /** A new call that passed RFC 3261 8.2's checks. Without a listener every INVITE is answered 480. */
  onInvite?: (call: IncomingCall) => void
  /** Any other request outside a dialog. Without a listener OPTIONS is answered 200, the rest 405. */
  onRequest?: (request: IncomingRequest) => void

  constructor(_options: UserAgentOptions) {}

  /** Sends a request outside a dialog, over the resolver's targets in turn, and answers one challenge. Rejects when no response came at all. */
  request(_request: OutgoingRequest, _options: RequestOptions = {}): Promise<SipResponse> {
    throw new Error('not built yet')
  }

  /** Starts a call. What goes wrong is told by the call's `ended` event. */
  invite(_options: InviteOptions): OutgoingCall {
    throw new Error('not built yet')
  }

  /** Ends every call, waits up to `graceMs` (default 2000) for that, and lets go of all timers. The transports stay open. */
  close(_graceMs = 2000): Promise<void> {
    throw new Error('not built yet')
  }
}
