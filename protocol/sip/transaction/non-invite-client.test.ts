import { expect, test } from 'vitest'
import { defaultTimers } from '../timers.ts'
import { type NonInviteClientAction, type NonInviteClientEvent, startNonInviteClient, stepNonInviteClient } from './non-invite-client.ts'

function walk(reliable: boolean, events: NonInviteClientEvent[]): [phase: string, actions: string][] {
  let { state, actions } = startNonInviteClient(reliable, defaultTimers)
  const seen: [string, string][] = [[state.phase, brief(actions)]]
  for (const event of events) {
    ;({ state, actions } = stepNonInviteClient(state, event, defaultTimers))
    seen.push([state.phase, brief(actions)])
  }
  return seen
}

const brief = (actions: readonly NonInviteClientAction[]) =>
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

const response = (status: number): NonInviteClientEvent => ({ type: 'response', status })
const timer = (name: 'E' | 'F' | 'K'): NonInviteClientEvent => ({ type: 'timer', timer: name })
const last = (walked: [string, string][]) => walked.at(-1)

test('Trying, unreliable: timer E doubles up to T2', () =>
  expect(walk(false, [timer('E'), timer('E'), timer('E'), timer('E')])).toEqual([
    ['trying', 'send, start F 32000, start E 500'],
    ['trying', 'send, start E 1000'],
    ['trying', 'send, start E 2000'],
    ['trying', 'send, start E 4000'],
    ['trying', 'send, start E 4000'],
  ]))

test('Trying, reliable: is sent once', () => expect(walk(true, [])).toEqual([['trying', 'send, start F 32000']]))

test('Proceeding: timer E runs at T2 from the next time on', () =>
  expect(walk(false, [response(100), timer('E'), response(100)]).slice(1)).toEqual([
    ['proceeding', 'deliver'],
    ['proceeding', 'send, start E 4000'],
    ['proceeding', 'deliver'],
  ]))

test('timer F ends Trying and Proceeding', () => {
  expect(last(walk(false, [timer('F')]))).toEqual(['terminated', 'fail timeout, end'])
  expect(last(walk(false, [response(100), timer('F')]))).toEqual(['terminated', 'fail timeout, end'])
})

test('transport error ends it', () =>
  expect(last(walk(true, [{ type: 'transport-error' }]))).toEqual(['terminated', 'fail transport, end']))

test('Completed, unreliable: repeats are absorbed for T4', () =>
  expect(walk(false, [response(200), response(200), timer('F'), timer('K')]).slice(1)).toEqual([
    ['completed', 'stop E, stop F, deliver, start K 5000'],
    ['completed', ''],
    ['completed', ''],
    ['terminated', 'end'],
  ]))

test('Completed, reliable: is over at once', () =>
  expect(walk(true, [response(404), response(404)]).slice(1)).toEqual([
    ['terminated', 'stop E, stop F, deliver, end'],
    ['terminated', ''],
  ]))
