/** The guide's matrix by axis value: a row per platform and fidelity, a field per value that leads to its cells. */
import { buildGrid, type GridField, type GridRow } from '../../grid.ts'
import { countsField } from './counts-field.ts'
import { h, roving } from './dom.ts'
import { fidelityBadge } from './marks.ts'
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
  const { claimed, counts } = field
  const filter = {
    platform: row.platform.id,
    fidelity: row.fidelity,
    claimed: 'yes',
    ...(column.axis ? { [column.axis]: column.value } : {}),
  }
  const where = [row.platform.title, column.value && `${axisWord(column.axis!)} ${valueWord(column.value)}`].filter(Boolean).join(', ')
  return countsField(counts, {
    where: `${where} (${row.fidelity})`,
    words: verdictWord,
    emulated: row.fidelity === 'persona',
    first: column.first,
    filter,
    whenEmpty: claimed === false ? { symbol: '·', why: 'The guide does not claim this' } : { symbol: '', why: 'Not in this run' },
  })
}
