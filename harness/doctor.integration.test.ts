import { expect, test } from 'vitest'
import { diagnose } from './doctor.ts'

test('every check comes to a finding, and what is missing says how to get it', async () => {
  const findings = await diagnose()
  expect(findings.map(({ id }) => id)).toEqual([
    'node',
    'udp',
    'loopback-aliases',
    'open-files',
    'disk',
    'ipv6',
    'docker-engine',
    'docker-compose',
    'sipp',
    'openssl',
    'chromium',
  ])
  for (const { seen, enable, neededFor } of findings) for (const text of [seen, enable, neededFor]) expect(text).not.toBe('')
  expect(findings.find(({ id }) => id === 'node')).toMatchObject({ ok: true, seen: process.version })
  expect(findings.find(({ id }) => id === 'udp')).toMatchObject({ ok: true })
})
