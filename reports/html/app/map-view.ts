/** Every cell as one square, at the same place for every platform, so that a pattern shows as a shape. */
import { gridAxes, verdictSymbol } from '../../grid.ts'
import type { AxisValues } from '../../schema/results.ts'
import type { PageCell } from '../page-data.ts'
import { h, roving } from './dom.ts'
import { fidelityBadge } from './marks.ts'
import { page, platformTitle } from './page.ts'
import { cellHref, cellsHref } from './route.ts'
import { axisWord, valueWord, verdictWord } from './words.ts'

/** Rows are platform × transport and media; columns nest the other axes, the last one varying fastest. */
const columnAxes = ['direction', 'registration', 'dtmf', 'nat', 'codec'] as const

export function cellMap(): HTMLElement {
  const claimed = page.cells.filter((cell) => cell.claimed)
  if (claimed.length === 0) return h('p', { class: 'empty' }, 'No claimed cell is in this run.')
  const values = new Map(gridAxes(claimed).map(({ axis, values }) => [axis, values]))
  const columns = nest(columnAxes.map((axis) => values.get(axis) ?? []))
  const present = distinct(claimed.map(({ axes }) => pathOf(axes)))
  const order = nest([values.get('transport') ?? [], values.get('media') ?? []]).map((pair) => pair.join(' '))
  const paths = order.filter((path) => present.includes(path))
  const byPlace = Map.groupBy(claimed, (cell) =>
    placeOf(
      cell,
      pathOf(cell.axes),
      columnAxes.map((axis) => cell.axes[axis]),
    ),
  )
  const links: HTMLElement[][] = []
  const blocks = page.platforms.flatMap((platform) => {
    const own = claimed.filter((cell) => cell.platform === platform.id)
    return distinct(own.map((cell) => cell.fidelity)).map((fidelity) => {
      const rows = paths.filter((path) => own.some((cell) => cell.fidelity === fidelity && pathOf(cell.axes) === path))
      return h(
        'tbody',
        {},
        rows.map((path, index) => {
          const squares = columns.map((column) => square(byPlace.get(placeOf({ platform: platform.id, fidelity }, path, column)) ?? []))
          links.push(squares.filter((item) => item !== undefined))
          return h(
            'tr',
            {},
            index === 0 && h('th', { scope: 'rowgroup', rowspan: rows.length }, platformTitle(platform.id), fidelityBadge(fidelity)),
            h('th', { scope: 'row' }, path.split(' ').map(valueWord).join(' · ')),
            squares.map((item, at) => h('td', { class: firsts(columns, at) }, item)),
          )
        }),
      )
    })
  })
  roving(links)
  return h('div', { class: 'scroll' }, h('table', { class: 'map' }, mapHead(columns), blocks))
}

/** Header rows, one per axis; the last axis is told by initials. */
function mapHead(columns: readonly (readonly string[])[]): HTMLElement {
  const rows = columnAxes.map((axis, level) => {
    const spans: { value: string; span: number; at: number }[] = []
    for (const [at, column] of columns.entries()) {
      const last = spans.at(-1)
      const startsHere = at === 0 || column.slice(0, level + 1).join() !== columns[at - 1]!.slice(0, level + 1).join()
      if (startsHere || !last) spans.push({ value: column[level]!, span: 1, at })
      else last.span++
    }
    const short = level === columnAxes.length - 1
    return h(
      'tr',
      {},
      h('td', {}),
      h('th', { class: 'axis' }, axisWord(axis)),
      spans.map(({ value, span, at }) =>
        h(
          'th',
          { colspan: span, class: firsts(columns, at), title: `${axisWord(axis)} ${valueWord(value)}` },
          short ? shortWord(value) : axis === 'nat' ? (value === 'none' ? 'no NAT' : 'NAT') : valueWord(value),
        ),
      ),
    )
  })
  return h('thead', {}, rows)
}

function shortWord(value: string): string {
  return { pcmu: 'μ', pcma: 'A', opus: 'O' }[value] ?? value.slice(0, 1)
}

/** Where a value of the first or second axis begins, a line helps the eye. */
function firsts(columns: readonly (readonly string[])[], at: number): string | false {
  const before = columns[at - 1]
  const column = columns[at]!
  if (!before || before[0] !== column[0]) return 'first'
  return before[1] !== column[1] || before[2] !== column[2] ? 'second' : false
}

function square(cells: readonly PageCell[]): HTMLElement | undefined {
  const order = ['fail', 'error', 'flaky', 'inconclusive', 'pass', 'skipped'] as const
  const verdict = order.find((candidate) => cells.some((cell) => cell.verdict === candidate))
  if (!verdict) return undefined
  const cell = cells.find((candidate) => candidate.verdict === verdict)!
  const label = `${cell.id}: ${verdictWord[verdict]}${cell.reason ? `, ${cell.reason}` : ''}`
  const href = cells.length === 1 ? cellHref(cell) : cellsHref({ cell: cell.id })
  const symbol = verdict === 'pass' || verdict === 'skipped' ? '' : verdictSymbol[verdict]
  return h(
    'a',
    { class: `square v-${verdict}${cell.fidelity === 'persona' ? ' emulated' : ''}`, href, title: label, 'aria-label': label },
    symbol,
  )
}

function pathOf(axes: AxisValues): string {
  return `${axes.transport} ${axes.media}`
}

function placeOf(cell: { platform: string; fidelity: string }, path: string, column: readonly string[]): string {
  return [cell.platform, cell.fidelity, path, ...column].join('|')
}

function nest(lists: readonly (readonly string[])[]): string[][] {
  return lists.reduce<string[][]>((rows, values) => rows.flatMap((row) => values.map((value) => [...row, value])), [[]])
}

function distinct<T>(values: readonly T[]): T[] {
  return [...new Set(values)]
}
