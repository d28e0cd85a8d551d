import { describe, expect, test } from 'vitest'
import { nearest, suggestion } from './nearest.ts'

describe('nearest', () => {
  test.each([
    ['asteriks', 'asterisk'],
    ['ASTERISK', 'asterisk'],
    ['cisc', 'cisco'],
    ['avya', 'avaya'],
    ['generci', 'generic'],
  ])('%s means %s', (typed, meant) => {
    expect(nearest(typed, ['asterisk', 'cisco', 'avaya', 'genesys', 'generic'])).toBe(meant)
  })

  test('a short name may be one edit away, a long one two', () => {
    expect(nearest('upd', ['udp', 'tcp', 'tls'])).toBe('udp')
    expect(nearest('xyp', ['udp', 'tcp', 'tls'])).toBeUndefined()
    expect(nearest('direktoin', ['direction'])).toBe('direction')
    expect(nearest('durektoin', ['direction'])).toBeUndefined()
  })

  test('what is typed right is itself, whatever stands before it', () => {
    expect(nearest('tcp', ['tc', 'tcp'])).toBe('tcp')
  })
})

test('without a near name the known ones are listed, at most sixteen', () => {
  expect(suggestion('sip', ['udp', 'tcp'])).toBe('known: udp, tcp')
  const many = Array.from({ length: 20 }, (_, index) => `name-${index}`)
  expect(suggestion('zzz', many)).toMatch(/^known: name-0, .*name-15 and 4 more$/)
})
