import { expect, test } from 'vitest'
import { parseKeyLog, writeKeyLog } from './key-log.ts'

const [one, other] = ['0a'.repeat(32), 'fe'.repeat(32)]
const line = (label: string, random: string, secret: string) => `${label} ${random} ${secret}`

test('secrets are sorted by connection, and written as they were read', () => {
  const lines = [
    line('CLIENT_HANDSHAKE_TRAFFIC_SECRET', one, '01'.repeat(32)),
    line('CLIENT_TRAFFIC_SECRET_0', other, '02'.repeat(48)),
    line('SERVER_TRAFFIC_SECRET_0', one, '03'.repeat(32)),
  ]
  const secrets = parseKeyLog(lines.join('\n'))
  expect([...secrets.keys()]).toEqual([one, other])
  expect(writeKeyLog(one, secrets.get(one)!)).toEqual([lines[0], lines[2]])
  expect(writeKeyLog(other, secrets.get(other)!)).toEqual([lines[1]])
})

test('comments, halves of lines and other labels’ nonsense are left out', () => {
  const text = `# a comment\n${line('EXPORTER_SECRET', one.toUpperCase(), 'AB')}\nCLIENT_RANDOM ${one}\nwhat ${other} xyz`
  const secrets = parseKeyLog(text)
  expect([...secrets]).toEqual([[one, new Map([['EXPORTER_SECRET', Buffer.from('ab', 'hex')]])]])
})
