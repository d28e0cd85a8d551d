/** One thing TLS demands of the edge: how it is provoked, and how its answer is told from a wrong one. */
import type { EdgeClient } from '../edge/edge-client.ts'
import type { Probe, ProbeFinding } from './probe.ts'
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

export interface TlsCase extends Pick<Probe, 'rule' | 'demand'> {
  readonly about: 'protocol' | 'identity'
  play(stage: TlsStage): Promise<ProbeFinding>
}
