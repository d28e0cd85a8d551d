import { describe, expect, test } from 'vitest'
import { defaultTimers } from '../timers.ts'
import { type InviteClientAction, type InviteClientEvent, startInviteClient, stepInviteClient } from './invite-client.ts'

/** Feeds events and shows, for each, the phase reached and the actions in short: `start A 500` and so on. */
function walk(reliable: boolean, events: InviteClientEvent[]): [phase: string, actions: string][] {
  let { state, actions } = startInviteClient(reliable, defaultTimers)
  const seen: [string, string][] = [[state.phase, brief(actions)]]
  for (const event of events) {
    ;({ state, actions } = stepInviteClient(state, event, defaultTimers))
    seen.push([state.phase, brief(actions)])
  }
  return seen
}

const brief = (actions: readonly InviteClientAction[]) =>
  actions
    .map((a) =>
      a.type === 'start'
        ? `${a.type} ${a.timer} ${a.ms}`
        : a.type === 'stop'
          ? `stop ${a.timer}`
          : a.type === 'fail'
            ? `fail ${a.why}`
            : a.type,
    )
    .join(', ')

const response = (status: number): InviteClientEvent => ({ type: 'response', status })
const timer = (name: 'A' | 'B' | 'D' | 'M'): InviteClientEvent => ({ type: 'timer', timer: name })
const transportError: InviteClientEvent = { type: 'transport-error' }
const last = (walked: [string, string][]) => walked.at(-1)

describe('Calling', () => {
  test('unreliable: retransmits at 500, 1000, 2000, … ms without a ceiling', () => {
    expect(walk(false, [timer('A'), timer('A'), timer('A'), timer('A')])).toEqual([
      ['calling', 'send, start B 32000, start A 500'],
      ['calling', 'send, start A 1000'],
      ['calling', 'send, start A 2000'],
      ['calling', 'send, start A 4000'],
      ['calling', 'send, start A 8000'],
    ])
  })

  test('reliable: is sent once', () => expect(walk(true, [])).toEqual([['calling', 'send, start B 32000']]))
  test('timer B ends it', () => expect(last(walk(true, [timer('B')]))).toEqual(['terminated', 'fail timeout, end']))
  test('transport error ends it', () => expect(last(walk(false, [transportError]))).toEqual(['terminated', 'fail transport, end']))
})

describe('Proceeding', () => {
  test('1xx stops A and B for good; every 1xx goes up', () =>
    expect(walk(false, [response(100), response(180)]).slice(1)).toEqual([
      ['proceeding', 'stop A, stop B, deliver'],
      ['proceeding', 'deliver'],
    ]))
  test('late timers change nothing', () =>
    expect(walk(false, [response(180), timer('A'), timer('B')]).slice(2)).toEqual([
      ['proceeding', ''],
      ['proceeding', ''],
    ]))
})

describe('Accepted (RFC 6026)', () => {
  test.each([[[]], [[response(183)]]])('2xx goes up, and so does each further one, until M', (before: InviteClientEvent[]) =>
    expect(
      walk(false, [...before, response(200), response(200), response(486), transportError, timer('M')]).slice(1 + before.length),
    ).toEqual([
      ['accepted', 'stop A, stop B, start M 32000, deliver'],
      ['accepted', 'deliver'],
      ['accepted', ''],
      ['accepted', ''],
      ['terminated', 'end'],
    ]),
  )
})

describe('Completed', () => {
  test('unreliable: each repeated final is acknowledged, none goes up again', () =>
    expect(walk(false, [response(486), response(486), response(200), timer('D')]).slice(1)).toEqual([
      ['completed', 'stop A, stop B, acknowledge, deliver, start D 32000'],
      ['completed', 'acknowledge'],
      ['completed', ''],
      ['terminated', 'end'],
    ]))
  test('reliable: nothing to wait for', () =>
    expect(last(walk(true, [response(180), response(603)]))).toEqual(['terminated', 'stop A, stop B, acknowledge, deliver, end']))
  test('an ACK that cannot be sent is reported', () =>
    expect(last(walk(false, [response(500), transportError]))).toEqual(['terminated', 'fail transport, end']))
})

test('Terminated: nothing happens any more', () =>
  expect(last(walk(false, [timer('B'), response(200), timer('A'), transportError]))).toEqual(['terminated', '']))
