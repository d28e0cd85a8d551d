import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { checkArrows } from './arrows.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'arrows-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

function plant(files: Readonly<Record<string, string>>): string[] {
  for (const [file, source] of Object.entries(files)) {
    mkdirSync(dirname(join(root, file)), { recursive: true })
    writeFileSync(join(root, file), source)
  }
  return checkArrows(root)
}

describe('imports that point the wrong way are caught', () => {
  test.each([
    ['value', "import { b } from '../edge/b.ts'"],
    ['type', "import type { B } from '../edge/b.ts'"],
    ['side effect', "import '../edge/b.ts'"],
    ['re-export', "export { b } from '../edge/b.ts'"],
    ['star re-export', "export * from '../edge/b.ts'"],
    ['dynamic import', "export const b = () => import('../edge/b.ts')"],
    ['import type expression', "export type B = import('../edge/b.ts').B"],
  ])('%s', (_, source) => {
    expect(plant({ 'harness/a.ts': `\n${source}\n`, 'edge/b.ts': 'export const b = 1' })).toEqual([
      'harness/a.ts:2 imports edge/b.ts: harness/ may import matrix/, scenarios/, reports/, protocol/, endpoint/',
    ])
  })

  test('a folder inside another with a forbidden name is not that folder', () => {
    expect(plant({ 'harness/run.ts': "import './edge/client.ts'", 'harness/edge/client.ts': '' })).toEqual([])
  })

  test('nothing with a rule may import tests or benchmarks', () => {
    expect(plant({ 'matrix/a.ts': "import '../benchmarks/b.ts'", 'benchmarks/b.ts': '' })).toEqual([
      'matrix/a.ts:1 imports benchmarks/b.ts: matrix/ may import no other folder',
    ])
  })

  test('protocol takes computation from Node, and nothing that touches the machine', () => {
    expect(
      plant({
        'protocol/a.ts': "import { createHash } from 'node:crypto'\nimport { connect } from 'node:net'\nimport { join } from 'path'",
        'protocol/a.test.ts': "import { readFileSync } from 'node:fs'",
        'endpoint/a.ts': "import { connect } from 'node:net'",
      }),
    ).toEqual([
      "protocol/a.ts:2 imports node:net: protocol/ is pure, of Node's own modules it may import node:buffer, node:crypto, node:util",
      "protocol/a.ts:3 imports path: protocol/ is pure, of Node's own modules it may import node:buffer, node:crypto, node:util",
    ])
  })
})

test('circles are caught, by types too', () => {
  expect(
    plant({
      'edge/a.ts': "import { b } from './b.ts'",
      'edge/b.ts': "import type { C } from './c.ts'",
      'edge/c.ts': "import './a.ts'\nawait using x = open()",
    }),
  ).toEqual(['imports go round in a circle: edge/a.ts -> edge/b.ts -> edge/c.ts -> edge/a.ts'])
})

test('arrows that point the right way pass', () => {
  expect(
    plant({
      'protocol/a.ts': '',
      'endpoint/b.ts': "import '../protocol/a.ts'",
      'edge/c.ts': "import '../endpoint/b.ts'",
      'test/d.ts': "import '../edge/c.ts'",
    }),
  ).toEqual([])
})
