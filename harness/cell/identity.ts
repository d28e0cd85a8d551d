/**
 * Who a planned item is on the wire: a number, a user, a password and a pair of tones of
 * its own, so that whatever crosses from one call into another is noticed.
 */
import { randomBytes } from 'node:crypto'
import { tonePair, tonePairCount } from '../../protocol/audio/tone.ts'
import type { PeerIdentity } from '../peers/peer.ts'
import type { PlanItem } from '../plan.ts'

/** Country code 999 is assigned to nobody: these numbers ring nowhere. */
const prefix = '+999'

/** The identity of the item with this place in the plan. `edge` is where it is reached on the cell's transport. */
export function identify(item: PlanItem, place: number, edge: PeerIdentity['edge']): PeerIdentity {
  return {
    cellId: item.cell.id,
    number: `${prefix}${10_000_000 + place}`,
    edge,
    username: `cell${10_000_000 + place}`,
    password: randomBytes(12).toString('hex'),
    // Two pairs an item: neighbours in time never share one, because far fewer run at once than there are pairs.
    edgeTone: tonePair((2 * place) % tonePairCount),
    peerTone: tonePair((2 * place + 1) % tonePairCount),
    sendDigits: digitsFrom('peer', item),
    edgeDigits: digitsFrom('edge', item),
    ...policyOf(item),
  }
}

/** A product is set up for a whole scenario: the policy of its first call that names one. */
function policyOf({ scenario }: PlanItem): Pick<PeerIdentity, 'mediaPolicy'> {
  const policy = scenario.steps.map((step) => ('call' in step ? step.call.peer : undefined)).find((one) => one !== undefined)
  return policy === undefined ? {} : { mediaPolicy: policy }
}

function digitsFrom(side: 'peer' | 'edge', { scenario }: PlanItem): string {
  return scenario.steps.map((step) => ('digits' in step && step.digits.from === side ? step.digits.send : '')).join('')
}
