/** The SIP ladder as SVG: who sent what to whom and when, with media and digits between, and the text of the chosen message beside it. */
import type { Ladder, LadderEvent, LadderMessage } from '../../schema/evidence.ts'
import type { ExpectationResult } from '../../schema/results.ts'
import { copyButton, h, svg } from './dom.ts'
import { offset } from './words.ts'

const rowHeight = 38
const headHeight = 46
/** Drawing units. On a phone the drawing is narrower rather than smaller, so that it can be read. */
const phone = matchMedia('(max-width: 640px)').matches
const width = phone ? 440 : 650
const timeWidth = 62
/** Room beside the outer lifelines for the media bars and half an address. */
const margin = phone ? 50 : 64

export interface LadderOptions {
  /** Broken expectations, to mark the messages that show them. */
  readonly broken: readonly ExpectationResult[]
  /** Number of the message shown first. */
  readonly chosen: number | undefined
  /** Told when another message is chosen. */
  readonly onChoose: (number: number) => void
}

export interface LadderView {
  readonly element: HTMLElement
  choose(number: number): void
}

export function ladderView(ladder: Ladder, options: LadderOptions): LadderView {
  const messages = ladder.events.filter((event) => event.kind === 'message')
  const panel = h('div', { class: 'message', 'aria-live': 'polite' })
  const rows = new Map<number, SVGGElement>()
  const blamed = Map.groupBy(
    options.broken.filter((expectation) => expectation.evidence?.message !== undefined),
    (expectation) => expectation.evidence!.message!,
  )
  const place = columns(ladder)
  const height = headHeight + ladder.events.length * rowHeight + 12
  const choose = (number: number, focus = false): void => {
    const message = messages.find((candidate) => candidate.number === number)
    if (!message) return
    for (const [other, row] of rows) {
      row.classList.toggle('chosen', other === number)
      row.setAttribute('aria-pressed', String(other === number))
      row.setAttribute('tabindex', other === number ? '0' : '-1')
    }
    panel.replaceChildren(...messagePanel(message, blamed.get(number) ?? []))
    if (focus) rows.get(number)?.focus()
  }
  const select = (number: number, focus = false): void => {
    choose(number, focus)
    options.onChoose(number)
  }
  const drawn = ladder.events.map((event, index) => {
    const y = headHeight + index * rowHeight + rowHeight / 2
    const row = drawEvent(event, y, place)
    if (event.kind !== 'message') return row
    row.setAttribute('role', 'button')
    row.setAttribute('tabindex', '-1')
    row.setAttribute('aria-label', `Message ${event.number}: ${event.label} from ${event.from} to ${event.to} at ${offset(event.t_ms)}`)
    if (blamed.has(event.number)) row.classList.add('blamed')
    row.addEventListener('click', () => select(event.number))
    row.addEventListener('keydown', (pressed) => {
      const at = messages.indexOf(event)
      const step = pressed.key === 'ArrowDown' ? 1 : pressed.key === 'ArrowUp' ? -1 : 0
      if (step === 0 && pressed.key !== 'Enter' && pressed.key !== ' ') return
      pressed.preventDefault()
      const target = messages[at + step]
      if (target) select(target.number, true)
    })
    rows.set(event.number, row)
    return row
  })
  const drawing = svg(
    'svg',
    { class: 'ladder', viewBox: `0 0 ${width} ${height}`, role: 'group', 'aria-label': 'SIP ladder' },
    arrowHeads(),
    ladder.parties.map((party) => lifeline(party.label, party.address, place(party.id), height)),
    mediaBars(ladder, place),
    drawn,
  )
  const element = h('div', { class: 'ladder-pair' }, h('div', { class: 'scroll ladder-scroll' }, drawing), panel)
  const first = options.chosen ?? blamed.keys().next().value ?? messages[0]?.number
  if (first !== undefined) choose(first)
  return { element, choose: (number) => select(number, true) }
}

type Place = (party: string) => number

function columns(ladder: Ladder): Place {
  const left = timeWidth + margin
  const right = width - margin
  const step = (right - left) / Math.max(1, ladder.parties.length - 1)
  const places = new Map(ladder.parties.map((party, index) => [party.id, left + index * step]))
  return (party) => places.get(party) ?? left
}

function arrowHeads(): SVGElement {
  const kinds = ['request', 'provisional', 'success', 'redirect', 'failure', 'dtmf']
  return svg(
    'defs',
    {},
    kinds.map((kind) =>
      svg(
        'marker',
        {
          id: `head-${kind}`,
          class: `k-${kind}`,
          viewBox: '0 0 8 8',
          refX: 7.5,
          refY: 4,
          markerWidth: 8,
          markerHeight: 8,
          markerUnits: 'userSpaceOnUse',
          orient: 'auto-start-reverse',
        },
        svg('path', { d: 'M0 0.5 8 4 0 7.5z' }),
      ),
    ),
  )
}

function lifeline(label: string, address: string | undefined, x: number, height: number): SVGElement {
  return svg(
    'g',
    { class: 'party' },
    svg('text', { x, y: 16, class: 'who' }, label),
    address && svg('text', { x, y: 31, class: 'where' }, address),
    svg('line', { x1: x, x2: x, y1: 38, y2: height }),
  )
}

