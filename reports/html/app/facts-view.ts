/** What was observed in an attempt: SDP, media and digits in both directions, signalling. */
import type { CellFacts, DtmfFlow, MediaFlow } from '../../schema/results.ts'
import { h } from './dom.ts'
import { sdpLine } from './ladder-view.ts'
import { valueWord } from './words.ts'

/** A fact's name, its value in one direction, and whether that value is wrong on its face. */
type Row<Flow> = readonly [name: string, value: (flow: Flow) => string | number | undefined, wrong?: (flow: Flow) => boolean]

const mediaRows: readonly Row<MediaFlow>[] = [
  [
    'codec',
    (flow) => flow.codec && `${valueWord(flow.codec)}${flow.payload_type === undefined ? '' : `, payload type ${flow.payload_type}`}`,
  ],
  ['tone sent', (flow) => hertz(flow.tone_sent_hz)],
  ['tone heard', (flow) => hertz(flow.tone_heard_hz)],
  ['level', (flow) => unit(flow.level_dbm0, 'dBm0')],
  ['purity', (flow) => (flow.purity === undefined ? undefined : unit(flow.purity * 100, '%'))],
  ['packets sent', (flow) => flow.packets_sent],
  ['packets received', (flow) => flow.packets_received],
  ['lost', (flow) => flow.lost],
  ['duplicates', (flow) => flow.duplicates],
  ['reordered', (flow) => flow.reordered],
  ['unexpected payload types', (flow) => flow.unexpected_payload_types],
  ['jitter', (flow) => unit(flow.jitter_ms, 'ms')],
  ['MOS-CQE, estimated (G.107)', (flow) => flow.mos_estimate?.toFixed(2)],
  ['on the wire', (flow) => (flow.encrypted === undefined ? undefined : flow.encrypted ? 'encrypted' : 'plain')],
  ['from', (flow) => flow.source],
  ['to', (flow) => flow.destination],
]

const dtmfRows: readonly Row<DtmfFlow>[] = [
  ['digits by', (flow) => valueWord(flow.method)],
  ['digits sent', (flow) => flow.sent || 'none'],
  ['digits received', (flow) => flow.received || 'none', (flow) => flow.received !== flow.sent],
  ['leaked by another method', (flow) => flow.leaked, (flow) => Boolean(flow.leaked)],
]

function unit(value: number | undefined, name: string): string | undefined {
  return value === undefined ? undefined : `${value.toFixed(1)} ${name}`
}

function hertz(pair: readonly [number, number] | undefined): string | undefined {
  return pair && `${pair[0]} + ${pair[1]} Hz`
}

export function mediaCard({ media, dtmf }: CellFacts): HTMLElement | undefined {
  if (!media && !dtmf) return undefined
  return h(
    'section',
    { class: 'card' },
    h('header', { class: 'card-head' }, h('h2', {}, 'Media and digits')),
    h(
      'div',
      { class: 'scroll' },
      h(
        'table',
        { class: 'facts' },
        h('thead', {}, h('tr', {}, h('td', {}), h('th', { scope: 'col' }, 'peer → edge'), h('th', { scope: 'col' }, 'edge → peer'))),
        h('tbody', {}, bothWays(mediaRows, media?.to_edge, media?.to_peer), bothWays(dtmfRows, dtmf?.to_edge, dtmf?.to_peer)),
      ),
    ),
  )
}

/** A row per fact that is known for either direction. */
function bothWays<Flow>(rows: readonly Row<Flow>[], toEdge: Flow | undefined, toPeer: Flow | undefined): HTMLElement[] {
  return rows.flatMap(([name, value, wrong]) => {
    const field = (flow: Flow | undefined) => h('td', { class: flow !== undefined && wrong?.(flow) && 'bad' }, (flow && value(flow)) ?? '–')
    const [first, second] = [toEdge && value(toEdge), toPeer && value(toPeer)]
    if (first === undefined && second === undefined) return []
    return [h('tr', {}, h('th', { scope: 'row' }, name), field(toEdge), field(toPeer))]
  })
}

export function signallingCard({ transport, tls, registration, ended }: CellFacts): HTMLElement | undefined {
  const rows: [string, string | undefined][] = [
    ['transport seen', transport?.seen.map(valueWord).join(', ')],
    ['peer', transport?.peer],
    ['edge', transport?.edge],
    ['TLS', tls && `${tls.version}, ${tls.cipher}`],
    [
      'certificate',
      tls &&
        (tls.authorized
          ? `verified${tls.servername ? ` for ${tls.servername}` : ''}`
          : `not verified${tls.verify_error ? `: ${tls.verify_error}` : ''}`),
    ],
    ['names in it', tls && (tls.peer_names.join(', ') || 'none')],
    ['REGISTER', registration && registrationText(registration)],
    ['binding', registration?.binding],
    ['ended by', ended && [ended.by, ended.status, ended.reason].filter((part) => part !== undefined).join(', ')],
  ]
  const known = rows.filter(([, value]) => value !== undefined && value !== '')
  if (known.length === 0) return undefined
  return h(
    'section',
    { class: 'card' },
    h('header', { class: 'card-head' }, h('h2', {}, 'Signalling')),
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

function registrationText({ requests, challenged, authenticated, algorithm, expires_s }: NonNullable<CellFacts['registration']>): string {
  if (requests === 0) return 'none sent'
  const facts = [
    `${requests} sent`,
    challenged && 'challenged',
    authenticated && `authenticated${algorithm ? ` with ${algorithm}` : ''}`,
    expires_s !== undefined && `${expires_s} s`,
  ]
  return facts.filter(Boolean).join(', ')
}

export function sdpCard({ sdp }: CellFacts): HTMLElement | undefined {
  if (!sdp || (sdp.offer === undefined && sdp.answer === undefined)) return undefined
  const answeredBy = sdp.offered_by === 'peer' ? 'edge' : 'peer'
  const side = (title: string, by: string | undefined, text: string | undefined) =>
    h(
      'div',
      {},
      h('h3', {}, title, by && h('span', { class: 'quiet' }, ` by the ${by}`)),
      text === undefined ? h('p', { class: 'empty' }, 'none seen') : h('pre', { tabindex: 0 }, text.split(/(?<=\n)/).map(sdpLine)),
    )
  return h(
    'section',
    { class: 'card' },
    h('header', { class: 'card-head' }, h('h2', {}, 'SDP')),
    h('div', { class: 'sdp' }, side('Offer', sdp.offered_by, sdp.offer), side('Answer', sdp.offered_by && answeredBy, sdp.answer)),
  )
}
