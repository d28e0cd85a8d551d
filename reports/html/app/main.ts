/** Starts the page: what stands on every view, and which view the address asks for. */
import type { Verdict } from '../../schema/results.ts'
import { cellView } from './cell-view.ts'
import { cellsView } from './cells-view.ts'
import { checkScenarios } from './checks-view.ts'
import { clausesView } from './clauses-view.ts'
import { h } from './dom.ts'
import { verdictMark } from './marks.ts'
import { matrixView } from './matrix-view.ts'
import { entries, page } from './page.ts'
import { cellsHref, parseRoute, type Route } from './route.ts'
import { runView } from './run-view.ts'
import { checkWord, duration, verdictWord } from './words.ts'

/** Only the newest request for a view may put it on the page: unpacking a cell takes a moment. */
let shown = 0
const main = h('main', { id: 'main', tabindex: -1 })
const banner = bannerView()
document.body.append(h('a', { class: 'skip-link', href: '#main', onclick: skipToMain }, 'Skip to content'), topBar(), banner, main)
window.addEventListener('hashchange', () => void show(true))
document.addEventListener('keydown', shortcuts)
void show(false)

function skipToMain(event: Event): void {
  event.preventDefault()
  main.focus()
}

async function show(moved: boolean): Promise<void> {
  const turn = ++shown
  const route = parseRoute(location.hash)
  const view = await viewOf(route)
  if (turn !== shown) return
  const samePage = main.dataset.page === route.page
  main.dataset.page = route.page
  main.replaceChildren(view)
  banner.classList.toggle('small', route.page !== 'matrix')
  for (const link of document.querySelectorAll<HTMLAnchorElement>('.top nav a')) {
    if (link.dataset.page === route.page || (link.dataset.page === 'cells' && route.page === 'cell'))
      link.setAttribute('aria-current', 'page')
    else link.removeAttribute('aria-current')
  }
  if (moved && !(samePage && route.page === 'cells')) scrollTo(0, 0)
  document.title = `${titleOf(route)} · Trunkproof ${page.run.id}`
}

async function viewOf(route: Route): Promise<HTMLElement> {
  switch (route.page) {
    case 'matrix':
      return matrixView(route.view)
    case 'cells':
      return cellsView(route.filter, route.sort)
    case 'cell':
      return await cellView(route)
    case 'clauses':
      return clausesView()
    case 'run':
      return runView()
  }
}

function titleOf(route: Route): string {
  return route.page === 'cell' ? route.id : route.page[0]!.toUpperCase() + route.page.slice(1)
}

function topBar(): HTMLElement {
  const tab = (name: Route['page'], href: string, text: string) => h('a', { href, 'data-page': name }, text)
  const { run } = page
  return h(
    'header',
    { class: 'top' },
    h('a', { class: 'brand', href: '#/' }, 'Trunkproof'),
    h(
      'nav',
      { 'aria-label': 'Views' },
      tab('matrix', '#/', 'Matrix'),
      tab('cells', '#/cells', 'Cells'),
      tab('clauses', '#/clauses', 'Clauses'),
      tab('run', '#/run', 'Run'),
    ),
    h('span', { class: 'run-id', title: run.id }, `${run.id} · ${run.runtime}`),
    themeButton(),
  )
}

/** Auto follows the system; a choice is remembered where the browser lets a page from disk remember. */
function themeButton(): HTMLElement {
  const themes = ['auto', 'light', 'dark'] as const
  let current = (remembered() ?? 'auto') as (typeof themes)[number]
  const button = h('button', { type: 'button', class: 'theme', onclick: next })
  function apply(): void {
    document.documentElement.style.colorScheme = current === 'auto' ? '' : current
    button.textContent = { auto: '◐', light: '☀', dark: '☾' }[current] ?? '◐'
    button.title = `Colours: ${current}`
    button.setAttribute('aria-label', `Colours: ${current}`)
  }
  function next(): void {
    current = themes[(themes.indexOf(current) + 1) % themes.length]!
    try {
      localStorage.setItem('trunkproof-theme', current)
    } catch {
      // Not remembered, that is all.
    }
    apply()
  }
  apply()
  return button
}

function remembered(): string | null {
  try {
    return localStorage.getItem('trunkproof-theme')
  } catch {
    return null
  }
}

function bannerView(): HTMLElement {
  const { summary, sentence, fidelity, run } = page
  const order: Verdict[] = ['pass', 'fail', 'flaky', 'error', 'inconclusive', 'skipped']
  const total = (verdict: Verdict) => summary[verdict] + summary.checks[verdict]
  const worst = order.slice(1, 5).find((verdict) => total(verdict) > 0) ?? (total('pass') > 0 ? 'pass' : 'skipped')
  const emulated = fidelity.every((entry) => entry.fidelity === 'persona')
  const tally = (verdict: Verdict, number: number, text: string, filter: Parameters<typeof cellsHref>[0]) =>
    number > 0 &&
    h(
      'li',
      {},
      h(
        'a',
        { href: cellsHref(filter) },
        verdictMark(verdict, verdict === 'pass' && emulated ? 'persona' : undefined),
        h('b', {}, number.toLocaleString('en-US')),
        ` ${text}`,
      ),
    )
  return h(
    'section',
    { class: `banner v-${worst}`, 'aria-label': 'Verdict' },
    h('h1', {}, sentence),
    h(
      'ul',
      { class: 'counts' },
      order.map((verdict) => tally(verdict, summary[verdict], verdictWord[verdict], { verdict, claimed: 'yes' })),
      order.map((verdict) => {
        const number = summary.checks[verdict]
        const text = `${number === 1 ? 'check' : 'checks'} ${checkWord[verdict]}`
        return tally(verdict, number, text, { verdict, claimed: 'yes', scenario: checkScenarios() })
      }),
      h('li', { class: 'quiet' }, `in ${duration(summary.wall_ms)}`),
    ),
    h(
      'ul',
      { class: 'fidelity' },
      fidelity.map((entry) =>
        h(
          'li',
          {},
          h('span', { class: `badge f-${entry.fidelity}` }, entry.fidelity),
          h('b', {}, entry.platforms.join(', ')),
          ` ${entry.meaning}.`,
        ),
      ),
    ),
    run.runtime === 'embedded' &&
      entries.some((entry) => entry.platform === 'asterisk' && entry.fidelity === 'persona' && entry.verdict !== 'skipped') &&
      h('p', { class: 'quiet' }, 'The real Asterisk: ', h('code', {}, 'npm run matrix -- --runtime docker --platform asterisk')),
    page.compact &&
      h('p', { class: 'quiet' }, 'Message texts of passed cells were left out to keep this file small; they are in the evidence folder.'),
  )
}

/** `/` searches, `j` and `k` step through cells, Escape goes up. */
function shortcuts(event: KeyboardEvent): void {
  const target = event.target as HTMLElement
  if (event.ctrlKey || event.metaKey || event.altKey) return
  if (event.key === 'Escape' && target.id === 'search') target.blur()
  if (target.closest('input, select, textarea')) return
  if (event.key === '/') {
    event.preventDefault()
    if (parseRoute(location.hash).page !== 'cells') location.hash = '#/cells'
    requestAnimationFrame(() => document.getElementById('search')?.focus())
  } else if (event.key === 'j' || event.key === 'k') {
    document.querySelector<HTMLAnchorElement>(`a[data-key="${event.key}"]`)?.click()
  } else if (event.key === 'Escape') {
    document.querySelector<HTMLAnchorElement>('.crumbs a')?.click()
  }
}
