/** The lists of cells and of checks: filter bar, and for each a sortable table of what the filter lets through. */
import { gridAxes } from '../../grid.ts'
import type { Verdict } from '../../schema/results.ts'
import type { PageCell } from '../page-data.ts'
import { h } from './dom.ts'
import { fidelityBadge, verdictMark } from './marks.ts'
import { entries, page, platformTitle } from './page.ts'
import { cellHref, cellsHref, type Filter, filterCells, filterNames, valueOfCell } from './route.ts'
import { axisWord, count, duration, valueWord, verdictWord } from './words.ts'

const axisColumns = ['direction', 'transport', 'media', 'registration', 'dtmf', 'codec', 'nat'] as const
const barSelects = ['verdict', 'platform', ...axisColumns, 'fidelity', 'scenario'] as const
/** A browser lays out this many rows at once without a pause; the rest comes on request. */
const firstRows = 400

export function cellsView(filter: Filter, sort: string): HTMLElement {
  const cells = sortCells(filterCells(page.cells, filter), sort)
  const checks = sortCells(filterCells(page.checks, filter), sort)
  const list = (found: readonly PageCell[], all: readonly PageCell[], noun: string, aside?: HTMLElement | false) =>
    h('section', { class: 'card' }, head(found, all, noun, filter, aside), table(found, all, filter, sort))
  const checksList = checks.length > 0 && list(checks, page.checks, 'check')
  const down =
    checksList &&
    h('button', { type: 'button', class: 'link', onclick: () => checksList.scrollIntoView() }, `and ${count(checks.length, 'check')} ↓`)
  return h(
    'div',
    { class: 'stack' },
    filterBar(filter, sort),
    (cells.length > 0 || !checksList) && list(cells, page.cells, 'cell', down),
    checksList,
  )
}

function filterBar(filter: Filter, sort: string): HTMLElement {
  const go = (name: string, values: readonly string[]) => {
    const next = new Map(filter)
    if (values.length > 0) next.set(name, values)
    else next.delete(name)
    location.hash = cellsHref(next, sort)
  }
  const search = h('input', {
    type: 'search',
    id: 'search',
    placeholder: 'Search id, reason, what was seen',
    'aria-label': 'Search cells',
    value: filter.get('q')?.[0],
    onchange: () => go('q', search.value ? [search.value] : []),
  })
  return h(
    'form',
    { class: 'filters', role: 'search', onsubmit: (event: Event) => event.preventDefault() },
    search,
    barSelects.map((name) => select(name, filter.get(name) ?? [], (value) => go(name, value ? [value] : []))),
    chips(filter, sort),
  )
}

function select(name: string, chosen: readonly string[], change: (value: string) => void): HTMLElement | false {
  const values = choices(name)
  if (values.length < 2 && chosen.length === 0) return false
  const several = chosen.length > 1
  const element = h(
    'select',
    { 'aria-label': axisWord(name), class: chosen.length > 0 && 'active', onchange: () => change(element.value) },
    h('option', { value: '' }, axisWord(name)),
    several && h('option', { value: '', selected: true }, chosen.map((value) => word(name, value)).join(', ')),
    values.map((value) => h('option', { value, selected: !several && chosen[0] === value }, word(name, value))),
  )
  return element
}

function choices(name: string): string[] {
  const axis = gridAxes(entries).find((candidate) => candidate.axis === name)
  if (axis) return axis.values
  const present = [...new Set(entries.map((cell) => valueOfCell(cell, name)))]
  if (name === 'platform') return page.platforms.map((platform) => platform.id).filter((id) => present.includes(id))
  return name === 'verdict' ? present.sort((a, b) => severity(a) - severity(b)) : present
}

function word(name: string, value: string): string {
  if (name === 'platform') return platformTitle(value)
  if (name === 'verdict') return verdictWord[value as Verdict] ?? value
  if (name === 'claimed') return value === 'yes' ? 'claimed' : 'unclaimed'
  return (axisColumns as readonly string[]).includes(name) ? valueWord(value) : value
}

/** Filters the bar has no field for, each with a way to drop it. */
function chips(filter: Filter, sort: string): HTMLElement | false {
  const shown = filterNames.filter((name) => filter.has(name) && name !== 'q' && !(barSelects as readonly string[]).includes(name))
  if (filter.size === 0) return false
  return h(
    'span',
    { class: 'chips' },
    shown.flatMap((name) =>
      filter.get(name)!.map((value) => {
        const rest = new Map(filter)
        rest.delete(name)
        return h(
          'a',
          { class: 'chip', href: cellsHref(rest, sort), title: 'Remove this filter' },
          name === 'claimed' ? word(name, value) : `${axisWord(name)}: ${word(name, value)}`,
          ' ×',
        )
      }),
    ),
    h('a', { class: 'chip plain', href: cellsHref({}, sort) }, 'Clear all'),
  )
}

