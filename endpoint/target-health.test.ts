import { expect, test } from 'vitest'
import type { Target } from './target.ts'
import { TargetHealth } from './target-health.ts'

const target = (host: string): Target => ({ transport: 'udp', host, port: 5060 })
const [a, b, c] = [target('192.0.2.1'), target('192.0.2.2'), target('192.0.2.3')]

test('what failed is tried last until its time is over', () => {
  const health = new TargetHealth()
  health.failed(a, 0)
  health.failed(b, 0, 5)
  expect(health.order([a, b, c], 1000)).toEqual([c, a, b])
  expect(health.order([a, b, c], 6000)).toEqual([b, c, a])
  expect(health.order([a, b, c], 31_000)).toEqual([a, b, c])
})

test('what works again is first again', () => {
  const health = new TargetHealth()
  health.failed(a, 0)
  health.worked(a)
  expect(health.order([a, b], 1)).toEqual([a, b])
})

test('a peer cannot send us away for ever, nor fill our memory', () => {
  const health = new TargetHealth()
  health.failed(a, 0, 0xffff_ffff)
  expect(health.order([a, b], 600_001)).toEqual([a, b])
  for (let n = 0; n < 2000; n += 1) health.failed(target(`h${n}`), 700_000)
  expect(health.order([target('h0'), target('h1999'), c], 700_000)).toEqual([target('h0'), c, target('h1999')])
})
