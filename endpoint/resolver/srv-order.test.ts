import { expect, test } from 'vitest'
import { orderSrv } from './srv-order.ts'

const record = (priority: number, weight: number, target: string) => ({ priority, weight, target, port: 5060 })
const records = [record(20, 0, 'last'), record(10, 60, 'big'), record(10, 0, 'zero'), record(10, 40, 'small')]

test.each([
  ['0 draws the record of weight 0', 0, ['zero', 'small', 'big', 'last']],
  ['the middle draws by weight', 0.5, ['big', 'small', 'zero', 'last']],
  ['the top draws the heaviest', 0.999, ['big', 'small', 'zero', 'last']],
])('RFC 2782: %s', (_what, drawn, order) => {
  expect(orderSrv(records, () => drawn).map(({ target }) => target)).toEqual(order)
})

test('weights are shares', () => {
  let first = 0
  for (let step = 0; step < 1_000; step += 1) {
    const [chosen] = orderSrv([record(1, 75, 'a'), record(1, 25, 'b')], () => step / 1_000)
    if (chosen!.target === 'a') first += 1
  }
  expect(first / 1_000).toBeCloseTo(0.75, 1)
})

test('no records', () => {
  expect(orderSrv([], Math.random)).toEqual([])
})
