import { expect, test } from 'vitest'
import { formatValue, table } from './table.ts'

test('columns stand under each other, values by their last digit', () => {
  expect(
    table([
      { what: 'parse BYE', value: 1_234_567.8, unit: 'messages/s', budget: '100,000 or more' },
      { what: 'one call', value: 0.012345, unit: 'ms' },
    ]),
  ).toEqual(['what           value  unit        budget', 'parse BYE  1,234,568  messages/s  100,000 or more', 'one call      0.0123  ms'])
})

test.each([
  [0, '0'],
  [99.96, '100'],
  [100.4, '100'],
  [1.6, '1.6'],
  [-1234.5, '-1,235'],
])('%d is written %s', (value, text) => expect(formatValue(value)).toBe(text))
