/** Holds the pages people type from against the code they describe, both ways. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { axisNames, axisValues } from '../../matrix/axes.ts'
import { clauseSchema } from '../../matrix/clause.ts'
import { expand } from '../../matrix/expand.ts'
import { loadMatrix } from '../../matrix/load.ts'
import { platformSchema } from '../../matrix/platform.ts'
import { expectationIds } from '../../scenarios/expectations.ts'
import { parseScenario } from '../../scenarios/load.ts'
import { scenarioHeadSchema } from '../../scenarios/scenario.ts'
import { verbs } from '../../scenarios/steps.ts'
import { exitCodes } from '../exit-codes.ts'
import { buildProgram } from './program.ts'

const page = (name: string): string => readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8')
const scenarioPage = page('write-a-scenario.md')
const platformPage = page('add-a-platform.md')

/** First cells of the rows of the table under a heading, without code marks; `nth` where there are several tables. */
function firstColumn(text: string, heading: string, nth = 0): string[] {
  const section = text.split(/^## /m).find((part) => part.startsWith(heading)) ?? ''
  const tables = section.split(/\n\n+/).filter((block) => block.startsWith('|'))
  const rows = (tables[nth] ?? '').split('\n').slice(2)
  return rows.filter((row) => row.startsWith('|')).map((row) => row.split('|')[1]!.replaceAll('`', '').trim())
}

const blocks = (text: string, language: string): string[] =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map((match) => match[1]!)

const commandOptions = (name: string): string[] => {
  const command = buildProgram('0', () => {}).commands.find((one) => one.name() === name)!
  return command.options.map((option) => option.long!)
}

describe('write-a-scenario.md lists', () => {
  test('every key of a scenario', () => {
    expect(firstColumn(scenarioPage, 'Keys').sort()).toEqual(Object.keys(scenarioHeadSchema.shape).sort())
    expect(firstColumn(scenarioPage, 'Keys', 1)).toEqual(scenarioHeadSchema.shape.runs.options)
  })

  test('every step', () => {
    expect(firstColumn(scenarioPage, 'Steps')).toEqual(verbs)
  })

  test('every expectation', () => {
    expect(firstColumn(scenarioPage, 'Expectations').sort()).toEqual([...expectationIds].sort())
  })

  test('every option of plan and run', () => {
    const names = (nth: number): string[] => firstColumn(scenarioPage, 'Select and repeat', nth).map((option) => option.split(' ')[0]!)
    expect(names(0).sort()).toEqual(commandOptions('plan').sort())
    expect([...names(0), ...names(1)].sort()).toEqual(commandOptions('run').sort())
  })

  test('every exit code with its meaning', () => {
    const rows = [...scenarioPage.matchAll(/^\| (\d+) \| (.+) \|$/gm)].map(([, code, meaning]) => ({ code: Number(code), meaning }))
    expect(rows).toEqual(Object.values(exitCodes))
  })

  test('an example that is valid', () => {
    const matrix = loadMatrix()
    const [example] = blocks(scenarioPage, 'yaml')
    expect(parseScenario(example!, 'example.yaml', { matrix, cells: expand(matrix) })).toMatchObject({ ok: true })
  })
})

describe('add-a-platform.md', () => {
  test('lists every axis with its values, in the order of cell ids', () => {
    expect(firstColumn(platformPage, '2. Values of the axes')).toEqual(axisNames)
    for (const axis of axisNames) {
      const row = platformPage.split('\n').find((line) => line.startsWith(`| \`${axis}\``))!
      const named = [...row.split('|')[2]!.matchAll(/`([^`]+)`/g)].map(([, value]) => value)
      expect(named).toEqual(axisValues[axis])
    }
  })

  test('names a cell that exists', () => {
    const [id] = /asterisk(\.[a-z0-9-]+){7}/.exec(platformPage)!
    expect(expand(loadMatrix()).map((cell) => cell.id)).toContain(id)
  })

  test('has examples that are valid', () => {
    const [platform, clauses, cannot] = blocks(platformPage, 'yaml').map((text) => parse(text))
    expect(platformSchema.safeParse(platform).error).toBeUndefined()
    expect(clauseSchema.safeParse(clauses[0]).error).toBeUndefined()
    expect(platformSchema.safeParse({ ...platform, ...cannot }).error).toBeUndefined()
  })
})

test('commands that the pages tell to type are commands', () => {
  const known = buildProgram('0', () => {}).commands.map((command) => command.name())
  const typed = [...`${scenarioPage}${platformPage}`.matchAll(/trunkproof ([a-z]+)/g)].map(([, name]) => name)
  for (const name of typed) expect(known).toContain(name)
})
