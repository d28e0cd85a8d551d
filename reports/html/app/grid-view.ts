/** The guide's matrix by axis value: a row per platform and fidelity, a field per value that leads to its cells. */
import { buildGrid, type GridField, type GridRow, triedOf, verdictSymbol, worstVerdict } from '../../grid.ts'
import type { Verdict } from '../../schema/results.ts'
import { h, roving } from './dom.ts'
import { fidelityBadge, shareBar } from './marks.ts'
import { page } from './page.ts'
import { cellsHref } from './route.ts'
import { axisWord, valueUnder, valueWord, verdictWord } from './words.ts'

export function gridView(): HTMLElement {
  const { axes, rows } = buildGrid(page.platforms, page.cells)
  if (rows.length === 0) return h('p', { class: 'empty' }, 'No claimed cell is in this run.')
  const columns = axes.flatMap(({ axis, values }) => values.map((value, index) => ({ axis, value, first: index === 0 })))
  const links: HTMLElement[][] = []
  const body = rows.map((row) => {
    const fields = [
      fieldCell(row, row.total, { axis: undefined, value: undefined, first: true }),
      ...row.fields.map((field, index) => fieldCell(row, field, columns[index]!)),
    ]
    links.push(fields.flatMap((field) => [...field.querySelectorAll('a')]))
    const own = { platform: row.platform.id, fidelity: row.fidelity, claimed: 'yes' }
    return h(
      'tr',
      {},
      h(
        'th',
        { scope: 'row' },
        h('a', { href: cellsHref(own), title: row.platform.note }, row.platform.title),
        fidelityBadge(row.fidelity),
      ),
      fields,
    )
  })
  roving(links)
  return h(
    'div',
    { class: 'scroll' },
    h(
      'table',
      { class: 'grid' },
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          h('td', { rowspan: 2 }),
          h('th', { rowspan: 2, class: 'first' }, 'All'),
          axes.map(({ axis, values }) => h('th', { scope: 'colgroup', colspan: values.length, class: 'first' }, axisWord(axis))),
        ),
        h(
          'tr',
          {},
          columns.map(({ axis, value, first }) =>
            h(
              'th',
              { scope: 'col', class: first && 'first' },
              h('a', { href: cellsHref({ [axis]: value, claimed: 'yes' }) }, valueUnder(axis, value)),
            ),
          ),
        ),
      ),
      h('tbody', {}, body),
    ),
  )
}

function fieldCell(
  row: GridRow,
  field: GridField,
  column: { axis: string | undefined; value: string | undefined; first: boolean },
): HTMLElement {
  const { counts } = field
  const worst = worstVerdict(counts)
  const edge = column.first ? ' first' : ''
  if (!worst) {
    const why = field.claimed === false ? 'The guide does not claim this' : 'Not in this run'
    return h('td', { class: `field void${edge}` }, h('span', { title: why, 'aria-label': why }, field.claimed === false ? '·' : ''))
  }
  const tried = triedOf(counts)
  const where = [row.platform.title, column.value && `${axisWord(column.axis!)} ${valueWord(column.value)}`].filter(Boolean).join(', ')
  const parts = (Object.keys(counts) as Verdict[])
    .filter((verdict) => counts[verdict] > 0)
    .map((verdict) => `${counts[verdict]} ${verdictWord[verdict]}`)
  const label = `${where} (${row.fidelity}): ${parts.join(', ')}`
  const filter = {
    platform: row.platform.id,
    fidelity: row.fidelity,
    claimed: 'yes',
    ...(column.axis ? { [column.axis]: column.value } : {}),
  }
  return h(
    'td',
    { class: `field v-${worst}${row.fidelity === 'persona' ? ' emulated' : ''}${edge}` },
    h(
      'a',
      { href: cellsHref(filter, worst === 'pass' || worst === 'skipped' ? '' : 'verdict'), title: label, 'aria-label': label },
      h('b', {}, verdictSymbol[worst]),
      h('span', {}, worst === 'skipped' ? counts.skipped : `${counts.pass}/${tried}`),
      shareBar(counts),
    ),
  )
}