function drawEvent(event: LadderEvent, y: number, place: Place): SVGGElement {
  const time = svg('text', { x: timeWidth - 10, y: y + 4, class: 'when' }, offset(event.t_ms))
  if (event.kind === 'note') return svg('g', { class: 'note' }, time, svg('text', { x: (width + timeWidth) / 2, y: y + 4 }, event.text))
  const from = place(event.from)
  const to = place(event.to)
  const middle = (from + to) / 2
  if (event.kind === 'media') {
    const text = [event.label, event.packets !== undefined && `${event.packets} packets`, event.encrypted && 'encrypted']
      .filter(Boolean)
      .join(' · ')
    return svg(
      'g',
      { class: 'media' },
      time,
      svg('path', { class: 'stream', d: blockArrow(from, to, y) }),
      svg('text', { x: middle, y: y + 4 }, text),
    )
  }
  if (event.kind === 'dtmf') {
    const label = `${event.method}${event.duration_ms === undefined ? '' : ` ${event.duration_ms} ms`}`
    return svg(
      'g',
      { class: 'digit' },
      time,
      svg('line', { x1: from, x2: to, y1: y, y2: y, 'marker-end': 'url(#head-dtmf)' }),
      svg('circle', { cx: middle, cy: y, r: 11 }),
      svg('text', { x: middle, y: y + 4, class: 'key' }, event.digit),
      svg('text', { x: middle + 18, y: y - 4, class: 'how' }, label),
    )
  }
  const kind = kindOf(event)
  const classes = ['arrow', `k-${kind}`, event.retransmission && 'again', event.malformed && 'malformed'].filter(Boolean).join(' ')
  const note = [event.note, event.retransmission && 'retransmission'].filter(Boolean).join(' · ')
  return svg(
    'g',
    { class: classes },
    svg('rect', { class: 'hit', x: 2, y: y - rowHeight / 2 + 1, width: width - 4, height: rowHeight - 2, rx: 5 }),
    time,
    svg(
      'text',
      { x: middle, y: y - 3, class: 'what' },
      svg('tspan', { class: 'ordinal' }, `${event.number} `),
      event.label,
      note && svg('tspan', { class: 'extra' }, `  ${note}`),
    ),
    svg('line', { x1: from, x2: to, y1: y + 6, y2: y + 6, 'marker-end': `url(#head-${kind})` }),
  )
}

function kindOf(message: LadderMessage): string {
  const status = /^(\d)\d\d\b/.exec(message.label)?.[1]
  if (message.malformed) return 'failure'
  if (!status) return 'request'
  // A challenge asks for another try, as a redirection does; it is no failure yet.
  if (/^(401|407|423)\b/.test(message.label)) return 'redirect'
  return { '1': 'provisional', '2': 'success', '3': 'redirect' }[status] ?? 'failure'
}

/** A broad arrow: a stream, not a message. */
function blockArrow(from: number, to: number, y: number): string {
  const sign = to > from ? 1 : -1
  const [start, neck, tip] = [from + sign * 3, to - sign * 14, to - sign * 2]
  return `M${start} ${y - 9}H${neck}V${y - 13}L${tip} ${y}L${neck} ${y + 13}V${y + 9}H${start}z`
}

/** How long each stream flowed, as a bar beside its sender's lifeline. */
function mediaBars(ladder: Ladder, place: Place): SVGElement[] {
  return ladder.events.flatMap((event, index) => {
    if (event.kind !== 'media') return []
    const last = ladder.events.findLastIndex((other) => other.t_ms <= event.until_ms)
    const top = headHeight + index * rowHeight + rowHeight / 2
    const bottom = headHeight + Math.max(last, index) * rowHeight + rowHeight / 2 + 8
    const outward = place(event.from) < place(event.to) ? -1 : 1
    const bar = svg('rect', { class: 'flow', x: place(event.from) + outward * 9 - 3, y: top, width: 6, height: bottom - top, rx: 3 })
    bar.append(svg('title', {}, `${event.label}, ${offset(event.until_ms - event.t_ms)}`))
    return [bar]
  })
}

function messagePanel(message: LadderMessage, blamed: readonly ExpectationResult[]): HTMLElement[] {
  const bytes = new TextEncoder().encode(message.text).length
  return [
    h(
      'header',
      {},
      h('h3', {}, `${message.number} · ${message.label}`),
      message.text !== '' && copyButton(message.text),
      h(
        'p',
        { class: 'quiet' },
        `${message.source} → ${message.destination} · ${message.transport.toUpperCase()} · ${offset(message.t_ms)}${bytes > 0 ? ` · ${bytes.toLocaleString('en-US')} bytes` : ''}`,
      ),
    ),
    ...blamed.map((expectation) => h('p', { class: 'blame' }, 'Shows: ', expectation.title, ` (seen ${expectation.seen})`)),
    message.text === ''
      ? h('p', { class: 'empty' }, 'Left out of this report to keep it small; the text is in the evidence folder.')
      : h('pre', { tabindex: 0 }, highlighted(message.text)),
  ]
}

/** Start line, header names and SDP types set apart; every character stays as it was. */
function highlighted(text: string): HTMLElement[] {
  const [head = '', ...rest] = text.split(/(?<=\n\r?\n)/)
  const lines = head.split(/(?<=\n)/)
  return [
    ...lines.map((line, index) => {
      const header = index > 0 ? /^([!#$%&'*+.^_`|~\w-]+)(\s*:)([\s\S]*)$/.exec(line) : null
      return header ? h('span', {}, h('b', {}, header[1]), header[2], header[3]) : h('span', { class: index === 0 && 'start' }, line)
    }),
    ...rest
      .join('')
      .split(/(?<=\n)/)
      .map(sdpLine),
  ]
}

/** One SDP line, the type letter set apart and what decides a call emphasised. */
export function sdpLine(line: string): HTMLElement {
  const match = /^([a-z]=)([\s\S]*)$/.exec(line)
  if (!match) return h('span', {}, line)
  const weighty = /^(m=|c=|a=(rtpmap|crypto|fingerprint|setup|sendrecv|sendonly|recvonly|inactive))/.test(line)
  return h('span', { class: weighty && 'weighty' }, h('b', {}, match[1]), match[2])
}
