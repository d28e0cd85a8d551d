import { EventEmitter } from 'node:events'
import { expect, test } from 'vitest'
import type { Call } from '../endpoint/user-agent-types.ts'
import { CallBook } from './call-book.ts'
import { CallRecord } from './call-record.ts'

function record(id: string, number = '+1'): CallRecord {
  const call = Object.assign(new EventEmitter(), {
    id,
    callId: `${id}@x`,
    direction: 'in',
    state: 'confirmed',
    remoteUri: 'sip:a@x',
    localUri: 'sip:b@x',
    transport: 'udp',
    remoteAddress: { address: '192.0.2.1', port: 5060 },
  })
  return new CallRecord(call as unknown as Call, number, 't1')
}

test('calls in progress are all kept, ended ones up to the limit', () => {
  const forgotten: string[] = []
  const book = new CallBook({ history: 2, onForgotten: (one) => forgotten.push(one.id) })
  const records = ['a', 'b', 'c', 'd'].map((id) => record(id))
  for (const one of records) book.add(one)
  expect(book.active).toBe(4)
  for (const one of records.slice(0, 3)) {
    one.finish({ by: 'remote' })
    book.end(one)
  }
  expect(book.active).toBe(1)
  expect(forgotten).toEqual(['a'])
  expect(book.get('a')).toBeUndefined()
  expect(book.get('b')?.view()).toMatchObject({ state: 'ended', ended: { by: 'remote' }, trunk: 't1' })
  expect(book.get('d')?.view().state).toBe('confirmed')
})

test('a call that is over lets go of everything but its facts', () => {
  const one = record('a')
  expect(one.call).toBeDefined()
  one.finish({ by: 'local', status: 200, reason: 'Normal' })
  one.finish({ by: 'error' })
  expect(one.call).toBeUndefined()
  expect(one.view()).toMatchObject({ ended: { by: 'local', status: 200, reason: 'Normal' }, from: 'sip:a@x', to: 'sip:b@x' })
})

test('lists are filtered, bounded and begin with the newest', () => {
  const book = new CallBook()
  for (const id of ['a', 'b', 'c']) book.add(record(id, id === 'b' ? '+2' : '+1'))
  const over = record('z')
  book.add(over)
  over.finish({ by: 'remote' })
  book.end(over)
  const ids = (filter: Partial<Parameters<CallBook['list']>[0]>) => book.list({ limit: 10, ...filter }).map((one) => one.id)
  expect(new Set(ids({}))).toEqual(new Set(['a', 'b', 'c', 'z']))
  expect(ids({ number: '+2' })).toEqual(['b'])
  expect(ids({ state: 'ended' })).toEqual(['z'])
  expect(ids({ state: 'active' })).toEqual(['c', 'b', 'a'])
  expect(ids({ callId: 'c@x' })).toEqual(['c'])
  expect(ids({ limit: 1 })).toHaveLength(1)
})

test('idle resolves when the last call ends', async () => {
  const book = new CallBook()
  await book.idle()
  const [one, two] = [record('a'), record('b')]
  book.add(one)
  book.add(two)
  let idle = false
  const waiting = book.idle().then(() => (idle = true))
  book.end(one)
  await Promise.resolve()
  expect(idle).toBe(false)
  book.end(two)
  await waiting
  expect(idle).toBe(true)
})
