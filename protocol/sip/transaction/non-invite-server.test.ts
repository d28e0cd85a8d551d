import { expect, test } from 'vitest'
import { defaultTimers } from '../timers.ts'
import { type NonInviteServerAction, type NonInviteServerEvent, startNonInviteServer, stepNonInviteServer } from './non-invite-server.ts'

function walk(reliable: boolean, events: NonInviteServerEvent[]): [phase: string, actions: string][] {
  let { state, actions } = startNonInviteServer(reliable)
  const seen: [string, string][] = [[state.phase, brief(actions)]]
  for (const event of events) {
    ;({ state, actions } = stepNonInviteServer(state, event, defaultTimers))
    seen.push([state.phase, brief(actions)])
  }
  return seen
}

const brief = (actions: readonly NonInviteServerAction[]) =>
  actions.map((a) => (a.type === 'start' ? `${a.type} ${a.timer} ${a.ms}` : a.type === 'fail' ? `fail ${a.why}` : a.type)).join(', ')

const respond = (status: number): NonInviteServerEvent => ({ type: 'respond', status })
const request: NonInviteServerEvent = { type: 'request' }
const timerJ: NonInviteServerEvent = { type: 'timer', timer: 'J' }

test('Trying: repeats are absorbed in silence; Proceeding: they get the 1xx again', () =>
  expect(walk(false, [request, respond(100), request])).toEqual([
    ['trying', 'deliver'],
    ['trying', ''],
    ['proceeding', 'send'],
    ['proceeding', 'send'],
  ]))

test('Completed, unreliable: the response is repeated on request for 64*T1, and no other takes its place', () =>
  expect(walk(false, [respond(200), request, respond(500), timerJ, request]).slice(1)).toEqual([
    ['completed', 'send, start J 32000'],
    ['completed', 'send'],
    ['completed', ''],
    ['terminated', 'end'],
    ['terminated', ''],
  ]))

test('reliable: is over with the response', () => expect(walk(true, [respond(481)]).at(-1)).toEqual(['terminated', 'send, end']))

test('a transport error is reported and changes nothing', () =>
  expect(walk(false, [{ type: 'transport-error' }, respond(200)]).slice(1)).toEqual([
    ['trying', 'fail transport'],
    ['completed', 'send, start J 32000'],
  ]))
