/** One cell: its verdict, every expectation with what was seen, the ladder, the facts, and how to run it again. */
import type { Ladder } from '../../schema/evidence.ts'
import type { Attempt, CellResult } from '../../schema/results.ts'
import type { CellDetails, PageCell } from '../page-data.ts'
import { casesCard } from './cases-view.ts'
import { checkScenarios, relatives } from './checks-view.ts'
import { copyButton, h } from './dom.ts'
import { expectationsCard } from './expectations-view.ts'
import { mediaCard, sdpCard, signallingCard } from './facts-view.ts'
import { type LadderView, ladderView } from './ladder-view.ts'
import { fidelityBadge, verdictMark } from './marks.ts'
import { cellDetails, findCell, page, platformTitle } from './page.ts'
import { cellHref, cellsHref, type Filter, fileHref, filterCells, type Route } from './route.ts'
import { axisWord, checkWord, count, duration, offset, valueWord, verdictWord } from './words.ts'

type CellRoute = Extract<Route, { page: 'cell' }>

export async function cellView(route: CellRoute): Promise<HTMLElement> {
  const cell = findCell(route.id, route.scenario)
  if (!cell)
    return h(
      'section',
      { class: 'card' },
      h(
        'p',
        { class: 'empty' },
        `This run has no cell ${route.id} in scenario ${route.scenario}. `,
        h('a', { href: '#/cells' }, 'All cells'),
      ),
    )
  const details = await cellDetails(cell)
  const body = details
    ? attemptBody(details, route)
    : [h('section', { class: 'card' }, h('p', { class: 'empty' }, cell.reason ?? 'It was not tried.'))]
  return h('div', { class: 'stack cell-page' }, heading(cell, details?.cell, route.filter), details && attemptTabs(details, route), body)
}

function heading(cell: PageCell, whole: CellResult | undefined, filter: Filter): HTMLElement {
  const list = filterCells(cell.check ? page.checks : page.cells, filter)
  const at = list.indexOf(cell)
  const step = (target: PageCell | undefined, key: string, text: string) =>
    target
      ? h('a', { class: 'button', href: cellHref(target, filter), 'data-key': key, title: `${target.id} (key ${key})` }, text)
      : h('span', { class: 'button', 'aria-disabled': 'true' }, text)
  const sentence = whole ? whole.reason : cell.reason
  return h(
    'section',
    { class: `card title v-${cell.verdict}` },
    h(
      'nav',
      { class: 'crumbs', 'aria-label': 'Cells' },
      listLink(cell, filter),
      at >= 0 && h('span', { class: 'quiet' }, `${at + 1} of ${list.length}`),
      step(list[at - 1], 'k', '‹ Previous'),
      step(at >= 0 ? list[at + 1] : undefined, 'j', 'Next ›'),
    ),
    h(
      'h1',
      {},
      verdictMark(cell.verdict, cell.fidelity),
      ` ${platformTitle(cell.platform)}${cell.check ? ` · ${cell.scenario}` : ''} `,
      h('span', { class: 'verdict-word' }, (cell.check ? checkWord : verdictWord)[cell.verdict]),
      fidelityBadge(cell.fidelity),
      !cell.claimed && h('span', { class: 'badge' }, 'unclaimed'),
    ),
    cell.check && h('p', {}, page.checkTitles[cell.scenario]),
    sentence && h('p', { class: 'reason' }, sentence),
    h(
      'p',
      { class: 'chips' },
      Object.entries(cell.axes).map(([axis, value]) =>
        h('a', { class: 'chip', href: cellsHref({ platform: cell.platform, [axis]: value }), title: axisWord(axis) }, valueWord(value)),
      ),
    ),
    h(
      'p',
      { class: 'quiet' },
      h('code', {}, cell.id),
      ` · scenario ${cell.scenario}`,
      whole && ` · ${duration(whole.duration_ms)} · ${count(cell.attempts, 'attempt')}`,
      whole?.attribution && ` · attributed to: ${whole.attribution}`,
    ),
    relatives(cell),
    whole?.rerun && h('div', { class: 'command' }, h('code', {}, whole.rerun), copyButton(whole.rerun, 'Copy')),
  )
}

/** Back to the list it is one of. */
function listLink({ check }: PageCell, filter: Filter): HTMLElement {
  if (filter.size > 0) return h('a', { href: cellsHref(filter) }, check ? 'Filtered checks' : 'Filtered cells')
  return check ? h('a', { href: cellsHref({ scenario: checkScenarios() }) }, 'Checks') : h('a', { href: '#/cells' }, 'Cells')
}

type AnyAttempt = Pick<
  Attempt,
  'verdict' | 'reason' | 'expectations' | 'deviations' | 'evidence' | 'steps' | 'cases' | 'facts' | 'duration_ms'
>
interface NumberedAttempt {
  readonly number: number
  readonly attempt: AnyAttempt
  readonly ladder: Ladder | null
}

/** All attempts in order. The shown one has the number no earlier attempt has. */
function attemptsOf({ cell, ladders }: CellDetails): NumberedAttempt[] {
  const earlier = (cell.earlier_attempts ?? []).map((attempt, index) => ({
    number: attempt.attempt,
    attempt,
    ladder: ladders[index + 1] ?? null,
  }))
  let own = 1
  while (earlier.some(({ number }) => number === own)) own++
  const broken = cell.expectations.some((expectation) => expectation.verdict === 'fail')
  const verdict = cell.verdict === 'flaky' ? (broken ? 'fail' : 'pass') : cell.verdict
  return [...earlier, { number: own, attempt: { ...cell, verdict }, ladder: ladders[0] ?? null }].sort((a, b) => a.number - b.number)
}

