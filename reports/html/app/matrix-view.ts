/** The first page: the verdict, the guide's matrix as a grid, and what needs attention. */
import { type FailureGroup, type FailurePattern, failureGroups } from '../../failure-groups.ts'
import type { Verdict } from '../../schema/results.ts'
import { entryCount } from '../../verdict-text.ts'
import type { PageCell } from '../page-data.ts'
import { checksCard } from './checks-view.ts'
import { clauseSummary } from './clauses-view.ts'
import { h } from './dom.ts'
import { gridView } from './grid-view.ts'
import { cellMap } from './map-view.ts'
import { verdictMark } from './marks.ts'
import { entries, page, platformTitle } from './page.ts'
import { cellHref, cellsHref } from './route.ts'
import { valueWord, verdictWord } from './words.ts'

export function matrixView(view: 'axes' | 'cells'): HTMLElement {
  return h(
    'div',
    { class: 'stack' },
    h(
      'section',
      { class: 'card', 'aria-labelledby': 'matrix-title' },
      h(
        'header',
        { class: 'card-head' },
        h('h2', { id: 'matrix-title' }, 'Matrix'),
        h(
          'nav',
          { class: 'switch', 'aria-label': 'How the matrix is shown' },
          h('a', { href: '#/', 'aria-current': view === 'axes' && 'true' }, 'By axis value'),
          h('a', { href: '#/map', 'aria-current': view === 'cells' && 'true' }, 'Every cell'),
        ),
        legend(),
      ),
      view === 'axes' ? gridView() : cellMap(),
    ),
    checksCard(),
    h(
      'div',
      { class: 'columns' },
      h('div', { class: 'stack' }, failures(), clauseSummary(), skipped()),
      h('div', { class: 'stack' }, attention(), unclaimed(), deviations()),
    ),
  )
}

function legend(): HTMLElement {
  const fidelities = new Set(page.cells.filter((cell) => cell.verdict === 'pass').map((cell) => cell.fidelity))
  const order: Verdict[] = ['fail', 'flaky', 'error', 'inconclusive', 'skipped']
  const present = order.filter((verdict) => page.cells.some((cell) => cell.verdict === verdict))
  return h(
    'ul',
    { class: 'legend' },
    [...fidelities].map((fidelity) =>
      h(
        'li',
        {},
        verdictMark('pass', fidelity),
        fidelity === 'persona' ? 'proven on a persona' : fidelity === 'real' ? 'proven on the product' : 'proven on a live system',
      ),
    ),
    present.map((verdict) => h('li', {}, verdictMark(verdict), verdictWord[verdict])),
  )
}

function failures(): HTMLElement {
  const groups = failureGroups(entries)
  return h(
    'section',
    { class: 'card' },
    h(
      'header',
      { class: 'card-head' },
      h('h2', {}, 'What fails'),
      groups.length > 0 && h('p', { class: 'quiet' }, 'by the expectation that broke first'),
    ),
    groups.length === 0 ? h('p', { class: 'empty' }, 'Nothing.') : groups.map(failureGroup),
  )
}

function failureGroup(group: FailureGroup<PageCell>): HTMLElement {
  const { example, cells, patterns } = group
  const filter = {
    verdict: 'fail',
    claimed: 'yes',
    ...(group.expectation ? { expectation: group.expectation } : { reason: cells[0]!.reason }),
  }
  return h(
    'article',
    { class: 'failure' },
    h('h3', {}, verdictMark('fail'), h('a', { href: cellsHref(filter) }, group.title), h('span', { class: 'tally' }, entryCount(cells))),
    example &&
      h(
        'dl',
        { class: 'pairs' },
        h('dt', {}, 'expected'),
        h('dd', {}, h('code', {}, example.expected)),
        h('dt', {}, 'seen'),
        h('dd', {}, h('code', { class: 'bad' }, example.seen)),
      ),
    patterns.filter(({ shared }) => shared.length > 0).map(patternLine),
    example?.cause && h('p', {}, h('span', { class: 'lead' }, 'Likely cause'), example.cause),
    example?.remedy && h('p', {}, h('span', { class: 'lead' }, 'Remedy'), example.remedy),
    h(
      'p',
      { class: 'quiet' },
      h(
        'a',
        { href: cellHref(cells[0]!, new Map(Object.entries(filter).map(([name, value]) => [name, [value ?? '']]))) },
        'Open the first one',
      ),
      ` · ${cells[0]!.id}${cells[0]!.check ? ` (${cells[0]!.scenario})` : ''}`,
    ),
  )
}

