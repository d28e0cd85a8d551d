import { expect, test } from 'vitest'
import type { Finding } from '../harness/doctor.ts'
import { kinds, lackLine, lacksOf } from './needs.ts'

const finding = (id: string, ok: boolean): Finding => ({
  id,
  ok,
  title: `Thing ${id}`,
  seen: ok ? 'found' : 'not found',
  neededFor: 'tests',
  enable: `install ${id}`,
})
const ids = kinds.flatMap(({ all, some }) => [...all, ...some])

test('a machine that has everything lacks nothing', () => {
  expect(lacksOf(ids.map((id) => finding(id, true)))).toEqual([])
})

test('each missing thing is told once for each kind, with the reason and the way out', () => {
  expect(lacksOf(ids.map((id) => finding(id, !['chromium', 'sipp'].includes(id)))).map(lackLine)).toEqual([
    'integration tests that need it: Thing sipp: not found. To enable: install sipp',
    'the browser tests: Thing chromium: not found. To enable: install chromium',
  ])
})

test('what no test needs is not told', () => {
  expect(lacksOf([finding('disk', false)])).toEqual([])
})