function head(
  cells: readonly PageCell[],
  all: readonly PageCell[],
  noun: string,
  filter: Filter,
  aside: HTMLElement | false = false,
): HTMLElement {
  const verdicts = Map.groupBy(cells, (cell) => cell.verdict)
  const parts = [...verdicts].sort(([a], [b]) => severity(a) - severity(b))
  return h(
    'header',
    { class: 'card-head' },
    h('h2', {}, filter.size === 0 ? count(cells.length, noun) : `${cells.length.toLocaleString('en-US')} of ${count(all.length, noun)}`),
    aside,
    h(
      'p',
      { class: 'tallies' },
      parts.map(([verdict, found]) =>
        h('span', {}, verdictMark(verdict, found.every((cell) => cell.fidelity === 'persona') ? 'persona' : undefined), ` ${found.length}`),
      ),
    ),
  )
}

function table(cells: readonly PageCell[], all: readonly PageCell[], filter: Filter, sort: string): HTMLElement {
  if (cells.length === 0) return h('p', { class: 'empty' }, 'No cell is like that. ', h('a', { href: '#/cells' }, 'Show all'))
  const scenarios = all.some((cell) => cell.check || cell.scenario !== all[0]!.scenario)
  const columns = ['verdict', 'platform', ...axisColumns, ...(scenarios ? ['scenario'] : []), 'what happened', 'time']
  const body = h(
    'tbody',
    {},
    cells.slice(0, firstRows).map((cell) => row(cell, filter, scenarios)),
  )
  const more = h('button', { type: 'button', class: 'more', onclick: () => showRest() }, `Show the other ${cells.length - firstRows}`)
  function showRest(): void {
    body.append(...cells.slice(firstRows).map((cell) => row(cell, filter, scenarios)))
    more.remove()
  }
  return h(
    'div',
    { class: 'scroll' },
    h(
      'table',
      { class: 'cells' },
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          columns.map((name) => header(name, filter, sort)),
        ),
      ),
      body,
    ),
    cells.length > firstRows && more,
  )
}

function header(name: string, filter: Filter, sort: string): HTMLElement {
  if (name === 'what happened') return h('th', { scope: 'col' }, 'What happened')
  const current = sort === name ? 'ascending' : sort === `-${name}` ? 'descending' : undefined
  const next = current === 'ascending' ? `-${name}` : name
  return h(
    'th',
    { scope: 'col', 'aria-sort': current },
    h(
      'a',
      { href: cellsHref(filter, next) },
      name === 'verdict' ? '' : axisWord(name),
      name === 'verdict' && h('span', { title: 'Verdict' }, '⇅'),
    ),
  )
}

function row(cell: PageCell, filter: Filter, scenarios: boolean): HTMLElement {
  return h(
    'tr',
    { class: `v-${cell.verdict}` },
    h('td', {}, verdictMark(cell.verdict, cell.fidelity)),
    h(
      'td',
      { class: 'name' },
      h('a', { href: cellHref(cell, filter), title: cell.id }, platformTitle(cell.platform)),
      cell.fidelity !== 'real' && fidelityBadge(cell.fidelity),
      !cell.claimed && h('span', { class: 'badge' }, 'unclaimed'),
    ),
    axisColumns.map((axis) => h('td', {}, valueWord(cell.axes[axis]))),
    scenarios && h('td', {}, cell.scenario),
    h('td', { class: 'what' }, whatHappened(cell)),
    h(
      'td',
      { class: 'time' },
      cell.attempts > 0 && duration(cell.duration_ms),
      cell.attempts > 1 && h('span', { class: 'quiet' }, ` ×${cell.attempts}`),
    ),
  )
}

function whatHappened(cell: PageCell): string {
  const broken = cell.expectations[0]
  return (
    cell.reason ??
    (broken
      ? `${broken.title}: seen ${broken.seen}`
      : cell.deviations.length > 0
        ? `with ${count(cell.deviations.length, 'deviation')}`
        : '')
  )
}

function severity(verdict: string): number {
  return ['fail', 'error', 'flaky', 'inconclusive', 'pass', 'skipped'].indexOf(verdict)
}

/** The order of the list, and so of "previous" and "next" on a cell's page. */
function sortCells(cells: readonly PageCell[], sort: string): PageCell[] {
  if (!sort) return [...cells]
  const down = sort.startsWith('-')
  const name = down ? sort.slice(1) : sort
  const compare = (a: PageCell, b: PageCell): number => {
    if (name === 'verdict') return severity(a.verdict) - severity(b.verdict)
    if (name === 'time') return a.duration_ms - b.duration_ms
    return valueOfCell(a, name).localeCompare(valueOfCell(b, name))
  }
  return [...cells].sort((a, b) => (down ? -compare(a, b) : compare(a, b)))
}
