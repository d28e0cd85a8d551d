/** The guide, clause by clause: what this run proves of it. */
import type { ClauseVerdict } from '../../schema/results.ts'
import { h } from './dom.ts'
import { fidelityBadge } from './marks.ts'
import { page } from './page.ts'
import { cellsHref } from './route.ts'

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

const sorted = [...page.clauses].sort((a, b) => order.indexOf(a.verdict) - order.indexOf(b.verdict))

/** For the first page: how many clauses came to what, and those that need attention by name. */
export function clauseSummary(): HTMLElement | false {
  if (sorted.length === 0) return false
  const urgent = sorted.filter((clause) => clause.verdict === 'broken' || clause.verdict === 'flaky')
  return h(
    'section',
    { class: 'card' },
    h('header', { class: 'card-head' }, h('h2', {}, h('a', { href: '#/clauses' }, 'Clauses of the guide')), tallies()),
    urgent.length > 0 &&
      h(
        'ul',
        { class: 'list' },
        urgent.map((clause) =>
          h(
            'li',
            {},
            mark(clause),
            h(
              'div',
              {},
              h('a', { href: cellsHref({ clause: clause.id, claimed: 'yes' }, 'verdict') }, clause.title),
              clause.statement && h('p', { class: 'quiet' }, `“${clause.statement}”`),
            ),
          ),
        ),
      ),
  )
}

function tallies(): HTMLElement {
  const groups = order.map((verdict) => sorted.filter((clause) => clause.verdict === verdict)).filter((group) => group.length > 0)
  return h(
    'p',
    { class: 'tallies' },
    groups.map((group) => h('span', {}, mark(group[0]!), ` ${group.length} ${group[0]!.verdict}`)),
  )
}

export function clausesView(): HTMLElement {
  return h(
    'section',
    { class: 'card' },
    h(
      'header',
      { class: 'card-head' },
      h('h2', {}, 'Clauses of the guide'),
      page.run.guide_snapshot && h('p', { class: 'quiet' }, `as of ${page.run.guide_snapshot}`),
      tallies(),
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
                ['Clause', 'What the guide says', 'By', 'Proven', 'Broken', 'Flaky', 'Open', 'Not tried'].map((title) =>
                  h('th', { scope: 'col' }, title),
                ),
              ),
            ),
            h('tbody', {}, sorted.map(row)),
          ),
        ),
  )
}

/** A clause that only personas prove is marked like their cells. */
function mark({ verdict, proven_by }: PageClause): HTMLElement {
  const emulated = verdict === 'proven' && proven_by.every((fidelity) => fidelity === 'persona')
  return h(
    'span',
    { class: `mark ${looks[verdict]}${emulated ? ' emulated' : ''}`, title: verdict, role: 'img', 'aria-label': verdict },
    symbols[verdict],
  )
}

function row(clause: PageClause): HTMLElement {
  const { id, title, statement, section, verdict, not_applicable: reason } = clause
  const cells = (verdicts: readonly string[], number: number) =>
    number === 0
      ? h('td', { class: 'number zero' }, '0')
      : h(
          'td',
          { class: 'number' },
          h('a', { href: cellsHref({ clause: id, claimed: 'yes', verdict: verdicts }, 'verdict'), title: 'Cells and checks' }, number),
        )
  return h(
    'tr',
    {},
    h('td', {}, mark(clause)),
    h('th', { scope: 'row' }, h('a', { href: cellsHref({ clause: id, claimed: 'yes' }, 'verdict') }, h('code', {}, id))),
    h(
      'td',
      {},
      h('p', {}, title),
      h('p', { class: 'quiet' }, [statement && `“${statement}”`, section].filter(Boolean).join(' · ')),
      reason && verdict === 'not applicable' && h('p', { class: 'quiet' }, `Not applicable: ${reason}.`),
    ),
    h('td', {}, clause.proven_by.map(fidelityBadge)),
    // A failed cell may still prove a clause its own expectations name, so these links show a little more than the figure.
    cells(['pass', 'fail', 'flaky'], clause.proven),
    cells(['fail'], clause.broken),
    cells(['flaky'], clause.flaky),
    cells(['error', 'inconclusive'], clause.open),
    cells(['skipped'], clause.skipped),
  )
}
