import { describe, expect, test } from 'vitest'
import { HandshakeInbox } from './handshake-inbox.ts'
import { type HandshakeFragment, readFragments, readRecords, writeMessage, writeRecord } from './record.ts'

const part = (sequence: number, body: string, offset = 0, length = body.length, type = 11): HandshakeFragment => ({
  type,
  sequence,
  offset,
  length,
  body: Buffer.from(body),
})

function taken(inbox: HandshakeInbox): string[] {
  const bodies: string[] = []
  for (let message = inbox.take(); message !== undefined; message = inbox.take()) bodies.push(String(message.body))
  return bodies
}

describe('messages come out whole and in order', () => {
  test.each([
    ['as they came', [part(0, 'one'), part(1, 'two')], ['one', 'two']],
    ['after a gap was filled', [part(0, 'one'), part(2, 'three'), part(1, 'two')], ['one', 'two', 'three']],
    ['from fragments in any order', [part(0, 'ef', 4, 6), part(0, 'ab', 0, 6), part(0, 'cd', 2, 6)], ['abcdef']],
    ['from fragments that overlap', [part(0, 'abc', 0, 6), part(0, 'bcde', 1, 6), part(0, 'def', 3, 6)], ['abcdef']],
    ['when they are empty', [part(0, '')], ['']],
    ['not before a part is missing', [part(0, 'ab', 0, 6), part(0, 'ef', 4, 6)], []],
    ['without the part that tells another length', [part(0, 'ab', 0, 4), part(0, 'xx', 2, 5), part(0, 'cd', 2, 4)], ['abcd']],
    ['without the part that tells another type', [part(0, 'ab', 0, 4), part(0, 'xx', 2, 4, 12), part(0, 'cd', 2, 4)], ['abcd']],
  ] as const)('%s', (_, fragments, bodies) => {
    const inbox = new HandshakeInbox()
    expect(
      fragments.flatMap((fragment) => {
        inbox.push(fragment)
        return taken(inbox)
      }),
    ).toEqual(bodies)
  })
})

test('only the end of a message says that it was repeated', () => {
  const inbox = new HandshakeInbox()
  for (const sequence of [0, 1]) {
    inbox.push(part(sequence, 'abcd'))
    taken(inbox)
  }
  expect(inbox.push(part(0, 'abcd'))).toBe('repeated')
  expect(inbox.push(part(1, 'ab', 0, 4))).toBe('dropped')
  expect(inbox.push(part(1, 'cd', 2, 4))).toBe('repeated')
})

test('what is kept for later is bounded', () => {
  const inbox = new HandshakeInbox()
  expect(inbox.push(part(1, 'before anything began'))).toBe('dropped')
  inbox.push(part(0, 'first'))
  taken(inbox)
  expect(inbox.push(part(8, 'ahead'))).toBe('kept')
  expect(inbox.push(part(9, 'too far ahead'))).toBe('dropped')
  expect(inbox.push(part(2, 'x', 0, 2 ** 14 + 1))).toBe('dropped')
})

describe('records and fragments', () => {
  const message = writeMessage({ type: 14, sequence: 3, body: Buffer.from('body') })
  const record = writeRecord({ type: 22, epoch: 1, sequence: 2 ** 40, fragment: message })

  test('are read as they were written', () => {
    expect(readRecords(Buffer.concat([record, record]))).toEqual(
      Array(2).fill({ type: 22, epoch: 1, sequence: 2 ** 40, fragment: message }),
    )
    expect(readFragments(message)).toEqual([{ type: 14, sequence: 3, length: 4, offset: 0, body: Buffer.from('body') }])
    expect(record.toString('hex')).toBe('16fefd0001010000000000' + '0010' + '0e000004' + '0003' + '000000' + '000004' + '626f6479')
  })

  test('of another protocol or cut off end the datagram', () => {
    expect(readRecords(Buffer.concat([record, record.subarray(0, -1)]))).toHaveLength(1)
    expect(readRecords(record.subarray(0, 12))).toEqual([])
    expect(readRecords(Buffer.concat([Buffer.from([22, 3, 3]), record.subarray(3)]))).toEqual([])
  })

  test.each([
    ['cut off', message.subarray(0, -1)],
    ['cut off in the header', message.subarray(0, 11)],
    ['beyond its message', Buffer.from('0e00000200030000000000046162', 'hex')],
    ['empty parts of something', Buffer.from('0e0000040003000000000000', 'hex')],
  ])('a fragment %s is none', (_, bytes) => expect(readFragments(bytes)).toBeUndefined())
})
