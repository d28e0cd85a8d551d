/** From expectations to one verdict for the cell, with the reason in one sentence. */
import type { Attempt, ExpectationResult, Fidelity } from '../../reports/schema/results.ts'
import type { PlanItem } from '../plan.ts'

/** Media packets later than this say more about the machine than about who sent them, milliseconds. */
export const machineBoundMs = 60

/**
 * Expectations that a machine which cannot keep time breaks without anybody's fault: what is not
 * heard, or not done, in time. No lateness makes a wrong tone, codec, transport or address.
 */
const timeCritical = new Set([
  'call.established',
  'call.ended',
  'media.heard-by-peer',
  'media.heard-by-edge',
  'media.loss',
  'dtmf.digits',
  'dtmf.method',
  'secure.tls-protocol',
  'secure.tls-identity',
  'secure.policy-grid',
])

/**
 * A product that plays its tones in real time and takes RTP timestamps from the wall clock writes
 * audio over itself when it gets no CPU; our own persona plays from a loop and never does.
 */
const realTimeAudio = new Set(['media.level', 'media.identity'])

type Settled = Pick<Attempt, 'verdict' | 'reason' | 'attribution' | 'probe'>

/** `lateness` is only asked for when something failed. */
export async function settleVerdict(
  item: PlanItem,
  expectations: readonly ExpectationResult[],
  lateness: () => Promise<number>,
  fidelity: Fidelity = 'persona',
): Promise<Settled> {
  const excusable = (id: string): boolean => timeCritical.has(id) || (fidelity !== 'persona' && realTimeAudio.has(id))
  const settled = await plainVerdict(expectations, lateness, excusable)
  // What could not be judged says nothing of what was probed either.
  if (settled.verdict === 'inconclusive') return settled
  if (item.purpose === 'probe-unclaimed') return { ...settled, probe: probeOutcome(settled, expectations) }
  if (item.purpose === 'probe-peer-cannot' && settled.verdict === 'fail') return stillUnable(item, settled)
  return settled
}

/** A product that is declared unable, asked once more and unable still: skipped like the cells it was asked for. */
function stillUnable({ reason }: PlanItem, { reason: seen }: Settled): Settled {
  return { verdict: 'skipped', reason: `${reason.replace(/^.*?(?=peer-cannot:)/, '')} (still so: ${seen})`, attribution: 'peer' }
}

async function plainVerdict(
  expectations: readonly ExpectationResult[],
  lateness: () => Promise<number>,
  excusable: (id: string) => boolean,
): Promise<Settled> {
  const failed = expectations.filter((one) => one.verdict === 'fail')
  if (failed.length > 0) {
    if (failed.every((one) => excusable(one.id))) {
      const lateMs = await lateness()
      if (lateMs > machineBoundMs) {
        return {
          verdict: 'inconclusive',
          reason: `machine-bound: this machine was ${Math.round(lateMs)} ms late`,
          attribution: 'environment',
        }
      }
    }
    const first = failed[0]!
    return { verdict: 'fail', reason: `${first.title}: ${first.seen}`, attribution: 'unknown' }
  }
  const open = expectations.find((one) => one.verdict !== 'pass')
  if (open !== undefined) return { verdict: 'inconclusive', reason: `${open.title}: ${open.seen}`, attribution: 'unknown' }
  return { verdict: 'pass' }
}

/** An unclaimed cell breaks no claim: it works, is refused cleanly with a final response, or misbehaves. */
function probeOutcome({ verdict }: Settled, expectations: readonly ExpectationResult[]): 'works' | 'refused' | 'misbehaves' {
  if (verdict === 'pass') return 'works'
  const established = expectations.find((one) => one.id === 'call.established')
  return established?.verdict === 'fail' && /refused: [3-6]\d\d/.test(established.seen) ? 'refused' : 'misbehaves'
}
