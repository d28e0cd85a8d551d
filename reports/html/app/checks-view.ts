/** Checks: what further scenarios found in some of the cells. A row per scenario, a field per platform that leads to its checks. */
import { buildCheckTable } from '../../grid.ts'
import type { PageCell } from '../page-data.ts'
import { countsField } from './counts-field.ts'
import { h, roving } from './dom.ts'
import { fidelityBadge, verdictMark } from './marks.ts'
import { entries, page } from './page.ts'
import { cellHref, cellsHref } from './route.ts'
import { checkWord, verdictWord } from './words.ts'

export function checksCard(): HTMLElement | false {
  const { columns, rows } = buildCheckTable(page.platforms, page.checks)
  if (rows.length === 0) return false
  const links: HTMLElement[][] = []
  const whenEmpty = { symbol: '·', why: 'Not checked here' }
  const body = rows.map(({ scenario, total, fields }) => {
    const everywhere = columns.filter((_, index) => Object.values(fields[index]!).some((number) => number > 0))
    const all = countsField(total, {
      where: `${scenario}, all`,
      words: checkWord,
      emulated: everywhere.every(({ fidelity }) => fidelity === 'persona'),
      first: true,
      filter: { scenario, claimed: 'yes' },
      whenEmpty,
    })
    const each = fields.map((counts, index) => {
      const { platform, fidelity } = columns[index]!
      return countsField(counts, {
        where: `${scenario}, ${platform.title} (${fidelity})`,
        words: checkWord,
        emulated: fidelity === 'persona',
        first: index === 0,
        filter: { scenario, platform: platform.id, fidelity, claimed: 'yes' },
        whenEmpty,
      })
    })
    links.push([all, ...each].flatMap((field) => [...field.querySelectorAll('a')]))
    const title = page.checkTitles[scenario]
    return h(
      'tr',
      {},
      h('th', { scope: 'row' }, h('a', { href: cellsHref({ scenario }) }, scenario), title && h('p', { class: 'quiet' }, title)),
      all,
      each,
    )
  })
  roving(links)
  return h(
    'section',
    { class: 'card', 'aria-labelledby': 'checks-title' },
    h(
      'header',
      { class: 'card-head' },
      h('h2', { id: 'checks-title' }, 'Checks'),
      h('p', { class: 'quiet' }, 'further scenarios, each tried on some of the cells'),
    ),
    h(
      'div',
      { class: 'scroll' },
      h(
        'table',
        { class: columns.length > 2 ? 'grid checks' : 'grid checks few' },
        h(
          'thead',
          {},
          h(
            'tr',
            {},
            h('td', {}),
            h('th', { scope: 'col', class: 'first' }, 'All'),
            columns.map(({ platform, fidelity }, index) =>
              h(
                'th',
                { scope: 'col', class: index === 0 && 'first' },
                h('a', { href: cellsHref({ platform: platform.id, fidelity, scenario: checkScenarios() }) }, platform.title),
                fidelityBadge(fidelity),
              ),
            ),
          ),
        ),
        h('tbody', {}, body),
      ),
    ),
  )
}

/** A filter that lets through checks and no cells. */
export function checkScenarios(): string[] {
  return [...new Set(page.checks.map(({ scenario }) => scenario))]
}

/** On a cell's page its checks, on a check's page its cell and the other checks of that. */
export function relatives(shown: PageCell): HTMLElement | false {
  const others = entries.filter((entry) => entry.id === shown.id && entry !== shown)
  const cells = others.filter((entry) => !entry.check)
  const checks = others.filter((entry) => entry.check)
  const links = (name: string, found: readonly PageCell[]) =>
    found.length > 0 && [
      h('span', { class: 'lead' }, name),
      found.map((entry) =>
        h(
          'a',
          { class: 'chip', href: cellHref(entry) },
          verdictMark(entry.verdict, entry.fidelity),
          ` ${entry.scenario} ${(entry.check ? checkWord : verdictWord)[entry.verdict]}`,
        ),
      ),
    ]
  return (
    others.length > 0 &&
    h(
      'p',
      { class: 'chips relatives' },
      links('Cell', cells),
      links(shown.check ? 'Other checks of this cell' : 'Checks of this cell', checks),
    )
  )
}
