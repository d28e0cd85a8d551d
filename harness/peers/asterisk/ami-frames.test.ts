import { describe, expect, test } from 'vitest'
import { readEvent } from './ami-event.ts'
import { AmiFrames, AmiOverflow, formatAction } from './ami-frames.ts'

const read = (...chunks: string[]) => {
  const frames = new AmiFrames()
  return chunks.flatMap((chunk) => frames.push(chunk))
}

describe('frames of the manager', () => {
  test('are cut at blank lines, wherever the chunks are', () => {
    const text =
      'Asterisk Call Manager/11.0.0\r\nResponse: Success\r\nActionID: 1\r\n\r\nEvent: FullyBooted\r\nStatus: Fully Booted\r\n\r\n'
    const whole = read(text)
    expect(whole).toHaveLength(2)
    expect(whole[0]?.get('actionid')).toBe('1')
    expect(read(...text)).toEqual(whole)
  })

  test('keep every value of a name that repeats', () => {
    expect(read('Response: Success\r\nOutput: one\r\nOutput: two: three\r\n\r\n')[0]?.get('output')).toBe('one\ntwo: three')
  })

  test('are bounded', () => {
    const frames = new AmiFrames()
    expect(() => {
      for (let i = 0; i < 20; i++) frames.push('x'.repeat(100_000))
    }).toThrow(AmiOverflow)
  })
})

test('an action cannot smuggle a second one', () => {
  expect(formatAction('Setvar', { Variable: 'DIGITS', Value: '12#' })).toBe('Action: Setvar\r\nVariable: DIGITS\r\nValue: 12#\r\n\r\n')
  expect(() => formatAction('Setvar', { Value: '1\r\n\r\nAction: Logoff' })).toThrow(RangeError)
})

describe('events', () => {
  const event = (fields: string) => readEvent(read(`${fields.replaceAll('\n', '\r\n')}\r\nTimestamp: 1795445796.060123\r\n\r\n`)[0]!)

  test('of the dialplan tell digits, one each', () => {
    expect(event('Event: UserEvent\nUserEvent: Digit\nUniqueid: a.1\nDigit: #')).toEqual({
      at: 1795445796060.123,
      type: 'digit',
      uniqueId: 'a.1',
      digit: '#',
    })
    expect(event('Event: UserEvent\nUserEvent: Other\nUniqueid: a.1')).toBeUndefined()
  })

  test('of a channel that merely rings are left out', () => {
    expect(event('Event: Newstate\nChannelStateDesc: Ringing\nUniqueid: a.1\nChannel: x')).toBeUndefined()
    expect(event('Event: Newstate\nChannelStateDesc: Up\nUniqueid: a.1\nChannel: x')).toMatchObject({ type: 'channel-up', uniqueId: 'a.1' })
  })

  test('of an originated call have a response of their own', () => {
    expect(event('Event: OriginateResponse\nResponse: Failure\nUniqueid: a.1\nReason: 3')).toMatchObject({
      type: 'originated',
      answered: false,
    })
  })
})
