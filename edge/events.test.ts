import { expect, test } from 'vitest'
import { type EdgeEvent, EventHub } from './events.ts'

test('events go to whom they concern, in order and numbered', () => {
  const hub = new EventHub()
  const all: EdgeEvent[] = []
  const one: EdgeEvent[] = []
  const everything = hub.subscribe(
    [],
    (event) => all.push(event),
    () => {},
  )
  hub.subscribe(
    ['+1', '+2'],
    (event) => one.push(event),
    () => {},
  )
  hub.publish('call.started', ['+3'], () => ({ n: 1 }))
  hub.publish('registration.changed', ['+9', '+2'], () => ({ n: 2 }))
  everything.cancel()
  hub.publish('call.ended', ['+1'], () => ({ n: 3 }))
  expect(all.map((event) => [event.sequence, event.type])).toEqual([
    [1, 'call.started'],
    [2, 'registration.changed'],
  ])
  expect(one.map((event) => event.sequence)).toEqual([2, 3])
})

test('nothing is put together when nobody listens, or nobody it concerns', () => {
  const hub = new EventHub()
  const data = () => {
    throw new Error('not needed')
  }
  hub.publish('call.tone', ['+1'], data)
  hub.subscribe(
    ['+2'],
    () => {},
    () => {},
  )
  hub.publish('call.tone', ['+1'], data)
})

test('closing ends every subscription once', () => {
  const hub = new EventHub()
  let closed = 0
  const first = hub.subscribe(
    [],
    () => {},
    () => (closed += 1),
  )
  hub.subscribe(
    [],
    () => {},
    () => (closed += 1),
  )
  first.cancel()
  hub.close()
  hub.close()
  expect(closed).toBe(1)
  expect(hub.subscribers).toBe(0)
})
