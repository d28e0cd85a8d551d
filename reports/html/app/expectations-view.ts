/** Expectations of one attempt: the broken ones in full, those that held in a line each. */
import type { ExpectationResult, Fidelity } from '../../schema/results.ts'
import { h } from './dom.ts'
import type { LadderView } from './ladder-view.ts'
import { verdictMark } from './marks.ts'
import { page } from './page.ts'
import { cellsHref, fileHref } from './route.ts'

export function expectationsCard(all: readonly ExpectationResult[], fidelity: Fidelity, view: LadderView | undefined): HTMLElement {
  const order = ['fail', 'inconclusive', 'pass', 'skipped']
  const sorted = [...all].sort((a, b) => order.indexOf(a.verdict) - order.indexOf(b.verdict))
  const held = all.filter((expectation) => expectation.verdict === 'pass').length
  return h(
    'section',
    { class: 'card', id: 'expectations' },
    h(
      'header',
      { class: 'card-head' },
      h('h2', {}, 'Expectations'),
      all.length > 0 && h('p', { class: 'quiet' }, `${held} of ${all.length} hold`),
    ),
    all.length === 0
      ? h('p', { class: 'empty' }, 'None was judged.')
      : h(
          'div',
          { class: 'expectations' },
          sorted.map((expectation) => expectationView(expectation, fidelity, view)),
        ),
  )
}

function expectationView(expectation: ExpectationResult, fidelity: Fidelity, view: LadderView | undefined): HTMLElement {
  const { id, title, verdict, expected, seen, clause, cause, remedy } = expectation
  const clauseInfo = clause === undefined ? undefined : page.clauses.find((candidate) => candidate.id === clause)
  const clauseLink =
    clause !== undefined &&
    h('a', { class: 'clause', href: cellsHref({ clause }), title: clauseInfo?.statement ?? clauseInfo?.title }, clause)
  if (verdict === 'pass' || verdict === 'skipped') {
    return h(
      'div',
      { class: `expectation v-${verdict}` },
      verdictMark(verdict, fidelity),
      h('p', {}, title, h('span', { class: 'quiet' }, ` ${id}`)),
      h('code', {}, verdict === 'pass' ? seen : 'not judged'),
      clauseLink,
    )
  }
  return h(
    'article',
    { class: `expectation broken v-${verdict}` },
    h('h3', {}, verdictMark(verdict), h('span', {}, title, h('span', { class: 'quiet' }, id))),
    h(
      'dl',
      { class: 'pairs' },
      ...pair('expected', h('code', {}, expected)),
      ...pair('seen', h('code', { class: 'bad' }, seen)),
      ...pair('evidence', evidenceLink(expectation, view)),
      ...pair('clause', clauseLink && h('span', {}, clauseLink, clauseInfo && ` ${clauseInfo.statement ?? clauseInfo.title}`)),
      ...pair('likely cause', cause),
      ...pair('remedy', remedy),
    ),
  )
}

function pair(name: string, value: HTMLElement | string | false | undefined): HTMLElement[] {
  return value ? [h('dt', {}, name), h('dd', {}, value)] : []
}

function evidenceLink({ evidence }: ExpectationResult, view: LadderView | undefined): HTMLElement | undefined {
  if (!evidence) return undefined
  const { message, packet, file } = evidence
  const parts = [
    message !== undefined &&
      (view
        ? h('button', { type: 'button', class: 'link', onclick: () => view.choose(message) }, `message ${message} in the ladder`)
        : `message ${message}`),
    packet !== undefined && h('span', {}, `frame ${packet} of capture.pcapng`),
    file !== undefined && h('a', { href: fileHref(file) }, file),
  ].filter((part) => part !== false)
  return h('span', { class: 'several' }, parts)
}
