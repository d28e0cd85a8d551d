/** What was tried beside calls: cases that make a table as tables, the others in a list. */
import type { CaseResult, Fidelity } from '../../schema/results.ts'
import { h } from './dom.ts'
import { verdictMark } from './marks.ts'
import { fileHref } from './route.ts'

type Placed = CaseResult & { readonly place: NonNullable<CaseResult['place']> }
const isPlaced = (one: CaseResult): one is Placed => one.place !== undefined

export function casesCard(cases: readonly CaseResult[] | undefined, fidelity: Fidelity): HTMLElement | undefined {
  if (cases === undefined || cases.length === 0) return undefined
  const met = cases.filter((one) => one.met).length
  const tables = Map.groupBy(cases.filter(isPlaced), ({ place }) => place.table)
  // What stands in a table in a word is told in full only where it is not as it should be.
  const listed = cases.filter((one) => !isPlaced(one) || !one.met || one.departure !== undefined)
  return h(
    'section',
    { class: 'card', id: 'cases' },
    h('header', { class: 'card-head' }, h('h2', {}, 'Cases'), h('p', { class: 'quiet' }, `${met} of ${cases.length} as demanded`)),
    tables.size > 0 &&
      h(
        'div',
        { class: 'case-tables' },
        [...tables].map(([title, placed]) => caseTable(title, placed)),
      ),
    listed.length > 0 &&
      h(
        'ul',
        { class: 'cases' },
        listed.map((one) => caseRow(one, fidelity)),
      ),
  )
}

function caseRow({ case: name, demand, seen, rule, met, departure, evidence }: CaseResult, fidelity: Fidelity): HTMLElement {
  return h(
    'li',
    { class: !met && 'bad-case' },
    verdictMark(met ? 'pass' : 'fail', fidelity),
    h(
      'div',
      {},
      h('p', {}, demand),
      h(
        'p',
        { class: 'quiet' },
        `${name}: `,
        h('code', { class: !met && 'bad' }, seen),
        evidence !== undefined && h('a', { href: fileHref(evidence) }, ' capture'),
      ),
    ),
    h('span', { class: 'quiet' }, rule, departure !== undefined && ` · ${departure}`),
  )
}

function caseTable(title: string, placed: readonly Placed[]): HTMLElement {
  const rows = [...new Set(placed.map(({ place }) => place.row))]
  const columns = [...new Set(placed.map(({ place }) => place.column))]
  return h(
    'div',
    { class: 'scroll' },
    h(
      'table',
      { class: 'case-table' },
      h('caption', {}, title),
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          h('td', {}),
          columns.map((column) => h('th', { scope: 'col' }, column)),
        ),
      ),
      h(
        'tbody',
        {},
        rows.map((row) =>
          h(
            'tr',
            {},
            h('th', { scope: 'row' }, row),
            columns.map((column) => field(placed.find(({ place }) => place.row === row && place.column === column))),
          ),
        ),
      ),
    ),
  )
}

function field(one: Placed | undefined): HTMLElement {
  if (one === undefined) return h('td', { class: 'quiet' }, '–')
  const { met, departure, demand, rule, seen, outcome, evidence } = one
  const word = outcome ?? (met ? 'met' : 'not met')
  const kind = !met ? 'v-fail' : departure === undefined ? 'v-pass' : 'v-flaky'
  return h(
    'td',
    { class: kind, title: `${demand} (${rule}); seen: ${seen}` },
    evidence === undefined ? word : h('a', { href: fileHref(evidence) }, word),
    !met && h('span', { class: 'off-screen' }, ' not as demanded'),
    departure !== undefined && h('span', { class: 'off-screen' }, ' by a way of the product’s own'),
  )
}
