/** Plan items for tests, made of the project's own matrix and scenarios. */
import type { Axes } from '../matrix/axes.ts'
import type { Scenario } from '../scenarios/scenario.ts'
import { loadSources, type PlanItem } from './plan.ts'

const sources = loadSources()

/** The scenario every cell is tried with. */
export function proofScenario(): Scenario {
  return sources.scenarios.find(({ id }) => id === 'proof-call')!
}

/** The item of a generic cell with these values; the rest is UDP, plain RTP, static, RFC 4733, PCMU, no NAT, inbound. */
export function planItem(axes: Partial<Axes> = {}, changes: Partial<PlanItem> = {}): PlanItem {
  const wanted = {
    direction: 'inbound',
    transport: 'udp',
    media: 'rtp',
    registration: 'static',
    dtmf: 'rfc4733',
    codec: 'pcmu',
    nat: 'none',
    ...axes,
  }
  const cell = sources.cells.find(
    (one) => one.platform === 'generic' && Object.entries(wanted).every(([axis, value]) => one.axes[axis as keyof Axes] === value),
  )
  if (cell === undefined) throw new RangeError(`no cell of ${JSON.stringify(wanted)}`)
  return { cell, scenario: proofScenario(), clauses: [...cell.clauses], reason: 'a test', purpose: 'claim', ...changes }
}

/** Cells of every platform, in the order of the guide. */
export const everyCell = sources.cells
