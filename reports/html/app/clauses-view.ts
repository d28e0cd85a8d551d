/** The guide, clause by clause: what this run proves of it. */
import type { ClauseVerdict } from '../../schema/results.ts'
import { h } from './dom.ts'
import { page } from './page.ts'
import { cellsHref } from './route.ts'
import { count } from './words.ts'

const order: readonly ClauseVerdict[] = ['broken', 'flaky', 'unproven', 'proven', 'not applicable']
const symbols: Record<ClauseVerdict, string> = { proven: '✓', broken: '✗', flaky: '≈', unproven: '?', 'not applicable': '–' }
const looks: Record<ClauseVerdict, string> = {
  proven: 'v-pass',
  broken: 'v-fail',
  flaky: 'v-flaky',
  unproven: 'v-inconclusive',
  'not applicable': 'v-skipped',
}

type PageClause = (typeof page.clauses)[number]

export function clausesView(): HTMLElement {
  const sorted = [...page.clauses].sort((a, b) => order.indexOf(a.verdict) - order.indexOf(b.verdict))
  const tallies = order
    .map((verdict) => [verdict, page.clauses.filter((clause) => clause.verdict === verdict).length] as const)
    .filter(([, found]) => found > 0)
  return h(
    'section',
    { class: 'card' },
    h(
      'header',
      { class: 'card-head' },
      h('h2', {}, 'Clauses of the guide'),
      page.run.guide_snapshot && h('p', { class: 'quiet' }, `as of ${page.run.guide_snapshot}`),
      h(
        'p',
        { class: 'tallies' },
        tallies.map(([verdict, found]) => h('span', {}, mark(verdict), ` ${found} ${verdict}`)),
      ),
    ),
    sorted.length === 0
      ? h('p', { class: 'empty' }, 'The plan named no clauses.')
      : h(
          'div',
          { class: 'scroll' },
          h(
            'table',
            { class: 'clauses' },
            h(
              'thead',
              {},
              h(
                'tr',
                {},
                h('td', {}),
                ['Clause', 'What the guide says', 'Proven', 'Broken', 'Flaky', 'Open', 'Not tried'].map((title) =>
                  h('th', { scope: 'col' }, title),
                ),
              ),
            ),
            h('tbody', {}, sorted.map(row)),
          ),
        ),
  )
}

function mark(verdict: ClauseVerdict): HTMLElement {
  return h('span', { class: `mark ${looks[verdict]}`, title: verdict, role: 'img', 'aria-label': verdict }, symbols[verdict])
}

function row(clause: PageClause): HTMLElement {
  const { id, title, statement, section, verdict, not_applicable: reason } = clause
  const cells = (verdicts: readonly string[], number: number) =>
    number === 0
      ? h('td', { class: 'number zero' }, '0')
      : h(
          'td',
          { class: 'number' },
          h('a', { href: cellsHref({ clause: id, claimed: 'yes', verdict: verdicts }, 'verdict'), title: count(number, 'cell') }, number),
        )
  return h(
    'tr',
    {},
    h('td', {}, mark(verdict)),
    h('th', { scope: 'row' }, h('a', { href: cellsHref({ clause: id, claimed: 'yes' }, 'verdict') }, h('code', {}, id))),
    h(
      'td',
      {},
      h('p', {}, title),
      statement && h('p', { class: 'quiet' }, `“${statement}”`),
      section && h('p', { class: 'quiet' }, section),
      reason && verdict === 'not applicable' && h('p', { class: 'quiet' }, `Not applicable: ${reason}.`),
    ),
    // A failed cell may still prove a clause its own expectations name, so these links show a little more than the figure.
    cells(['pass', 'fail', 'flaky'], clause.proven),
    cells(['fail'], clause.broken),
    cells(['flaky'], clause.flaky),
    cells(['error', 'inconclusive'], clause.open),
    cells(['skipped'], clause.skipped),
  )
}
