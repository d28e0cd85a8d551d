/**
 * Turns evidence into a verdict, expectation by expectation. What an expectation rests on
 * is judged first; when that failed, or left nothing to look at, it is left unjudged and says
 * so, because a broken foundation is one fault, not several.
 */
import type { ExpectationResult } from '../../reports/schema/results.ts'
import type { CellEvidence } from '../evidence/cell-evidence.ts'
import { expectations } from './catalogue.ts'
import type { Expectation, Finding } from './expectation.ts'

/**
 * Judges the expectations named, those that apply to the cell, in the order of the catalogue.
 * Throws a RangeError on an id nobody knows: scenarios are checked before they run.
 */
export function judge(
  ids: readonly string[],
  evidence: CellEvidence,
  remedies: Readonly<Record<string, string>> = {},
): ExpectationResult[] {
  const unknown = ids.find((id) => !expectations.has(id))
  if (unknown !== undefined) throw new RangeError(`no expectation is called "${unknown}"`)
  const wanted = [...expectations.values()].filter((one) => ids.includes(one.id) && (one.applies?.(evidence.cell.axes) ?? true))
  const judged = new Map<string, ExpectationResult>()
  const unsound = new Set<string>()
  for (const expectation of inOrderOfFoundation(wanted)) {
    const broken = expectation.after.find((id) => unsound.has(id))
    const finding = broken === undefined ? expectation.judge(evidence) : undefined
    if (finding === undefined || finding.verdict === 'fail' || finding.blind === true) unsound.add(expectation.id)
    const result = finding === undefined ? leave(expectation, broken!, evidence) : settle(expectation, finding, evidence, remedies)
    judged.set(expectation.id, result)
  }
  return wanted.map((expectation) => judged.get(expectation.id)!)
}

function inOrderOfFoundation(wanted: readonly Expectation[]): Expectation[] {
  const done: Expectation[] = []
  const left = new Set(wanted)
  const ready = (one: Expectation): boolean => ![...left].some((other) => one.after.includes(other.id))
  while (left.size > 0) {
    const next = [...left].filter(ready)
    if (next.length === 0) throw new Error(`expectations rest on each other: ${[...left].map((one) => one.id).join(', ')}`)
    for (const one of next) {
      left.delete(one)
      done.push(one)
    }
  }
  return done
}

function settle(
  expectation: Expectation,
  { message, packet, cause, blind: _, ...finding }: Finding,
  evidence: CellEvidence,
  remedies: Readonly<Record<string, string>>,
): ExpectationResult {
  const place = { ...(message === undefined ? {} : { message }), ...(packet === undefined ? {} : { packet }) }
  return {
    id: expectation.id,
    title: expectation.title,
    clause: expectation.clause(evidence.cell.axes),
    ...finding,
    ...(cause === undefined ? {} : { cause }),
    ...(finding.verdict === 'fail' ? { remedy: remedies[expectation.id] ?? expectation.remedy } : {}),
    ...(Object.keys(place).length === 0 ? {} : { evidence: place }),
  }
}

function leave(expectation: Expectation, broken: string, evidence: CellEvidence): ExpectationResult {
  return {
    id: expectation.id,
    title: expectation.title,
    clause: expectation.clause(evidence.cell.axes),
    verdict: 'skipped',
    expected: 'judged once its foundation holds',
    seen: `not judged, because ${broken} does not hold`,
  }
}
