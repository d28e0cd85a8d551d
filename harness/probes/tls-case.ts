/** One thing TLS demands of the edge: how it is provoked, and how its answer is told from a wrong one. */
import type { EdgeClient } from '../edge/edge-client.ts'
import type { Place } from './tls-client.ts'
import type { TlsLab } from './tls-lab.ts'

/** What a case is played with. */
export interface TlsStage {
  readonly lab: TlsLab
  /** Where the edge listens for TLS. */
  readonly edge: Place
  readonly client: Pick<EdgeClient, 'provision' | 'release' | 'call'>
  /** A number of this case alone; nobody has imported it yet. */
  readonly number: string
}

/** What came of it. */
export interface TlsFinding {
  readonly met: boolean
  readonly seen: string
}

export interface TlsCase {
  /** What the expectation is about: how TLS is spoken, or who is believed to be whom. */
  readonly about: 'protocol' | 'identity'
  /** The clause that demands it, and what it demands, in one sentence. */
  readonly rule: string
  readonly demand: string
  play(stage: TlsStage): Promise<TlsFinding>
}

/** A case that was played, for the judge and the report. */
export interface TlsProbe extends TlsFinding, Pick<TlsCase, 'about' | 'rule' | 'demand'> {
  readonly case: string
}
