/**
 * The reference edge put together: sockets, user agent, registrar, calls, API. Started
 * whole or not at all; drained or closed, it leaves nothing open.
 */

import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { systemClock } from '../endpoint/clock.ts'
import { MediaEngine } from '../endpoint/media/engine.ts'
import { capabilities } from '../endpoint/request-checks.ts'
import { Resolver } from '../endpoint/resolver.ts'
import type { Listener } from '../endpoint/transport/transport-layer.ts'
import { TransportLayer } from '../endpoint/transport/transport-layer.ts'
import { UserAgent } from '../endpoint/user-agent.ts'
import type { IncomingRequest } from '../endpoint/user-agent-types.ts'
import packageJson from '../package.json' with { type: 'json' }
import { agentSchema } from './api/schemas.ts'
import { createApi } from './api/server.ts'
import type { InfoView, RegistrationView } from './api/views.ts'
import { Authorizer } from './authorizer.ts'
import { Bindings } from './bindings.ts'
import { CallBook } from './call-book.ts'
import { CallCenter } from './call-center.ts'
import { Directory } from './directory.ts'
import { EventHub } from './events.ts'
import { EdgeFailure } from './failure.ts'
import type { Log } from './log.ts'
import { MediaPlace } from './media-place.ts'
import { Metrics } from './metrics.ts'
import { withSignallingOnly } from './no-media.ts'
import type { EdgeOptions } from './options.ts'
import { Registrar } from './registrar.ts'
import { registrationView } from './registration-view.ts'
import { ephemeralKey, loadKey, SecretBox } from './secrets.ts'
import { SipTraces } from './sip-traces.ts'
import { listenFailure, openListeners, tlsTrust } from './sockets.ts'
import { Store } from './store.ts'
import { TrunkSelection } from './trunk-selection.ts'

/** How long a BYE may take before the edge goes without its answer. */
const farewellMs = 2_000

export class Edge {
  readonly http: { readonly host: string; readonly port: number }
  readonly sip: readonly Listener[]
  readonly metrics: Metrics
  readonly #parts: Parts
  #closed: Promise<void> | undefined

  private constructor(parts: Parts, http: { host: string; port: number }) {
    this.#parts = parts
    this.http = http
    this.sip = parts.transports.listeners
    this.metrics = parts.metrics
  }

  /** Opens everything, or nothing. Throws an EdgeFailure for what an operator can mend. */
  static async start(options: EdgeOptions, log: Log): Promise<Edge> {
    await using undo = new AsyncDisposableStack()
    const parts = await assemble(options, log, undo)
    const http = await listenHttp(parts.api, options.http)
    const edge = new Edge(parts, http)
    edge.#parts.undo = undo.move()
    return edge
  }

  /** Takes no new work, lets calls go on for `graceMs` at most or until `now` aborts, and closes. */
  async drain(graceMs: number, now: AbortSignal): Promise<void> {
    const { center, state, book, log } = this.#parts
    state.draining = true
    center.stopNew()
    log.info('draining', { calls: book.active })
    if (!now.aborted) await idleOrTimeout(book.idle(), graceMs, now)
    await this.close()
  }

  /** Hangs up what is left and closes everything. */
  close(): Promise<void> {
    this.#closed ??= (async () => {
      const { state, center, undo } = this.#parts
      state.draining = true
      center.stopNew()
      await undo?.disposeAsync()
    })()
    return this.#closed
  }
}

interface Parts {
  readonly transports: TransportLayer
  readonly metrics: Metrics
  readonly center: CallCenter
  readonly book: CallBook
  readonly api: FastifyInstance
  readonly state: { draining: boolean }
  readonly log: Log
  /** Closes everything, the last opened first. */
  undo?: AsyncDisposableStack
}

