/** RFC 3263: from a SIP URI to the addresses to try, in order. */

import type { SipUri } from '../protocol/sip/uri.ts'
import type { Target } from './target.ts'

/** A place that can be sent to as it is: `host` is an IP address. */
export interface ResolvedTarget extends Target {
  readonly port: number
}

export interface ResolverOptions {
  /** DNS servers as 'ip:port' or 'ip'; default: the system's. */
  readonly servers?: readonly string[]
  /** 0 up to 1, for the weights of SRV records. */
  readonly random?: () => number
  /** Milliseconds one server has to answer one question. */
  readonly timeoutMs?: number
}

export class Resolver {
  constructor(_options: ResolverOptions = {}) {}

  /** Rejects with a ResolveError when nothing can be found. */
  async resolve(_uri: SipUri): Promise<ResolvedTarget[]> {
    throw new Error('not built yet')
  }
}
