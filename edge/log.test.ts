import { expect, test } from 'vitest'
import { createLog } from './log.ts'

function capture(level: 'debug' | 'info' = 'info') {
  const lines: string[] = []
  return { log: createLog((line) => lines.push(line), level), lines, parsed: () => lines.map((line) => JSON.parse(line)) }
}

test('one JSON object a line, from the level asked for', () => {
  const { log, lines, parsed } = capture()
  log.debug('not this')
  log.info('hello', { call: 'c1' })
  expect(lines).toHaveLength(1)
  expect(lines[0]).toMatch(/\n$/)
  expect(parsed()[0]).toMatchObject({ level: 'info', message: 'hello', call: 'c1' })
})

test('nothing that opens a door is written, at any depth', () => {
  const { log, lines } = capture()
  log.info('import', {
    password: 'p1-secret',
    token: 'p2-secret',
    trunk: { auth: { username: 'pbx', password: 'p3-secret' }, outbound_credentials: { username: 'a', password: 'p4-secret' } },
    headers: [{ Authorization: 'Digest p5-secret' }],
    private_key: 'p6-secret',
    nonce: 'p7-secret',
  })
  expect(lines[0]).not.toContain('secret')
  expect(lines[0]).toContain('"username":"pbx"')
})

test('errors are told in a line, and deep things are cut', () => {
  const { log, parsed } = capture()
  const error = Object.assign(new Error('it broke'), { code: 'EPIPE' })
  log.error('failed', { error, deep: { a: { b: { c: { d: { e: 1 } } } } }, big: 1n })
  expect(parsed()[0]).toMatchObject({ error: 'it broke (EPIPE)', deep: { a: { b: { c: '…' } } }, big: '1' })
})
