/** The small marks the page repeats: verdicts and fidelity. */
import { type Counts, verdictSymbol } from '../../grid.ts'
import type { Fidelity, Verdict } from '../../schema/results.ts'
import { h } from './dom.ts'
import { verdictWord } from './words.ts'

/** Symbol in the verdict's colour, with its word for screen readers and on hover. */
export function verdictMark(verdict: Verdict, fidelity?: Fidelity): HTMLElement {
  return h(
    'span',
    {
      class: `mark v-${verdict}${fidelity === 'persona' ? ' emulated' : ''}`,
      title: verdictWord[verdict],
      role: 'img',
      'aria-label': verdictWord[verdict],
    },
    verdictSymbol[verdict],
  )
}

const fidelityTitle: Record<Fidelity, string> = {
  real: 'The product itself ran.',
  persona: 'Emulated: a program spoke this platform’s documented dialect. A pass is the persona’s, not the vendor’s.',
  remote: 'A live system elsewhere was called.',
}

export function fidelityBadge(fidelity: Fidelity): HTMLElement {
  return h('span', { class: `badge f-${fidelity}`, title: fidelityTitle[fidelity] }, fidelity)
}

/** Shares of the verdicts as a thin bar. */
export function shareBar(counts: Counts): HTMLElement {
  const order: Verdict[] = ['pass', 'flaky', 'inconclusive', 'error', 'fail', 'skipped']
  const parts = order
    .filter((verdict) => counts[verdict] > 0)
    .map((verdict) => {
      const part = h('i', { class: `v-${verdict}` })
      part.style.flexGrow = String(counts[verdict])
      return part
    })
  return h('span', { class: 'bar', 'aria-hidden': 'true' }, parts)
}
