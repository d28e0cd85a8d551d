import { describe, expect, test } from 'vitest'
import { defaultTimers } from '../timers.ts'
import { isNextProvisional, newProvisionalServer, type ProvisionalServerEvent, stepProvisionalServer } from './reliable-provisional.ts'

function walk(events: ProvisionalServerEvent[]): string[] {
  let state = newProvisionalServer(1000)
  return events.map((event) => {
    const step = stepProvisionalServer(state, event, defaultTimers)
    state = step.state
    return step.actions
      .map((a) =>
        a.type === 'start'
          ? `start ${a.timer} ${a.ms}`
          : a.type === 'stop'
            ? `stop ${a.timer}`
            : a.type === 'send'
              ? `send ${a.rseq}`
              : a.type,
      )
      .join(', ')
  })
}

const respond: ProvisionalServerEvent = { type: 'respond' }
const retransmit: ProvisionalServerEvent = { type: 'timer', timer: 'retransmit' }
const giveUp: ProvisionalServerEvent = { type: 'timer', timer: 'give-up' }
const prack = (rseq: number, matches = true): ProvisionalServerEvent => ({ type: 'prack', rseq, matches })

describe('callee', () => {
  test('repeats with doubling intervals until the PRACK', () =>
    expect(walk([respond, retransmit, retransmit, prack(1000), retransmit])).toEqual([
      'send 1000, start retransmit 500, start give-up 32000',
      'send 1000, start retransmit 1000',
      'send 1000, start retransmit 2000',
      'stop retransmit, stop give-up, confirm',
      '',
    ]))
  test('holds the next one back until the first is acknowledged', () =>
    expect(walk([respond, respond, prack(1000), prack(1001)])).toEqual([
      'send 1000, start retransmit 500, start give-up 32000',
      '',
      'stop retransmit, stop give-up, confirm, send 1001, start retransmit 500, start give-up 32000',
      'stop retransmit, stop give-up, confirm',
    ]))
  test.each([
    ['nothing was sent', [prack(1000)]],
    ['another number', [respond, prack(999)]],
    ['another INVITE', [respond, prack(1000, false)]],
    ['acknowledged already', [respond, prack(1000), prack(1000)]],
  ])('refuses a PRACK: %s', (_why, events) => expect(walk(events).at(-1)).toBe('refuse'))
  test('gives up after 64*T1', () => expect(walk([respond, giveUp, giveUp]).slice(1)).toEqual(['stop retransmit, stop give-up, fail', '']))
  test('a final response ends the repeating', () =>
    expect(walk([respond, respond, { type: 'final' }, retransmit]).slice(2)).toEqual(['stop retransmit, stop give-up', '']))
})

test('caller: in order, each once', () => {
  expect(isNextProvisional(undefined, 77)).toBe(true)
  expect(isNextProvisional(77, 78)).toBe(true)
  expect(isNextProvisional(77, 77)).toBe(false)
  expect(isNextProvisional(77, 79)).toBe(false)
})
