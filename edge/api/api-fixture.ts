/** The API over a store in memory and a call desk that only remembers, for tests. */

import type { FastifyInstance } from 'fastify'
import { Directory } from '../directory.ts'
import { EventHub } from '../events.ts'
import { type Log, silentLog } from '../log.ts'
import { Metrics } from '../metrics.ts'
import { Problem } from '../problem.ts'
import { ephemeralKey, SecretBox } from '../secrets.ts'
import { Store } from '../store.ts'
import type { CallDesk } from './context.ts'
import type { CallAction, CallRequest } from './schemas.ts'
import { createApi } from './server.ts'
import type { CallView, TraceView } from './views.ts'

export const token = 'a-token-for-tests'

export const someCall: CallView = {
  id: 'c1',
  call_id: 'abc@127.0.0.1',
  direction: 'outbound',
  number: '+12065550100',
  trunk: 't1',
  from: 'sip:+12065550100@edge.example.com',
  to: 'sip:+12065550147@pbx.example.com',
  state: 'setup',
  started_at: 1,
  transport: { protocol: 'udp', remote: { address: '127.0.0.1', port: 5060 }, tls: null },
  sdp: { local: null, remote: null },
  negotiated: null,
  digits: [],
  tones: [],
  media: null,
}

/** Remembers what it was asked for. */
export class FakeDesk implements CallDesk {
  readonly placed: CallRequest[] = []
  readonly actions: CallAction[] = []

  async place(request: CallRequest): Promise<CallView> {
    this.placed.push(request)
    return someCall
  }

  list(): CallView[] {
    return [someCall]
  }

  get(id: string): CallView | undefined {
    return id === someCall.id ? someCall : undefined
  }

  async act(id: string, action: CallAction): Promise<void> {
    if (id !== someCall.id) throw new Problem('not-found', 'no such call')
    this.actions.push(action)
  }

  trace(id: string): TraceView | undefined {
    return id === someCall.id ? { sip: [], truncated: false, rtp_summary: null } : undefined
  }
}

export interface ApiFixture extends AsyncDisposable {
  readonly app: FastifyInstance
  readonly directory: Directory
  readonly desk: FakeDesk
  readonly events: EventHub
  /** Everything the store holds. */
  readonly kept: () => ReturnType<Store['load']>
  /** A request with the token; `body` is sent as JSON. */
  readonly ask: (
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    url: string,
    body?: unknown,
  ) => Promise<{ status: number; body: unknown; type: string }>
}

export async function apiFixture(options: { log?: Log; draining?: boolean } = {}): Promise<ApiFixture> {
  const store = Store.open(':memory:', new SecretBox(ephemeralKey()))
  const directory = new Directory({ store, now: () => 1_700_000_000_000 })
  const events = new EventHub()
  const desk = new FakeDesk()
  const metrics = new Metrics(() => ({ activeCalls: 0, bindings: 0, trunks: 0, numbers: 0, subscribers: 0, pacerLatenessMs: undefined }))
  const app = await createApi({
    directory,
    calls: desk,
    registrations: () => [],
    events,
    metrics,
    info: () => ({
      version: '0.0.0',
      sip: [{ transport: 'udp', address: '127.0.0.1', port: 32681 }],
      faults: [],
      draining: options.draining ?? false,
      pacer: { lateness_p99_ms: null },
    }),
    token,
    log: options.log ?? silentLog,
  })
  return {
    app,
    directory,
    desk,
    events,
    kept: () => store.load(),
    async ask(method, url, body) {
      const headers = { authorization: `Bearer ${token}` }
      const answer = await app.inject({ method, url, headers, ...(body !== undefined && { payload: body as object }) })
      const type = String(answer.headers['content-type'] ?? '')
      return { status: answer.statusCode, body: type.includes('json') ? answer.json() : answer.body, type }
    },
    async [Symbol.asyncDispose]() {
      events.close()
      await app.close()
      store.close()
    },
  }
}
