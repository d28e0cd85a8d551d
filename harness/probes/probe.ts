/** Something of the edge that was tried by itself, beside the calls of a scenario: what came of it, and as what it is reported. */
import type { CaseResult } from '../../reports/schema/results.ts'

/** `departure`: met all the same, but by a way of the product's own that no RFC knows; its id in the platform file. */
export type ProbeFinding = Pick<CaseResult, 'met' | 'seen' | 'departure'>

export interface Probe extends CaseResult {
  /** How TLS is spoken, who is believed to be whom, or how audio is protected. */
  readonly about: 'protocol' | 'identity' | 'media'
}
