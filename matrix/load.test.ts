import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { loadMatrix } from './load.ts'
import { InvalidFiles } from './yaml-file.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'matrix-'))
  for (const name of ['axes.yaml', 'clauses.yaml', 'platforms'])
    cpSync(join(import.meta.dirname, name), join(folder, name), { recursive: true })
})
afterEach(() => rmSync(folder, { recursive: true }))

function edit(name: string, from: string, to: string): void {
  const text = readFileSync(join(folder, name), 'utf8')
  expect(text).toContain(from)
  writeFileSync(join(folder, name), text.replace(from, to))
}

/** Problems as `name:line: message (hint)`. */
function problems(): string[] {
  try {
    loadMatrix(folder)
    return []
  } catch (error) {
    if (!(error instanceof InvalidFiles)) throw error
    return error.problems.map(({ file, line, message, hint }) => `${file.split('/').at(-1)}:${line}: ${message}${hint ? ` (${hint})` : ''}`)
  }
}

test('the claims are as they should be', () => {
  expect(problems()).toEqual([])
})

describe('a mistake is named with its place', () => {
  test('an unknown value of an axis', () => {
    edit('platforms/cisco.yaml', 'values: [rfc4733]', 'values: [rfc4734]')
    expect(problems()).toEqual([
      expect.stringMatching(/^cisco\.yaml:\d+: unknown value "rfc4734" for claims\.dtmf\.values\[1] \(did you mean "rfc4733"\?\)$/),
    ])
  })

  test('an unknown key', () => {
    edit('platforms/avaya.yaml', 'guide_row: Avaya', 'guide_rwo: Avaya')
    expect(problems()).toEqual([
      'avaya.yaml:1: the key "guide_row" is missing (a text)',
      'avaya.yaml:4: unknown key "guide_rwo" (did you mean "guide_row"?)',
    ])
  })

  test('a clause nobody wrote', () => {
    edit('platforms/genesys.yaml', 'matrix.genesys.nat', 'matrix.genesis.nat')
    edit('axes.yaml', 'clause: secure.media-needs-signalling', 'clause: secure.media-needs-signaling')
    expect(problems()).toEqual([
      expect.stringMatching(
        /^axes\.yaml:\d+: unknown clause "secure\.media-needs-signaling" \(did you mean "secure\.media-needs-signalling"\?\)$/,
      ),
      expect.stringMatching(/^genesys\.yaml:\d+: unknown clause "matrix\.genesis\.nat" \(did you mean "matrix\.genesys\.nat"\?\)$/),
    ])
  })

  test('an id used twice, and a platform nobody described', () => {
    edit('clauses.yaml', 'id: transport.tcp', 'id: transport.udp')
    edit('clauses.yaml', 'platform: [cisco]', 'platform: [csico]')
    expect(problems()).toEqual([
      expect.stringMatching(/the clause id "transport\.udp" is used twice$/),
      expect.stringMatching(/unknown platform "csico" \(did you mean "cisco"\?\)$/),
    ])
  })

  test('an axis that says nothing of a value', () => {
    edit('axes.yaml', '      tcp: { title: SIP over TCP, in_force: true }\n', '')
    expect(problems()).toEqual([expect.stringMatching(/^axes\.yaml:\d+: the key "tcp" is missing/)])
  })

  test('a platform in a file of another name', () => {
    cpSync(join(folder, 'platforms/generic.yaml'), join(folder, 'platforms/other.yaml'))
    expect(problems()).toEqual(['other.yaml:1: the platform "generic" stands in other.yaml (name the file generic.yaml)'])
  })

  test('a file that is no YAML', () => {
    edit('axes.yaml', 'axes:', 'axes: [')
    expect(problems().length).toBeGreaterThan(0)
    expect(problems()[0]).toMatch(/^axes\.yaml:\d+: /)
  })
})
