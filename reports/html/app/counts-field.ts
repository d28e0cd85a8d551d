/** One field of a table of verdicts: how many of how many, marked by what needs attention most, and a way to what it counts. */
import { type Counts, triedOf, verdictSymbol, worstVerdict } from '../../grid.ts'
import type { Verdict } from '../../schema/results.ts'
import { h } from './dom.ts'
import { shareBar } from './marks.ts'
import { cellsHref } from './route.ts'

export interface FieldLook {
  /** What is counted, for whoever cannot see row and column. */
  readonly where: string
  readonly words: Readonly<Record<Verdict, string>>
  /** Only personas stand behind it. */
  readonly emulated: boolean
  /** The first of its group of columns. */
  readonly first: boolean
  readonly filter: Readonly<Record<string, string | undefined>>
  readonly whenEmpty: { readonly symbol: string; readonly why: string }
}

export function countsField(counts: Counts, { where, words, emulated, first, filter, whenEmpty }: FieldLook): HTMLElement {
  const worst = worstVerdict(counts)
  const edge = first ? ' first' : ''
  if (!worst) {
    const { symbol, why } = whenEmpty
    return h('td', { class: `field void${edge}` }, h('span', { title: why, 'aria-label': why }, symbol))
  }
  const parts = (Object.keys(counts) as Verdict[])
    .filter((verdict) => counts[verdict] > 0)
    .map((verdict) => `${counts[verdict]} ${words[verdict]}`)
  const label = `${where}: ${parts.join(', ')}`
  return h(
    'td',
    { class: `field v-${worst}${emulated ? ' emulated' : ''}${edge}` },
    h(
      'a',
      { href: cellsHref(filter, worst === 'pass' || worst === 'skipped' ? '' : 'verdict'), title: label, 'aria-label': label },
      h('b', {}, verdictSymbol[worst]),
      h('span', {}, worst === 'skipped' ? counts.skipped : `${counts.pass}/${triedOf(counts)}`),
      shareBar(counts),
    ),
  )
}
