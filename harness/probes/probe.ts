/** Something of the edge that was tried by itself, beside the calls of a scenario: what came of it, and as what it is reported. */
import type { CaseResult } from '../../reports/schema/results.ts'
import type { CallWires } from '../evidence/call-wires.ts'

/** `departure`: met all the same, but by a way of the product's own that no RFC knows; its id in the platform file. */
export type ProbeFinding = Pick<CaseResult, 'met' | 'seen' | 'departure'>

export interface Probe extends Omit<CaseResult, 'evidence'> {
  /** How TLS is spoken, who is believed to be whom, or how audio is protected. */
  readonly about: 'protocol' | 'identity' | 'media'
  /** What crossed the wire, where it was a call. */
  readonly wires?: CallWires
}