/** The attempt the address asks for, else the one the verdict rests on: for a flaky cell the one that failed. */
function chosenAttempt(details: CellDetails, wanted: number | undefined): NumberedAttempt {
  const attempts = attemptsOf(details)
  const settled = attempts.find(({ ladder }) => ladder === details.ladders[0] && ladder !== null) ?? attempts.at(-1)!
  return (
    attempts.find(({ number }) => number === wanted) ??
    (details.cell.verdict === 'flaky' ? attempts.find(({ attempt }) => attempt.verdict === 'fail') : undefined) ??
    settled
  )
}

function attemptTabs(details: CellDetails, route: CellRoute): HTMLElement | false {
  const attempts = attemptsOf(details)
  const chosen = chosenAttempt(details, route.attempt)
  return (
    attempts.length > 1 &&
    h(
      'nav',
      { class: 'switch attempts', 'aria-label': 'Attempts' },
      attempts.map(({ number, attempt }) =>
        h(
          'a',
          { href: cellHref(route, route.filter, { attempt: number }), 'aria-current': number === chosen.number && 'true' },
          verdictMark(attempt.verdict, details.cell.fidelity),
          ` Attempt ${number}`,
        ),
      ),
    )
  )
}

function attemptBody(details: CellDetails, route: CellRoute): (HTMLElement | undefined)[] {
  const { attempt, ladder } = chosenAttempt(details, route.attempt)
  const broken = attempt.expectations.filter((expectation) => expectation.verdict === 'fail')
  const view = ladder
    ? ladderView(ladder, {
        broken,
        chosen: route.message,
        onChoose: (message) => history.replaceState(null, '', cellHref(route, route.filter, { attempt: route.attempt, message })),
      })
    : undefined
  const cases = casesCard(attempt.cases, details.cell.fidelity)
  const expectations = expectationsCard(attempt.expectations, details.cell.fidelity, view)
  // Cases are played on calls and connections of their own: the cell's number had none.
  if (cases !== undefined && !ladder?.events.length)
    return [expectations, cases, h('div', { class: 'columns even' }, stepsCard(attempt), evidenceCard(attempt))]
  const { facts } = attempt
  return [
    expectations,
    cases,
    ...(attempt.deviations.length > 0 ? [deviationsCard(attempt, view)] : []),
    ladderCard(view),
    h(
      'div',
      { class: 'columns even' },
      facts && mediaCard(facts),
      h('div', { class: 'stack' }, facts && signallingCard(facts), stepsCard(attempt), evidenceCard(attempt)),
    ),
    facts && sdpCard(facts),
  ]
}

function deviationsCard({ deviations }: AnyAttempt, view: LadderView | undefined): HTMLElement {
  return h(
    'section',
    { class: 'card' },
    h('header', { class: 'card-head' }, h('h2', {}, 'Deviations'), h('p', { class: 'quiet' }, 'from a standard, without harm to the call')),
    h(
      'ul',
      { class: 'list' },
      deviations.map(({ id, detail, reference, message }) =>
        h(
          'li',
          {},
          h(
            'div',
            {},
            detail,
            h(
              'p',
              { class: 'quiet several' },
              h('a', { href: cellsHref({ deviation: id }) }, id),
              reference && h('span', {}, reference),
              message !== undefined &&
                view &&
                h('button', { type: 'button', class: 'link', onclick: () => view.choose(message) }, `message ${message}`),
            ),
          ),
        ),
      ),
    ),
  )
}

function ladderCard(view: LadderView | undefined): HTMLElement {
  return h(
    'section',
    { class: 'card', id: 'ladder' },
    h(
      'header',
      { class: 'card-head' },
      h('h2', {}, 'Ladder'),
      view && h('p', { class: 'quiet' }, 'Choose a message to read it; credentials and keys are masked.'),
    ),
    view?.element ?? h('p', { class: 'empty' }, 'No ladder was kept.'),
  )
}

function stepsCard({ steps }: AnyAttempt): HTMLElement | false {
  if (!steps || steps.length === 0) return false
  const symbol = { done: 'pass', failed: 'fail', skipped: 'skipped' } as const
  return h(
    'section',
    { class: 'card' },
    h('header', { class: 'card-head' }, h('h2', {}, 'Steps')),
    h(
      'ol',
      { class: 'steps' },
      steps.map((step) =>
        h(
          'li',
          {},
          verdictMark(symbol[step.verdict]),
          h('span', {}, step.name, step.detail && h('span', { class: 'quiet' }, ` ${step.detail}`)),
          h('span', { class: 'time' }, step.verdict !== 'skipped' && `${offset(step.t_ms)} + ${duration(step.duration_ms)}`),
        ),
      ),
    ),
  )
}

function evidenceCard({ evidence }: AnyAttempt): HTMLElement | false {
  return (
    evidence.length > 0 &&
    h(
      'section',
      { class: 'card' },
      h('header', { class: 'card-head' }, h('h2', {}, 'Evidence'), h('p', { class: 'quiet' }, 'files beside this report')),
      h(
        'ul',
        { class: 'files' },
        evidence.map((path) => h('li', {}, h('a', { href: fileHref(path) }, path.split('/').slice(1).join('/') || path))),
      ),
    )
  )
}
