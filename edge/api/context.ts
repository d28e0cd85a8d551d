/** What the API's routes reach for: the edge, seen from HTTP. */

import type { Directory } from '../directory.ts'
import type { EventHub } from '../events.ts'
import type { Log } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import type { CallAction, CallRequest } from './schemas.ts'
import type { CallView, InfoView, RegistrationView, TraceView } from './views.ts'

/** Which calls a list is asked for. */
export interface CallFilter {
  readonly number?: string | undefined
  readonly state?: 'active' | 'ended' | undefined
  readonly callId?: string | undefined
  readonly limit: number
}

/** The calls of the edge, as far as the API may touch them. Refusals are thrown as Problems. */
export interface CallDesk {
  place(request: CallRequest): Promise<CallView>
  /** Newest first. */
  list(filter: CallFilter): CallView[]
  get(id: string): CallView | undefined
  /** Resolves when the action is done. */
  act(id: string, action: CallAction): Promise<void>
  trace(id: string): TraceView | undefined
}

export interface ApiContext {
  readonly directory: Directory
  readonly calls: CallDesk
  readonly registrations: () => RegistrationView[]
  readonly events: EventHub
  readonly metrics: Metrics
  readonly info: () => InfoView
  readonly token: string
  readonly log: Log
}