/** What these share, each value a way to the cells and checks that have it, and how often such fail. */
function patternLine({ shared, failing, tried }: FailurePattern): HTMLElement {
  const values = shared.map(({ name, value }) =>
    h(
      'a',
      { class: 'chip', href: cellsHref({ [name]: value, claimed: 'yes' }, 'verdict') },
      name === 'platform' ? platformTitle(value) : valueWord(value),
    ),
  )
  return h(
    'p',
    { class: 'pattern' },
    h('span', { class: 'lead' }, 'In common'),
    values,
    h('span', { class: 'quiet' }, ` ${failing} of ${tried.toLocaleString('en-US')} tried like that`),
  )
}

/** What neither passes nor fails. */
function attention(): HTMLElement | false {
  const cells = entries.filter(
    (cell) => cell.claimed && (cell.verdict === 'flaky' || cell.verdict === 'error' || cell.verdict === 'inconclusive'),
  )
  return cells.length > 0 && listCard('Flaky or without a result', cells)
}

function unclaimed(): HTMLElement | false {
  const cells = entries.filter((cell) => !cell.claimed && cell.verdict !== 'skipped')
  return cells.length > 0 && listCard('Unclaimed, tried all the same', cells)
}

const probeWord = { works: 'works although unclaimed', refused: 'refused cleanly', misbehaves: 'misbehaves' }

function listCard(title: string, cells: readonly PageCell[]): HTMLElement {
  const shown = cells.slice(0, 8)
  const verdicts = [...new Set(cells.map((cell) => cell.verdict))]
  return h(
    'section',
    { class: 'card' },
    h('header', { class: 'card-head' }, h('h2', {}, title), h('p', { class: 'quiet' }, entryCount(cells))),
    h(
      'ul',
      { class: 'list' },
      shown.map((cell) =>
        h(
          'li',
          {},
          cell.claimed ? verdictMark(cell.verdict, cell.fidelity) : h('span', { class: 'mark v-skipped' }, '○'),
          h(
            'div',
            {},
            h('a', { href: cellHref(cell) }, cell.check ? `${cell.id} (${cell.scenario})` : cell.id),
            h('p', { class: 'quiet' }, [cell.probe && probeWord[cell.probe], cell.reason].filter(Boolean).join(': ')),
          ),
        ),
      ),
    ),
    cells.length > shown.length &&
      h(
        'p',
        { class: 'quiet' },
        h('a', { href: cellsHref({ verdict: verdicts, claimed: cells[0]!.claimed ? 'yes' : 'no' }) }, `All ${cells.length}`),
      ),
  )
}

function deviations(): HTMLElement | false {
  return (
    page.deviations.length > 0 &&
    h(
      'section',
      { class: 'card' },
      h(
        'header',
        { class: 'card-head' },
        h('h2', {}, 'Deviations'),
        h('p', { class: 'quiet' }, 'from a standard, without harm to the call'),
      ),
      h(
        'ul',
        { class: 'list' },
        page.deviations.map(({ id, detail, reference, seen }) =>
          h(
            'li',
            {},
            h('span', { class: 'number' }, seen),
            h('div', {}, h('a', { href: cellsHref({ deviation: id }) }, detail), reference && h('p', { class: 'quiet' }, reference)),
          ),
        ),
      ),
    )
  )
}

function skipped(): HTMLElement | false {
  return (
    page.skipped.length > 0 &&
    h(
      'section',
      { class: 'card' },
      h(
        'header',
        { class: 'card-head' },
        h('h2', {}, 'Not tried'),
        h('p', { class: 'quiet' }, entryCount(entries.filter((entry) => entry.verdict === 'skipped'))),
      ),
      h(
        'ul',
        { class: 'list' },
        page.skipped.map(({ reason, cells, checks }) =>
          h('li', {}, h('span', { class: 'number' }, cells + checks), h('a', { href: cellsHref({ verdict: 'skipped', reason }) }, reason)),
        ),
      ),
    )
  )
}
