import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { type Lock, mended, problemsOf } from './lock.ts'

test('package-lock.json installs on every machine, from any registry', () => {
  const lock = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8')) as Lock
  expect(problemsOf(lock)).toEqual([])
})

test('registry hosts are taken out, and optional packages of other machines put in', () => {
  const lock: Lock = {
    packages: {
      '': {},
      'node_modules/tool': {
        version: '1.2.3',
        resolved: 'https://registry.example/tool-1.2.3.tgz',
        dev: true,
        optionalDependencies: { '@tool/darwin-arm64': '1.2.3', '@tool/linux-arm-musl': '^1.2.3', '@tool/linux-x64': '1.2.3' },
      },
      'node_modules/@tool/linux-x64': { version: '1.2.3', integrity: 'sha512-…', optional: true },
    },
  }
  expect(problemsOf(lock)).toEqual([
    'node_modules/tool is bound to https://registry.example/tool-1.2.3.tgz',
    '@tool/darwin-arm64@1.2.3 is optional and not listed',
    '@tool/linux-arm-musl@^1.2.3 is optional and not listed',
  ])
  const good = mended(lock)
  expect(problemsOf(good)).toEqual([])
  expect(good.packages['node_modules/@tool/darwin-arm64']).toEqual({
    version: '1.2.3',
    cpu: ['arm64'],
    dev: true,
    optional: true,
    os: ['darwin'],
  })
  expect(good.packages['node_modules/@tool/linux-arm-musl']).toMatchObject({
    version: '1.2.3',
    cpu: ['arm'],
    libc: ['musl'],
    os: ['linux'],
  })
  expect(good.packages['node_modules/@tool/linux-x64']).toEqual(lock.packages['node_modules/@tool/linux-x64'])
})

test('an optional package that names no machine is asked about', () => {
  expect(() => mended({ packages: { a: { optionalDependencies: { mystery: '1.0.0' } } } })).toThrow(
    'mystery@1.0.0 is optional, but for which machine?',
  )
})
