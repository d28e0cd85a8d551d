/** Where, when, how and with which versions the run was made. */
import { copyButton, h } from './dom.ts'
import { page } from './page.ts'
import { duration } from './words.ts'

export function runView(): HTMLElement {
  const { run, summary } = page
  const host = run.host ? Object.entries(run.host).map(([name, value]): [string, string] => [name.replaceAll('_', ' '), plain(value)]) : []
  return h(
    'div',
    { class: 'facts-grid' },
    card('Run', [
      ['id', run.id],
      ['started', run.started],
      ['finished', run.finished ?? 'it did not'],
      ['took', duration(summary.wall_ms)],
      ['runtime', run.runtime],
      ['strategy', run.strategy],
      ['seed', String(run.seed)],
      ['guide as of', run.guide_snapshot],
    ]),
    card('Versions', Object.entries(run.versions)),
    card(
      'Edge',
      Object.entries(run.edge).map(([name, value]) => [name, plain(value)]),
    ),
    host.length > 0 && card('Machine', host),
    run.command !== undefined &&
      h(
        'section',
        { class: 'card wide' },
        h('header', { class: 'card-head' }, h('h2', {}, 'Command')),
        h('div', { class: 'command' }, h('code', {}, run.command), copyButton(run.command)),
      ),
  )
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function card(title: string, rows: readonly (readonly [string, string | undefined])[]): HTMLElement {
  const known = rows.filter(([, value]) => value !== undefined)
  return h(
    'section',
    { class: 'card' },
    h('header', { class: 'card-head' }, h('h2', {}, title)),
    h(
      'table',
      { class: 'facts' },
      h(
        'tbody',
        {},
        known.map(([name, value]) => h('tr', {}, h('th', { scope: 'row' }, name), h('td', {}, value))),
      ),
    ),
  )
}
