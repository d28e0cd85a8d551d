/** Expectations on digits: the exact string each way, by the cell's method, and by no other. */

import { parseInfoDigit } from '../../protocol/dtmf/info.ts'
import type { CellEvidence } from '../evidence/cell-evidence.ts'
import type { Side } from '../evidence/trace.ts'
import { clauseOf, type Expectation, type Finding, fail, pass } from './expectation.ts'
import { protectedBoth } from './protection.ts'

const methodTitle = { rfc4733: 'RTP events (RFC 4733)', info: 'SIP INFO' } as const
type Method = keyof typeof methodTitle
const otherMethod = (method: Method): Method => (method === 'info' ? 'rfc4733' : 'info')

/** Digits on the wire from one side by one method. */
function onTheWire(side: Side, method: Method, { call, streams }: CellEvidence): string {
  if (method === 'rfc4733') return streams[side]?.digits ?? ''
  return (call?.infos ?? [])
    .filter((traced) => traced.from === side)
    .map(
      (traced) =>
        parseInfoDigit(traced.message.headers.get('Content-Type') ?? '', new TextDecoder().decode(traced.message.body))?.digit ?? '',
    )
    .join('')
}

/** Digits as the receiving side understood them, whatever they came by. */
function understood(receiver: Side, evidence: CellEvidence): string | undefined {
  if (receiver === 'peer') return evidence.peer.digits.map((heard) => heard.digit).join('')
  return evidence.edge?.digits.map((heard) => heard.digit).join('')
}

function senders({ told }: CellEvidence): Side[] {
  return (['peer', 'edge'] as const).filter((side) => told[side] !== '')
}

const notReached = (expected: string): Finding => ({ verdict: 'inconclusive', expected, seen: 'no side was told to send digits' })

function exactDigits(evidence: CellEvidence): Finding {
  const sending = senders(evidence)
  const expected = sending.map((side) => `"${evidence.told[side]}" from the ${side}`).join(', ')
  if (sending.length === 0) return notReached('digits both ways')
  for (const side of sending) {
    const receiver: Side = side === 'peer' ? 'edge' : 'peer'
    const wire = onTheWire(side, evidence.cell.axes.dtmf, evidence)
    const got = understood(receiver, evidence) ?? wire
    if (got !== evidence.told[side]) {
      return fail(expected, `the ${receiver} understood "${got}" from the ${side} (on the wire: "${wire}")`, {
        cause: digitCause(evidence.told[side], got),
      })
    }
  }
  return pass(expected, 'understood exactly, each way')
}

function digitCause(sent: string, got: string): string {
  if (got === '') return 'digits are not recognised: compare the DTMF method on both sides'
  if (got.length < sent.length) return 'a digit was lost'
  if (got.length > sent.length) return 'a digit came twice: repeated packets or both methods at once'
  return 'a digit changed on the way'
}

function byMethod(evidence: CellEvidence): Finding {
  const method = evidence.cell.axes.dtmf
  const expected = `digits by ${methodTitle[method]}`
  const sending = senders(evidence)
  if (sending.length === 0) return notReached(expected)
  for (const side of sending) {
    if (onTheWire(side, method, evidence) !== '') continue
    const elsewhere = onTheWire(side, otherMethod(method), evidence)
    if (elsewhere === '') return fail(expected, `no digit from the ${side} on the wire`)
    return fail(expected, `the ${side} sent "${elsewhere}" by ${methodTitle[otherMethod(method)]}`, {
      message: firstInfo(evidence, side),
      cause: 'the DTMF method of the two sides differs',
    })
  }
  return pass(expected, `both ways by ${methodTitle[method]}`)
}

function noLeak(evidence: CellEvidence): Finding {
  const method = evidence.cell.axes.dtmf
  const expected = `no digit by ${methodTitle[otherMethod(method)]} beside ${methodTitle[method]}`
  const sending = senders(evidence)
  if (sending.length === 0) return notReached(expected)
  for (const side of sending) {
    const leaked = onTheWire(side, otherMethod(method), evidence)
    if (leaked !== '' && onTheWire(side, method, evidence) !== '') {
      return fail(expected, `the ${side} also sent "${leaked}" by ${methodTitle[otherMethod(method)]}`, {
        message: firstInfo(evidence, side),
        cause: 'both methods are switched on: the receiver may count digits twice',
      })
    }
  }
  return pass(expected, 'one method only')
}

function firstInfo({ call }: CellEvidence, side: Side): number | undefined {
  return call?.infos.find((traced) => traced.from === side)?.number
}

/** Digits in packets that cannot be opened, or that their receiver drops, are no fault of their own. */
const onTop = [...protectedBoth, 'call.established', 'dialog.contact', 'codec.negotiated']

export const dtmfExpectations: readonly Expectation[] = [
  {
    id: 'dtmf.method',
    title: 'Digits travel by the agreed method',
    clause: clauseOf.dtmf,
    after: onTop,
    judge: byMethod,
    remedy: 'set the same DTMF method on both sides of the trunk',
  },
  {
    id: 'dtmf.leak',
    title: 'Digits travel by one method only',
    clause: clauseOf.dtmf,
    after: ['dtmf.method', ...onTop],
    judge: noLeak,
    remedy: 'switch the second DTMF method off',
  },
  {
    id: 'dtmf.digits',
    title: 'Digits arrive exactly',
    clause: clauseOf.dtmf,
    after: ['dtmf.method', 'dtmf.leak', ...onTop],
    judge: exactDigits,
    remedy: 'set the same DTMF method on both sides of the trunk',
  },
]
