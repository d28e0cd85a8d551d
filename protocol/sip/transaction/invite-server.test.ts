import { describe, expect, test } from 'vitest'
import { defaultTimers } from '../timers.ts'
import { type InviteServerAction, type InviteServerEvent, startInviteServer, stepInviteServer } from './invite-server.ts'

function walk(reliable: boolean, events: InviteServerEvent[]): [phase: string, actions: string][] {
  let { state, actions } = startInviteServer(reliable, defaultTimers)
  const seen: [string, string][] = [[state.phase, brief(actions)]]
  for (const event of events) {
    ;({ state, actions } = stepInviteServer(state, event, defaultTimers))
    seen.push([state.phase, brief(actions)])
  }
  return seen
}

const brief = (actions: readonly InviteServerAction[]) =>
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

const respond = (status: number): InviteServerEvent => ({ type: 'respond', status })
const timer = (name: '100' | 'G' | 'H' | 'I' | 'L'): InviteServerEvent => ({ type: 'timer', timer: name })
const invite: InviteServerEvent = { type: 'request' }
const ack: InviteServerEvent = { type: 'ack' }

describe('Proceeding', () => {
  test('a silent TU gets a 100 sent in its name, once, and it is repeated on request', () =>
    expect(walk(false, [invite, timer('100'), timer('100'), invite])).toEqual([
      ['proceeding', 'start 100 200, deliver'],
      ['proceeding', ''],
      ['proceeding', 'trying'],
      ['proceeding', ''],
      ['proceeding', 'send'],
    ]))
  test('no 100 after a 180; a repeated INVITE gets the 180 again', () =>
    expect(walk(false, [respond(180), timer('100'), respond(183), invite]).slice(1)).toEqual([
      ['proceeding', 'stop 100, send'],
      ['proceeding', ''],
      ['proceeding', 'send'],
      ['proceeding', 'send'],
    ]))
})

describe('Accepted (RFC 6026)', () => {
  test('absorbs INVITEs, lets the TU repeat its 2xx, hands ACKs up', () =>
    expect(walk(false, [respond(200), invite, respond(200), respond(486), ack, timer('L')]).slice(1)).toEqual([
      ['accepted', 'stop 100, send, start L 32000'],
      ['accepted', ''],
      ['accepted', 'send'],
      ['accepted', ''],
      ['accepted', 'deliver'],
      ['terminated', 'end'],
    ]))
  test('is the same on a stream', () =>
    expect(walk(true, [respond(200)]).slice(1)).toEqual([['accepted', 'stop 100, send, start L 32000']]))
})

describe('Completed', () => {
  test('unreliable: timer G doubles up to T2 until the ACK', () =>
    expect(
      walk(false, [respond(486), timer('G'), timer('G'), timer('G'), timer('G'), invite, ack, ack, timer('G'), timer('I')]).slice(1),
    ).toEqual([
      ['completed', 'stop 100, send, start H 32000, start G 500'],
      ['completed', 'send, start G 1000'],
      ['completed', 'send, start G 2000'],
      ['completed', 'send, start G 4000'],
      ['completed', 'send, start G 4000'],
      ['completed', 'send'],
      ['confirmed', 'stop G, stop H, start I 5000'],
      ['confirmed', ''],
      ['confirmed', ''],
      ['terminated', 'end'],
    ]))
  test('reliable: no G, no I', () =>
    expect(walk(true, [respond(486), ack]).slice(1)).toEqual([
      ['completed', 'stop 100, send, start H 32000'],
      ['terminated', 'end'],
    ]))
  test('timer H: the ACK never came', () =>
    expect(walk(false, [respond(486), timer('H')]).at(-1)).toEqual(['terminated', 'fail timeout, end']))
})

test('a transport error is reported and changes nothing (RFC 6026 8.8)', () =>
  expect(walk(false, [{ type: 'transport-error' }, respond(200), { type: 'transport-error' }]).slice(1)).toEqual([
    ['proceeding', 'fail transport'],
    ['accepted', 'stop 100, send, start L 32000'],
    ['accepted', 'fail transport'],
  ]))
