import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { scenarioFiles } from './load.ts'
import { scenarioJsonSchema } from './scenario.ts'

const published = join(import.meta.dirname, 'scenario.schema.json')

// To publish it anew after a change: npx vitest run --project unit scenarios -u
test('the published schema is the one files are checked with', async () => {
  await expect(`${JSON.stringify(scenarioJsonSchema(), null, 2)}\n`).toMatchFileSnapshot(published)
})

test('the schema describes what every key and step does', () => {
  const { properties } = scenarioJsonSchema() as { properties: Record<string, { description?: string; items?: { anyOf: unknown[] } }> }
  expect(Object.keys(properties)).toEqual(['id', 'title', 'clauses', 'applies', 'runs', 'deadline_ms', 'expectations', 'steps'])
  expect(properties.runs?.description).toBeDefined()
  expect(properties.steps?.items?.anyOf).toHaveLength(11)
})

test.each(scenarioFiles())('%s names the schema in its first line, so that editors complete it', (file) => {
  const [, schema] = /^# yaml-language-server: \$schema=(\S+)\n/.exec(readFileSync(file, 'utf8')) ?? []
  expect(schema && resolve(dirname(file), schema)).toBe(published)
})
