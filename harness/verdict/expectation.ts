/** One thing a cell is judged by: an id people can type, when it applies, and how it is decided from evidence. */
import type { Axes } from '../../matrix/axes.ts'
import type { CellEvidence } from '../evidence/cell-evidence.ts'

/** What the evidence says. `message` and `packet` point at what shows it. */
export interface Finding {
  readonly verdict: 'pass' | 'fail' | 'inconclusive'
  readonly expected: string
  readonly seen: string
  readonly message?: number | undefined
  readonly packet?: number | undefined
  /** Likely cause, for the person who has to mend it. */
  readonly cause?: string | undefined
  /** Nothing that rests on this can be judged either, although it did not fail. */
  readonly blind?: boolean
}

export interface Expectation {
  readonly id: string
  readonly title: string
  /** The clause of the guide a failure breaks in such a cell. */
  readonly clause: (axes: Axes) => string
  /** Absent: applies to every cell. */
  readonly applies?: (axes: Axes) => boolean
  /**
   * Expectations this one rests on. When one of them failed, or left the judge blind, this one is
   * not judged: what follows from a broken foundation is not a second fault.
   */
  readonly after: readonly string[]
  readonly judge: (evidence: CellEvidence) => Finding
  /** What to look at on the peer's side, in general; platforms may know better. */
  readonly remedy: string
}

export const pass = (expected: string, seen: string): Finding => ({ verdict: 'pass', expected, seen })

export function fail(expected: string, seen: string, where: Omit<Finding, 'verdict' | 'expected' | 'seen'> = {}): Finding {
  return { verdict: 'fail', expected, seen, ...where }
}

export const inconclusive = (expected: string, seen: string): Finding => ({ verdict: 'inconclusive', expected, seen })

/** The clauses that follow from a cell's values. */
export const clauseOf = {
  transport: ({ transport }: Axes): string => (transport === 'tls' ? 'secure.tls13' : `transport.${transport}`),
  codec: ({ codec }: Axes): string => `codec.${codec}`,
  dtmf: ({ dtmf }: Axes): string => (dtmf === 'info' ? 'dtmf.sip-info' : 'dtmf.rtp-events'),
  registration: ({ registration }: Axes): string => `registration.${registration}`,
} as const

/** A clause that is the same in every cell. */
export const always = (clause: string) => (): string => clause
