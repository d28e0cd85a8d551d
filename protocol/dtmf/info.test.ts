import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { dtmfRelayType, formatDtmfRelay, parseInfoDigit } from './info.ts'

describe('application/dtmf-relay', () => {
  test.each([
    ['Signal=5\r\nDuration=160\r\n', { digit: '5', durationMs: 160 }],
    ['Signal= 5\r\nDuration= 160\r\n', { digit: '5', durationMs: 160 }],
    ['Signal = 5 \r\nDuration = 160 \r\n', { digit: '5', durationMs: 160 }],
    ['signal=*\nduration=250', { digit: '*', durationMs: 250 }],
    ['Duration=100\r\nSignal=#', { digit: '#', durationMs: 100 }],
    ['Signal=d', { digit: 'D', durationMs: 0 }],
    ['Signal=10\r\nDuration=100', { digit: '*', durationMs: 100 }],
    ['Signal=11', { digit: '#', durationMs: 0 }],
    ['Signal=16', { digit: '!', durationMs: 0 }],
  ])('%j', (body, digit) => {
    expect(parseInfoDigit(dtmfRelayType, body)).toEqual(digit)
  })

  test.each(['', 'Signal=', 'Signal=17', 'Signal=555', 'Signal=x', 'Duration=100', 'nonsense'])('%j holds no digit', (body) => {
    expect(parseInfoDigit(dtmfRelayType, body)).toBeUndefined()
  })

  test('every digit survives', () => {
    for (const digit of '0123456789*#ABCD!') {
      expect(parseInfoDigit(dtmfRelayType, formatDtmfRelay(digit, 160))).toEqual({ digit, durationMs: 160 })
    }
  })
})

test('application/dtmf is the bare digit, or its event number', () => {
  expect(parseInfoDigit('application/dtmf', '7')).toEqual({ digit: '7', durationMs: 0 })
  expect(parseInfoDigit('Application/DTMF; charset=utf-8', ' # \r\n')).toEqual({ digit: '#', durationMs: 0 })
  expect(parseInfoDigit('application/dtmf', '11')).toEqual({ digit: '#', durationMs: 0 })
  expect(parseInfoDigit('application/dtmf', '77')).toBeUndefined()
})

test('other types are not ours', () => {
  expect(parseInfoDigit('text/plain', 'Signal=5')).toBeUndefined()
  expect(parseInfoDigit('', '5')).toBeUndefined()
})

test('hostile bodies never throw', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(dtmfRelayType, 'application/dtmf'),
      fc.string({ unit: 'binary' }),
      (type, body) => void parseInfoDigit(type, body),
    ),
  )
})
