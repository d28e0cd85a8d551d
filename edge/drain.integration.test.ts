import { expect, test } from 'vitest'
import { tonePair } from '../protocol/audio/tone.ts'
import { EdgeProcess } from './edge-process.ts'
import { confirmed, ended, hears, Phone } from './test-phone.ts'

const tone = tonePair(7)
const number = { number: '+12065550100', sip_domain: 'pbx.example.com', allowed_addresses: ['127.0.0.1'], agent: { tone } }
const uriOf = (edge: EdgeProcess): string => `sip:+12065550100@127.0.0.1:${edge.port('udp')}`

test('draining lets a call go on and takes no new one', async () => {
  await using edge = await EdgeProcess.start('--grace-ms', '60000')
  await using phone = await Phone.start()
  await edge.ask('POST', '/v1/numbers', number)
  const call = phone.dial(uriOf(edge))
  await confirmed(call)
  edge.signal('SIGTERM')
  // The signal has arrived once health says so; each question is an answer to wait for.
  while ((await edge.try('GET', '/health')).status !== 503);
  const refused = phone.dial(uriOf(edge))
  expect(await ended(refused)).toMatchObject({ status: 503 })
  expect(refused.response?.headers.get('Retry-After')).toBe('5')
  expect(await edge.try('POST', '/v1/calls', { number: number.number, to: '+12065550147' })).toMatchObject({ status: 503 })
  expect((await phone.register({ edge: `sip:127.0.0.1:${edge.port('udp')}`, username: 'x' })).status).toBe(503)
  await hears(call, tone)
  await call.hangup()
  expect((await edge.finished).code).toBe(0)
})

test('when the grace is over calls get their BYE', async () => {
  await using edge = await EdgeProcess.start('--grace-ms', '50')
  await using phone = await Phone.start()
  await edge.ask('POST', '/v1/numbers', number)
  const call = phone.dial(uriOf(edge))
  await confirmed(call)
  edge.signal('SIGTERM')
  expect(await ended(call)).toMatchObject({ by: 'remote' })
  expect((await edge.finished).code).toBe(0)
  expect(edge.events.at(-1)).toMatchObject({ type: 'call.ended' })
})

test.each(['SIGTERM', 'SIGINT'] as const)('a second %s ends the grace', async (signal) => {
  await using edge = await EdgeProcess.start('--grace-ms', '600000')
  await using phone = await Phone.start()
  await edge.ask('POST', '/v1/numbers', number)
  const call = phone.dial(uriOf(edge))
  await confirmed(call)
  edge.signal(signal)
  while ((await edge.try('GET', '/health')).status !== 503);
  edge.signal(signal)
  expect(await ended(call)).toMatchObject({ by: 'remote' })
  expect((await edge.finished).code).toBe(0)
})

test('an edge whose parent is gone hangs up and goes', async () => {
  await using edge = await EdgeProcess.start('--grace-ms', '600000')
  await using phone = await Phone.start()
  await edge.ask('POST', '/v1/numbers', number)
  const call = phone.dial(uriOf(edge))
  await confirmed(call)
  edge.child.stdin.end()
  expect(await ended(call)).toMatchObject({ by: 'remote' })
  expect((await edge.finished).code).toBe(0)
})

test('more calls than allowed are put off', async () => {
  await using edge = await EdgeProcess.start('--max-calls', '1')
  await using phone = await Phone.start()
  await edge.ask('POST', '/v1/numbers', number)
  const call = phone.dial(uriOf(edge))
  await confirmed(call)
  expect(await ended(phone.dial(uriOf(edge)))).toMatchObject({ status: 503 })
  expect(await edge.try('POST', '/v1/calls', { number: number.number, to: '+12065550147' })).toMatchObject({
    status: 503,
    body: { type: 'urn:trunkproof:problem:capacity' },
  })
  await call.hangup()
  const next = phone.dial(uriOf(edge))
  await confirmed(next)
  await next.hangup()
})
