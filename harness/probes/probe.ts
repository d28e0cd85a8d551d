/** Something of the edge that was tried by itself, beside the calls of a scenario, for the judge and the report. */

/** What came of it. */
export interface ProbeFinding {
  readonly met: boolean
  readonly seen: string
  /** Met all the same, but by a way of the product's own that no RFC knows; its id in the platform file. */
  readonly departure?: string
}

export interface Probe extends ProbeFinding {
  readonly case: string
  /** How TLS is spoken, who is believed to be whom, or how audio is protected. */
  readonly about: 'protocol' | 'identity' | 'media'
  /** The clause that demands it, and what it demands, in one sentence. */
  readonly rule: string
  readonly demand: string
}
