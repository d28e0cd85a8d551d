/** Where a run takes place: an edge, the peers, and who is who. Two kinds start one: embedded and docker. */
import type { FaultName } from '../../endpoint/faults.ts'
import type { PlatformInfo } from '../../reports/schema/results.ts'
import type { EdgeClient, EdgeInfo } from '../edge/edge-client.ts'
import type { PeerIdentity, StartedPeer } from '../peers/peer.ts'
import type { PlanItem } from '../plan.ts'
import type { TlsLab } from '../probes/tls-lab.ts'

export interface RuntimeOptions {
  readonly runId: string
  /** The run's folder; exists. */
  readonly runDir: string
  readonly items: readonly PlanItem[]
  readonly faults: { readonly edge: readonly FaultName[]; readonly peer: readonly FaultName[] }
  /** Progress for people, one line each. */
  readonly say: (line: string) => void
  readonly signal: AbortSignal
}

/** Who plays an item. */
export interface Role {
  readonly item: PlanItem
  readonly identity: PeerIdentity
  readonly peer: StartedPeer
}

export interface StartedRuntime extends AsyncDisposable {
  readonly edge: EdgeClient
  readonly edgeInfo: EdgeInfo
  /** One for each item, in the order of the plan. */
  readonly roles: readonly Role[]
  /** Where the edge’s log goes. */
  readonly edgeLogFile: string
  /** What TLS cases are played with. */
  readonly tlsLab: TlsLab
  /** CIDR ranges the peers call from. */
  readonly peerAddresses: readonly string[]
  /** Versions of what took part, by name. */
  readonly versions: Readonly<Record<string, string>>
  /** What stood in for each platform, for the report. */
  readonly standIns: ReadonlyMap<string, Pick<PlatformInfo, 'note'>>
  /** How late media left, of edge and peers, lately: the worst 99th percentile, milliseconds. */
  latenessMs(): Promise<number>
  /** Rejects with an UnableError when a part of it ends by itself. */
  readonly died: Promise<never>
}