/** Builds the parts in the order they need each other; each is closed by `undo` should a later one fail. */
async function assemble(options: EdgeOptions, log: Log, undo: AsyncDisposableStack): Promise<Parts> {
  const clock = systemClock
  const { faults } = options
  const store = openStore(options)
  undo.defer(() => store.close())
  // An open number is there for load: it carries media only when it is to echo it.
  const openAgent = agentSchema.parse({ echo: options.echoDefault, media: options.echoDefault, listen: false })
  const directory = new Directory({ store, defaultAgent: agentSchema.parse({ echo: options.echoDefault }) })
  const events = new EventHub()
  const bindings = new Bindings({
    clock,
    onChange: (trunkId) => {
      const trunk = directory.trunk(trunkId)
      if (trunk !== undefined) {
        events.publish('registration.changed', directory.numbersOf(trunkId), () => ({ ...registrationView(trunk, bindings, clock) }))
      }
    },
  })
  undo.defer(() => bindings.close())
  directory.onTrunkGoing = (trunk) => bindings.clear(trunk.id)

  const traces = new SipTraces({
    anyWanted: () => directory.tracing > 0,
    wants: (user) => directory.numberOfUser(user)?.agent.trace === true,
  })
  const resolver = new Resolver(options.dnsServers.length > 0 ? { servers: options.dnsServers } : {})
  const transports = await openListeners(options, (listen) =>
    TransportLayer.open({
      listen,
      tlsClient: { ...tlsTrust(options), ...clientCertificate(options) },
      tap: traces,
      faults,
    }),
  ).catch((error: unknown) => {
    throw listenFailure(error, 'sip')
  })
  undo.defer(() => transports.close())

  const engine = new MediaEngine({ range: options.rtpPorts, faults })
  undo.defer(() => engine.close())
  const advertisedAddress = await addressOf(options.advertise)
  const userAgent = new UserAgent({
    name: `Trunkproof-Edge/${packageJson.version}`,
    transports,
    contactUser: 'edge',
    ...(options.advertise !== undefined && { advertised: { host: options.advertise } }),
    resolver,
    clock,
    faults,
    media: withSignallingOnly(engine),
    // A call leaves transactions behind for half a minute after it: room for those of a busy one, not for any number of strangers'.
    limits: { dialogs: options.maxCalls, serverTransactions: 20 * options.maxCalls },
  })

  const authorizer = new Authorizer({ directory, realm: options.realm, faults })
  const book = new CallBook({ onForgotten: ({ callIds }) => traces.drop(callIds) })
  const state = { draining: false }
  const metrics = new Metrics(() => ({
    activeCalls: book.active,
    bindings: bindings.count,
    trunks: directory.size.trunks,
    numbers: directory.size.numbers,
    subscribers: events.subscribers,
    pacerLatenessMs: engine.pacer.latenessMs(),
  }))
  const center = new CallCenter({
    userAgent,
    directory,
    selection: new TrunkSelection(directory, options.openNumbers, openAgent),
    authorizer,
    bindings,
    book,
    events,
    metrics,
    traces,
    mediaPlace: new MediaPlace({
      hosts: options.hosts,
      localFor: (transport, remote) => transports.localFor(transport, remote),
      resolve: (uri) => resolver.resolve(uri),
      advertised: advertisedAddress,
    }),
    clock,
    log,
    faults,
    maxCalls: options.maxCalls,
  })
  undo.defer(() => center.close())
  const registrar = new Registrar({
    directory,
    authorizer,
    bindings,
    clock,
    minExpires: options.minExpires,
    faults,
    outcomes: metrics.registers,
  })
  userAgent.onInvite = (call) => (faults.has('reject-calls') ? call.reject(486) : center.incoming(call))
  userAgent.onRequest = (request) => answerRequest(request, registrar, state)

  const api = await createApi({
    directory,
    calls: center,
    registrations: () => registrationViews(directory, bindings),
    events,
    metrics,
    info: () => infoView(options, transports, engine, state.draining),
    token: options.token,
    log,
  })
  undo.defer(async () => {
    // Streams first: an open one would hold the server's close up.
    events.close()
    await api.close()
  })
  // Closed first, so that whoever listens to events still hears how the last calls ended.
  undo.defer(() => userAgent.close(farewellMs))
  return { transports, metrics, center, book, api, state, log }

  function registrationViews(known: Directory, held: Bindings): RegistrationView[] {
    return [...held.trunks()].flatMap((id) => {
      const trunk = known.trunk(id)
      return trunk === undefined ? [] : [registrationView(trunk, held, clock)]
    })
  }
}

function openStore(options: EdgeOptions): Store {
  const { store: path, secretFile } = options
  const kept = path !== ':memory:'
  const key = secretFile !== undefined ? loadKey(secretFile, false) : kept ? loadKey(`${path}.key`, true) : ephemeralKey()
  return Store.open(path, new SecretBox(key))
}

const clientCertificate = ({ tls }: EdgeOptions) => (tls === undefined ? {} : { cert: tls.cert, key: tls.key })

/** SDP wants an address even where Contact has a name. */
async function addressOf(host: string | undefined): Promise<string | undefined> {
  if (host === undefined || isIP(host) !== 0) return host
  try {
    return (await lookup(host)).address
  } catch (cause) {
    throw new EdgeFailure('usage', `--advertise ${host} does not resolve`, 'give a name that does, or an IP address', cause)
  }
}

async function listenHttp(api: FastifyInstance, http: { host: string; port: number }): Promise<{ host: string; port: number }> {
  try {
    await api.listen({ host: http.host, port: http.port })
  } catch (error) {
    throw listenFailure(error, 'http')
  }
  const address = api.server.address()
  return { host: http.host, port: typeof address === 'object' && address !== null ? address.port : http.port }
}

/** Requests outside a dialog: REGISTER is ours; OPTIONS says that we are there (RFC 3261 section 11.2). */
function answerRequest(incoming: IncomingRequest, registrar: Registrar, state: { readonly draining: boolean }): void {
  const { method } = incoming.request
  if (method === 'REGISTER') {
    if (state.draining) incoming.reply(503, { headers: [['Retry-After', '5']] })
    else registrar.handle(incoming)
  } else if (method === 'OPTIONS') {
    if (state.draining) incoming.reply(503)
    else incoming.reply(200, { headers: capabilities })
  } else {
    incoming.reply(405, { headers: capabilities })
  }
}

function infoView(options: EdgeOptions, transports: TransportLayer, engine: MediaEngine, draining: boolean): InfoView {
  return {
    version: packageJson.version,
    sip: transports.listeners.map(({ transport, address, port }) => ({ transport, address, port })),
    faults: [...options.faults],
    draining,
    pacer: { lateness_p99_ms: engine.pacer.latenessMs() },
  }
}

/** Resolves when `idle` does, the time is up, or `now` aborts. */
async function idleOrTimeout(idle: Promise<void>, ms: number, now: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  const stop = (): void => resolve()
  now.addEventListener('abort', stop, { once: true })
  await Promise.race([idle, promise])
  clearTimeout(timer)
  now.removeEventListener('abort', stop)
}
